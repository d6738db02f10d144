/* Compile: loss, optimizer and metrics for a built model. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/training.h"

/* What compile was handed, each thing claimed once. */
struct parts {
    nn_optimizer *optimizer;
    nn_loss *loss;
    nn_metric **metrics;
    size_t metric_count;
};

static void parts_free(struct parts *parts)
{
    nn_optimizer_free(parts->optimizer);
    nn_loss_free(parts->loss);
    for (size_t i = 0; parts->metrics != NULL && i < parts->metric_count; i++)
        nn_metric_free(parts->metrics[i]);
    nn__free(parts->metrics);
}

static nn_status claim(nn__object *object, const char *what)
{
    if (object == NULL)
        return nn_fail(NN_EINVAL, "compile: %s is missing", what);
    if (object->owned)
        return nn_fail(NN_EINVAL, "compile: %s (%s) already belongs to a model", what,
                       object->kind->name);
    object->owned = 1;
    return NN_OK;
}

static nn_status claim_metrics(struct parts *parts, nn_metric_list list)
{
    nn_status status = NN_OK;
    parts->metrics = nn__alloc_array(list.count, sizeof(nn_metric *), "metrics");
    parts->metric_count = list.count;
    if (parts->metrics == NULL) {
        nn__objects_drop(list.items, list.count, nn__object_free);
        return NN_ENOMEM;
    }
    for (size_t i = 0; i < list.count; i++) {
        nn_metric *metric = list.items[i];
        nn_status one = metric == NULL ? nn_fail(NN_ENOMEM, "no memory for metric %zu", i)
                                       : claim(&metric->object, "a metric");
        if (one == NN_OK)
            parts->metrics[i] = metric;
        else
            status = one;
    }
    return status;
}

/* Takes everything, also when something is missing, so that it can be freed. */
static nn_status parts_claim(struct parts *parts, const nn_compile_options *o)
{
    nn_status loss = claim(o->loss == NULL ? NULL : &o->loss->object, "loss");
    if (loss == NN_OK)
        parts->loss = o->loss;
    nn_status optimizer = claim(o->optimizer == NULL ? NULL : &o->optimizer->object, "optimizer");
    if (optimizer == NN_OK)
        parts->optimizer = o->optimizer;
    nn_status metrics = claim_metrics(parts, o->metrics);
    return loss != NN_OK ? loss : optimizer != NN_OK ? optimizer : metrics;
}

/* An own kind keeps to the limits of nn/extend.h. */
static nn_status optimizer_check(const nn_optimizer *optimizer)
{
    const nn_optimizer_kind *kind = nn__optimizer_kind(optimizer);
    int slots = 0, scalars = 0;
    NN_TRY(nn__object_check(&optimizer->object, kind->kind.name));
    while (kind->slots != NULL && kind->slots[slots] != NULL)
        slots++;
    while (kind->scalars != NULL && kind->scalars[scalars] != NULL)
        scalars++;
    if (slots > NN_MAX_SLOTS || scalars > NN_MAX_SCALARS)
        return nn_fail(NN_ENOTSUP, "%s: %d slots and %d scalars, at most %d and %d are possible",
                       kind->kind.name, slots, scalars, NN_MAX_SLOTS, NN_MAX_SCALARS);
    return NN_OK;
}

static nn_status parts_check(nn_model *model, const struct parts *parts)
{
    const nn_loss_kind *loss = nn__loss_kind(parts->loss);
    const nn__node *output = &model->nodes[model->output];
    NN_TRY(optimizer_check(parts->optimizer));
    NN_TRY(nn__object_check(&parts->loss->object, loss->kind.name));
    if (loss->check != NULL)
        NN_TRY(loss->check(parts->loss->object.options, output->name, &output->output));
    for (size_t i = 0; i < parts->metric_count; i++) {
        const char *name = nn__metric_name(parts->metrics[i]);
        NN_TRY(nn__object_check(&parts->metrics[i]->object, name));
        for (size_t j = 0; j < i; j++)
            if (strcmp(nn__metric_name(parts->metrics[j]), name) == 0)
                return nn_fail(NN_EINVAL, "compile: two metrics are named '%s'", name);
    }
    return NN_OK;
}

static int slots_of(const nn_optimizer *optimizer)
{
    const nn_optimizer_kind *kind = nn__optimizer_kind(optimizer);
    if (kind->slot_count != NULL)
        return kind->slot_count(optimizer->object.options);
    int count = 0;
    while (kind->slots != NULL && kind->slots[count] != NULL)
        count++;
    return count;
}

/* From here on nothing fails: the model's former parts go, these stay. */
static void model_adopt(nn_model *model, struct parts *parts, nn_real *slots, int slot_count)
{
    struct parts former = {model->optimizer, model->loss, model->metrics, model->metric_count};
    const nn_optimizer_kind *kind = nn__optimizer_kind(parts->optimizer);
    const double *rate = nn__option_field(&parts->optimizer->object, "learning_rate", NULL);
    parts_free(&former);
    nn__free(model->slots);
    model->optimizer = parts->optimizer;
    model->loss = parts->loss;
    model->metrics = parts->metrics;
    model->metric_count = parts->metric_count;
    model->slots = slots;
    model->slot_count = slot_count;
    model->learning_rate = rate != NULL ? *rate : 0;
    model->step = 0;
    for (int i = 0; kind->scalars != NULL && kind->scalars[i] != NULL; i++)
        model->scalars[i] = kind->scalars_initial[i];
    model->compiled++;
}

static nn_status compile(nn_model *model, struct parts *parts, int no_fusion)
{
    NN_TRY(nn_model_build(model));
    NN_TRY(parts_check(model, parts));
    int slot_count = slots_of(parts->optimizer);
    size_t bytes = nn__mul(nn__mul((size_t)slot_count, model->parameter_values), sizeof(nn_real));
    nn_real *slots = nn__alloc(bytes, "the optimizer's slots");
    if (slots == NULL)
        return NN_ENOMEM;
    model_adopt(model, parts, slots, slot_count);
    model->no_fusion = no_fusion;
    return nn__training_of(model) == NULL ? NN_ENOMEM : NN_OK;
}

/* A failed compile leaves the model as it was; while that is not compiled, this is why. */
static void compile_remember(nn_model *model, nn_status status)
{
    model->compile_status = status;
    if (status != NN_OK)
        snprintf(model->compile_message, sizeof model->compile_message, "%s", nn_error_message());
}

nn_status nn_model_compile(const nn_compile_options *options)
{
    nn_compile_options o;
    struct parts parts = {0};
    NN_TRY(nn__options_read(&o, sizeof o, options, "compile"));
    nn_status claimed = parts_claim(&parts, &o);
    nn_status status = claimed;
    if (o.model == NULL && claimed == NN_OK)
        status = nn_fail(NN_EINVAL, "compile: the model is NULL");
    if (o.model != NULL && (nn__model_check(o.model) != NN_OK || claimed == NN_OK))
        status = nn__model_check(o.model); /* its failure came first */
    if (status == NN_OK && o.model->training != NULL && o.model->training->running)
        status = nn_fail(NN_ESTATE, "compile: this model is running");
    int before = o.model == NULL ? 0 : o.model->compiled;
    if (status == NN_OK)
        status = compile(o.model, &parts, o.no_fusion);
    if (o.model == NULL || o.model->compiled == before)
        parts_free(&parts);
    if (o.model != NULL)
        compile_remember(o.model, status);
    return status;
}

nn_status nn__model_check_compiled(const nn_model *model, const char *what)
{
    if (model->compiled != 0)
        return NN_OK;
    if (model->compile_status != NN_OK)
        return nn_fail(model->compile_status, "%s", model->compile_message);
    return nn_fail(NN_ESTATE, "%s: the model is not compiled", what);
}

int nn_model_better(const nn_model *model, const char *log)
{
    if (strncmp(log, "val_", 4) == 0)
        log += 4;
    if (strcmp(log, "loss") == 0)
        return NN_MIN;
    for (size_t i = 0; i < model->metric_count; i++)
        if (strcmp(nn__metric_name(model->metrics[i]), log) == 0)
            return nn__metric_kind(model->metrics[i])->better;
    return NN_AUTO;
}

double nn_model_learning_rate(const nn_model *model)
{
    if (nn__model_check(model) != NN_OK)
        return (double)NAN;
    if (model->compiled == 0) {
        nn_fail(NN_ESTATE, "the model is not compiled");
        return (double)NAN;
    }
    return model->learning_rate;
}

nn_status nn_model_set_learning_rate(nn_model *model, double rate)
{
    NN_TRY(nn__model_check(model));
    if (model->compiled == 0)
        return nn_fail(NN_ESTATE, "the model is not compiled");
    if (!(rate >= 0) || rate > 1e30)
        return nn_fail(NN_EINVAL, "learning_rate is %g, it must be at least 0 and finite", rate);
    model->learning_rate = rate;
    return NN_OK;
}

uint64_t nn_model_steps(const nn_model *model)
{
    return model == NULL ? 0 : model->step;
}

const nn_history *nn_model_history(const nn_model *model)
{
    return model == NULL || model->training == NULL ? NULL : model->training->history;
}
