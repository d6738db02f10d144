/*
 * Layers of pictures against numbers from Keras 3.15.1 on TensorFlow 2.21.0, y and all gradients.
 * x, the weights and dy are ramps, ((i a) mod b - b / 2) / 8 with b / 2 rounded down: exact.
 */
#include "probe.h"

static const double depthwise_y[] = {
    -0.062418744, 0.635148942,  0.983368516,  0.966170073,  -0.761594176, 0.411570042,
    -0.798242748, 0.200376734,  -0.995634496, -0.316835016, 0.814624429,  -0.960561693,
    -0.398508877, 0.25954923,   -0.876248002, 0.687790215,  -0.565324962, -0.185333207,
    0.0156237278, -0.474316329, -0.973554313, -0.185333207, 0.543686986,  -0.398508877};
static const double depthwise_dx[] = {
    0.466923714,   -0.021825362, -0.0563667417,  0.186157599,   -0.196862966,  -0.23831141,
    -0.0290821344, -0.17789939,  -0.00340309925, -0.0610174835, -0.149819285,  0.00623581745,
    -0.785974622,  0.0196075588, 0.572795391,    0.0769972205,  0.114159614,   0.211840868,
    0.564982235,   0.0339525715, 0.0827019066,   -0.0731268451, -1.08445168,   -0.0832068473,
    -0.368874073,  -0.441640496, -0.142795801,   -0.812018454,  -0.0811599419, -0.161468953,
    0.90977335,    0.0326516367, 1.38026643,     0.387018234,   -0.596662283,  0.16323474,
    0.224889696,   0.295928031,  -0.597008228,   0.112520374};
static const double depthwise_d0[] = {
    0.299343288,  0.489065468,  1.04492974,   0.581218243,   0.191200763,  1.18960798,
    -0.67468071,  -0.221854419, 0.616639733,  -0.0310737491, 0.5399822,    -0.1361247,
    0.372921616,  0.532841206,  0.911232412,  0.574024677,   0.223968819,  1.11798441,
    -0.819261909, -0.225930035, 0.647096038,  -0.107856393,  0.460944712,  -0.115121245,
    0.203669161,  -0.962390304, 0.125430286,  -0.337197036,  0.683652937,  0.389054716,
    -0.10110341,  0.0934152007, -0.073197782, -0.65895611,   0.0340133011, -0.214268714};
static const double depthwise_d1[] = {0.26214397, -0.572989047, -1.15664959, -0.0326049477};
static const double depthwise_dilated_y[] = {0.546875, 0.46875,   0.1875,    -1.484375,
                                             0.1875,   -1.546875, -2.328125, -0.984375};
static const double depthwise_dilated_dx[] = {
    0.75,     0.140625, 0,        -0.140625, -0.1875,  -0.328125, 0,         0.328125,
    0.46875,  0,        0,        0,         -0.75,    0.1875,    0.125,     -0.09375,
    0.1875,   -0.4375,  -0.03125, 0.21875,   -0.46875, 0,         0.078125,  0,
    -0.46875, 0.328125, 0,        -0.328125, 0.1875,   -0.140625, 0,         0.140625,
    -0.75,    0.1875,   0,        -0.1875,   0.46875,  0.4375,    -0.078125, -0.21875,
    -0.1875,  -0.1875,  0.03125,  0.09375,   0.75,     0.25,      -0.125,    -0.125};
static const double depthwise_dilated_d0[] = {1.484375,  0.03125,   1.40625,   0.234375,
                                              -0.828125, -0.640625, 1.375,     0.171875,
                                              -0.859375, -0.703125, -0.578125, 0.21875};
static const double depthwise_dilated_d1[] = {-0.125, -0.25};
static const double separable_y[] = {
    0.164516434, 0.0176444612, 0.10818895,  0.089295648,  0.183301061, 0.592195034,
    0.1877276,   0.53412652,   0.479991138, 0.0883472189, 0.194980219, 0.769426942,
    0.382602692, 0.295026809,  0.471709937, 0.323380142,  0.677474022, 0.282591969};
static const double separable_dx[] = {
    -0.0926680043, 0.0125528658,  -0.0745150372, -0.040079888, 0.122085847,   -0.0226060525,
    0.0659622625,  0.20768781,    0.0407877304,  0.139373571,  -0.0563620664, -0.0431267284,
    -0.0382090956, 0.0206777733,  0.00983867794, 0.254657179,  -0.0462849066, -0.147857726,
    -0.0530863404, -0.178878903,  0.0539657101,  0.0185896792, 0.099191457,   -0.0444085449,
    -0.0469430946, -0.265976101,  -0.0231707208, 0.0891232267, 0.213995844,   0.223178625,
    -0.0223168861, -0.0763472244, 0.00475589978, 0.0472376458, 0.121495359,   0.0655416474,
    0.201391309,   0.0415803455,  -0.0466183014, -0.152736396};
static const double separable_d0[] = {
    -0.144375488,   -0.00215391628, -0.077168934,  0.225332364,   -0.0946397334, 0.274570972,
    -0.140754014,   0.223980784,    -0.142622396,  -0.0166683756, -0.084623538,  0.243145779,
    -0.091371119,   0.294301748,    -0.129686117,  0.195935339,   -0.0801273957, 0.0848542601,
    0.000353366137, 0.145908266,    -0.0574094877, -0.0994141772, -0.115384772,  0.0326177627};
static const double separable_d1[] = {-0.175726771, 0.0887814388, -0.126714945,  -0.00246212073,
                                      -0.132204846, -0.165879235, 0.135421723,   0.0906704366,
                                      0.237653732,  0.295849055,  -0.0366791226, -0.000302064233};
static const double separable_d2[] = {-0.0238829181, 0.0546936467, 0.11602632};
static const double transpose_same_y[] = {
    0.4375,    -1.28125,  -0.265625, -0.921875, -1.8125,   -0.4375,  -1.359375, -1.359375,
    -0.046875, -0.828125, -0.65625,  -1.078125, -1.671875, 0.59375,  -1.3125,   -0.109375,
    -1.03125,  -1.25,     -2.1875,   -0.328125, -1.578125, 0.828125, -1.625,    -0.1875,
    -0.421875, -2.140625, -1.125,    0.34375,   -2.625,    4.578125, -1.078125, -1.890625,
    1.78125,   -2.640625, 0.046875,  -1.609375, -1.75,     -1.125,   0.375,     -1.125,
    0.921875,  -1.125,    -1.9375,   -0.265625, -2.140625, 0.953125, -1.375,    -0.125};
static const double transpose_same_dx[] = {0.765625,  1.75,     -2.765625, 1.1875,
                                           -1.78125,  0.609375, 0.6875,    -0.125,
                                           -0.984375, 0.359375, -0.671875, 0.359375};
static const double transpose_same_d0[] = {
    1.125,     1.3125,    0.9375,    -0.828125, -1.484375, 0.890625, -0.046875, 0.375,
    -0.78125,  0.3125,    0.796875,  -0.71875,  -0.3125,   0.40625,  1.125,     1.3125,
    0.9375,    -0.828125, -1.484375, 0.890625,  -0.734375, 0.125,    -0.78125,  0.3125,
    -0.078125, -0.078125, -0.734375, 0.25,      0.84375,   1.390625, 0.796875,  -0.515625,
    -0.046875, -0.15625,  -0.421875, 0.125};
static const double transpose_same_d1[] = {0.5, -0.25};
static const double transpose_valid_y[] = {
    0.411570042,  -0.856817663, -0.25954923,  -0.726783216, -0.948085308, -0.411570042,
    -0.876248002, -0.876248002, -0.635148942, -0.635148942, -0.809301078, -0.462117136,
    -0.931799173, 0.53258729,   -0.864906609, -0.108940937, -0.774409175, -0.848283708,
    -0.975136697, -0.316835016, -0.918308496, 0.27406159,   -0.809301078, -0.462117136,
    -0.809301078, -0.462117136, -0.809301078, -0.462117136, -0.809301078, -0.462117136,
    -0.809301078, -0.462117136, -0.809301078, -0.462117136, -0.809301078, -0.462117136,
    -0.398508877, -0.521301329, -0.575862408, -0.792502761, -0.907932162, -0.959335268,
    -0.941375554, 0.761594176,  -0.941375554, 0.761594176,  -0.809301078, -0.462117136,
    -0.809301078, 0.0468407013, -0.925346136, -0.185333207, -0.986192405, -0.780588448,
    0.3583574,    -0.809301078, 0.3583574,    -0.809301078, -0.809301078, -0.462117136,
    -0.809301078, -0.462117136, -0.809301078, -0.462117136, -0.809301078, -0.462117136,
    -0.809301078, -0.462117136, -0.809301078, -0.462117136, -0.809301078, -0.462117136,
    -0.809301078, -0.462117136, -0.809301078, -0.462117136, -0.809301078, -0.462117136,
    -0.809301078, -0.462117136, -0.809301078, -0.462117136, -0.809301078, -0.462117136};
static const double transpose_valid_dx[] = {0.769628882,  0.476331115, -0.666137338, 0.303163946,
                                            -0.163633332, 0.271373183, 0.828552604,  -0.727139354};
static const double transpose_valid_d0[] = {
    0.976861775,  0.445877135,  -0.086926505, -0.457903087, -0.218847781, -0.0371852219,
    0.302699655,  -0.36575076,  0.028028205,  0.47682932,   0.378722847,  -0.205933347,
    0.106877759,  0.148311347,  0.858186364,  0.646844566,  0.107221842,  0.0187911764,
    -0.274901956, -0.209598601, 0.477403045,  -0.682338774, -0.135043204, 0.771617591};
static const double transpose_valid_d1[] = {0.412099898, -0.297644764};
static const double transpose_zero_y[] = {-0.96875, -3.109375, -0.75,   -0.109375, -0.484375,
                                          -2.1875,  -0.890625, -0.4375, -1.75,     0.046875,
                                          -0.78125, -2.390625, -0.8125, -2.078125, -0.953125};
static const double transpose_zero_dx[] = {-0.09375, -0.890625, 0.234375, 0.953125,
                                           0.25,     0.484375,  -1,       -0.90625,
                                           -0.875,   0.015625,  -0.09375, 0.71875};
static const double transpose_zero_d0[] = {
    1.0625, -0.65625, -0.859375, 0.03125, -0.53125, -0.09375,  1.046875,  -0.4375,  2.15625,
    0.25,   0.421875, -0.34375,  0.03125, 1.1875,   -0.109375, -1.015625, -0.84375, -0.40625};
static const double transpose_zero_d1[] = {-1.125};
static const double nearest_y[] = {
    -1.375, -0.5,  -1.375, -0.5,  -1.375, -0.5,  0.375, 1.25, 0.375, 1.25, 0.375, 1.25,
    -1.375, -0.5,  -1.375, -0.5,  -1.375, -0.5,  0.375, 1.25, 0.375, 1.25, 0.375, 1.25,
    -0.75,  0.125, -0.75,  0.125, -0.75,  0.125, 1,     -1,   1,     -1,   1,     -1,
    -0.75,  0.125, -0.75,  0.125, -0.75,  0.125, 1,     -1,   1,     -1,   1,     -1};
static const double nearest_dx[] = {0.5, -0.5, -0.625, 0, -0.75, -0.125, 1.375, 0.375};
static const double bilinear_y[] = {
    -1.375,   -1.375,   -1.08333325,  -0.791666627, -0.5,    -0.5,
    -0.9375,  -0.9375,  -0.645833254, -0.354166627, -0.0625, -0.0625,
    -0.0625,  -0.0625,  0.229166746,  0.520833373,  0.8125,  0.8125,
    0.09375,  0.09375,  0.385416687,  0.677083373,  0.96875, 0.96875,
    -0.46875, -0.46875, -0.177083313, 0.114583373,  0.40625, 0.40625,
    -0.75,    -0.75,    -0.458333313, -0.166666627, 0.125,   0.125};
static const double bilinear_dx[] = {-0.875,      0.49999997,  -0.479166716,
                                     0.354166627, 0.187499985, -0.0624999814};
static const double padding_y[] = {0, 0, 0, 0, 0, 0, 0, -1.375, -0.5, 0, 0, 0, 0.375, 1.25, 0};
static const double padding_dx[] = {0.25, 0.625, 0.5, -0.75};
static const double cropping_y[] = {-0.75, 0.125, -0.125, 0.75};
static const double cropping_dx[] = {0, 0, 0, 0, -0.75, -0.375, 0, 0, 0, 0.375, 0, 0};
static const double average_y[] = {-0.375,  0.020833334, 0.25,   -0.3125, 0,      0.875,
                                   -0.1875, -0.75,       0.4375, -0.125,  0.1875, 1.0625};
static const double average_dx[] = {-0.125,   -0.0625, -0.125,   -0.0625, 0,
                                    0.0625,   0,       0.0625,   0.25,    -0.166666672,
                                    -0.125,   -0.0625, -0.125,   -0.0625, 0,
                                    0.0625,   0,       0.0625,   0.25,    -0.166666672,
                                    -0.15625, 0,       -0.15625, 0,       0.15625,
                                    -0.09375, 0.15625, -0.09375, 0.125,   -0.104166672,
                                    -0.03125, 0.0625,  -0.03125, 0.0625,  0.15625,
                                    -0.15625, 0.15625, -0.15625, -0.125,  0.0625};
static const double global_average_y[] = {-0.135416672, 0.020833334};
static const double global_average_dx[] = {-0.0625, -0.03125, -0.0625, -0.03125, -0.0625, -0.03125,
                                           -0.0625, -0.03125, -0.0625, -0.03125, -0.0625, -0.03125,
                                           -0.0625, -0.03125, -0.0625, -0.03125, -0.0625, -0.03125,
                                           -0.0625, -0.03125, -0.0625, -0.03125, -0.0625, -0.03125};

enum { MOST = 128 };

static void ramp(nn_real *x, size_t count, int a, int b)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (nn_real)((int)i * a % b - b / 2) / 8;
}

static void compare(const nn_real *have, const double *want, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)have[i] - want[i]) <= 2e-6))
            ck_abort_msg("%s: element %zu is %.9g, Keras has %.9g", what, i, (double)have[i],
                         want[i]);
}

typedef struct numbers {
    const double *values;
    size_t count;
} numbers;

#define NUMBERS(array)                                                                             \
    {                                                                                              \
        array, sizeof(array) / sizeof(array)[0]                                                    \
    }

/* y, dx and the gradients of up to three weights. */
static void check(nn_layer *layer, nn_shape shape, const numbers want[5])
{
    nn_real x[MOST], y[MOST], dy[MOST], weight[MOST], gradient[MOST];
    char what[96];
    probe p;
    ck_assert_msg(probe_open(&p, layer, 1, &shape, 1, 0) == NN_OK, "%s", nn_error_message());
    ck_assert_uint_eq(p.y_count, want[0].count);
    ck_assert_uint_eq(p.x_count, want[1].count);
    ramp(x, p.x_count, 7, 23);
    ramp(dy, p.y_count, 3, 13);
    probe_set(&p, "source/value", x, p.x_count);
    for (int w = 0; w < 3 && want[2 + w].count > 0; w++) {
        ramp(weight, want[2 + w].count, 5, 17 + 2 * w);
        probe_set(&p, probe_weight(&p, (size_t)w), weight, want[2 + w].count);
    }
    probe_forward(&p, y);
    compare(y, want[0].values, want[0].count, "y");
    probe_backward(&p, dy);
    probe_gradient(&p, "source/value", gradient, p.x_count);
    compare(gradient, want[1].values, want[1].count, "dx");
    for (int w = 0; w < 3 && want[2 + w].count > 0; w++) {
        snprintf(what, sizeof what, "gradient of %s", probe_weight(&p, (size_t)w));
        probe_gradient(&p, probe_weight(&p, (size_t)w), gradient, want[2 + w].count);
        compare(gradient, want[2 + w].values, want[2 + w].count, what);
    }
    probe_close(&p);
}

#define CHECK(layer, h, w, c, ...)                                                                 \
    check(layer, (nn_shape){3, {h, w, c}}, (const numbers[5]){__VA_ARGS__})

START_TEST(depthwise_convolutions_are_as_in_keras)
{
    CHECK(nn_depthwise_conv2d({3, 3}, {2, 2}, NN_SAME, 2, .activation = NN_TANH), 4, 5, 2,
          NUMBERS(depthwise_y), NUMBERS(depthwise_dx), NUMBERS(depthwise_d0),
          NUMBERS(depthwise_d1));
    CHECK(nn_depthwise_conv2d({2, 3}, .dilation = {2, 2}), 4, 6, 2, NUMBERS(depthwise_dilated_y),
          NUMBERS(depthwise_dilated_dx), NUMBERS(depthwise_dilated_d0),
          NUMBERS(depthwise_dilated_d1));
    CHECK(nn_separable_conv2d(3, {3, 2}, {2, 2}, NN_SAME, .depth_multiplier = 2,
                              .activation = NN_SIGMOID),
          4, 5, 2, NUMBERS(separable_y), NUMBERS(separable_dx), NUMBERS(separable_d0),
          NUMBERS(separable_d1), NUMBERS(separable_d2));
}
END_TEST

START_TEST(transposed_convolutions_are_as_in_keras)
{
    CHECK(nn_conv2d_transpose(2, {3, 3}, {2, 2}, NN_SAME), 2, 3, 2, NUMBERS(transpose_same_y),
          NUMBERS(transpose_same_dx), NUMBERS(transpose_same_d0), NUMBERS(transpose_same_d1));
    CHECK(nn_conv2d_transpose(2, {2, 3}, {3, 2}, NN_VALID, {2, 1}, .activation = NN_TANH), 2, 2, 2,
          NUMBERS(transpose_valid_y), NUMBERS(transpose_valid_dx), NUMBERS(transpose_valid_d0),
          NUMBERS(transpose_valid_d1));
    CHECK(nn_conv2d_transpose(1, {3, 3}, {2, 2}, NN_SAME, {-1, -1}), 3, 2, 2,
          NUMBERS(transpose_zero_y), NUMBERS(transpose_zero_dx), NUMBERS(transpose_zero_d0),
          NUMBERS(transpose_zero_d1));
}
END_TEST

START_TEST(sizes_are_changed_as_in_keras)
{
    CHECK(nn_up_sampling2d({2, 3}), 2, 2, 2, NUMBERS(nearest_y), NUMBERS(nearest_dx));
    CHECK(nn_up_sampling2d({2, 3}, NN_BILINEAR), 3, 2, 1, NUMBERS(bilinear_y),
          NUMBERS(bilinear_dx));
    CHECK(nn_zero_padding2d({1, 0}, {2, 1}), 2, 2, 1, NUMBERS(padding_y), NUMBERS(padding_dx));
    CHECK(nn_cropping2d({1, 0}, {0, 2}), 3, 4, 1, NUMBERS(cropping_y), NUMBERS(cropping_dx));
}
END_TEST

START_TEST(averages_are_as_in_keras)
{
    CHECK(nn_average_pool2d({3, 2}, {2, 2}, NN_SAME), 4, 5, 2, NUMBERS(average_y),
          NUMBERS(average_dx));
    CHECK(nn_global_average_pool2d(.keepdims = 0), 3, 4, 2, NUMBERS(global_average_y),
          NUMBERS(global_average_dx));
}
END_TEST

/* {1, 3, 3} and {1, 3, 3, 2, 3, NaN} under GlobalMaxPooling2D: [0, 0.5, 0.5], and all NaN. */
START_TEST(ties_for_the_maximum_share_its_gradient_and_nan_takes_all)
{
    nn_real x[6] = {1, 3, 3, 2, 3, (nn_real)NAN}, one = 1, y, dx[6];
    for (int columns = 3; columns <= 6; columns += 3) {
        nn_shape shape = {3, {1, columns, 1}};
        probe p;
        ck_assert_int_eq(probe_open(&p, nn_global_max_pool2d(.keepdims = 1), 1, &shape, 1, 0),
                         NN_OK);
        probe_set(&p, "source/value", x, (size_t)columns);
        probe_forward(&p, &y);
        probe_backward(&p, &one);
        probe_gradient(&p, "source/value", dx, (size_t)columns);
        probe_close(&p);
        if (columns == 3)
            ck_assert(y == 3 && dx[0] == 0 && dx[1] == (nn_real)0.5 && dx[2] == (nn_real)0.5);
        for (int i = 0; columns == 6 && i < 6; i++)
            ck_assert(isnan(y) && isnan(dx[i]));
    }
}
END_TEST

Suite *keras_pictures_suite(void);
Suite *keras_pictures_suite(void)
{
    return TEST_SUITE("keras_pictures", depthwise_convolutions_are_as_in_keras,
                      transposed_convolutions_are_as_in_keras, sizes_are_changed_as_in_keras,
                      averages_are_as_in_keras,
                      ties_for_the_maximum_share_its_gradient_and_nan_takes_all);
}
