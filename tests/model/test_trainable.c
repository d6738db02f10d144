/* Frozen layers: nothing of them changes, nothing is kept or computed for them, the rest learns as
 * if the frozen part were a constant. */
#include "test.h"

#include "model/context.h"

enum { ROWS = 4, WIDTH = 8 * 8 * 3, CLASSES = 3 };

static nn_model *pictures(void)
{
    return nn_sequential(nn_input(8, 8, 3),
                         nn_conv2d(4, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
                         nn_batch_norm(), nn_max_pool2d({2, 2}), nn_dropout(.rate = 0.25),
                         nn_conv2d(4, {3, 3}, {2, 2}, .activation = NN_TANH), nn_batch_norm(),
                         nn_flatten(), nn_dense(6, NN_SIGMOID), nn_dense(CLASSES, NN_SOFTMAX));
}

static void compiled(nn_model *model)
{
    ck_assert_msg(nn_compile(model, .optimizer = nn_sgd(.learning_rate = 0.1, .momentum = 0.9),
                             .loss = nn_categorical_crossentropy()) == NN_OK,
                  "%s", nn_error_message());
}

static void one_step(nn_model *model, uint64_t seed)
{
    nn_tensor *x = nn_tensor_new(NN_F32, NN_SHAPE(ROWS, 8, 8, 3));
    nn_tensor *y = nn_tensor_new(NN_F32, NN_SHAPE(ROWS, CLASSES));
    test_fill_reals(nn_tensor_data(x), ROWS * WIDTH, &seed);
    for (int i = 0; i < ROWS; i++)
        ((nn_real *)nn_tensor_data(y))[i * CLASSES + i % CLASSES] = 1;
    ck_assert_msg(nn_train_on_batch(model, x, y, NULL) == NN_OK, "%s", nn_error_message());
    nn_tensor_free(x);
    nn_tensor_free(y);
}

/* Which weights have other bits in `now` than in `before`: those of layers that are not frozen. */
static void changed_are_trained(nn_model *model, const nn_real *before)
{
    for (int i = 0; i < model->weight_count; i++) {
        const nn__weight *weight = &model->weights[i];
        int frozen = model->nodes[weight->node].frozen;
        int same = memcmp(model->values + weight->offset, before + weight->offset,
                          weight->count * sizeof *before) == 0;
        ck_assert_msg(same == frozen, "%s is %s", weight->name, same ? "unchanged" : "changed");
    }
}

static void train_and_compare(nn_model *model)
{
    nn_real *before = calloc(model->value_count, sizeof *before);
    nn_model_snapshot(model, before);
    for (uint64_t step = 0; step < 3; step++)
        one_step(model, 7 + step);
    changed_are_trained(model, before);
    free(before);
}

START_TEST(weights_of_frozen_layers_keep_their_bits)
{
    static const char *const freeze[][4] = {{"conv2d"},
                                            {"batch_normalization"},
                                            {"conv2d_1", "dense"},
                                            {"batch_normalization", "batch_normalization_1"},
                                            {"dense_1"},
                                            {NULL}};
    for (size_t i = 0; i < sizeof freeze / sizeof freeze[0]; i++) {
        nn_model *model = pictures();
        compiled(model);
        one_step(model, 3); /* momentum is under way */
        for (int k = 0; freeze[i][k] != NULL; k++)
            ck_assert_int_eq(nn_model_set_trainable(model, freeze[i][k], 0), NN_OK);
        train_and_compare(model);
        ck_assert_int_eq(nn_model_set_trainable(model, NULL, 1), NN_OK);
        train_and_compare(model);
        nn_model_free(model);
    }
}
END_TEST

START_TEST(a_prefix_is_frozen_up_to_and_including_the_named_layer)
{
    nn_model *model = pictures();
    compiled(model);
    ck_assert_int_eq(nn_model_freeze_until(model, "conv2d_1"), NN_OK);
    ck_assert(!nn_model_trainable(model, "conv2d"));
    ck_assert(!nn_model_trainable(model, "batch_normalization"));
    ck_assert(!nn_model_trainable(model, "dropout"));
    ck_assert(!nn_model_trainable(model, "conv2d_1"));
    ck_assert(nn_model_trainable(model, "batch_normalization_1"));
    ck_assert(nn_model_trainable(model, "dense_1"));
    train_and_compare(model);
    nn_model_free(model);
}
END_TEST

START_TEST(everything_may_be_frozen)
{
    nn_model *model = pictures();
    ck_assert_int_eq(nn_model_set_trainable(model, NULL, 0), NN_OK);
    compiled(model);
    ck_assert_uint_eq(nn_model_trainable_parameters(model), 0);
    train_and_compare(model);
    ck_assert_int_eq((int)nn_model_steps(model), 3);
    nn_model_free(model);
}
END_TEST

START_TEST(in_a_graph_the_prefix_is_what_the_layer_is_made_from)
{
    nn_model *model = nn_model_new();
    nn_node x = nn_model_input(model, 4);
    nn_node a = nn_apply(nn_dense(4, .name = "a"), x);
    nn_node b = nn_apply(nn_dense(4, .name = "b"), x);
    nn_node c = nn_apply(nn_dense(4, .name = "c"), a);
    nn_model_output(model, nn_merge(nn_add(), b, c));
    ck_assert_int_eq(nn_model_freeze_until(model, "c"), NN_OK);
    ck_assert(!nn_model_trainable(model, "a"));
    ck_assert(nn_model_trainable(model, "b"));
    ck_assert(!nn_model_trainable(model, "c"));
    ck_assert_uint_eq(nn_model_trainable_parameters(model), 20);
    nn_model_free(model);
}
END_TEST

/* ---- Gradients of what is left are those of a model in which everything is trained ---- */

static nn_model *residual(void)
{
    nn_model *model = nn_model_new();
    nn_node x = nn_model_input(model, 8, 8, 3);
    nn_node a =
        nn_apply(nn_conv2d(4, {3, 3}, .padding = NN_SAME, .activation = NN_RELU, .name = "a"), x);
    nn_node b = nn_apply(nn_conv2d(4, {3, 3}, .padding = NN_SAME, .name = "b"), a);
    nn_node s = nn_apply(nn_conv2d(4, {1, 1}, .name = "s", .activation = NN_TANH), a);
    nn_node c = nn_apply(nn_max_pool2d({2, 2}), nn_merge(nn_add(), b, s));
    nn_node d = nn_apply(nn_dense(4, NN_SIGMOID, .name = "d"), nn_apply(nn_flatten(), c));
    nn_model_output(model, nn_apply(nn_dense(CLASSES, NN_SOFTMAX, .name = "e"), d));
    return model;
}

/* Gradients of all weights; those of frozen layers stay 0. Returns the context's bytes. */
static size_t gradients(nn_model *model, int no_fusion, nn_real *all)
{
    static nn_real x[ROWS * WIDTH], t[ROWS * CLASSES];
    uint64_t state = 17;
    test_fill_reals(x, ROWS * WIDTH, &state);
    test_fill_reals(t, ROWS * CLASSES, &state);
    nn_context *context =
        nn_context(model, .batch_size = ROWS, .training = 1, .threads = 2, .no_fusion = no_fusion);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    nn_tensor *targets = nn_tensor_borrow_const(NN_F32, t, NN_SHAPE(ROWS, CLASSES));
    ck_assert_int_eq(nn_context_forward(context, x, ROWS, NULL), NN_OK);
    ck_assert_int_eq(nn_context_backward(context, targets, NULL), NN_OK);
    memcpy(all, context->gradients, model->parameter_values * sizeof *all);
    size_t bytes = context->runs[NN__TRAIN].plan.bytes;
    nn_tensor_free(targets);
    nn_context_free(context);
    return bytes;
}

START_TEST(gradients_of_the_rest_are_those_of_a_model_that_is_not_frozen)
{
    static const char *const names[] = {"a", "b", "s", "d", "e"};
    for (unsigned set = 1; set < 32; set++)
        for (int no_fusion = 0; no_fusion < 2; no_fusion++) {
            nn_model *model = residual();
            compiled(model);
            nn_real *want = calloc(model->value_count, sizeof *want);
            nn_real *have = calloc(model->value_count, sizeof *have);
            size_t full = gradients(model, no_fusion, want);
            for (unsigned k = 0; k < 5; k++)
                if (set >> k & 1)
                    ck_assert_int_eq(nn_model_set_trainable(model, names[k], 0), NN_OK);
            ck_assert_uint_le(gradients(model, no_fusion, have), full);
            for (int i = 0; i < model->weight_count; i++) {
                const nn__weight *weight = &model->weights[i];
                int frozen = model->nodes[weight->node].frozen;
                for (size_t k = weight->offset; k < weight->offset + weight->count; k++)
                    if (memcmp(&have[k], frozen ? &(nn_real){0} : &want[k], sizeof *have) != 0)
                        ck_abort_msg("set %u, %s[%zu]: %g instead of %g", set, weight->name,
                                     k - weight->offset, (double)have[k],
                                     frozen ? 0 : (double)want[k]);
            }
            free(want);
            free(have);
            nn_model_free(model);
        }
}
END_TEST

/* ---- Frozen batch normalization is a scale and a shift, forward and backward ---- */

enum { MEAN = 1, VARIANCE = 4, GAMMA = 3, BETA = -1 }; /* of every channel */

static nn_model *with_frozen_norms(int norms)
{
    const double scale = GAMMA / sqrt(VARIANCE + 1e-3), offset = BETA - MEAN * scale;
    nn_layer *affine[2];
    for (int i = 0; i < 2; i++)
        affine[i] = norms ? nn_batch_norm(.name = i == 0 ? "n0" : "n1")
                          : nn_rescaling(.scale = scale, .offset = offset);
    nn_model *model = nn_sequential(
        nn_input(8, 8, 3), nn_conv2d(4, {3, 3}, .padding = NN_SAME, .activation = NN_TANH),
        affine[0], nn_max_pool2d({2, 2}), nn_conv2d(6, {3, 3}, .activation = NN_TANH), affine[1],
        nn_flatten(), nn_dense(CLASSES, NN_SOFTMAX));
    for (int i = 0; i < 2 && norms; i++) {
        static const char *const weights[] = {"moving_mean", "moving_variance", "gamma", "beta"};
        static const nn_real numbers[] = {MEAN, VARIANCE, GAMMA, BETA};
        for (int k = 0; k < 4; k++) {
            char name[64];
            nn_real values[6];
            snprintf(name, sizeof name, "n%d/%s", i, weights[k]);
            for (int c = 0; c < 6; c++)
                values[c] = numbers[k];
            ck_assert_int_eq(nn_model_set_weight(model, name, values, i == 0 ? 4 : 6), NN_OK);
        }
        ck_assert_int_eq(nn_model_set_trainable(model, i == 0 ? "n0" : "n1", 0), NN_OK);
    }
    compiled(model);
    return model;
}

/* The gradient of a weight from a block of all gradients. */
static void gradient_near(nn_model *a, const nn_real *ga, nn_model *b, const nn_real *gb,
                          const char *name)
{
    const nn__weight *wa = nn__model_weight(a, name), *wb = nn__model_weight(b, name);
    for (size_t i = 0; i < wa->count; i++) {
        double have = (double)ga[wa->offset + i], want = (double)gb[wb->offset + i];
        ck_assert_msg(fabs(have - want) < 1e-5 * fmax(1, fabs(want)), "%s[%zu]: %g instead of %g",
                      name, i, have, want);
    }
}

START_TEST(a_frozen_batch_normalization_is_a_scale_and_a_shift)
{
    static nn_real have[4096], want[4096];
    static const char *const names[] = {"conv2d/kernel", "conv2d/bias",  "conv2d_1/kernel",
                                        "conv2d_1/bias", "dense/kernel", "dense/bias"};
    nn_model *norms = with_frozen_norms(1), *plain = with_frozen_norms(0);
    for (size_t i = 0; i < 6; i++) { /* first weights depend on their numbers */
        const nn__weight *from = nn__model_weight(norms, names[i]);
        ck_assert_int_eq(
            nn_model_set_weight(plain, names[i], norms->values + from->offset, from->count), NN_OK);
    }
    for (int no_fusion = 0; no_fusion < 2; no_fusion++) {
        gradients(norms, no_fusion, have);
        gradients(plain, no_fusion, want);
        for (size_t i = 0; i < 6; i++)
            gradient_near(norms, have, plain, want, names[i]);
    }
    nn_model_free(norms);
    nn_model_free(plain);
}
END_TEST

/* ---- Memory ---- */

static size_t plan_of(nn_model *model, int batch, int *kept_backward)
{
    nn__program program;
    nn__plan plan;
    ck_assert_int_eq(nn__lower(model, 1, batch, 1, 0, &program), NN_OK);
    ck_assert_int_eq(nn__plan_make(model, &program, &plan), NN_OK);
    *kept_backward = 0;
    for (int i = 0; i < plan.block_count; i++)
        *kept_backward += plan.blocks[i].last > program.step_count;
    size_t bytes = plan.bytes;
    nn__plan_free(&plan);
    nn__program_free(&program);
    return bytes;
}

START_TEST(a_frozen_prefix_keeps_nothing_for_backward)
{
    int blocks[3];
    nn_model *model = pictures();
    compiled(model);
    size_t all = plan_of(model, 32, &blocks[0]);
    ck_assert_int_eq(nn_model_freeze_until(model, "batch_normalization_1"), NN_OK);
    size_t head = plan_of(model, 32, &blocks[1]);
    ck_assert_int_eq(nn_model_set_trainable(model, NULL, 0), NN_OK);
    size_t none = plan_of(model, 32, &blocks[2]);
    ck_assert_uint_lt(3 * head, 2 * all);
    ck_assert_uint_le(none, head);
    ck_assert_int_lt(blocks[1], blocks[0]);
    ck_assert_int_eq(blocks[2], 0);
    nn_model_free(model);
}
END_TEST

/* A frozen layer in the middle passes gradients on, and needs its x no longer. */
START_TEST(a_frozen_layer_in_the_middle_needs_less)
{
    int blocks;
    nn_model *model =
        nn_sequential(nn_input(16, 16, 8), nn_conv2d(8, {3, 3}, .padding = NN_SAME),
                      nn_conv2d(8, {3, 3}, .padding = NN_SAME),
                      nn_conv2d(8, {3, 3}, .padding = NN_SAME), nn_flatten(), nn_dense(3));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error()),
                     NN_OK);
    size_t all = plan_of(model, 16, &blocks);
    ck_assert_int_eq(nn_model_set_trainable(model, "conv2d_1", 0), NN_OK);
    ck_assert_uint_lt(plan_of(model, 16, &blocks), all);
    nn_model_free(model);
}
END_TEST

/* ---- Contexts, getters, files ---- */

START_TEST(contexts_of_before_are_refused_in_words)
{
    static nn_real x[ROWS * WIDTH];
    nn_real y[ROWS * CLASSES], bias[4];
    nn_model *model = pictures();
    compiled(model);
    nn_context *context = nn_context(model, .batch_size = ROWS, .training = 1);
    ck_assert_int_eq(nn_context_forward(context, x, ROWS, y), NN_OK);
    ck_assert_int_eq(nn_model_set_trainable(model, "conv2d", 1), NN_OK); /* it was already */
    ck_assert_int_eq(nn_context_forward(context, x, ROWS, y), NN_OK);
    ck_assert_int_eq(nn_model_set_trainable(model, "conv2d", 0), NN_OK);
    ck_assert_int_eq(nn_context_forward(context, x, ROWS, y), NN_ESTATE);
    test_message_has("what is trainable has changed");
    ck_assert_int_eq(nn_context_predict(context, x, ROWS, y), NN_OK);
    nn_context_free(context);
    context = nn_context(model, .batch_size = ROWS, .training = 1);
    ck_assert_int_eq(nn_context_gradient(context, "conv2d/bias", bias, 4), NN_ENOTFOUND);
    test_message_has("conv2d/bias: its layer is frozen");
    ck_assert_int_eq(nn_context_gradient(context, "conv2d_1/bias", bias, 4), NN_OK);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

START_TEST(unknown_names_and_numbers_are_refused)
{
    nn_model *model = pictures();
    ck_assert_int_eq(nn_model_set_trainable(model, "conv3d", 0), NN_ENOTFOUND);
    test_message_has("set_trainable: the model has no layer 'conv3d'");
    ck_assert_int_eq(nn_model_freeze_until(model, "conv3d"), NN_ENOTFOUND);
    ck_assert_int_eq(nn_model_freeze_until(model, NULL), NN_ENOTFOUND);
    ck_assert_int_eq(nn_model_set_trainable(model, "conv2d", 2), NN_EINVAL);
    ck_assert_int_eq(nn_model_trainable(model, "conv3d"), 0);
    ck_assert_int_eq(nn_model_set_trainable(NULL, "conv2d", 0), NN_EINVAL);
    ck_assert_uint_eq(nn_model_layer_count(model), 10);
    ck_assert_str_eq(nn_model_layer_name(model, 5), "conv2d_1");
    ck_assert_ptr_null(nn_model_layer_name(model, 10));
    nn_model_free(model);
}
END_TEST

START_TEST(files_remember_what_is_frozen)
{
    const char *path = test_path("frozen.nn");
    nn_model *loaded = NULL, *model = pictures();
    compiled(model);
    ck_assert_int_eq(nn_model_freeze_until(model, "batch_normalization"), NN_OK);
    ck_assert_int_eq(nn_model_save(model, path), NN_OK);
    ck_assert_msg(nn_model_load(path, &loaded) == NN_OK, "%s", nn_error_message());
    for (size_t i = 0; i < nn_model_layer_count(model); i++) {
        const char *name = nn_model_layer_name(model, i);
        ck_assert_int_eq(nn_model_trainable(loaded, name), nn_model_trainable(model, name));
    }
    ck_assert_uint_eq(nn_model_trainable_parameters(loaded), nn_model_trainable_parameters(model));
    train_and_compare(loaded);
    nn_model_free(loaded);
    nn_model_free(model);
}
END_TEST

/* ---- Keras 3.15 on TensorFlow 2.21: three steps of SGD(0.1, momentum=0.9) on 4 rows ---- */

struct golden {
    const char *frozen[2];
    double losses[3];
    nn_real a_kernel[9], moving_mean[3], moving_variance[3], gamma[3], b_kernel[6];
};

static const struct golden goldens[] = {
    {{"n", NULL},
     {0.11708513647317886, 0.07463118433952332, 0.028718572109937668},
     {-0.5846659, -0.36474538, -0.10308689, -0.20110843, 0.0100457, 0.2550425, 0.1824491,
      0.38483682, 0.6131719},
     {0.1, 0.2, -0.1},
     {0.5, 1., 2.},
     {1., 0.5, 2.},
     {-0.56286067, -0.2932521, 0.00390466, 0.25051743, 0.4895198, 0.7846516}},
    {{"a", "n"},
     {0.11708513647317886, 0.1091468408703804, 0.09684881567955017},
     {-0.5, -0.375, -0.25, -0.125, 0., 0.125, 0.25, 0.375, 0.5},
     {0.1, 0.2, -0.1},
     {0.5, 1., 2.},
     {1., 0.5, 2.},
     {-0.5678008, -0.3014314, 0.00425685, 0.25106236, 0.47875628, 0.77643394}},
    {{"a", NULL},
     {1.1601676940917969, 0.25299835205078125, 0.05732914060354233},
     {-0.5, -0.375, -0.25, -0.125, 0., 0.125, 0.25, 0.375, 0.5},
     {0.10418457, 0.19183642, -0.0863091},
     {0.48625427, 0.97029907, 1.9415395},
     {0.7613733, 0.5, 1.5764141},
     {-0.20047711, 0.12982133, -0.00123204, 0.26740378, -0.09958541, -0.03004988}},
};

static void set(nn_model *model, const char *name, const double *values, size_t count)
{
    nn_real reals[16];
    for (size_t i = 0; i < count; i++)
        reals[i] = (nn_real)values[i];
    ck_assert_int_eq(nn_model_set_weight(model, name, reals, count), NN_OK);
}

static void weight_is(nn_model *model, const char *name, const nn_real *want, size_t count)
{
    nn_real have[16];
    ck_assert_int_eq(nn_model_get_weight(model, name, have, count), NN_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabs((double)(have[i] - want[i])) < 2e-5, "%s[%zu] is %g, in Keras %g", name,
                      i, (double)have[i], (double)want[i]);
}

static nn_model *golden_model(void)
{
    double kernel[9], b[6];
    for (int i = 0; i < 9; i++)
        kernel[i] = (i - 4) / 8.;
    for (int i = 0; i < 6; i++)
        b[i] = (i - 2) / 4.;
    nn_model *model = nn_sequential(nn_input(3), nn_dense(3, NN_TANH, .name = "a"),
                                    nn_batch_norm(.name = "n"), nn_dense(2, .name = "b"));
    set(model, "a/kernel", kernel, 9);
    set(model, "a/bias", (const double[]){.1, -.2, .3}, 3);
    set(model, "n/gamma", (const double[]){1, .5, 2}, 3);
    set(model, "n/beta", (const double[]){0, .1, -.1}, 3);
    set(model, "n/moving_mean", (const double[]){.1, .2, -.1}, 3);
    set(model, "n/moving_variance", (const double[]){.5, 1, 2}, 3);
    set(model, "b/kernel", b, 6);
    set(model, "b/bias", (const double[]){.05, -.05}, 2);
    return model;
}

START_TEST(frozen_layers_learn_as_in_keras)
{
    nn_real x[12], y[8];
    for (int i = 0; i < 12; i++)
        x[i] = (nn_real)((i - 6) / 6.);
    for (int i = 0; i < 8; i++)
        y[i] = (nn_real)((i - 3) / 4.);
    const struct golden *g = &goldens[_i];
    nn_tensor *xs = nn_tensor_borrow_const(NN_F32, x, NN_SHAPE(4, 3));
    nn_tensor *ys = nn_tensor_borrow_const(NN_F32, y, NN_SHAPE(4, 2));
    nn_model *model = golden_model();
    for (int k = 0; k < 2 && g->frozen[k] != NULL; k++)
        ck_assert_int_eq(nn_model_set_trainable(model, g->frozen[k], 0), NN_OK);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(.learning_rate = 0.1, .momentum = 0.9),
                                .loss = nn_mean_squared_error()),
                     NN_OK);
    for (int step = 0; step < 3; step++) {
        const nn_logs *logs;
        ck_assert_int_eq(nn_train_on_batch(model, xs, ys, &logs), NN_OK);
        ck_assert_double_eq_tol(nn_logs_value(logs, "loss"), g->losses[step], 2e-5);
    }
    weight_is(model, "a/kernel", g->a_kernel, 9);
    weight_is(model, "n/moving_mean", g->moving_mean, 3);
    weight_is(model, "n/moving_variance", g->moving_variance, 3);
    weight_is(model, "n/gamma", g->gamma, 3);
    weight_is(model, "b/kernel", g->b_kernel, 6);
    nn_model_free(model);
    nn_tensor_free(xs);
    nn_tensor_free(ys);
}
END_TEST

Suite *trainable_suite(void);
Suite *trainable_suite(void)
{
    Suite *suite =
        TEST_SUITE("trainable", weights_of_frozen_layers_keep_their_bits,
                   a_prefix_is_frozen_up_to_and_including_the_named_layer, everything_may_be_frozen,
                   in_a_graph_the_prefix_is_what_the_layer_is_made_from,
                   gradients_of_the_rest_are_those_of_a_model_that_is_not_frozen,
                   a_frozen_batch_normalization_is_a_scale_and_a_shift,
                   a_frozen_prefix_keeps_nothing_for_backward,
                   a_frozen_layer_in_the_middle_needs_less, contexts_of_before_are_refused_in_words,
                   unknown_names_and_numbers_are_refused, files_remember_what_is_frozen);
    TCase *tcase = tcase_create("keras");
    tcase_add_loop_test(tcase, frozen_layers_learn_as_in_keras, 0,
                        sizeof goldens / sizeof goldens[0]);
    suite_add_tcase(suite, tcase);
    return suite;
}
