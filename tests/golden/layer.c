/*
 * Subject "layer": a graph, mostly of one layer.
 *
 *   "model"      the graph: golden_model
 *   "rows"       of a batch; "steps": batches one after the other, x and y hold their rows together
 *   "training"   true: y, the gradients of sum y dy + penalty in the last step, and what the moving
 *                averages are afterwards: y, dx/0.., dweight/NAME, penalty, after/NAME
 *   "inference"  the tensor of y in inference mode, after the training if there was one
 *
 * Given are x/0, x/1, .., weight/NAME and dy. Each case is run with and without fusions, on one
 * thread and on two.
 */
#include "golden.h"

typedef struct layer_run {
    golden_case *c;
    int rows, steps, threads, no_fusion;
} layer_run;

static const char *source_name(int index, char text[64])
{
    snprintf(text, 64, index == 0 ? "source/value" : "source_%d/value", index);
    return text;
}

static size_t set_sources(const layer_run *run, nn_model *model, int step)
{
    int inputs = 0;
    char name[64];
    for (; golden_has(run->c, "x/%d", inputs); inputs++) {
        const nn__tensor_info *tensor = golden_tensor(run->c, "x/%d", inputs);
        size_t count = (size_t)tensor->count / (size_t)run->steps;
        golden_check(run->c, nn_model_set_weight(
                                 model, source_name(inputs, name),
                                 golden_reals(run->c, tensor) + (size_t)step * count, count));
    }
    return (size_t)inputs;
}

static void compare_gradient(const layer_run *run, const nn_context *context, const char *weight,
                             size_t count, const char *what)
{
    nn_real *have = golden_alloc(run->c, count, sizeof *have);
    golden_check(run->c, nn_context_gradient(context, weight, have, count));
    golden_compare(run->c, have, count, "%s", what);
}

/* Every weight that is trained, and every input of numbers (those of integers have none). */
static void compare_gradients(const layer_run *run, const nn_context *context, nn_model *model)
{
    char name[64], what[600];
    for (int i = 0; golden_has(run->c, "x/%d", i); i++) {
        if (!golden_has(run->c, "dx/%d", i))
            continue;
        snprintf(what, sizeof what, "dx/%d", i);
        source_name(i, name);
        compare_gradient(run, context, name, nn__model_weight(model, name)->count, what);
    }
    for (int w = 0; w < model->weight_count; w++) {
        const nn__weight *weight = &model->weights[w];
        if (golden_is_source(weight->name) || !weight->trainable ||
            model->nodes[weight->node].frozen)
            continue;
        snprintf(what, sizeof what, "dweight/%s", weight->name);
        compare_gradient(run, context, weight->name, weight->count, what);
    }
}

static void compare_states(const layer_run *run, const nn_model *model)
{
    for (int w = 0; w < model->weight_count; w++) {
        const nn__weight *weight = &model->weights[w];
        if (golden_has(run->c, "after/%s", weight->name))
            golden_compare(run->c, model->values + weight->offset, weight->count, "after/%s",
                           weight->name);
    }
}

static void backward(const layer_run *run, nn_context *context, nn_real *dy, size_t count,
                     double *loss)
{
    nn_tensor *targets =
        nn_tensor_borrow(NN_F32, dy, NN_SHAPE(run->rows, (int)(count / (size_t)run->rows)));
    golden_check(run->c, nn_context_backward(context, targets, loss));
    nn_tensor_free(targets);
}

/* What the loss is where dy is 0: a pass of its own, which leaves no trace. */
static void compare_penalty(const layer_run *run, nn_model *model, nn_context *context,
                            const nn_real *zeros, size_t count)
{
    double penalty = 0;
    nn_real *dy = golden_alloc(run->c, count, sizeof *dy);
    nn_real *kept = golden_alloc(run->c, nn_model_snapshot_count(model), sizeof *kept);
    nn_model_snapshot(model, kept);
    golden_check(run->c, nn_context_forward(context, zeros, run->rows, NULL));
    backward(run, context, dy, count, &penalty);
    nn_model_restore(model, kept);
    golden_compare_doubles(run->c, &penalty, 1, "penalty");
}

/* Returns the model, with its states as they are afterwards. */
static nn_model *train(const layer_run *run)
{
    golden_case *c = run->c;
    nn_model *model = golden_model(c, 1, run->rows);
    nn_model_set_threads(model, run->threads);
    golden_set_weights(c, model);
    golden_check(c, nn_compile(model, .optimizer = nn_sgd(), .loss = probe_dot()));
    nn_context *context =
        nn_context(model, .batch_size = run->rows, .training = 1, .no_fusion = run->no_fusion);
    ck_assert_msg(context != NULL, "%s: %s", c->name, nn_error_message());
    size_t count = probe_count(nn_model_output_shape(model)) * (size_t)run->rows;
    nn_real *y = golden_alloc(c, count * (size_t)run->steps, sizeof *y);
    nn_real *zeros = golden_alloc(c, (size_t)run->rows, sizeof *zeros);
    for (int step = 0; step < run->steps; step++) {
        set_sources(run, model, step);
        golden_check(c, nn_context_forward(context, zeros, run->rows, y + (size_t)step * count));
    }
    golden_compare(c, y, count * (size_t)run->steps, "y");
    backward(run, context, golden_reals(c, golden_tensor(c, "dy")), count, NULL);
    compare_gradients(run, context, model);
    compare_states(run, model);
    if (golden_has(c, "penalty"))
        compare_penalty(run, model, context, zeros, count);
    nn_context_free(context);
    return model;
}

/* The last step's x in inference mode, with the weights of `trained` where there is one. */
static void predict(const layer_run *run, const nn_model *trained, const char *what)
{
    golden_case *c = run->c;
    nn_model *model = golden_model(c, 0, run->rows);
    size_t inputs = nn_model_input_count(model);
    const nn_real **x = golden_alloc(c, inputs, sizeof *x);
    nn_model_set_threads(model, run->threads);
    golden_set_weights(c, model);
    for (int w = 0; trained != NULL && w < trained->weight_count; w++) {
        const nn__weight *weight = &trained->weights[w];
        if (!golden_is_source(weight->name))
            golden_check(c, nn_model_set_weight(model, weight->name,
                                                trained->values + weight->offset, weight->count));
    }
    for (size_t i = 0; i < inputs; i++) {
        const nn__tensor_info *tensor = golden_tensor(c, "x/%zu", i);
        size_t count = (size_t)tensor->count / (size_t)run->steps;
        x[i] = golden_reals(c, tensor) + (size_t)(run->steps - 1) * count;
    }
    size_t count = probe_count(nn_model_output_shape(model)) * (size_t)run->rows;
    nn_real *y = golden_alloc(c, count, sizeof *y);
    nn_context *context = nn_context(model, .batch_size = run->rows, .no_fusion = run->no_fusion);
    ck_assert_msg(context != NULL, "%s: %s", c->name, nn_error_message());
    golden_check(c, nn_context_predict_many(context, x, run->rows, &y));
    golden_compare(c, y, count, "%s", what);
    nn_context_free(context);
    nn_model_free(model);
}

void golden_layer(golden_case *c)
{
    const char *inference = nn__json_string(c->json, golden_member(c, "inference"));
    for (int way = 0; way < 2; way++) {
        layer_run run = {c, golden_int(c, "rows"), golden_int(c, "steps"), 1 + way, way};
        nn_model *trained = golden_int(c, "training") ? train(&run) : NULL;
        if (inference != NULL)
            predict(&run, trained, inference);
        nn_model_free(trained);
    }
}
