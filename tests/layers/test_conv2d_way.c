/* Which way the library takes for a convolution where it may choose. */
#include <string.h>

#include "layers/conv2d.h"
#include "probe.h"
#include "test.h"

typedef struct layer_case {
    int rows, x[3];
    nn_conv2d_options o;
    int ways[3]; /* forward, dw, dx */
} layer_case;

/* Rows; picture; filters; window; padding, strides, dilation, groups. */
#define CASE(rows, h, w, c, f, kh, kw, same, stride, dilate, group)                                \
    {                                                                                              \
        rows, {h, w, c},                                                                           \
            {.struct_size = sizeof(nn_conv2d_options),                                             \
             .filters = f,                                                                         \
             .kernel = {kh, kw},                                                                   \
             .strides = {stride, stride},                                                          \
             .dilation = {dilate, dilate},                                                         \
             .groups = group,                                                                      \
             .padding = same ? NN_SAME : NN_VALID},
#define WAYS(forward, dw, dx)                                                                      \
    {                                                                                              \
        NN_CONV_##forward, NN_CONV_##dw, NN_CONV_##dx                                              \
    }                                                                                              \
    }

static nn_shape shape_of(const int x[3])
{
    return (nn_shape){3, {x[0], x[1], x[2]}};
}

/* Shapes on which one way is far ahead of the others. */
START_TEST(the_way_follows_from_the_shapes)
{
    static const layer_case cases[] = {
        CASE(32, 32, 32, 3, 10, 3, 3, 1, 1, 1, 1) WAYS(WINOGRAD, WINOGRAD, WINOGRAD),
        CASE(32, 32, 32, 3, 32, 3, 3, 1, 1, 1, 1) WAYS(WINOGRAD, WINOGRAD, WINOGRAD),
        CASE(32, 32, 32, 32, 32, 3, 3, 1, 1, 1, 1) WAYS(WINOGRAD, WINOGRAD, WINOGRAD),
        CASE(32, 16, 16, 32, 64, 3, 3, 1, 1, 1, 1) WAYS(WINOGRAD, WINOGRAD, WINOGRAD),
        CASE(32, 8, 8, 64, 128, 3, 3, 1, 1, 1, 1) WAYS(WINOGRAD, WINOGRAD, WINOGRAD),
        CASE(32, 56, 56, 64, 64, 3, 3, 1, 1, 1, 1) WAYS(WINOGRAD, WINOGRAD, WINOGRAD),
        /* few tiles, but the kernel's transformation pays */
        CASE(32, 4, 4, 128, 128, 3, 3, 1, 1, 1, 1) WAYS(WINOGRAD, WINOGRAD, WINOGRAD),
        CASE(1, 4, 4, 256, 256, 3, 3, 1, 1, 1, 1) WAYS(GEMM, GEMM, GEMM),
        CASE(1, 7, 7, 64, 64, 3, 3, 1, 1, 1, 1) WAYS(WINOGRAD, WINOGRAD, WINOGRAD),
        /* few filters: a product would be narrow, or Winograd's transforms cost more than it saves */
        CASE(32, 32, 32, 2, 2, 3, 3, 1, 1, 1, 1) WAYS(WINOGRAD, WINOGRAD, WINOGRAD),
        CASE(32, 32, 32, 3, 10, 3, 3, 1, 2, 1, 1) WAYS(DIRECT, DIRECT, GEMM),
        CASE(32, 32, 32, 6, 16, 5, 5, 0, 1, 1, 1) WAYS(DIRECT, DIRECT, GEMM),
        CASE(32, 32, 32, 3, 16, 1, 1, 0, 1, 1, 1) WAYS(DIRECT, DIRECT, GEMM),
        /* what the others cannot compute, or only pixel by pixel */
        CASE(32, 14, 14, 128, 128, 1, 1, 0, 1, 1, 1) WAYS(GEMM, GEMM, GEMM),
        CASE(32, 64, 1, 16, 32, 7, 1, 1, 1, 1, 1) WAYS(GEMM, GEMM, GEMM),
        CASE(32, 32, 32, 3, 16, 3, 3, 0, 1, 2, 1) WAYS(GEMM, GEMM, GEMM),
        CASE(32, 16, 16, 64, 64, 3, 3, 0, 1, 1, 4) WAYS(GEMM, GEMM, GEMM),
    };
    for (size_t i = 0; i < NN__COUNT(cases); i++)
        for (int what = NN__CONV_FORWARD; what <= NN__CONV_DX; what++) {
            const layer_case *c = &cases[i];
            nn_shape x = shape_of(c->x);
            int way = nn__conv2d_way(&c->o, &x, c->rows, what);
            ck_assert_msg(way == c->ways[what], "case %d: way of %d is %d, not %d", (int)i, what,
                          way, c->ways[what]);
        }
}
END_TEST

/* What is planned for the largest batch serves every smaller one. */
START_TEST(more_rows_never_turn_winograd_off)
{
    uint64_t state = 3;
    for (int i = 0; i < 2000; i++) {
        nn_conv2d_options o = {.struct_size = sizeof o,
                               .filters = test_random_int(&state, 1, 90),
                               .kernel = {3, 3},
                               .strides = {1, 1},
                               .dilation = {1, 1},
                               .groups = 1,
                               .padding = NN_SAME};
        nn_shape x = {3,
                      {test_random_int(&state, 1, 40), test_random_int(&state, 1, 40),
                       test_random_int(&state, 1, 90)}};
        for (int what = NN__CONV_FORWARD; what <= NN__CONV_INFERENCE; what++)
            for (int rows = 1, taken = 0; rows <= 64; rows++) {
                int way = nn__conv2d_way(&o, &x, rows, what);
                ck_assert(!taken || way == NN_CONV_WINOGRAD);
                taken = way == NN_CONV_WINOGRAD;
            }
    }
}
END_TEST

START_TEST(a_kernel_that_is_transformed_already_costs_less)
{
    const layer_case c = CASE(1, 4, 4, 128, 128, 3, 3, 1, 1, 1, 1) WAYS(GEMM, GEMM, GEMM);
    const nn_shape x = shape_of(c.x);
    ck_assert_int_eq(nn__conv2d_way(&c.o, &x, 1, NN__CONV_FORWARD), NN_CONV_GEMM);
    ck_assert_int_eq(nn__conv2d_way(&c.o, &x, 1, NN__CONV_INFERENCE), NN_CONV_WINOGRAD);
}
END_TEST

/* A way that is asked for is taken; the direct one has no dx. */
START_TEST(a_forced_way_is_taken)
{
    nn_shape x = {3, {8, 8, 3}};
    for (int way = NN_CONV_GEMM; way <= NN_CONV_WINOGRAD; way++) {
        nn_conv2d_options o = {.struct_size = sizeof o,
                               .filters = 4,
                               .kernel = {3, 3},
                               .strides = {1, 1},
                               .dilation = {1, 1},
                               .groups = 1,
                               .algorithm = way};
        ck_assert_int_eq(nn__conv2d_way(&o, &x, 1, NN__CONV_FORWARD), way);
        ck_assert_int_eq(nn__conv2d_way(&o, &x, 1, NN__CONV_DW), way);
        ck_assert_int_eq(nn__conv2d_way(&o, &x, 1, NN__CONV_DX),
                         way == NN_CONV_DIRECT ? NN_CONV_GEMM : way);
    }
}
END_TEST

/* y, dx and dkernel of one layer, one after the other; the caller frees them. */
static nn_real *results(const layer_case *c, int algorithm, size_t counts[3])
{
    probe p;
    nn_shape x = shape_of(c->x);
    nn_conv2d_options o = c->o;
    uint64_t state = 9;
    o.algorithm = algorithm;
    ck_assert_int_eq(probe_open(&p, nn_conv2d_new(&o), c->rows, &x, 1, 0), NN_OK);
    const size_t nx = p.x_count, ny = p.y_count;
    const size_t nw = (size_t)(o.kernel[0] * o.kernel[1] * c->x[2] * o.filters);
    nn_real *y = calloc(2 * (ny + nx + nw), sizeof *y), *values = y + ny + nx + nw;
    test_fill_reals(values, ny + nx + nw, &state);
    probe_set(&p, "source/value", values, nx);
    probe_set(&p, "conv2d/kernel", values + nx, nw);
    probe_forward(&p, y);
    probe_backward(&p, values + nx + nw);
    probe_gradient(&p, "source/value", y + ny, nx);
    probe_gradient(&p, "conv2d/kernel", y + ny + nx, nw);
    probe_close(&p);
    counts[0] = ny, counts[1] = nw, counts[2] = nx;
    return y;
}

/* All that is chosen is run as it is when asked for: to the bit. */
START_TEST(the_chosen_way_gives_the_bits_of_the_forced_one)
{
    static const layer_case cases[] = {
        CASE(4, 9, 9, 3, 32, 3, 3, 1, 1, 1, 1) WAYS(AUTO, AUTO, AUTO),
        CASE(3, 12, 11, 16, 16, 3, 3, 0, 1, 1, 1) WAYS(AUTO, AUTO, AUTO),
        CASE(5, 10, 13, 6, 16, 5, 5, 0, 1, 1, 1) WAYS(AUTO, AUTO, AUTO),
        CASE(32, 4, 4, 24, 24, 3, 3, 1, 1, 1, 1) WAYS(AUTO, AUTO, AUTO),
        CASE(2, 8, 8, 3, 16, 1, 1, 0, 1, 1, 1) WAYS(AUTO, AUTO, AUTO),
        CASE(4, 9, 9, 8, 8, 3, 3, 0, 2, 1, 1) WAYS(AUTO, AUTO, AUTO),
    };
    for (size_t i = 0; i < NN__COUNT(cases); i++) {
        size_t counts[3];
        nn_shape x = shape_of(cases[i].x);
        nn_real *chosen = results(&cases[i], NN_CONV_AUTO, counts);
        const size_t at[] = {0, counts[0] + counts[2], counts[0]};
        for (int what = NN__CONV_FORWARD; what <= NN__CONV_DX; what++) {
            int way = nn__conv2d_way(&cases[i].o, &x, cases[i].rows, what);
            nn_real *forced = results(&cases[i], way, counts);
            ck_assert_msg(
                memcmp(chosen + at[what], forced + at[what], counts[what] * sizeof *chosen) == 0,
                "case %d: bits of %d differ from way %d", (int)i, what, way);
            free(forced);
        }
        free(chosen);
    }
}
END_TEST

Suite *conv2d_way_suite(void);
Suite *conv2d_way_suite(void)
{
    return TEST_SUITE("conv2d_way", the_way_follows_from_the_shapes,
                      more_rows_never_turn_winograd_off,
                      a_kernel_that_is_transformed_already_costs_less, a_forced_way_is_taken,
                      the_chosen_way_gives_the_bits_of_the_forced_one);
}
