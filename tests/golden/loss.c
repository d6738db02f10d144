/*
 * Subject "loss": a loss over predictions x/0[rows][...], behind an "activation" where one is
 * named.
 *
 *   targets         values of the predictions' shape, or classes [rows] as integers
 *   sample_weight   [rows], or class_weight [classes]; or neither
 *   losses          [rows], without weights;  loss, of the batch;  gradient, of that by x/0
 *
 * Behind an activation Keras computes the loss from that one's inputs, so there libnn must fuse
 * both.
 * The losses of rows come from the loss's own function; without weights, loss and gradient from a
 * context; with weights, from a fit of one batch, whose weights become w - RATE gradient, and the
 * loss from an evaluation besides.
 */
#include "golden.h"

#include "losses/loss.h"

static const double RATE = 0x1p20; /* large, so that the difference is not rounded away */

typedef struct loss_run {
    golden_case *c;
    int rows, no_fusion;
    nn_shape shape;
    size_t count; /* numbers of x/0 */
    nn_tensor *targets;
} loss_run;

static nn_loss *loss_of(golden_case *c)
{
    return golden_object(c, golden_member(c, "loss"), sizeof(nn_loss), nn__loss_kinds);
}

static int activation_of(const golden_case *c)
{
    const char *name = nn__json_string(c->json, golden_member(c, "activation"));
    for (int i = 0; name != NULL && nn_activation_names[i] != NULL; i++)
        if (strcmp(nn_activation_names[i], name) == 0)
            return i;
    ck_assert_msg(name == NULL, "%s: no activation '%s'", c->name, name);
    return NN_LINEAR;
}

/* The kind's own function on all rows; fused with the activation where there is one. */
static void compare_rows(const loss_run *run)
{
    golden_case *c = run->c;
    nn_loss *loss = loss_of(c);
    const nn_loss_kind *kind = (const nn_loss_kind *)(const void *)loss->object.kind;
    const nn__tensor_info *targets = golden_tensor(c, "targets");
    int classes = targets->dtype == NN__I64;
    nn_loss_pass pass = {
        .struct_size = sizeof pass,
        .options = loss->object.options,
        .rows = run->rows,
        .width = (int)(run->count / (size_t)run->rows),
        .prediction = golden_reals(c, golden_tensor(c, "x/0")),
        .targets = classes ? NULL : golden_reals(c, targets),
        .classes = classes ? golden_classes(c, targets) : NULL,
        .losses = golden_alloc(c, (size_t)run->rows, sizeof(double)),
        .scale = 1.0 / run->rows,
        .fused = activation_of(c) != NN_LINEAR,
        .last_axis = run->shape.dims[run->shape.rank - 1],
    };
    ck_assert(!pass.fused || kind->fuses_with == activation_of(c));
    kind->run(&pass);
    golden_compare_doubles(c, pass.losses, (size_t)run->rows, "losses");
    nn_loss_free(loss);
}

/* source -> activation, compiled with the loss. */
static nn_model *model_of(const loss_run *run)
{
    golden_case *c = run->c;
    nn_model *model = nn_model_new();
    nn_node node = nn_apply(probe_source(run->rows, &run->shape), nn_model_input(model, 1));
    if (activation_of(c) != NN_LINEAR)
        node = nn_apply(nn_activation(activation_of(c)), node);
    golden_check(c, nn_model_output(model, node));
    golden_check(c, nn_compile(model, .optimizer = nn_sgd(.learning_rate = RATE),
                               .loss = loss_of(c), .no_fusion = run->no_fusion));
    golden_check(c, nn_model_set_weight(model, "source/value",
                                        golden_reals(c, golden_tensor(c, "x/0")), run->count));
    return model;
}

static void by_context(const loss_run *run)
{
    golden_case *c = run->c;
    double loss = 0;
    nn_model *model = model_of(run);
    nn_real *zeros = golden_alloc(c, (size_t)run->rows, sizeof *zeros);
    nn_real *gradient = golden_alloc(c, run->count, sizeof *gradient);
    nn_context *context =
        nn_context(model, .batch_size = run->rows, .training = 1, .no_fusion = run->no_fusion);
    golden_check(c, nn_context_forward(context, zeros, run->rows, NULL));
    golden_check(c, nn_context_backward(context, run->targets, &loss));
    golden_check(c, nn_context_gradient(context, "source/value", gradient, run->count));
    golden_compare_doubles(c, &loss, 1, "loss");
    golden_compare(c, gradient, run->count, "gradient");
    nn_context_free(context);
    nn_model_free(model);
}

static void compare_step(const loss_run *run, nn_model *model)
{
    nn_real *after = golden_alloc(run->c, run->count, sizeof *after);
    const nn_real *before = golden_reals(run->c, golden_tensor(run->c, "x/0"));
    golden_check(run->c, nn_model_get_weight(model, "source/value", after, run->count));
    for (size_t i = 0; i < run->count; i++)
        after[i] = (nn_real)(((double)before[i] - (double)after[i]) / RATE);
    golden_compare(run->c, after, run->count, "gradient");
}

static void by_fit(const loss_run *run)
{
    golden_case *c = run->c;
    const nn_logs *logs = NULL;
    nn_tensor *weights = NULL, *x = nn_tensor_new(NN_F32, NN_SHAPE(run->rows, 1));
    int classes = golden_tensor(c, "targets")->dtype == NN__I64;
    nn_dataset *data = nn_arrays(.x = x, .y = run->targets,
                                 .classes = classes ? run->shape.dims[run->shape.rank - 1] : 0);
    nn_model *model = model_of(run);
    nn_fit_options o = {.struct_size = sizeof o,
                        .model = model,
                        .data = data,
                        .batch_size = run->rows,
                        .no_shuffle = 1};
    if (golden_has(c, "sample_weight")) {
        const nn__tensor_info *tensor = golden_tensor(c, "sample_weight");
        weights = golden_borrow(c, tensor, golden_reals(c, tensor));
        o.sample_weight = weights;
        golden_check(c, nn_evaluate(model, data, .batch_size = run->rows, .result = &logs,
                                    .sample_weight = weights));
        double loss = nn_logs_value(logs, "loss");
        golden_compare_doubles(c, &loss, 1, "loss");
    } else {
        const nn__tensor_info *tensor = golden_tensor(c, "class_weight");
        o.class_weight = (nn_class_weight_list){golden_doubles(c, tensor), (size_t)tensor->count};
    }
    golden_check(c, nn_model_fit(&o));
    double loss = nn_history_value(nn_model_history(model), 0, "loss");
    golden_compare_doubles(c, &loss, 1, "loss");
    compare_step(run, model);
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(weights);
    nn_tensor_free(x);
}

void golden_loss(golden_case *c)
{
    const nn__tensor_info *x = golden_tensor(c, "x/0"), *targets = golden_tensor(c, "targets");
    loss_run run = {.c = c, .rows = (int)x->dims[0], .count = (size_t)x->count};
    run.shape.rank = x->rank - 1;
    for (int i = 1; i < x->rank; i++)
        run.shape.dims[i - 1] = (int)x->dims[i];
    run.targets = golden_borrow(c, targets,
                                targets->dtype == NN__I64 ? (void *)golden_classes(c, targets)
                                                          : (void *)golden_reals(c, targets));
    if (golden_has(c, "losses"))
        compare_rows(&run);
    const int ways = activation_of(c) == NN_LINEAR ? 2 : 1;
    for (run.no_fusion = 0; run.no_fusion < ways; run.no_fusion++) {
        if (golden_has(c, "sample_weight") || golden_has(c, "class_weight"))
            by_fit(&run);
        else
            by_context(&run);
    }
    nn_tensor_free(run.targets);
}
