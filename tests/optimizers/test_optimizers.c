#include "optimizers/optimizer.h"
#include "test.h"

enum { N = 37, STEPS = 10 };
static const double EPS = sizeof(nn_real) == 4 ? 1.2e-7 : 2.3e-16;

/* One weight by the formulas of nn/optimizers.h, in double. */
typedef struct hand {
    double w, m, v, product;
} hand;

typedef void hand_step(hand *h, double g, double t);

/* Runs the optimizer for STEPS steps on N weights beside the formula; the rate falls half-way, as
 * a callback would have it. */
static void drive(nn_optimizer *optimizer, double rate, hand_step *step)
{
    const nn_optimizer_kind *kind = nn__optimizer_kind(optimizer);
    double scalars[NN_MAX_SCALARS] = {0};
    nn_real w[N], g[N], slots[3][N] = {{0}, {0}, {0}};
    hand hands[N];
    uint64_t state = 1;
    nn_update update = {.struct_size = sizeof update, .options = optimizer->object.options};
    ck_assert_int_eq(nn__object_check(&optimizer->object, kind->kind.name), NN_OK);
    for (int k = 0; kind->scalars != NULL && kind->scalars[k] != NULL; k++)
        scalars[k] = kind->scalars_initial[k];
    update.scalars = scalars;
    update.weights = w;
    update.gradients = g;
    update.slots[0] = slots[0];
    update.slots[1] = slots[1];
    update.slots[2] = slots[2];
    for (size_t i = 0; i < N && kind->slot_initial != NULL; i++)
        slots[0][i] = (nn_real)kind->slot_initial(update.options, 0);
    for (size_t i = 0; i < N && kind->slots == nn__adam_slots; i++)
        slots[2][i] = 1; /* AMSGrad's largest, so that it matters */
    update.count = N;
    test_fill_reals(w, N, &state);
    for (size_t i = 0; i < N; i++)
        hands[i] = (hand){.w = (double)w[i], .product = 1};
    for (int t = 1; t <= STEPS; t++) {
        test_fill_reals(g, N, &state);
        update.step = (uint64_t)t;
        update.learning_rate = t <= 5 ? rate : rate / 2;
        kind->begin(&update);
        kind->update(&update);
        for (size_t i = 0; i < N; i++) {
            step(&hands[i], (double)g[i], t);
            ck_assert_msg(fabs((double)w[i] - hands[i].w) <= 40 * EPS, "%s step %d: %.9g, not %.9g",
                          kind->kind.name, t, (double)w[i], hands[i].w);
        }
    }
    nn_optimizer_free(optimizer);
}

static double falling(double rate, double t)
{
    return t <= 5 ? rate : rate / 2;
}

static void plain_step(hand *h, double g, double t)
{
    h->w -= falling(0.01, t) * g;
}

static void momentum_step(hand *h, double g, double t)
{
    h->v = 0.9 * h->v - falling(0.02, t) * g;
    h->w += h->v;
}

static void nesterov_step(hand *h, double g, double t)
{
    h->v = 0.9 * h->v - falling(0.02, t) * g;
    h->w += 0.9 * h->v - falling(0.02, t) * g;
}

static void adam_step(hand *h, double g, double t)
{
    h->m += (g - h->m) * (1 - 0.9);
    h->v += (g * g - h->v) * (1 - 0.999);
    h->w -= falling(0.001, t) * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t)) * h->m /
            (sqrt(h->v) + 1e-7);
}

static void nadam_step(hand *h, double g, double t)
{
    double u = 0.9 * (1 - 0.5 * pow(0.96, t)), next = 0.9 * (1 - 0.5 * pow(0.96, t + 1));
    h->product *= u;
    h->m += (g - h->m) * (1 - 0.9);
    h->v += (g * g - h->v) * (1 - 0.999);
    double mhat = next * h->m / (1 - h->product * next) + (1 - u) * g / (1 - h->product);
    h->w -= falling(0.001, t) * mhat / (sqrt(h->v / (1 - pow(0.999, t))) + 1e-7);
}

static void adamw_step(hand *h, double g, double t)
{
    h->m += (g - h->m) * (1 - 0.9);
    h->v += (g * g - h->v) * (1 - 0.5);
    h->product = fmax(h->product, h->v); /* begins at 1 */
    h->w -= falling(0.001, t) * sqrt(1 - pow(0.5, t)) / (1 - pow(0.9, t)) * h->m /
            (sqrt(h->product) + 1e-7);
}

static void rmsprop_step(hand *h, double g, double t)
{
    h->v = 0.9 * h->v + (1 - 0.9) * g * g;
    h->w -= falling(0.001, t) * g / sqrt(h->v + 1e-7);
}

static void heavy_rmsprop_step(hand *h, double g, double t)
{
    h->v = 0.8 * h->v + (1 - 0.8) * g * g;
    h->m = 0.5 * h->m + falling(0.001, t) * g / sqrt(h->v + 1e-3);
    h->w -= h->m;
}

static void centered_rmsprop_step(hand *h, double g, double t)
{
    if (t == 1)
        h->product = 0;
    h->v = 0.9 * h->v + (1 - 0.9) * g * g;
    h->product = 0.9 * h->product + (1 - 0.9) * g;
    h->w -= falling(0.001, t) * g / sqrt(h->v - h->product * h->product + 1e-7);
}

static void adamax_step(hand *h, double g, double t)
{
    h->m += (g - h->m) * (1 - 0.9);
    h->v = fmax(0.999 * h->v, fabs(g));
    h->w -= falling(0.001, t) * h->m / ((1 - pow(0.9, t)) * (h->v + 1e-7));
}

static void adagrad_step(hand *h, double g, double t)
{
    h->v += g * g + (t == 1 ? 0.1 : 0);
    h->w -= falling(0.001, t) * g / sqrt(h->v + 1e-7);
}

static void lion_step(hand *h, double g, double t)
{
    double way = 0.9 * h->m + (1 - 0.9) * g;
    h->w -= falling(0.001, t) * (way > 0 ? 1 : way < 0 ? -1 : 0);
    h->m = 0.99 * h->m + (1 - 0.99) * g;
}

START_TEST(ten_steps_follow_the_formulas)
{
    drive(nn_sgd_new(NULL), 0.01, plain_step);
    drive(nn_sgd(.learning_rate = 0.02, .momentum = 0.9), 0.02, momentum_step);
    drive(nn_sgd(.learning_rate = 0.02, .momentum = 0.9, .nesterov = 1), 0.02, nesterov_step);
    drive(nn_adam_new(NULL), 0.001, adam_step);
    drive(nn_nadam_new(NULL), 0.001, nadam_step);
    drive(nn_adamw(.beta_2 = 0.5, .amsgrad = 1), 0.001, adamw_step);
    drive(nn_adam(.beta_2 = 0.5, .amsgrad = 1), 0.001, adamw_step);
    drive(nn_rmsprop_new(NULL), 0.001, rmsprop_step);
    drive(nn_rmsprop(.rho = 0.8, .momentum = 0.5, .epsilon = 1e-3), 0.001, heavy_rmsprop_step);
    drive(nn_rmsprop(.centered = 1), 0.001, centered_rmsprop_step);
    drive(nn_adamax_new(NULL), 0.001, adamax_step);
    drive(nn_adagrad_new(NULL), 0.001, adagrad_step);
    drive(nn_lion_new(NULL), 0.001, lion_step);
}
END_TEST

START_TEST(absent_options_are_keras_defaults_and_nn_zero_is_zero)
{
    nn_optimizer *sgd = nn_sgd_new(NULL), *adam = nn_adam_new(NULL), *nadam = nn_nadam_new(NULL);
    const nn_sgd_options *s = sgd->object.options;
    const nn_adam_options *a = adam->object.options;
    const nn_nadam_options *n = nadam->object.options;
    ck_assert(s->learning_rate == 0.01 && s->momentum == 0 && s->nesterov == 0);
    ck_assert(a->learning_rate == 1e-3 && a->beta_1 == 0.9 && a->beta_2 == 0.999);
    ck_assert(a->epsilon == 1e-7);
    ck_assert(n->learning_rate == 1e-3 && n->beta_1 == 0.9 && n->beta_2 == 0.999);
    ck_assert(n->epsilon == 1e-7);
    nn_optimizer_free(sgd);
    nn_optimizer_free(adam);
    nn_optimizer_free(nadam);
    adam = nn_adam(.learning_rate = NN_ZERO, .beta_1 = NN_ZERO, .epsilon = NN_ZERO);
    a = adam->object.options;
    ck_assert(a->learning_rate == 0 && a->beta_1 == 0 && a->beta_2 == 0.999 && a->epsilon == 0);
    ck_assert_int_eq(nn__object_check(&adam->object, "adam"), NN_OK);
    nn_optimizer_free(adam);
}
END_TEST

static void refused(nn_optimizer *optimizer, const char *part)
{
    ck_assert_int_eq(nn__object_check(&optimizer->object, "optimizer"), NN_EINVAL);
    test_message_has(part);
    nn_optimizer_free(optimizer);
}

START_TEST(options_out_of_range_are_refused_by_name)
{
    refused(nn_sgd(.learning_rate = -1), "learning_rate");
    refused(nn_sgd(.momentum = 1.5), "momentum");
    refused(nn_sgd(.nesterov = 2), "nesterov");
    refused(nn_adam(.beta_1 = 1), "beta_1");
    refused(nn_adam(.epsilon = -1e-7), "epsilon");
    refused(nn_nadam(.beta_2 = 1), "beta_2");
    refused(nn_rmsprop(.rho = 1.1), "rho");
    refused(nn_rmsprop(.centered = 2), "centered");
    refused(nn_adagrad(.initial_accumulator_value = -1), "initial_accumulator_value");
    refused(nn_lion(.beta_1 = 1), "beta_1");
    refused(nn_adamax(.epsilon = -1), "epsilon");
    refused(nn_adamw(.weight_decay = -1), "weight_decay");
    refused(nn_sgd(.clip_norm = -1), "clip_norm");
    refused(nn_sgd(.clip_value = (double)NAN), "clip_value");
    refused(nn_sgd(.global_clip_norm = -1), "global_clip_norm");
    refused(nn_sgd(.use_ema = 2), "use_ema");
    refused(nn_sgd(.ema_momentum = 1.5), "ema_momentum");
    refused(nn_sgd(.ema_overwrite_frequency = -1), "ema_overwrite_frequency");
    refused(nn_sgd(.gradient_accumulation_steps = -1), "gradient_accumulation_steps");
    refused(nn_nadam(.learning_rate = (double)NAN), "learning_rate");
}
END_TEST

START_TEST(slots_and_scalars_are_what_the_rules_need)
{
    nn_optimizer *plain = nn_sgd(.learning_rate = 1), *heavy = nn_sgd(.momentum = 0.5);
    ck_assert_int_eq(nn__sgd_optimizer.slot_count(plain->object.options), 0);
    ck_assert_int_eq(nn__sgd_optimizer.slot_count(heavy->object.options), 1);
    ck_assert_str_eq(nn__adam_optimizer.slots[0], "momentum");
    ck_assert_str_eq(nn__adam_optimizer.slots[1], "velocity");
    ck_assert_str_eq(nn__adam_optimizer.slots[2], "velocity_hat");
    ck_assert_ptr_null(nn__adam_optimizer.slots[3]);
    ck_assert_str_eq(nn__nadam_optimizer.scalars[0], "u_product");
    ck_assert(nn__nadam_optimizer.scalars_initial[0] == 1);
    nn_optimizer_free(plain);
    nn_optimizer_free(heavy);
}
END_TEST

Suite *optimizers_suite(void)
{
    return TEST_SUITE("optimizers", ten_steps_follow_the_formulas,
                      absent_options_are_keras_defaults_and_nn_zero_is_zero,
                      options_out_of_range_are_refused_by_name,
                      slots_and_scalars_are_what_the_rules_need);
}
