/* Numeric gradients of every kind of layer, by its inputs and by its weights. */
#include "numeric.h"
#include "samples.h"

START_TEST(every_kind_has_a_sample)
{
    samples_show_every_kind();
}
END_TEST

/* Weights and x by the grid, each a little apart so that inputs are not tied; state is positive;
 * dy random. */
static void check_sample(const sample *s, int no_fusion)
{
    uint64_t state = 51;
    char what[96];
    nn_model *model = sample_probe(s);
    ck_assert_msg(nn_compile(model, .optimizer = nn_sgd(), .loss = probe_dot()) == NN_OK, "%s",
                  nn_error_message());
    nn_context *context =
        nn_context(model, .batch_size = s->rows, .training = 1, .no_fusion = no_fusion);
    ck_assert_ptr_nonnull(context);
    for (int w = 0; w < model->weight_count; w++) {
        nn_real *values = model->values + model->weights[w].offset;
        numeric_grid(values, model->weights[w].count, &state);
        for (size_t i = 0; i < model->weights[w].count; i++)
            values[i] = model->weights[w].trainable ? values[i] + (nn_real)(0.0071 * w)
                                                    : (nn_real)fabs((double)values[i]);
    }
    size_t width = probe_count(nn_model_output_shape(model));
    nn_tensor *targets = nn_tensor_new(NN_F32, NN_SHAPE(s->rows, (int)width));
    test_fill_reals(nn_tensor_data(targets), (size_t)s->rows * width, &state);
    nn_real *zeros = calloc((size_t)s->rows, sizeof *zeros);
    numeric n = {model, context, zeros, s->rows, targets, s->rows, NULL, NULL};
    snprintf(what, sizeof what, "%s, sample %d%s", s->kind->kind.name, (int)(s - samples),
             no_fusion ? ", not fused" : "");
    ck_assert_double_gt(numeric_check(&n, what), 1e-3);
    free(zeros);
    nn_tensor_free(targets);
    nn_context_free(context);
    nn_model_free(model);
}

START_TEST(backward_is_the_slope_of_forward)
{
    check_sample(&samples[_i], 0);
    check_sample(&samples[_i], 1);
}
END_TEST

Suite *layer_gradients_suite(void);
Suite *layer_gradients_suite(void)
{
    Suite *suite = TEST_SUITE("layer_gradients", every_kind_has_a_sample);
    TCase *tcase = tcase_create("samples");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, backward_is_the_slope_of_forward, 0, SAMPLES);
    suite_add_tcase(suite, tcase);
    return suite;
}
