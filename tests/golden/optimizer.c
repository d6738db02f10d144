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

typedef struct given_weight {
    const char *name;
    size_t count;
    nn_real *after; /* [steps][count] */
    nn_tensor *targets;
} given_weight;

typedef struct optimizer_run {
    golden_case *c;
    int steps;
    size_t weight_count;
    given_weight *weights;
    nn_dataset **data; /* of each weight's targets */
} optimizer_run;

/* Sources have one weight each, so that weight i of the model is that of source i. */
static nn_status get(const optimizer_run *run, nn_model *model, size_t i, nn_real *values)
{
    return nn_model_get_weight(model, nn_model_weight_name(model, i), values,
                               run->weights[i].count);
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

static void set_weights(const optimizer_run *run, nn_model *model)
{
    golden_case *c = run->c;
    uint32_t list = golden_member(c, "no_decay");
    for (size_t i = 0; i < run->weight_count; i++) {
        const given_weight *weight = &run->weights[i];
        const nn_real *values = golden_reals(c, golden_tensor(c, "weight/%s", weight->name));
        golden_check(
            c, nn_model_set_weight(model, nn_model_weight_name(model, i), values, weight->count));
    }
    for (size_t i = 0; i < nn__json_count(c->json, list); i++)
        golden_check(c, nn_model_exclude_from_weight_decay(
                            model, nn__json_string(c->json, nn__json_item(c->json, list, i))));
}

static nn_model *model_of(const optimizer_run *run)
{
    golden_case *c = run->c;
    nn_loss **losses = golden_alloc(c, run->weight_count, sizeof *losses);
    nn_node *outputs = golden_alloc(c, run->weight_count, sizeof *outputs);
    nn_optimizer *optimizer =
        golden_object(c, golden_member(c, "optimizer"), sizeof(nn_optimizer), nn__optimizer_kinds);
    nn_model *model = nn_model_new();
    nn_node input = nn_model_input(model, 1);
    for (size_t i = 0; i < run->weight_count; i++) {
        outputs[i] = source_of(c, input, run->weights[i].name);
        losses[i] = probe_dot();
    }
    golden_check(c, nn_model_set_outputs(model, outputs, run->weight_count));
    golden_check(c,
                 nn_compile(model, .optimizer = optimizer, .losses = {losses, run->weight_count}));
    set_weights(run, model);
    return model;
}

static int keep_weights(nn_model *model, int step, nn_logs *logs, void *data)
{
    const optimizer_run *run = data;
    (void)logs;
    for (size_t i = 0; i < run->weight_count; i++) {
        const given_weight *weight = &run->weights[i];
        if (get(run, model, i, weight->after + (size_t)step * weight->count) != NN_OK)
            return NN_EUSER;
    }
    return 0;
}

static void read_case(optimizer_run *run, nn_tensor *x)
{
    golden_case *c = run->c;
    uint32_t list = golden_member(c, "weights");
    run->weight_count = nn__json_count(c->json, list);
    run->weights = golden_alloc(c, run->weight_count, sizeof *run->weights);
    run->data = golden_alloc(c, run->weight_count, sizeof *run->data);
    for (size_t i = 0; i < run->weight_count; i++) {
        given_weight *weight = &run->weights[i];
        weight->name = nn__json_string(c->json, nn__json_item(c->json, list, i));
        const nn__tensor_info *tensor = golden_tensor(c, "gradient/%s", weight->name);
        weight->count = (size_t)tensor->count / (size_t)run->steps;
        weight->after = golden_alloc(c, (size_t)tensor->count, sizeof(nn_real));
        weight->targets = golden_borrow(c, tensor, golden_reals(c, tensor));
        run->data[i] = nn_arrays(.x = x, .y = weight->targets);
    }
}

static void compare(const optimizer_run *run, nn_model *model)
{
    for (size_t i = 0; i < run->weight_count; i++) {
        const given_weight *weight = &run->weights[i];
        golden_compare(run->c, weight->after, weight->count * (size_t)run->steps, "after/%s",
                       weight->name);
        golden_check(run->c, get(run, model, i, weight->after));
        golden_compare(run->c, weight->after, weight->count, "final/%s", weight->name);
    }
}

void golden_optimizer(golden_case *c)
{
    optimizer_run run = {.c = c, .steps = golden_int(c, "steps")};
    nn_tensor *x = nn_tensor_new(NN_F32, NN_SHAPE(run.steps, 1));
    read_case(&run, x);
    const nn_dataset *const *data = (const nn_dataset *const *)run.data;
    nn_dataset *zip = nn_zip(.inputs = {data, 1}, .targets = {data, run.weight_count});
    nn_callback *keep = nn_lambda(.on_train_batch_end = keep_weights, .data = &run);
    nn_model *model = model_of(&run);
    golden_check(
        c, nn_fit(model, zip, .batch_size = 1, .no_shuffle = 1, .callbacks = nn_callbacks(keep)));
    compare(&run, model);
    nn_model_free(model);
    nn_dataset_free(zip);
    for (size_t i = 0; i < run.weight_count; i++) {
        nn_dataset_free(run.data[i]);
        nn_tensor_free(run.weights[i].targets);
    }
    nn_tensor_free(x);
}
