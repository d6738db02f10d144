/*
 * Subject "optimizer": "steps" steps on gradients that are given. Each of the "weights" is the
 * output of a source, whose targets under the loss L = sum p t are its gradients.
 *
 *   weight/NAME     before the first step;  gradient/NAME[steps][...]
 *   after/NAME      [steps][...]: after each step;  final/NAME: after the end of the fit
 *   "no_decay"      names that are left out of the weight decay
 */
#include "golden.h"

#include "optimizers/optimizer.h"

enum { MOST_WEIGHTS = 8 };

typedef struct optimizer_run {
    golden_case *c;
    int steps;
    size_t weight_count;
    const char *names[MOST_WEIGHTS];
    size_t counts[MOST_WEIGHTS];
    nn_real *after[MOST_WEIGHTS]; /* [steps][count] */
    nn_tensor *targets[MOST_WEIGHTS];
    nn_dataset *data[MOST_WEIGHTS];
} optimizer_run;

static nn_status get(const optimizer_run *run, nn_model *model, size_t i, nn_real *values)
{
    char name[128];
    snprintf(name, sizeof name, "%s/value", run->names[i]);
    return nn_model_get_weight(model, name, values, run->counts[i]);
}

/* One source of that name and shape, [1][...]. */
static nn_node source_of(golden_case *c, nn_node input, const char *name)
{
    const nn__tensor_info *tensor = golden_tensor(c, "weight/%s", name);
    nn_shape shape = {.rank = tensor->rank};
    for (int i = 0; i < tensor->rank; i++)
        shape.dims[i] = (int)tensor->dims[i];
    return nn_apply(probe_source_named(1, &shape, name), input);
}

static void exclude(golden_case *c, nn_model *model)
{
    uint32_t list = golden_member(c, "no_decay");
    for (size_t i = 0; i < nn__json_count(c->json, list); i++)
        golden_check(c, nn_model_exclude_from_weight_decay(
                            model, nn__json_string(c->json, nn__json_item(c->json, list, i))));
}

static nn_model *model_of(optimizer_run *run)
{
    golden_case *c = run->c;
    nn_loss *losses[MOST_WEIGHTS];
    nn_node outputs[MOST_WEIGHTS];
    nn_model *model = nn_model_new();
    nn_node input = nn_model_input(model, 1);
    for (size_t i = 0; i < run->weight_count; i++) {
        outputs[i] = source_of(c, input, run->names[i]);
        losses[i] = probe_dot();
    }
    golden_check(c, nn_model_set_outputs(model, outputs, run->weight_count));
    golden_check(c,
                 nn_compile(model,
                            .optimizer = golden_object(c, golden_member(c, "optimizer"),
                                                       sizeof(nn_optimizer), nn__optimizer_kinds),
                            .losses = {losses, run->weight_count}));
    for (size_t i = 0; i < run->weight_count; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s/value", run->names[i]);
        golden_check(
            c, nn_model_set_weight(model, name,
                                   golden_reals(c, golden_tensor(c, "weight/%s", run->names[i])),
                                   run->counts[i]));
    }
    exclude(c, model);
    return model;
}

static int keep_weights(nn_model *model, int step, nn_logs *logs, void *data)
{
    const optimizer_run *run = data;
    (void)logs;
    for (size_t i = 0; i < run->weight_count; i++)
        if (get(run, model, i, run->after[i] + (size_t)step * run->counts[i]) != NN_OK)
            return NN_EUSER;
    return 0;
}

static void read_case(optimizer_run *run, nn_tensor *x)
{
    golden_case *c = run->c;
    uint32_t list = golden_member(c, "weights");
    run->weight_count = nn__json_count(c->json, list);
    ck_assert_uint_le(run->weight_count, MOST_WEIGHTS);
    for (size_t i = 0; i < run->weight_count; i++) {
        run->names[i] = nn__json_string(c->json, nn__json_item(c->json, list, i));
        const nn__tensor_info *tensor = golden_tensor(c, "gradient/%s", run->names[i]);
        run->counts[i] = (size_t)tensor->count / (size_t)run->steps;
        run->after[i] = golden_alloc(c, (size_t)tensor->count, sizeof(nn_real));
        run->targets[i] = golden_borrow(c, tensor, golden_reals(c, tensor));
        run->data[i] = nn_arrays(.x = x, .y = run->targets[i]);
    }
}

static void compare(optimizer_run *run, nn_model *model)
{
    for (size_t i = 0; i < run->weight_count; i++) {
        golden_compare(run->c, run->after[i], run->counts[i] * (size_t)run->steps, "after/%s",
                       run->names[i]);
        golden_check(run->c, get(run, model, i, run->after[i]));
        golden_compare(run->c, run->after[i], run->counts[i], "final/%s", run->names[i]);
    }
}

void golden_optimizer(golden_case *c)
{
    optimizer_run run = {.c = c, .steps = golden_int(c, "steps")};
    nn_tensor *x = nn_tensor_new(NN_F32, NN_SHAPE(run.steps, 1));
    read_case(&run, x);
    const nn_dataset *const *data = (const nn_dataset *const *)run.data;
    nn_dataset *zip = nn_zip(.inputs = {data, 1}, .targets = {data, run.weight_count});
    nn_model *model = model_of(&run);
    golden_check(c, nn_fit(model, zip, .batch_size = 1, .no_shuffle = 1,
                           .callbacks = nn_callbacks(
                               nn_lambda(.on_train_batch_end = keep_weights, .data = &run))));
    compare(&run, model);
    nn_model_free(model);
    nn_dataset_free(zip);
    for (size_t i = 0; i < run.weight_count; i++) {
        nn_dataset_free(run.data[i]);
        nn_tensor_free(run.targets[i]);
    }
    nn_tensor_free(x);
}
