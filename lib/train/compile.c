/* Compile: loss, optimizer and metrics for a built model. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/training.h"

/* What compile was handed, each thing claimed once; a head per loss. */
struct parts {
    nn_optimizer *optimizer;
    nn__head *heads;
    size_t head_count;
};

static void parts_free(struct parts *parts)
{
    nn_optimizer_free(parts->optimizer);
    for (size_t k = 0; parts->heads != NULL && k < parts->head_count; k++)
        nn__head_clear(&parts->heads[k]);
    nn__free(parts->heads);
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

/* The lists that an options struct means: of one output or of several. */
struct lists {
    nn_loss_list losses;
    nn_metric_lists metrics; /* one list per output, or none */
};

/* The first failure of several steps that are all taken. */
struct first {
    nn_status status;
    char message[NN__MESSAGE];
};

static void first_note(struct first *first, nn_status status)
{
    if (status == NN_OK || first->status != NN_OK)
        return;
    first->status = status;
    snprintf(first->message, sizeof first->message, "%s", nn_error_message());
}

/* Claims an output's metrics. */
static void claim_metrics(nn__head *head, nn_metric_list list, struct first *first)
{
    head->metrics = nn__alloc_array(list.count, sizeof(nn_metric *), "metrics");
    head->metric_count = list.count;
    if (head->metrics == NULL) {
        first_note(first, NN_ENOMEM);
        nn__objects_drop(list.items, list.count, nn__object_free);
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        nn_metric *metric = list.items[i];
        nn_status status = metric == NULL ? nn_fail(NN_ENOMEM, "no memory for metric %zu", i)
                                          : claim(&metric->object, "a metric");
        if (status == NN_OK)
            head->metrics[i] = metric;
        first_note(first, status);
    }
}

static void claim_loss(nn__head *head, nn_loss *loss, int several, struct first *first)
{
    nn_status status = loss == NULL && several ? nn_fail(NN_ENOMEM, "no memory for a loss")
                                               : claim(loss == NULL ? NULL : &loss->object, "loss");
    if (status == NN_OK)
        head->loss = loss;
    first_note(first, status);
}

/* Without memory for the list of what was handed over, it is freed. */
static void lists_drop(const struct lists *lists)
{
    nn__objects_drop(lists->losses.items, lists->losses.count, nn__object_free);
    for (size_t k = 0; k < lists->metrics.count; k++)
        nn__objects_drop(lists->metrics.items[k].items, lists->metrics.items[k].count,
                         nn__object_free);
}

static void lists_claim(struct parts *parts, const struct lists *lists, int several,
                        struct first *first)
{
    const size_t losses = lists->losses.count, metrics = lists->metrics.count;
    const size_t count = losses > metrics ? losses : metrics;
    parts->heads = nn__alloc_array(count, sizeof *parts->heads, "losses and metrics");
    if (parts->heads == NULL) {
        first_note(first, NN_ENOMEM);
        lists_drop(lists);
        return;
    }
    parts->head_count = count;
    for (size_t k = 0; k < losses; k++)
        claim_loss(&parts->heads[k], lists->losses.items[k], several, first);
    for (size_t k = 0; k < metrics; k++)
        claim_metrics(&parts->heads[k], lists->metrics.items[k], first);
}

static void weights_claim(struct parts *parts, nn_loss_weight_list list)
{
    for (size_t k = 0; k < parts->head_count; k++)
        parts->heads[k].weight = k < list.count ? list.items[k] : 1;
}

/* .loss and .metrics are lists of one. */
static struct lists lists_of(const nn_compile_options *o)
{
    struct lists lists = {o->losses, o->output_metrics};
    if (o->losses.count == 0)
        lists.losses = (nn_loss_list){&o->loss, 1};
    if (o->output_metrics.count == 0)
        lists.metrics = (nn_metric_lists){&o->metrics, 1};
    return lists;
}

/* What was given in two ways belongs to nobody yet: it is freed. */
static nn_status lists_check(const nn_compile_options *o)
{
    const int two_losses = o->losses.count > 0 && o->loss != NULL;
    const int two_metrics = o->output_metrics.count > 0 && o->metrics.count > 0;
    if (two_losses)
        nn__objects_drop(&o->loss, 1, nn__object_free);
    if (two_metrics)
        nn__objects_drop(o->metrics.items, o->metrics.count, nn__object_free);
    if (two_losses || two_metrics)
        return nn_fail(NN_EINVAL, "compile: %s are both given",
                       two_losses ? "loss and losses" : "metrics and output_metrics");
    return NN_OK;
}

/* Takes everything, also when something is missing, so that it can be freed. */
static nn_status parts_claim(struct parts *parts, const nn_compile_options *o)
{
    const struct lists lists = lists_of(o);
    struct first first = {NN_OK, ""};
    lists_claim(parts, &lists, o->losses.count > 0, &first);
    weights_claim(parts, o->loss_weights);
    nn_status optimizer = claim(o->optimizer == NULL ? NULL : &o->optimizer->object, "optimizer");
    if (optimizer == NN_OK)
        parts->optimizer = o->optimizer;
    first_note(&first, optimizer);
    first_note(&first, lists_check(o));
    return first.status == NN_OK ? NN_OK : nn_fail(first.status, "%s", first.message);
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

/* The lists of options against the number of outputs. */
static nn_status counts_check(const nn_model *model, const nn_compile_options *o)
{
    const size_t outputs = (size_t)model->head_count;
    const size_t losses = o->losses.count > 0 ? o->losses.count : 1;
    const char *one = o->losses.count > 0 ? "" : " (.losses = nn_losses(...) takes one each)";
    if (losses != outputs)
        return nn_fail(NN_EINVAL, "compile: %zu loss%s for %zu output%s%s", losses,
                       losses == 1 ? "" : "es", outputs, outputs == 1 ? "" : "s", one);
    if (o->loss_weights.count != 0 && o->loss_weights.count != outputs)
        return nn_fail(NN_EINVAL, "compile: %zu loss weights for %zu outputs",
                       o->loss_weights.count, outputs);
    if (o->output_metrics.count != 0 && o->output_metrics.count != outputs)
        return nn_fail(NN_EINVAL, "compile: %zu lists of metrics for %zu outputs",
                       o->output_metrics.count, outputs);
    if (o->metrics.count > 0 && outputs > 1)
        return nn_fail(NN_EINVAL,
                       "compile: metrics are for one output, the model has %zu "
                       "(.output_metrics = nn_output_metrics(...) takes a list each)",
                       outputs);
    return NN_OK;
}

static nn_status head_check(const nn_model *model, int k, const nn__head *head)
{
    const nn_loss_kind *loss = nn__loss_kind(head->loss);
    const nn__node *output = nn__model_output(model, k);
    NN_TRY(nn__object_check(&head->loss->object, loss->kind.name));
    if (!isfinite(head->weight))
        return nn_fail(NN_EINVAL, "compile: the loss weight of %s is %g", output->name,
                       head->weight);
    if (loss->check != NULL)
        NN_TRY(loss->check(head->loss->object.options, output->name, &output->output));
    for (size_t i = 0; i < head->metric_count; i++) {
        const char *name = nn__metric_name(head->metrics[i]);
        NN_TRY(nn__object_check(&head->metrics[i]->object, name));
        NN_TRY(nn__metric_check(head->metrics[i], &output->output));
        for (size_t j = 0; j < i; j++)
            if (strcmp(nn__metric_name(head->metrics[j]), name) == 0)
                return nn_fail(NN_EINVAL, "compile: two metrics are named '%s'", name);
    }
    return NN_OK;
}

/* "val_loss" must not be the loss of an output named val, nor "val_a_loss" that of val_a beside a. */
static nn_status names_check(const nn_model *model)
{
    for (int k = 0; k < model->head_count && model->head_count > 1; k++) {
        const char *name = nn__model_output(model, k)->name;
        int taken = strcmp(name, "val") == 0;
        for (int j = 0; j < model->head_count && strncmp(name, "val_", 4) == 0; j++)
            taken |= strcmp(name + 4, nn__model_output(model, j)->name) == 0;
        if (taken)
            return nn_fail(NN_EINVAL, "compile: the logs of output '%s' are those of a validation",
                           name);
    }
    return NN_OK;
}

static nn_status parts_check(nn_model *model, const struct parts *parts,
                             const nn_compile_options *o)
{
    NN_TRY(counts_check(model, o));
    NN_TRY(names_check(model));
    NN_TRY(optimizer_check(parts->optimizer));
    for (int k = 0; k < model->head_count; k++)
        NN_TRY(head_check(model, k, &parts->heads[k]));
    return NN_OK;
}

/* From here on nothing fails: the model's former parts go, these stay. */
static void model_adopt(nn_model *model, struct parts *parts, const nn__updater *updater)
{
    const nn_optimizer_kind *kind = nn__optimizer_kind(parts->optimizer);
    const double *rate = nn__option_field(&parts->optimizer->object, "learning_rate", NULL);
    nn_optimizer_free(model->optimizer);
    nn__updater_free(&model->updater);
    model->optimizer = parts->optimizer;
    for (int k = 0; k < model->head_count; k++) {
        nn__head_clear(&model->heads[k]);
        parts->heads[k].node = model->heads[k].node;
        model->heads[k] = parts->heads[k];
    }
    nn__free(parts->heads);
    model->updater = *updater;
    model->learning_rate = rate != NULL ? *rate : 0;
    model->step = 0;
    for (int i = 0; kind->scalars != NULL && kind->scalars[i] != NULL; i++)
        model->scalars[i] = kind->scalars_initial[i];
    model->compiled++;
}

static nn_status compile(nn_model *model, struct parts *parts, const nn_compile_options *o)
{
    NN_TRY(nn_model_build(model));
    NN_TRY(parts_check(model, parts, o));
    nn__updater updater;
    NN_TRY(nn__updater_make(model, parts->optimizer, &updater));
    model_adopt(model, parts, &updater);
    model->no_fusion = o->no_fusion;
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
        status = compile(o.model, &parts, &o);
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

/* What follows the output's name in a log of one of several outputs; NULL: it is none of its. */
static const char *after_output_name(const nn_model *model, int k, const char *log)
{
    const char *name = nn__model_output(model, k)->name;
    size_t length = strlen(name);
    if (model->head_count == 1)
        return log;
    return strncmp(log, name, length) == 0 && log[length] == '_' ? log + length + 1 : NULL;
}

static int head_better(const nn__head *head, const char *name)
{
    if (strcmp(name, "loss") == 0)
        return NN_MIN;
    for (size_t i = 0; i < head->metric_count; i++)
        if (strcmp(nn__metric_name(head->metrics[i]), name) == 0)
            return nn__metric_kind(head->metrics[i])->better;
    return NN_AUTO;
}

int nn_model_better(const nn_model *model, const char *log)
{
    int better = NN_AUTO;
    if (strncmp(log, "val_", 4) == 0)
        log += 4;
    if (strcmp(log, "loss") == 0)
        return NN_MIN;
    for (int k = 0; k < model->head_count && model->compiled != 0 && better == NN_AUTO; k++) {
        const char *name = after_output_name(model, k, log);
        if (name != NULL)
            better = head_better(&model->heads[k], name);
    }
    return better;
}

double nn_model_learning_rate(const nn_model *model)
{
    if (nn__model_check(model) != NN_OK)
        return (double)NAN;
    if (model->compiled == 0) {
        nn_fail(NN_ESTATE, "the model is not compiled");
        return (double)NAN;
    }
    return nn__model_rate(model);
}

nn_status nn_model_set_learning_rate(nn_model *model, double rate)
{
    NN_TRY(nn__model_check(model));
    if (model->compiled == 0)
        return nn_fail(NN_ESTATE, "the model is not compiled");
    if (model->updater.schedule != NULL)
        return nn_fail(NN_ESTATE,
                       "learning_rate cannot be set: the optimizer follows a schedule, %s",
                       model->updater.schedule->object.kind->name);
    if (!(rate >= 0) || rate > 1e30)
        return nn_fail(NN_EINVAL, "learning_rate is %g, it must be at least 0 and finite", rate);
    model->learning_rate = rate;
    return NN_OK;
}

uint64_t nn_model_steps(const nn_model *model)
{
    return model == NULL || model->compiled == 0 ? 0
                                                 : model->step / (uint64_t)model->updater.batches;
}

const nn_history *nn_model_history(const nn_model *model)
{
    return model == NULL || model->training == NULL ? NULL : model->training->history;
}
