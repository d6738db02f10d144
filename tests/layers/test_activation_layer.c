/* Activations as a layer, against Keras 3.15 on TensorFlow 2.21, and what training keeps of them. */
#include "model/context.h"
#include "probe.h"

enum { POINTS = 9 };

static const nn_real points[POINTS] = {-8, -3, -1.5, -0.25, 0, 0.5, 1.25, 3, 6.5};

static const struct {
    int kind;
    double y[POINTS], slope[POINTS];
} golden[] = {
    {NN_RELU, {0, 0, 0, 0, 0, 0.5, 1.25, 3, 6.5}, {0, 0, 0, 0, 0, 1, 1, 1, 1}},
    {NN_SIGMOID,
     {0.00033535008, 0.0474258661, 0.182425529, 0.437823445, 0.5, 0.622459352, 0.777299821,
      0.952574134, 0.998498797},
     {0.000335237622, 0.0451766551, 0.149146467, 0.246134087, 0.25, 0.23500371, 0.173104808,
      0.0451766551, 0.00149894902}},
    {NN_TANH,
     {-1, -0.995054722, -0.905148327, -0.244918659, 0, 0.462117136, 0.848283708, 0.995054722,
      0.99999541},
     {0, 0.00986611843, 0.180706501, 0.940014839, 1, 0.786447763, 0.28041476, 0.00986611843,
      9.1791153e-06}},
    {NN_LEAKY_RELU,
     {-1.60000002, -0.600000024, -0.300000012, -0.0500000007, 0, 0.5, 1.25, 3, 6.5},
     {0.200000003, 0.200000003, 0.200000003, 0.200000003, 0.200000003, 1, 1, 1, 1}},
    {NN_RELU6, {0, 0, 0, 0, 0, 0.5, 1.25, 3, 6}, {0, 0, 0, 0, 0, 1, 1, 1, 0}},
    {NN_ELU,
     {-0.999664545, -0.950212955, -0.776869833, -0.221199214, 0, 0.5, 1.25, 3, 6.5},
     {0.000335454941, 0.0497870445, 0.223130167, 0.778800786, 1, 1, 1, 1, 1}},
    {NN_SELU,
     {-1.75750959, -1.6705687, -1.36581433, -0.388890177, 0, 0.525350511, 1.31337631, 3.15210295,
      6.82955647},
     {0.000589728355, 0.0875306129, 0.392284989, 1.36920917, 1.05070102, 1.05070102, 1.05070102,
      1.05070102, 1.05070102}},
    {NN_SOFTPLUS,
     {0.000335406367, 0.0485873558, 0.201413259, 0.575939476, 0.693147182, 0.974076927, 1.50192904,
      3.04858708, 6.50150251},
     {0.00033535008, 0.0474258661, 0.182425529, 0.437823445, 0.5, 0.622459352, 0.777299821,
      0.952574134, 0.998498797}},
    {NN_SOFTSIGN,
     {-0.888888896, -0.75, -0.600000024, -0.200000003, 0, 0.333333343, 0.555555582, 0.75,
      0.866666675},
     {0.0123456791, 0.0625, 0.159999996, 0.639999986, 1, 0.444444448, 0.197530866, 0.0625,
      0.0177777782}},
    {NN_EXPONENTIAL,
     {0.000335462624, 0.0497870706, 0.223130167, 0.778800786, 1, 1.64872122, 3.49034286, 20.085537,
      665.141663},
     {0.000335462624, 0.0497870706, 0.223130167, 0.778800786, 1, 1.64872122, 3.49034286, 20.085537,
      665.141663}},
    {NN_HARD_SIGMOID,
     {0, 0, 0.25, 0.458333343, 0.5, 0.583333313, 0.708333313, 1, 1},
     {0, 0, 0.166666672, 0.166666672, 0.166666672, 0.166666672, 0.166666672, 0, 0}},
    {NN_LOG_SIGMOID,
     {-8.00033569, -3.04858708, -1.70141327, -0.825939417, -0.693147182, -0.474076986, -0.251929104,
      -0.0485873558, -0.00150231016},
     {0.999664664, 0.952574134, 0.817574441, 0.562176526, 0.5, 0.377540678, 0.222700104,
      0.0474258661, 0.00150118221}},
    {NN_SILU,
     {-0.00268280064, -0.142277598, -0.273638308, -0.109455861, 0, 0.311229676, 0.971624792,
      2.85772228, 6.490242},
     {-0.00234655081, -0.0881040916, -0.0412941612, 0.376289904, 0.5, 0.739961207, 0.993680775,
      1.08810413, 1.00824189}},
    {NN_HARD_SILU,
     {-0, -0, -0.375, -0.114583336, 0, 0.291666657, 0.885416627, 3, 6.5},
     {0, 0, 0, 0.416666687, 0.5, 0.666666627, 0.916666627, 1, 1}},
    {NN_GELU,
     {-4.97677385e-15, -0.00404969649, -0.100210801, -0.100323416, 0, 0.345731229, 1.11793768,
      2.99595022, 6.5},
     {-3.9796149e-14, -0.0119456518, -0.127469212, 0.304626644, 0.5, 0.86749512, 1.12266159,
      1.01194561, 1}},
    {NN_GELU_TANH,
     {-0, -0.00363743305, -0.100428432, -0.100324646, 0, 0.345714003, 1.11771417, 2.99636269, 6.5},
     {0, -0.0115842428, -0.127710789, 0.304645896, 0.5, 0.86736995, 1.12249267, 1.01158416, 1}},
    {NN_MISH,
     {-0.00268325093, -0.145647481, -0.298099726, -0.12992698, 0, 0.375245184, 1.13187039,
      2.98653507, 6.49997044},
     {-0.00234739413, -0.0933930874, -0.0640978515, 0.43981567, 0.599999964, 0.886424363,
      1.08046305, 1.02110696, 1.00005424}},
};
enum { KINDS = sizeof golden / sizeof golden[0] };

static void close_to(const nn_real *have, const double *want, const char *what, int kind)
{
    for (int i = 0; i < POINTS; i++)
        if (!(fabs((double)have[i] - want[i]) <= 1e-6 * fmax(1, fabs(want[i]))))
            ck_abort_msg("%s: %s at %g is %.9g, Keras has %.9g", nn_activation_names[kind], what,
                         (double)points[i], (double)have[i], want[i]);
}

START_TEST(values_and_slopes_are_those_of_keras)
{
    static const nn_shape shape = {1, {POINTS}};
    nn_real y[POINTS], dx[POINTS], ones[POINTS];
    probe p;
    for (int i = 0; i < POINTS; i++)
        ones[i] = 1;
    ck_assert_int_eq(probe_open(&p, nn_activation(.activation = golden[_i].kind), 1, &shape, 1, 0),
                     NN_OK);
    probe_set(&p, "source/value", points, POINTS);
    probe_forward(&p, y);
    probe_backward(&p, ones);
    probe_gradient(&p, "source/value", dx, POINTS);
    close_to(y, golden[_i].y, "y", golden[_i].kind);
    close_to(dx, golden[_i].slope, "the slope", golden[_i].kind);
    probe_close(&p);
}
END_TEST

static int steps(int activation, int training)
{
    nn_model *model =
        nn_sequential(nn_input(8), nn_dense(4, .activation = activation), nn_dense(2));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error()),
                     NN_OK);
    nn_context *context = nn_context(model, .batch_size = 2, .training = training);
    int count = context->runs[training ? NN__TRAIN : NN__PREDICT].program.step_count;
    nn_context_free(context);
    nn_model_free(model);
    return count;
}

/* Where the slope is told from y, the layer applies the activation itself; else only in inference. */
START_TEST(a_layer_takes_an_activation_over_where_backward_can_tell_its_slope)
{
    static const int from_x[] = {NN_SILU, NN_HARD_SILU, NN_GELU, NN_GELU_TANH, NN_MISH};
    for (int kind = NN_LINEAR; nn_activation_names[kind] != NULL; kind++) {
        int apart = 0;
        for (int i = 0; i < 5; i++)
            apart = apart || from_x[i] == kind;
        ck_assert_int_eq(steps(kind, 1), 2 + (apart || kind == NN_SOFTMAX));
        ck_assert_int_eq(steps(kind, 0), 2 + (kind == NN_SOFTMAX));
    }
}
END_TEST

START_TEST(an_unknown_number_is_refused)
{
    nn_model *model = nn_sequential(nn_input(3), nn_activation(.activation = 99));
    ck_assert_int_eq(nn_model_build(model), NN_EINVAL);
    test_message_has("activation is 99, it must be 0..18");
    nn_model_free(model);
}
END_TEST

Suite *activation_layer_suite(void);
Suite *activation_layer_suite(void)
{
    Suite *suite = TEST_SUITE("activation_layer", an_unknown_number_is_refused,
                              a_layer_takes_an_activation_over_where_backward_can_tell_its_slope);
    TCase *tcase = tcase_create("golden");
    tcase_add_loop_test(tcase, values_and_slopes_are_those_of_keras, 0, KINDS);
    suite_add_tcase(suite, tcase);
    return suite;
}
