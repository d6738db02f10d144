/* What compile makes for the optimizer's steps. */
#include <string.h>

#include "model/model.h"

/* A number among an object's options by name; 0 where there is none. */
static double number_of(const nn__object *object, const char *field)
{
    const nn_option *option = NULL;
    const void *place = nn__option_field(object, field, &option);
    if (place == NULL)
        return 0;
    if (option->type == NN_OPTION_DOUBLE)
        return *(const double *)place;
    return option->type == NN_OPTION_INT || option->type == NN_OPTION_FLAG ? *(const int *)place
                                                                           : 0;
}

static const nn_schedule *schedule_of(const nn__object *object)
{
    const nn_option *option = NULL;
    const nn_schedule *schedule = NULL;
    const void *place = nn__option_field(object, "schedule", &option);
    if (place != NULL && option->type == NN_OPTION_SCHEDULE)
        memcpy(&schedule, place, sizeof schedule);
    return schedule;
}

static int rule_slots(const nn_optimizer *optimizer)
{
    const nn_optimizer_kind *kind = nn__optimizer_kind(optimizer);
    if (kind->slot_count != NULL)
        return kind->slot_count(optimizer->object.options);
    int count = 0;
    while (kind->slots != NULL && kind->slots[count] != NULL)
        count++;
    return count;
}

static void read_options(nn__updater *u, const nn_optimizer *optimizer)
{
    const nn__object *o = &optimizer->object;
    int steps = (int)number_of(o, "gradient_accumulation_steps");
    *u = (nn__updater){.weight_decay = number_of(o, "weight_decay"),
                       .clip_norm = number_of(o, "clip_norm"),
                       .clip_value = number_of(o, "clip_value"),
                       .global_clip_norm = number_of(o, "global_clip_norm"),
                       .ema_momentum = number_of(o, "ema_momentum"),
                       .ema_frequency = (int)number_of(o, "ema_overwrite_frequency"),
                       .batches = steps > 1 ? steps : 1,
                       .rule_slots = rule_slots(optimizer),
                       .schedule = schedule_of(o)};
    u->slot_count = u->rule_slots;
    if (number_of(o, "use_ema") != 0)
        u->average = u->slot_count++;
    else
        u->average = -1;
    u->accumulator = u->batches > 1 ? u->slot_count++ : -1;
}

/* First values of the rule's slots. A table of an older program ends before slot_initial. */
static void fill_slots(const nn_model *model, const nn_optimizer *optimizer, nn__updater *u)
{
    const nn_optimizer_kind *kind = nn__optimizer_kind(optimizer);
    if (kind->kind.struct_size < sizeof *kind || kind->slot_initial == NULL)
        return;
    for (int slot = 0; slot < u->rule_slots; slot++) {
        nn_real *values = u->slots + (size_t)slot * model->parameter_values;
        nn_real first = (nn_real)kind->slot_initial(optimizer->object.options, slot);
        for (size_t i = 0; i < model->parameter_values; i++)
            values[i] = first;
    }
}

nn_status nn__updater_make(const nn_model *model, const nn_optimizer *optimizer, nn__updater *u)
{
    const char *name = optimizer->object.kind->name;
    read_options(u, optimizer);
    if ((u->clip_norm > 0) + (u->clip_value > 0) + (u->global_clip_norm > 0) > 1)
        return nn_fail(NN_EINVAL, "%s: only one of clip_norm, clip_value and global_clip_norm",
                       name);
    if (u->schedule != NULL)
        NN_TRY(nn__schedule_check(u->schedule, name));
    size_t tasks = 0;
    for (int i = 0; i < model->weight_count; i++)
        tasks += model->weights[i].count / NN__UPDATE_CHUNK + 1;
    u->slots =
        nn__alloc(nn__mul(nn__mul((size_t)u->slot_count, model->parameter_values), sizeof(nn_real)),
                  "the optimizer's slots");
    u->segments = nn__alloc_array((size_t)model->weight_count, sizeof *u->segments,
                                  "the optimizer's segments");
    u->sums = nn__alloc_array(tasks, sizeof *u->sums, "the optimizer's sums");
    if (u->slots == NULL || u->segments == NULL || u->sums == NULL) {
        nn__updater_free(u);
        return NN_ENOMEM;
    }
    fill_slots(model, optimizer, u);
    return NN_OK;
}

void nn__updater_free(nn__updater *u)
{
    nn__free(u->slots);
    nn__free(u->segments);
    nn__free(u->sums);
    memset(u, 0, sizeof *u);
}

const char *nn__slot_name(const nn_model *model, int slot)
{
    const nn__updater *u = &model->updater;
    return slot == u->average       ? "average"
           : slot == u->accumulator ? "gradient_accumulator"
                                    : nn__optimizer_kind(model->optimizer)->slots[slot];
}

double nn__model_rate(const nn_model *model)
{
    const nn_schedule *schedule = model->updater.schedule;
    return schedule == NULL ? model->learning_rate : nn__schedule_rate(schedule, model->step);
}
