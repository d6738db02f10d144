/*
 * Losses and gradients of Keras 3.15.1 on TensorFlow 2.21.0, row by row.
 *   P, Z predictions (probabilities with 0 and 1 among them; any numbers), Q is P from 0.01 on
 *   Y, B, S targets (shares; 0 and 1; -1 and 1)
 */
#include "losses/loss.h"
#include "test.h"

enum { ROWS = 3, WIDTH = 4, N = ROWS * WIDTH };

static const double P[N] = {0.1, 0.25, 0.4, 0.7, 0, 1, 0.5, 0.9, 0.3, 0.3, 0.05, 0.6};
static const double Q[N] = {0.1, 0.25, 0.4, 0.7, 0.01, 1, 0.5, 0.9, 0.3, 0.3, 0.05, 0.6};
static const double Z[N] = {-2, 1.5, 0.5, 3, 1, -1, 0.25, -0.5, 4, -3, 1, 2};
static const double Y[N] = {0, 0.25, 1, 0.5, 1, 0.5, 0, 0.75, 0.3, 0, 0, 1};
static const double B[N] = {0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1};
static const double S[N] = {-1, 1, 1, -1, 1, 1, -1, -1, -1, 1, 1, 1};

typedef struct golden {
    nn_loss *(*make)(void);
    const double *p, *y; /* y NULL: classes */
    int32_t classes[ROWS];
    double losses[ROWS], gradient[N]; /* of the mean over the rows */
} golden;

static nn_loss *make_0(void)
{
    return nn_binary_crossentropy();
}

static nn_loss *make_1(void)
{
    return nn_binary_crossentropy(.label_smoothing = 0.2);
}

static nn_loss *make_2(void)
{
    return nn_binary_crossentropy(.from_logits = 1);
}

static nn_loss *make_3(void)
{
    return nn_binary_crossentropy(1, .label_smoothing = 0.1);
}

static nn_loss *make_4(void)
{
    return nn_mean_absolute_error();
}

static nn_loss *make_5(void)
{
    return nn_mean_absolute_percentage_error();
}

static nn_loss *make_6(void)
{
    return nn_mean_squared_logarithmic_error();
}

static nn_loss *make_7(void)
{
    return nn_mean_squared_error();
}

static nn_loss *make_8(void)
{
    return nn_huber();
}

static nn_loss *make_9(void)
{
    return nn_huber(0.5);
}

static nn_loss *make_10(void)
{
    return nn_log_cosh();
}

static nn_loss *make_11(void)
{
    return nn_poisson();
}

static nn_loss *make_12(void)
{
    return nn_hinge();
}

static nn_loss *make_13(void)
{
    return nn_hinge();
}

static nn_loss *make_14(void)
{
    return nn_hinge();
}

static nn_loss *make_15(void)
{
    return nn_squared_hinge();
}

static nn_loss *make_16(void)
{
    return nn_categorical_hinge();
}

static nn_loss *make_17(void)
{
    return nn_kl_divergence();
}

static nn_loss *make_18(void)
{
    return nn_cosine_similarity();
}

static nn_loss *make_19(void)
{
    return nn_categorical_crossentropy(.label_smoothing = 0.1);
}

static nn_loss *make_20(void)
{
    return nn_categorical_crossentropy(1, .label_smoothing = 0.1);
}

static nn_loss *make_21(void)
{
    return nn_sparse_categorical_crossentropy(.ignore_class = NN_SOME(0));
}

static nn_loss *make_22(void)
{
    return nn_sparse_categorical_crossentropy(1, .ignore_class = NN_SOME(255));
}

static nn_loss *make_23(void)
{
    return nn_sparse_categorical_crossentropy(1, .ignore_class = NN_SOME(-1));
}

static const golden cases[] = {
    {make_0,
     P,
     Y,
     {0},
     {0.591077566, 6.35927534, 0.38241452},
     {0.092592597, 7.4505806e-09, -0.208333343, 0.0793650821, 0, 0, 0.166666657, 0.138888851, 0,
      0.119047627, 0.0877193063, -0.138888896}},
    {make_1,
     P,
     B,
     {0},
     {0.679403424, 7.90761042, 0.444979697},
     {7.4505806e-09, 0.0666666776, -0.173611119, 0.238095239, 0, 0, 0.133333325, 0.740740597,
      0.0793650895, 0.0793650895, -0.0877192989, -0.104166672}},
    {make_2,
     Z,
     B,
     {0},
     {1.33775139, 0.481634974, 1.37673175},
     {0.00993357599, 0.0681312084, -0.0314617231, 0.0793811828, -0.022411786, 0.022411786,
      0.0468480438, 0.0314617231, 0.0818344876, 0.00395215629, 0.0609215498, -0.00993357599}},
    {make_3,
     Z,
     Y,
     {0},
     {0.890876412, 0.706634998, 1.10673177},
     {0.0057669091, 0.0452145413, -0.027295053, 0.0377145112, -0.0182451159, -0.0192548819,
      0.0426813737, -0.0289549418, 0.0551678129, -0.000214510597, 0.0567548797, -0.00576690584}},
    {make_4,
     P,
     Y,
     {0},
     {0.225000009, 0.537500024, 0.1875},
     {0.0833333358, -0, -0.0833333358, 0.0833333358, -0.0833333358, 0.0833333358, 0.0833333358,
      0.0833333358, -0, 0.0833333358, 0.0833333358, -0.0833333358}},
    {make_5,
     P,
     Y,
     {0},
     {25000024, 125000048, 87500016},
     {83333336, -0, -8.33333397, 16.6666679, -8.33333397, 16.6666679, 83333336, 11.1111116, -0,
      83333336, 83333336, -8.33333397}},
    {make_6,
     P,
     Y,
     {0},
     {0.0379917212, 0.183594689, 0.0302521084},
     {0.0144409211, 0, -0.0424613059, 0.0122709051, 0, 0.0239735059, 0.0450516641, 0.00721386727, 0,
      0.0336364247, 0.00774444547, -0.0232441202}},
    {make_7,
     P,
     Y,
     {0},
     {0.102499999, 0.38062501, 0.0631249994},
     {0.0166666675, -0, -0.100000009, 0.0333333313, -0.166666672, 0.0833333358, 0.0833333358,
      0.0249999966, -0, 0.0500000045, 0.00833333377, -0.0666666627}},
    {make_8,
     Z,
     Y,
     {0},
     {1.09375, 0.4453125, 1.67499995},
     {-0.0833333358, 0.0833333358, -0.0416666679, 0.0833333358, 0, -0.0833333358, 0.020833334,
      -0.0833333358, 0.0833333358, -0.0833333358, 0.0833333358, 0.0833333358}},
    {make_9,
     Z,
     Y,
     {0},
     {0.65625, 0.2890625, 0.962499976},
     {-0.0416666679, 0.0416666679, -0.0416666679, 0.0416666679, 0, -0.0416666679, 0.020833334,
      -0.0416666679, 0.0416666679, -0.0416666679, 0.0416666679, 0.0416666679}},
    {make_10,
     Z,
     Y,
     {0},
     {0.973606944, 0.380528092, 1.54608846},
     {-0.0803356245, 0.070690304, -0.0385097563, 0.0822178572, 0, -0.0754290298, 0.0204098895,
      -0.0706903115, 0.0832315236, -0.0829212293, 0.0634661838, 0.0634661838}},
    {make_11,
     P,
     Y,
     {0},
     {0.722800374, 4.64927912, 0.530504286},
     {0.0833333358, 3.7252903e-08, -0.124999963, 0.0238095336, -833333.312, 0.0416666754,
      0.0833333358, 0.0138888955, 2.23517418e-08, 0.0833333358, 0.0833333358, -0.0555555299}},
    {make_12,
     Z,
     S,
     {0},
     {1.125, 0.9375, 2.25},
     {0, -0, -0.0833333358, 0.0833333358, -0.0833333358, -0.0833333358, 0.0833333358, 0.0833333358,
      0.0833333358, -0.0833333358, -0.0833333358, -0}},
    {make_13,
     Z,
     B,
     {0},
     {1.75, 0.4375, 1.75},
     {0, 0.0833333358, -0.0833333358, 0.0833333358, -0.0833333358, 0.0833333358, 0.0833333358,
      0.0833333358, 0.0833333358, 0, 0.0833333358, -0}},
    {make_14,
     Z,
     Y,
     {0},
     {0.53125, 0.96875, 0.5},
     {-0, -0.020833334, -0.0833333358, -0, -0.0833333358, -0.0416666679, -0, -0.0625, -0, -0, -0,
      -0}},
    {make_15,
     Z,
     B,
     {0},
     {5.625, 0.453125, 7.25},
     {0, 0.416666687, -0.0833333358, 0.666666687, -0, 0, 0.208333343, 0.0833333358, 0.833333373, 0,
      0.333333343, -0}},
    {make_16,
     Z,
     B,
     {0},
     {3.5, 0.25, 3},
     {0, 0, -0.333333343, 0.333333343, -0.333333343, 0, 0.333333343, 0, 0.333333343, 0, 0,
      -0.333333343}},
    {make_17,
     P,
     Y,
     {0},
     {0.748053312, 15.634779, 0.510822773},
     {-3.33333332e-07, -0.333333313, -0.833333254, -0.238095239, 0, -0.166666657, -6.66666722e-08,
      -0.277777761, -0.333333343, -1.11111113e-07, -6.66666665e-07, -0.555555582}},
    {make_18,
     Z,
     Y,
     {0},
     {-0.526560307, -0.0610562563, -0.559597909},
     {-0.0226477534, -0.00148998387, -0.0682412535, -0.00297996774, -0.154015779, -0.0902092382,
      0.00220022537, -0.126512945, 0.00738358311, -0.0186532624, 0.00621775445, -0.0458559468}},
    {make_19,
     Q,
     B,
     {0},
     {1.32027137, 5.15937185, 0.830749094},
     {0.146551698, 0.19655171, -0.540948272, 0.217980281, -30.6950226, 0.129979253, 0.121645927,
      0.129053339, 0.238888904, 0.238888904, 0.100000009, -0.247222215}},
    {make_20,
     Z,
     B,
     {0},
     {2.74651694, 0.71102047, 2.2706151},
     {-0.0066213957, 0.048358269, -0.287477672, 0.245740816, -0.126266748, 0.016306702,
      0.0776688308, 0.0322912149, 0.27271536, -0.00807705056, 0.00565925566, -0.270297527}},
    {make_21,
     Q,
     NULL,
     {2, 0, 3},
     {1.28785419, 0, 0.733969152},
     {0.344827592, 0.344827533, -0.905172348, 0.344827622, 0, 0, 0, 0, 0.399999976, 0.399999976,
      0.399999976, -0.433333308}},
    {make_22,
     Z,
     NULL,
     {2, 255, 3},
     {2.7715168, 0, 2.1706152},
     {0.0025679071, 0.0850374028, -0.468716502, 0.381111205, 0, 0, 0, 0, 0.421573013,
      0.000384424813, 0.0209888835, -0.442946315}},
    {make_23, Z, NULL, {-1, -1, -1}, {0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void check(const double *have, const double *want, size_t count, const char *loss, int which)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs(have[i] - want[i]) <= 4e-6 * fabs(want[i]) + 5e-7))
            ck_abort_msg("%s, case %d: [%zu] is %.9g, Keras has %.9g", loss, which, i, have[i],
                         want[i]);
}

/* The mean is over the rows that are not ignored: here each of them counts for more, in Keras,
 * whose numbers are those without a reduction, the divisor is smaller. */
static double share_of_rows(const golden *g)
{
    int left = 0;
    for (int i = 0; i < ROWS; i++)
        left += g->losses[i] != 0;
    return left > 0 ? (double)ROWS / left : 0;
}

START_TEST(losses_and_gradients_are_keras)
{
    const golden *g = &cases[_i];
    nn_loss *loss = g->make();
    const nn_loss_kind *kind = nn__loss_kind(loss);
    nn_real p[N], y[N], gradient[N];
    double losses[ROWS], want[ROWS], have[N];
    for (int i = 0; i < N; i++) {
        p[i] = (nn_real)g->p[i];
        y[i] = g->y != NULL ? (nn_real)g->y[i] : 0;
    }
    for (int i = 0; i < ROWS; i++)
        want[i] = g->losses[i] * share_of_rows(g);
    nn_loss_pass pass = {.struct_size = sizeof pass,
                         .options = loss->object.options,
                         .rows = ROWS,
                         .width = WIDTH,
                         .last_axis = WIDTH,
                         .prediction = p,
                         .targets = g->y != NULL ? y : NULL,
                         .classes = g->y != NULL ? NULL : g->classes,
                         .losses = losses,
                         .gradient = gradient,
                         .scale = 1.0 / ROWS};
    ck_assert_int_eq(nn__object_check(&loss->object, kind->kind.name), NN_OK);
    ck_assert_int_eq(kind->takes_classes, g->y == NULL);
    kind->run(&pass);
    check(losses, want, ROWS, kind->kind.name, _i);
    for (int i = 0; i < N; i++)
        have[i] = (double)gradient[i];
    check(have, g->gradient, N, kind->kind.name, _i);
    memset(losses, 0, sizeof losses);
    pass.gradient = NULL; /* as in validation */
    kind->run(&pass);
    check(losses, want, ROWS, kind->kind.name, _i);
    pass.gradient = p; /* over the prediction */
    kind->run(&pass);
    ck_assert_mem_eq(p, gradient, sizeof p);
    nn_loss_free(loss);
}
END_TEST

/* Two rows of two positions with three classes: a row's loss is the mean over its positions. */
typedef struct golden_axes {
    nn_loss *(*make)(void);
    double losses[4], gradient[N]; /* of positions; of the mean over them all */
} golden_axes;

static nn_loss *make_axes_0(void)
{
    return nn_mean_squared_error();
}

static nn_loss *make_axes_1(void)
{
    return nn_categorical_crossentropy();
}

static nn_loss *make_axes_2(void)
{
    return nn_kl_divergence();
}

static nn_loss *make_axes_3(void)
{
    return nn_cosine_similarity();
}

static nn_loss *make_axes_4(void)
{
    return nn_categorical_hinge();
}

static const golden_axes axes_cases[] = {
    {make_axes_0,
     {0.126666665, 0.486666679, 0.113333322, 0.0416666679},
     {0.0333333351, 0.0500000045, -0.0833333358, 0.0166666675, -0.150000006, 0.13333334,
      -0.0666666627, 0.0500000045, 0.0500000045, -0.0416666679, -0, 0.0416666679}},
    {make_axes_1,
     {0.693147182, 2.30258512, 0.693147182, 1.03972077},
     {0.249999985, 0.249999985, -0.249999985, 0.25, -2.25, 0.25, -0.208333313, 0.208333313,
      0.208333313, -0.25, 0, 0.25}},
    {make_axes_2,
     {0.693144262, 2.30258203, 0.510822654, 0.346572131},
     {-1.24999985e-07, -8.33333331e-08, -0.49999997, -2.49999971e-07, -2.49999976, -3.12499964e-08,
      -0.416666657, -8.33333331e-08, -8.33333331e-08, -0.5, -0.25, -1.00000001e-07}},
    {make_axes_3,
     {-0.811107159, -0.123091482, -0.816496551, -0.866025388},
     {0.106724642, 0.160086975, -0.13874197, 0.00466255564, -0.303066164, 0.0373004451,
      -0.113402307, 0.113402292, 0.113402292, -0.14433758, -2.98023224e-08, 0.14433755}},
    {make_axes_4,
     {0.800000012, 1.70000005, 0.699999988, 0.875},
     {0, 0.25, -0.25, 0, -0.25, 0.25, -0.25, 0.125, 0.125, -0.125, -0.0625, 0.125}},
};
enum { AXES_CASES = sizeof axes_cases / sizeof axes_cases[0] };

START_TEST(several_axes_are_a_mean_over_positions)
{
    const golden_axes *g = &axes_cases[_i];
    nn_loss *loss = g->make();
    nn_real p[N] = {(nn_real)0.2, (nn_real)0.3,  (nn_real)0.5, (nn_real)0.1,
                    (nn_real)0.1, (nn_real)0.8,  (nn_real)0.6, (nn_real)0.3,
                    (nn_real)0.3, (nn_real)0.25, (nn_real)0.5, (nn_real)0.25};
    nn_real y[N] = {0, 0, 1, 0, 1, 0, 1, 0, 0, (nn_real)0.5, (nn_real)0.5, 0}, gradient[N];
    double losses[2], have[N];
    const double want[2] = {(g->losses[0] + g->losses[1]) / 2, (g->losses[2] + g->losses[3]) / 2};
    nn_loss_pass pass = {.struct_size = sizeof pass,
                         .options = loss->object.options,
                         .rows = 2,
                         .width = 6,
                         .last_axis = 3,
                         .prediction = p,
                         .targets = y,
                         .losses = losses,
                         .gradient = gradient,
                         .scale = 0.5};
    nn__loss_kind(loss)->run(&pass);
    check(losses, want, 2, nn__loss_kind(loss)->kind.name, _i);
    for (int i = 0; i < N; i++)
        have[i] = (double)gradient[i];
    check(have, g->gradient, N, nn__loss_kind(loss)->kind.name, _i);
    nn_loss_free(loss);
}
END_TEST

/* Slopes at corners and of equal largest ones are TensorFlow's. */
START_TEST(corners_have_keras_slopes)
{
    nn_real p[4] = {1, 1, 0, 1}, y[4] = {0, 0, 1, 0}, gradient[4];
    double loss;
    nn_loss_pass pass = {.struct_size = sizeof pass,
                         .rows = 1,
                         .width = 4,
                         .last_axis = 4,
                         .prediction = p,
                         .targets = y,
                         .losses = &loss,
                         .gradient = gradient,
                         .scale = 1};
    nn__categorical_hinge_loss.run(&pass);
    ck_assert_double_eq(loss, 2);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq_tol((double)gradient[i], i == 2 ? -1 : 1 / 3.0, 1e-7);
    pass.prediction = y;
    nn__mean_absolute_error_loss.run(&pass);
    for (int i = 0; i < 4; i++)
        ck_assert(gradient[i] == 0);
    nn_real sure[2] = {1, 0}, signs[2] = {1, -1};
    pass.width = pass.last_axis = 2;
    pass.prediction = sure;
    pass.targets = signs;
    nn__hinge_loss.run(&pass);
    ck_assert(gradient[0] == (nn_real)-0.5 && gradient[1] == (nn_real)0.5);
}
END_TEST

/* Fused with what is before it: the same from z, and p is left in its place. */
START_TEST(fused_with_sigmoid_is_from_logits)
{
    nn_loss *logits = nn_binary_crossentropy(.from_logits = 1, .label_smoothing = 0.1);
    nn_real z[N], kept[N], y[N], a[N], b[N];
    double first[ROWS], second[ROWS];
    for (int i = 0; i < N; i++) {
        z[i] = kept[i] = (nn_real)(40 * Z[i]);
        y[i] = (nn_real)B[i];
    }
    nn_loss_pass pass = {.struct_size = sizeof pass,
                         .options = logits->object.options,
                         .rows = ROWS,
                         .width = WIDTH,
                         .last_axis = WIDTH,
                         .prediction = z,
                         .targets = y,
                         .losses = first,
                         .gradient = a,
                         .scale = 1.0 / ROWS};
    nn__binary_crossentropy_loss.run(&pass);
    ck_assert_mem_eq(z, kept, sizeof z);
    pass.losses = second;
    pass.gradient = b;
    pass.fused = 1;
    nn__binary_crossentropy_loss.run(&pass);
    ck_assert_mem_eq(first, second, sizeof first);
    ck_assert_mem_eq(a, b, sizeof a);
    for (int i = 0; i < N; i++)
        ck_assert_double_eq_tol((double)z[i], 1 / (1 + exp(-40 * Z[i])), 1e-6);
    nn_loss_free(logits);
}
END_TEST

/* With a class to ignore, softmax and loss are not one, so probabilities are clipped: 16.118 at
 * most, where the fused formula gives 66.7 (Keras, on softmax of 20 Z). */
START_TEST(ignoring_a_class_clips_as_keras)
{
    nn_loss *loss = nn_sparse_categorical_crossentropy(.ignore_class = NN_SOME(0));
    const int32_t classes[ROWS] = {0, 3, 1};
    nn_real z[N], gradient[N];
    double losses[ROWS];
    for (int i = 0; i < N; i++)
        z[i] = (nn_real)(20 * Z[i]);
    nn_loss_pass pass = {.struct_size = sizeof pass,
                         .options = loss->object.options,
                         .rows = ROWS,
                         .width = WIDTH,
                         .last_axis = WIDTH,
                         .prediction = z,
                         .classes = classes,
                         .losses = losses,
                         .gradient = gradient,
                         .scale = 1.0 / ROWS,
                         .fused = 1};
    nn__sparse_categorical_crossentropy_loss.run(&pass);
    ck_assert_double_eq_tol((losses[0] + losses[1] + losses[2]) / ROWS, 16.11809539794922, 2e-6);
    ck_assert_double_eq(losses[0], 0);
    ck_assert_double_eq_tol(losses[1], losses[2], 1e-6);
    for (int i = 0; i < WIDTH; i++)
        ck_assert(gradient[i] == 0);
    nn_loss_free(loss);
}
END_TEST

START_TEST(options_out_of_range_are_refused)
{
    nn_loss *losses[] = {nn_binary_crossentropy(.label_smoothing = 1.5),
                         nn_categorical_crossentropy(.label_smoothing = -0.1), nn_huber(-1)};
    const char *messages[] = {"binary_crossentropy: label_smoothing is 1.5",
                              "categorical_crossentropy: label_smoothing is -0.1",
                              "huber: delta is -1, it must be above 0"};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(nn__object_check(&losses[i]->object, nn__loss_kind(losses[i])->kind.name),
                         NN_EINVAL);
        test_message_has(messages[i]);
        nn_loss_free(losses[i]);
    }
}
END_TEST

Suite *losses_keras_suite(void);
Suite *losses_keras_suite(void)
{
    Suite *suite =
        TEST_SUITE("losses_keras", corners_have_keras_slopes, fused_with_sigmoid_is_from_logits,
                   ignoring_a_class_clips_as_keras, options_out_of_range_are_refused);
    TCase *tcase = tcase_create("golden");
    tcase_add_loop_test(tcase, losses_and_gradients_are_keras, 0, CASES);
    tcase_add_loop_test(tcase, several_axes_are_a_mean_over_positions, 0, AXES_CASES);
    suite_add_tcase(suite, tcase);
    return suite;
}
