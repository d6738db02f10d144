/* The gradient checker: every built-in layer passes, planted errors are found and named. */
#include "samples.h"
#include "test.h"

START_TEST(every_built_in_sample_passes)
{
    const sample *s = &samples[_i];
    nn_shape shapes[4];
    nn_gradient_report report;
    for (int i = 0; i <= s->more_inputs; i++)
        shapes[i] = s->x;
    nn_status status = nn_check_gradients(sample_layer(s), shapes, s->more_inputs + 1, s->rows,
                                          .seed = 3, .report = &report);
    ck_assert_msg(status == NN_OK, "%s, sample %d: %s", s->kind->kind.name, _i, nn_error_message());
    ck_assert_uint_gt(report.checked, 0);
    ck_assert_uint_le(10 * report.kinks, report.checked); /* maximum and minimum have many */
}
END_TEST

/* ---- A layer with a choice of errors: y = w x^2 + b max(x, 0), channels last ---- */

enum flaw { NONE, DX_FACTOR, DW_LAST_ROW, DB_SHIFTED, DX_SIGN, UNSTEADY, NOT_FINITE };

typedef struct flawed_options {
    size_t struct_size;
    int flaw;
    int reserved;
    const char *name;
} flawed_options;

static nn_status flawed_infer(nn_infer *infer)
{
    const flawed_options *o = infer->options;
    const int c = infer->inputs[0].dims[infer->inputs[0].rank - 1];
    nn_initializer ones = NN_ONES;
    if (o->flaw < 0)
        return nn_infer_fail(infer, NN_EINVAL, "no such flaw");
    infer->output = infer->inputs[0];
    infer->flags = NN_KEEPS_X;
    NN_TRY(nn_infer_weight(infer, "w", &c, 1, ones, 1));
    return nn_infer_weight(infer, "b", &c, 1, ones, 1);
}

static void flawed_forward(const nn_pass *pass)
{
    static int runs;
    const flawed_options *o = pass->options;
    size_t c = (size_t)pass->y_shape->dims[pass->y_shape->rank - 1];
    size_t count = (size_t)pass->rows * probe_count(pass->y_shape);
    for (size_t i = 0; i < count; i++) {
        nn_real x = pass->x[0][i];
        pass->y[i] = pass->weights[0][i % c] * x * x + pass->weights[1][i % c] * (x > 0 ? x : 0);
    }
    if (o->flaw == UNSTEADY)
        pass->y[0] += (nn_real)(runs++ % 2);
    if (o->flaw == NOT_FINITE)
        pass->y[0] = (nn_real)INFINITY;
}

static void flawed_backward(const nn_pass *pass)
{
    const flawed_options *o = pass->options;
    size_t c = (size_t)pass->y_shape->dims[pass->y_shape->rank - 1];
    size_t count = (size_t)pass->rows * probe_count(pass->y_shape);
    size_t summed = o->flaw == DW_LAST_ROW ? count - count / (size_t)pass->rows : count;
    nn_real *dw = pass->gradients[0], *db = pass->gradients[1];
    memset(dw, 0, c * sizeof *dw);
    memset(db, 0, c * sizeof *db);
    for (size_t i = 0; i < count; i++) {
        nn_real x = pass->x[0][i], dy = pass->dy[i];
        if (i < summed)
            dw[i % c] += dy * x * x;
        db[(i + (o->flaw == DB_SHIFTED)) % c] += dy * (x > 0 ? x : 0);
        if (pass->dx[0] == NULL)
            continue;
        nn_real slope = 2 * pass->weights[0][i % c] * x + (x > 0 ? pass->weights[1][i % c] : 0);
        if (o->flaw == DX_FACTOR)
            slope *= (nn_real)1.02;
        if (o->flaw == DX_SIGN && i == 7)
            slope = -slope;
        pass->dx[0][i] = dy * slope;
    }
}

static const nn_option flawed_fields[] = {
    {.name = "flaw", .type = NN_OPTION_INT, .offset = offsetof(flawed_options, flaw)},
    {.name = "name", .type = NN_OPTION_STRING, .offset = offsetof(flawed_options, name)},
};

static const nn_layer_kind flawed_kind = {
    .kind = {sizeof(nn_layer_kind), "flawed", "Flawed", sizeof(flawed_options), flawed_fields, 2},
    .infer = flawed_infer,
    .forward = flawed_forward,
    .backward = flawed_backward,
};

static nn_layer *flawed(int flaw)
{
    return nn_layer_new(&flawed_kind, NN_OPTIONS(flawed_options, flaw));
}

static const nn_shape shape = {2, {4, 3}};

START_TEST(a_right_layer_passes_with_a_small_error)
{
    nn_gradient_report report;
    for (uint64_t seed = 0; seed < 20; seed++) {
        ck_assert_msg(nn_check_gradients(flawed(NONE), &shape, .rows = 5, .seed = seed,
                                         .report = &report) == NN_OK,
                      "%s", nn_error_message());
        ck_assert_uint_eq(report.checked, 5 * 12 + 6);
        ck_assert_double_lt(report.worst, 2e-3);
        ck_assert_uint_eq(report.kinks, 0);
    }
}
END_TEST

static const struct {
    int flaw;
    const char *weight;
} planted[] = {{DX_FACTOR, "x[0]/value"},
               {DW_LAST_ROW, "flawed/w"},
               {DB_SHIFTED, "flawed/b"},
               {DX_SIGN, "x[0]/value"}};

START_TEST(planted_errors_are_found_and_named)
{
    nn_gradient_report report;
    const char *weight = planted[_i].weight;
    for (uint64_t seed = 0; seed < 20; seed++) {
        ck_assert_int_eq(nn_check_gradients(flawed(planted[_i].flaw), &shape, .rows = 5,
                                            .seed = seed, .report = &report),
                         NN_EMISMATCH);
        test_message_has(weight);
        ck_assert_str_eq(report.weight, weight);
        ck_assert_double_gt(report.worst, 1e-3);
        if (planted[_i].flaw == DX_SIGN) {
            ck_assert_uint_eq(report.index, 7);
            ck_assert_double_eq_tol(report.backward, -report.slope, 1e-2);
            test_message_has("1 of 66 numbers");
        }
    }
}
END_TEST

/* max(x, 0) at exactly 0: backward gives 0, which lies between the slopes of both sides. */
START_TEST(a_kink_allows_what_lies_between_its_sides)
{
    static const nn_real x[3] = {0, 0.5, -0.25};
    const nn_real *values[1] = {x};
    nn_gradient_report report;
    nn_shape three = {1, {3}};
    ck_assert_msg(nn_check_gradients(nn_activation(NN_RELU), &three, .rows = 1, .x = values,
                                     .report = &report) == NN_OK,
                  "%s", nn_error_message());
    ck_assert_uint_eq(report.kinks, 1);
    ck_assert_int_eq(nn_check_gradients(flawed(DX_FACTOR), &three, .rows = 1, .x = values),
                     NN_EMISMATCH);
}
END_TEST

/* Numbers of any size: steps follow them. */
START_TEST(inputs_of_other_sizes_are_checked_as_well)
{
    nn_real x[2][12];
    for (int size = 0; size < 2; size++) {
        const nn_real *values[1] = {x[size]};
        for (int i = 0; i < 12; i++)
            x[size][i] = (nn_real)((i - 5.5) * (size == 0 ? 100 : 1e-4));
        ck_assert_msg(nn_check_gradients(flawed(NONE), &shape, .rows = 1, .x = values) == NN_OK,
                      "%s", nn_error_message());
        ck_assert_int_eq(nn_check_gradients(flawed(DX_FACTOR), &shape, .rows = 1, .x = values),
                         NN_EMISMATCH);
    }
}
END_TEST

START_TEST(what_is_not_asked_for_is_not_checked)
{
    nn_gradient_report report;
    ck_assert_int_eq(nn_check_gradients(flawed(DX_SIGN), &shape, .no_inputs = 1, .report = &report),
                     NN_OK);
    ck_assert_uint_eq(report.checked, 6);
    ck_assert_int_eq(nn_check_gradients(flawed(NONE), &shape, .keep_weights = 1), NN_OK);
    ck_assert_int_eq(nn_check_gradients(flawed(DX_FACTOR), &shape, .tolerance = 0.1), NN_OK);
}
END_TEST

START_TEST(outputs_without_a_slope_are_told)
{
    ck_assert_int_eq(nn_check_gradients(flawed(UNSTEADY), &shape), NN_EMISMATCH);
    test_message_has("two runs");
    ck_assert_int_eq(nn_check_gradients(flawed(NOT_FINITE), &shape), NN_EMISMATCH);
    test_message_has("not finite");
}
END_TEST

START_TEST(wrong_arguments_are_refused_and_the_layer_is_freed)
{
    const nn_real *values[1] = {NULL};
    test_memory_begin();
    ck_assert_int_eq(nn_check_gradients(NULL, &shape), NN_ENOMEM);
    ck_assert_int_eq(nn_check_gradients(flawed(NONE)), NN_EINVAL);
    ck_assert_int_eq(nn_check_gradients(flawed(NONE), &shape, -1), NN_EINVAL);
    ck_assert_int_eq(nn_check_gradients(flawed(NONE), &shape, .rows = -2), NN_EINVAL);
    ck_assert_int_eq(nn_check_gradients(flawed(NONE), &shape, .x = values), NN_EINVAL);
    test_message_has("x[0] is NULL");
    ck_assert_int_eq(nn_check_gradients(flawed(NONE), &shape, .tolerance = (double)NAN), NN_EINVAL);
    ck_assert_int_eq(nn_check_gradients(flawed(-1), &shape), NN_EINVAL);
    test_message_has("flawed: no such flaw");
    ck_assert_int_eq(nn_check_gradients(flawed(NONE), &(nn_shape){0, {0}}), NN_EINVAL);
    ck_assert_int_eq(nn_check_gradients(flawed(NONE), &(nn_shape){8, {1}}), NN_EINVAL);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(every_failing_allocation_is_an_error)
{
    int done = 0;
    test_memory_begin();
    for (int n = 0; !done; n++) {
        test_memory_fail(n, 1);
        done = nn_check_gradients(flawed(NONE), &shape, .rows = 2) == NN_OK;
        test_memory_fail(-1, 1);
        ck_assert_int_eq(test_memory_live(), 0);
    }
    test_memory_end();
}
END_TEST

Suite *check_gradients_suite(void);
Suite *check_gradients_suite(void)
{
    Suite *suite = TEST_SUITE(
        "check_gradients", a_right_layer_passes_with_a_small_error,
        a_kink_allows_what_lies_between_its_sides, inputs_of_other_sizes_are_checked_as_well,
        what_is_not_asked_for_is_not_checked, outputs_without_a_slope_are_told,
        wrong_arguments_are_refused_and_the_layer_is_freed, every_failing_allocation_is_an_error);
    TCase *tcase = tcase_create("samples");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, every_built_in_sample_passes, 0, SAMPLES);
    tcase_add_loop_test(tcase, planted_errors_are_found_and_named, 0,
                        sizeof planted / sizeof planted[0]);
    suite_add_tcase(suite, tcase);
    return suite;
}
