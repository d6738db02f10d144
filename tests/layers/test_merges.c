/* Layers that merge or rearrange, against Keras 3.15 on TensorFlow 2.21. */
#include "golden.h"

static const double a[12] = {-2.5, 0, 2.5, -0.5, 2, -1, 1.5, -1.5, 1, -2, 0.5, -2.5};
static const double b[12] = {-2.5, 1, -1, 2.5, 0.5, -1.5, 2, 0, -2, 1.5, -0.5, -2.5};
static const double c[12] = {-2.5, -1, 0.5, 2, -2, -0.5, 1, 2.5, -1.5, 0, 1.5, -2.5};
static const nn_shape picture = {3, {2, 3, 2}};

static golden merge_of(nn_layer *layer, int inputs, const double *y)
{
    golden g = {.layer = layer,
                .rows = 1,
                .shapes = {picture, picture, picture},
                .x = {a, b, inputs == 3 ? c : NULL},
                .y = y,
                .bound = 1e-6,
                .threads = 2};
    return g;
}

START_TEST(multiply_is_that_of_keras)
{
    static const double y[] = {-15.625, 0, -1.25, -2.5, -2, -0.75, 3, 0, 3, 0, -0.375, -15.625};
    static const double dx0[] = {-9.375, 1, 0.25, 0, -0.5, 0.75, 3, 0, -3, 0, 0, 3.125};
    static const double dx1[] = {-9.375, 0, -0.625, 0, -2, 0.5, 2.25, 5.625, 1.5, 0, 0, 3.125};
    static const double dx2[] = {-9.375, 0, 1.25, 0, 0.5, 1.5, 4.5, 0, 2, 1.5, 0, 3.125};
    golden g = merge_of(nn_multiply(), 3, y);
    g.dx[0] = dx0;
    g.dx[1] = dx1;
    g.dx[2] = dx2;
    golden_check(&g);
}
END_TEST

START_TEST(maximum_is_that_of_keras)
{
    static const double y[] = {-2.5, 1, 2.5, 2.5, 2, -0.5, 2, 2.5, 1, 1.5, 1.5, -2.5};
    static const double dx0[] = {-1.5, 0, -0.5, 0, 0.5, 0, 0, 0, -1, 0, 0, 0.5};
    static const double dx1[] = {0, -1, 0, 0, 0, 0, 1.5, 0, 0, -0.5, 0, 0};
    static const double dx2[] = {0, 0, 0, 0, 0, 1, 0, -1.5, 0, 0, 0, 0};
    golden g = merge_of(nn_maximum(), 3, y);
    g.dx[0] = dx0;
    g.dx[1] = dx1;
    g.dx[2] = dx2;
    golden_check(&g);
}
END_TEST

START_TEST(minimum_is_that_of_keras)
{
    static const double y[] = {-2.5, -1, -1, -0.5, -2, -1.5, 1, -1.5, -2, -2, -0.5, -2.5};
    static const double dx0[] = {-1.5, 0, 0, 0, 0, 0, 0, -1.5, 0, -0.5, 0, 0.5};
    static const double dx1[] = {0, 0, -0.5, 0, 0, 1, 0, 0, -1, 0, 0, 0};
    static const double dx2[] = {0, -1, 0, 0, 0.5, 0, 1.5, 0, 0, 0, 0, 0};
    golden g = merge_of(nn_minimum(), 3, y);
    g.dx[0] = dx0;
    g.dx[1] = dx1;
    g.dx[2] = dx2;
    golden_check(&g);
}
END_TEST

START_TEST(average_is_that_of_keras)
{
    static const double y[] = {-2.5, 0,           0.666666687,  1.33333337,   0.166666672, -1,
                               1.5,  0.333333343, -0.833333313, -0.166666672, 0.5,         -2.5};
    static const double dx0[] = {-0.5, -0.333333343, -0.166666672, 0, 0.166666672, 0.333333343, 0.5,
                                 -0.5, -0.333333343, -0.166666672, 0, 0.166666672};
    static const double dx1[] = {-0.5, -0.333333343, -0.166666672, 0, 0.166666672, 0.333333343, 0.5,
                                 -0.5, -0.333333343, -0.166666672, 0, 0.166666672};
    static const double dx2[] = {-0.5, -0.333333343, -0.166666672, 0, 0.166666672, 0.333333343, 0.5,
                                 -0.5, -0.333333343, -0.166666672, 0, 0.166666672};
    golden g = merge_of(nn_average(), 3, y);
    g.dx[0] = dx0;
    g.dx[1] = dx1;
    g.dx[2] = dx2;
    golden_check(&g);
}
END_TEST

START_TEST(subtract_is_that_of_keras)
{
    static const double y[] = {0, -1, 3.5, -3, 1.5, 0.5, -0.5, -1.5, 3, -3.5, 1, 0};
    static const double dx0[] = {-1.5, -1, -0.5, 0, 0.5, 1, 1.5, -1.5, -1, -0.5, 0, 0.5};
    static const double dx1[] = {1.5, 1, 0.5, 0, -0.5, -1, -1.5, 1.5, 1, 0.5, 0, -0.5};
    golden g = merge_of(nn_subtract(), 2, y);
    g.dx[0] = dx0;
    g.dx[1] = dx1;
    golden_check(&g);
}
END_TEST

START_TEST(concatenate_is_that_of_keras)
{
    static const double narrow[] = {-2.5, 1, 2, 0};
    static const double y[] = {-2.5, 0,    2.5, -0.5, 2,   -1,   -2.5, 1,
                               1.5,  -1.5, 1,   -2,   0.5, -2.5, 2,    0};
    static const double dx0[] = {-1.5, -1, -0.5, 0, 0.5, 1, -1, -0.5, 0, 0.5, 1, 1.5};
    static const double dx1[] = {1.5, -1.5, -1.5, -1};
    golden g = merge_of(nn_concatenate(.axis = 2), 2, y);
    g.shapes[1].dims[1] = 1;
    g.x[1] = narrow;
    g.dx[0] = dx0;
    g.dx[1] = dx1;
    golden_check(&g);
    g.layer = nn_concatenate(.axis = -2);
    golden_check(&g);
}
END_TEST

START_TEST(permute_is_that_of_keras)
{
    static const double y[] = {-2.5, 2.5, 2, 1.5, 1, 0.5, 0, -0.5, -1, -1.5, -2, -2.5};
    static const double dx0[] = {-1.5, 1.5, -1, -1.5, -0.5, -1, 0, -0.5, 0.5, 0, 1, 0.5};
    golden g = merge_of(nn_permute(NN_DIMS(3, 1, 2)), 2, y);
    g.x[1] = NULL;
    g.dx[0] = dx0;
    golden_check(&g);
}
END_TEST

START_TEST(reshape_is_that_of_keras)
{
    static const double y[] = {-2.5, 0, 2.5, -0.5, 2, -1, 1.5, -1.5, 1, -2, 0.5, -2.5};
    static const double dx0[] = {-1.5, -1, -0.5, 0, 0.5, 1, 1.5, -1.5, -1, -0.5, 0, 0.5};
    golden g = merge_of(nn_reshape(NN_DIMS(-1, 4)), 2, y);
    g.x[1] = NULL;
    g.dx[0] = dx0;
    golden_check(&g);
}
END_TEST

/* ---- Properties ---- */

/* Large enough for several tasks; y(x) as predicted by a model of one input. */
static void predict(nn_model *model, int rows, const nn_real *x, nn_real *y)
{
    nn_model_set_threads(model, 3);
    nn_context *context = nn_context(model, .batch_size = rows);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    ck_assert_int_eq(nn_context_predict(context, x, rows, y), NN_OK);
    nn_context_free(context);
    nn_model_free(model);
}

START_TEST(permute_and_its_inverse_give_x_back)
{
    enum { N = 3 * 40 * 30 * 7 };
    static nn_real x[N], y[N];
    uint64_t state = 3;
    test_fill_reals(x, N, &state);
    predict(nn_sequential(nn_input(40, 30, 7), nn_permute(NN_DIMS(2, 3, 1)),
                          nn_permute(NN_DIMS(3, 1, 2)), nn_reshape(NN_DIMS(-1, 7))),
            3, x, y);
    ck_assert_mem_eq(x, y, sizeof x);
    predict(nn_sequential(nn_input(40, 30, 7), nn_permute(NN_DIMS(3, 2, 1))), 3, x, y);
    for (int n = 0; n < 3; n++)
        for (int i = 0; i < 40; i++)
            for (int j = 0; j < 30; j++)
                for (int k = 0; k < 7; k++)
                    if (y[((n * 7 + k) * 30 + j) * 40 + i] != x[((n * 40 + i) * 30 + j) * 7 + k])
                        ck_abort_msg("%d %d %d %d is elsewhere", n, i, j, k);
}
END_TEST

START_TEST(concatenate_puts_every_input_in_its_place)
{
    enum { N = 40, C = 300 };
    static nn_real x[N * C], y[3 * N * C];
    uint64_t state = 3;
    for (int axis = 1; axis <= 2; axis++) {
        nn_model *model = nn_model_new();
        nn_node in = nn_model_input(model, 10, C);
        nn_node twice = nn_apply(nn_rescaling(.scale = 2), in);
        nn_model_output(model, nn_merge(nn_concatenate(.axis = axis), in, twice, in));
        test_fill_reals(x, N * C, &state);
        predict(model, N / 10, x, y);
        size_t run = axis == 1 ? 10 * C : C;
        for (size_t i = 0; i < 3 * N * C; i++) {
            nn_real want = x[i / (3 * run) * run + i % run];
            ck_assert(y[i] == (i / run % 3 == 1 ? 2 * want : want));
        }
    }
}
END_TEST

START_TEST(a_nan_is_the_largest_and_the_smallest)
{
    const nn_real x[6] = {(nn_real)NAN, 1, 2, -1, 1, (nn_real)NAN};
    for (int least = 0; least < 2; least++) {
        nn_model *model = nn_model_new();
        nn_node in = nn_apply(nn_reshape(NN_DIMS(2, 3)), nn_model_input(model, 6));
        nn_node other = nn_apply(nn_rescaling(.scale = -1), in);
        nn_model_output(model, nn_merge(least ? nn_minimum() : nn_maximum(), in, other));
        nn_real both[6];
        predict(model, 1, x, both);
        ck_assert(isnan(both[0]) && isnan(both[5]) && both[2] == (least ? -2 : 2));
    }
}
END_TEST

static void merge_refused(nn_layer *layer, nn_shape x0, nn_shape x1, int inputs, nn_status status,
                          const char *message)
{
    nn_model *model = nn_model_new();
    nn_node in = nn_model_input(model, 24), nodes[3];
    nodes[0] = nn_apply(nn_reshape(.target_shape = x0), in);
    nodes[1] = nodes[2] = nn_apply(nn_reshape(.target_shape = x1), in);
    nn_model_output(model, nn_merge_new(layer, nodes, (size_t)inputs));
    ck_assert_int_eq(nn_model_build(model), status);
    test_message_has(message);
    nn_model_free(model);
}

START_TEST(what_does_not_fit_is_refused)
{
    const nn_shape wide = {2, {4, 6}}, high = {2, {6, 4}}, deep = {3, {2, 3, 4}};
    merge_refused(nn_multiply(), wide, high, 2, NN_ESHAPE,
                  "multiply: input 1 is 6x4, input 0 is 4x6");
    merge_refused(nn_maximum(), wide, high, 2, NN_ESHAPE, "maximum: input 1 is 6x4");
    merge_refused(nn_subtract(), wide, wide, 3, NN_ESHAPE,
                  "subtract: it takes two inputs, 3 are given");
    merge_refused(nn_concatenate(), wide, high, 2, NN_ESHAPE,
                  "concatenate: input 1 is 6x4, input 0 is 4x6: axis 2 only may differ");
    merge_refused(nn_concatenate(), wide, deep, 2, NN_ESHAPE, "input 1 is 2x3x4, input 0 is 4x6");
    merge_refused(nn_concatenate(3), wide, wide, 2, NN_EINVAL,
                  "axis 3 is not an axis of a sample: -2..-1, 1..2");
    golden_refused(nn_reshape(NN_DIMS(5, -1)), deep, NN_ESHAPE,
                   "reshape: the input 2x3x4 does not fit into 5x-1");
    golden_refused(nn_reshape(NN_DIMS(5, 5)), deep, NN_ESHAPE, "does not fit into 5x5");
    golden_refused(nn_reshape(NN_DIMS(-1, -1)), deep, NN_EINVAL,
                   "dimension 1 is -1; one may be -1");
    golden_refused(nn_reshape(NN_DIMS(0, 24)), deep, NN_EINVAL, "dimension 0 is 0");
    golden_refused(nn_reshape(), deep, NN_EINVAL, "target_shape has 0 dimensions");
    golden_refused(nn_permute(NN_DIMS(1, 2)), deep, NN_EINVAL,
                   "permute: dims has 2 axes, the input 3");
    golden_refused(nn_permute(NN_DIMS(1, 2, 2)), deep, NN_EINVAL,
                   "dims must have each of 1..3 once, not 2");
    golden_refused(nn_permute(NN_DIMS(0, 1, 2)), deep, NN_EINVAL, "each of 1..3 once, not 0");
}
END_TEST

Suite *merges_suite(void);
Suite *merges_suite(void)
{
    return TEST_SUITE("merges", multiply_is_that_of_keras, maximum_is_that_of_keras,
                      minimum_is_that_of_keras, average_is_that_of_keras, subtract_is_that_of_keras,
                      concatenate_is_that_of_keras, permute_is_that_of_keras,
                      reshape_is_that_of_keras, permute_and_its_inverse_give_x_back,
                      concatenate_puts_every_input_in_its_place,
                      a_nan_is_the_largest_and_the_smallest, what_does_not_fit_is_refused);
}
