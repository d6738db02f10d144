/* What stands around every optimizer's rule. Whole steps against Keras's are in tests/golden. */
#include "model/context.h"
#include "test.h"

#define RATE 0.1

enum { KERNEL = 4, BIAS = 2, WEIGHTS = KERNEL + BIAS };
static const nn_real first_weights[WEIGHTS] = {
    1, -2, (nn_real)0.5, 3, (nn_real)0.25, (nn_real)-0.75};

/* A model of a 2x2 kernel and a bias of 2; takes the optimizer. */
static nn_model *tiny(nn_optimizer *optimizer)
{
    nn_model *model = nn_sequential(nn_input(2), nn_dense(2));
    ck_assert_msg(nn_compile(model, .optimizer = optimizer, .loss = nn_mean_squared_error()) ==
                      NN_OK,
                  "%s", nn_error_message());
    ck_assert_int_eq(nn_model_set_weight(model, "dense/kernel", first_weights, KERNEL), NN_OK);
    ck_assert_int_eq(nn_model_set_weight(model, "dense/bias", first_weights + KERNEL, BIAS), NN_OK);
    return model;
}

static void weights_of(nn_model *model, nn_real *weights)
{
    ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", weights, KERNEL), NN_OK);
    ck_assert_int_eq(nn_model_get_weight(model, "dense/bias", weights + KERNEL, BIAS), NN_OK);
}

/* Step t, from 1, with gradients that are easily written down. */
static void step(nn_context *context, int t)
{
    const nn_model *model = context->model;
    nn_real *kernel = context->gradients + nn__model_weight(model, "dense/kernel")->offset;
    nn_real *bias = context->gradients + nn__model_weight(model, "dense/bias")->offset;
    for (int i = 0; i < KERNEL; i++)
        kernel[i] = (nn_real)(0.5 * (t * (i + 3) % 5 - 2));
    for (int i = 0; i < BIAS; i++)
        bias[i] = (nn_real)(0.25 * (t * (i + 2) % 7 - 3));
    nn__context_step(context);
}

static void run(nn_model *model, int from, int to)
{
    nn_context *context = nn_context(model, .batch_size = 1, .training = 1);
    for (int t = from; t <= to; t++)
        step(context, t);
    nn_context_free(context);
}

/* ---- Factors and exclusions ---- */

START_TEST(a_factor_is_a_learning_rate_of_its_own)
{
    nn_real some[WEIGHTS], half[WEIGHTS], whole[WEIGHTS];
    nn_model *model = tiny(nn_sgd(.learning_rate = 0.25, .momentum = 0.5, .weight_decay = 0.5));
    nn_model *slow = tiny(nn_sgd(.learning_rate = 0.125, .momentum = 0.5, .weight_decay = 0.5));
    nn_model *fast = tiny(nn_sgd(.learning_rate = 0.25, .momentum = 0.5, .weight_decay = 0.5));
    ck_assert_int_eq(nn_model_set_rate_factor(model, "dense/kernel", 0.5), NN_OK);
    run(model, 1, 1);
    run(slow, 1, 1);
    run(fast, 1, 1);
    weights_of(model, some);
    weights_of(slow, half);
    weights_of(fast, whole);
    ck_assert_mem_eq(some, half, KERNEL * sizeof *some);
    ck_assert_mem_eq(some + KERNEL, whole + KERNEL, BIAS * sizeof *some);
    ck_assert_int_eq(nn_model_set_rate_factor(model, "dense", 0), NN_OK);
    run(model, 2, 5);
    weights_of(model, half);
    ck_assert_mem_eq(some, half, sizeof some);
    ck_assert_int_eq(nn_model_set_rate_factor(model, "dense", 1), NN_OK);
    run(model, 6, 6);
    weights_of(model, half);
    ck_assert(half[0] != some[0]);
    nn_model_free(model);
    nn_model_free(slow);
    nn_model_free(fast);
}
END_TEST

START_TEST(names_of_weights_must_exist)
{
    nn_model *model = tiny(nn_adamw());
    ck_assert_int_eq(nn_model_exclude_from_weight_decay(model, "gamma"), NN_ENOTFOUND);
    test_message_has("'gamma'");
    ck_assert_int_eq(nn_model_exclude_from_weight_decay(model, ""), NN_EINVAL);
    ck_assert_int_eq(nn_model_exclude_from_weight_decay(model, NULL), NN_EINVAL);
    ck_assert_int_eq(nn_model_exclude_from_weight_decay(NULL, "bias"), NN_EINVAL);
    ck_assert_int_eq(nn_model_set_rate_factor(model, "den", 2), NN_ENOTFOUND);
    ck_assert_int_eq(nn_model_set_rate_factor(model, "dense", -1), NN_EINVAL);
    ck_assert_int_eq(nn_model_set_rate_factor(model, "dense", (double)NAN), NN_EINVAL);
    ck_assert_int_eq(nn_model_set_rate_factor(model, NULL, 1), NN_EINVAL);
    nn_model_free(model);
}
END_TEST

/* ---- Threads ---- */

enum { WIDE = 301 };

static void train_wide(nn_model *model, int threads)
{
    nn_context *context = nn_context(model, .batch_size = 1, .training = 1, .threads = threads);
    uint64_t state = 5;
    for (int t = 0; t < 5; t++) {
        for (int i = 0; i < model->weight_count; i++)
            test_fill_reals(context->gradients + model->weights[i].offset, model->weights[i].count,
                            &state);
        nn__context_step(context);
    }
    nn_context_free(context);
}

static nn_model *wide(nn_optimizer *optimizer)
{
    nn_model *model = nn_sequential(nn_input(WIDE), nn_dense(WIDE), nn_dense(WIDE));
    ck_assert_int_eq(nn_compile(model, .optimizer = optimizer, .loss = nn_mean_squared_error()),
                     NN_OK);
    ck_assert_int_eq(nn_model_set_rate_factor(model, "dense_1", 0.25), NN_OK);
    ck_assert_int_eq(nn_model_exclude_from_weight_decay(model, "bias"), NN_OK);
    return model;
}

static nn_optimizer *everything(int which)
{
    return nn_adam(.weight_decay = 0.1, .use_ema = 1, .ema_overwrite_frequency = 2,
                   .gradient_accumulation_steps = which == 0 ? 2 : 0,
                   .clip_norm = which == 0 ? 1.5 : 0, .global_clip_norm = which == 1 ? 2.5 : 0,
                   .clip_value = which == 2 ? 0.5 : 0, .schedule = nn_cosine_decay(0.1, 10));
}

START_TEST(bits_do_not_depend_on_threads)
{
    for (int which = 0; which < 3; which++) {
        nn_model *one = wide(everything(which)), *three = wide(everything(which));
        train_wide(one, 1);
        train_wide(three, 3);
        ck_assert_mem_eq(one->values, three->values, one->value_count * sizeof(nn_real));
        ck_assert_mem_eq(one->updater.slots, three->updater.slots,
                         (size_t)one->updater.slot_count * one->parameter_values * sizeof(nn_real));
        nn_model_free(one);
        nn_model_free(three);
    }
}
END_TEST

/* The length of all gradients together in a large model. */
START_TEST(the_global_norm_is_what_it_says)
{
    nn_model *model = wide(nn_sgd(.learning_rate = 1, .global_clip_norm = 2.5));
    nn_context *context = nn_context(model, .batch_size = 1, .training = 1, .threads = 2);
    uint64_t state = 5;
    double sum = 0;
    for (int i = 0; i < model->weight_count; i++)
        test_fill_reals(context->gradients + model->weights[i].offset, model->weights[i].count,
                        &state);
    nn__context_step(context);
    for (size_t i = 0; i < model->parameter_values; i++)
        sum += (double)context->gradients[i] * (double)context->gradients[i];
    ck_assert_double_eq_tol(sqrt(sum), 2.5, 1e-6);
    context->gradients[0] = (nn_real)INFINITY;
    nn__context_step(context);
    ck_assert(isnan((double)context->gradients[1]));
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

START_TEST(steps_allocate_nothing)
{
    test_memory_begin();
    nn_model *model = wide(everything(0));
    nn_context *context = nn_context(model, .batch_size = 1, .training = 1, .threads = 1);
    long before = test_memory_total();
    for (int t = 0; t < 4; t++)
        nn__context_step(context);
    ck_assert_int_eq(test_memory_total(), before);
    nn_context_free(context);
    nn_model_free(model);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

/* ---- Files ---- */

/* Saved after t steps and loaded, it goes on to the same bits, also amid an accumulation. */
START_TEST(a_model_goes_on_from_its_file)
{
    const char *path = test_path("update.safetensors");
    for (int which = 0; which < 4; which++)
        for (int t = 2; t <= 4; t++) {
            nn_model *loaded,
                *model =
                    tiny(which < 3 ? everything(which)
                                   : nn_adagrad(.gradient_accumulation_steps = 3, .use_ema = 1,
                                                .schedule = nn_piecewise_constant_decay(
                                                    nn_numbers(2, 4), nn_numbers(0.5, 0.1, 0.25))));
            ck_assert_int_eq(nn_model_set_rate_factor(model, "dense/kernel", 0.5), NN_OK);
            ck_assert_int_eq(nn_model_exclude_from_weight_decay(model, "bias"), NN_OK);
            run(model, 1, t);
            ck_assert_msg(nn_model_save(model, path) == NN_OK, "%s", nn_error_message());
            ck_assert_msg(nn_model_load(path, &loaded) == NN_OK, "%s", nn_error_message());
            ck_assert_double_eq(nn_model_learning_rate(loaded), nn_model_learning_rate(model));
            ck_assert_uint_eq(nn_model_steps(loaded), nn_model_steps(model));
            run(model, t + 1, t + 4);
            run(loaded, t + 1, t + 4);
            ck_assert_mem_eq(model->values, loaded->values, model->value_count * sizeof(nn_real));
            ck_assert_mem_eq(model->updater.slots, loaded->updater.slots,
                             (size_t)model->updater.slot_count * model->parameter_values *
                                 sizeof(nn_real));
            for (int i = 0; i < model->weight_count; i++) {
                ck_assert(loaded->weights[i].rate_factor == model->weights[i].rate_factor);
                ck_assert_int_eq(loaded->weights[i].no_decay, model->weights[i].no_decay);
            }
            nn_model_free(model);
            nn_model_free(loaded);
        }
}
END_TEST

/* ---- Averages ---- */

/* What a fit with averages leaves are the averages: here, of the weights after its two steps. */
START_TEST(a_fit_ends_with_the_averages)
{
    nn_real x[4] = {1, 2, -1, 3}, y[4] = {1, 0, 0, 1}, weights[2][WEIGHTS], end[WEIGHTS];
    nn_tensor *tx = nn_tensor_borrow(NN_F32, x, NN_SHAPE(2, 2));
    nn_tensor *ty = nn_tensor_borrow(NN_F32, y, NN_SHAPE(2, 2));
    nn_dataset *data = nn_arrays(tx, ty);
    nn_model *plain = tiny(nn_sgd(RATE)), *averaged = tiny(nn_sgd(RATE, .use_ema = 1));
    for (int t = 0; t < 2; t++) {
        ck_assert_int_eq(nn_train_on_batch(plain, tx, ty, NULL), NN_OK);
        weights_of(plain, weights[t]);
    }
    ck_assert_int_eq(nn_fit(averaged, data, .batch_size = 2, .epochs = 2), NN_OK);
    weights_of(averaged, end);
    for (int i = 0; i < WEIGHTS; i++)
        ck_assert_double_eq_tol((double)end[i],
                                0.99 * (double)weights[0][i] + 0.01 * (double)weights[1][i], 1e-6);
    nn_model_free(plain);
    nn_model_free(averaged);
    nn_dataset_free(data);
    nn_tensor_free(tx);
    nn_tensor_free(ty);
}
END_TEST

/* Decay, averages, accumulation and clipping pass by what is frozen; after thawing it moves from
 * where it was, and so does its average. */
START_TEST(frozen_weights_stay_whatever_stands_around_the_rule)
{
    nn_real x[4] = {1, 2, -1, 3}, y[4] = {1, 0, 0, 1};
    nn_tensor *tx = nn_tensor_borrow(NN_F32, x, NN_SHAPE(2, 2));
    nn_tensor *ty = nn_tensor_borrow(NN_F32, y, NN_SHAPE(2, 2));
    nn_dataset *data = nn_arrays(tx, ty);
    for (int which = 0; which < 3; which++) {
        nn_real before[KERNEL], after[KERNEL], head[KERNEL], moved[KERNEL];
        const size_t count = KERNEL;
        nn_model *model = nn_sequential(nn_input(2), nn_dense(2), nn_dense(2));
        ck_assert_int_eq(
            nn_compile(model, .optimizer = everything(which), .loss = nn_mean_squared_error()),
            NN_OK);
        ck_assert_int_eq(nn_model_set_trainable(model, "dense", 0), NN_OK);
        ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", before, count), NN_OK);
        ck_assert_int_eq(nn_model_get_weight(model, "dense_1/kernel", head, count), NN_OK);
        ck_assert_int_eq(nn_fit(model, data, .batch_size = 1, .epochs = 2), NN_OK);
        ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", after, count), NN_OK);
        ck_assert_int_eq(nn_model_get_weight(model, "dense_1/kernel", moved, count), NN_OK);
        ck_assert_mem_eq(before, after, sizeof before);
        ck_assert(memcmp(head, moved, sizeof head) != 0);
        for (size_t i = 0; i < count; i++)
            before[i] += 1; /* whoever sets them finds them again, too */
        ck_assert_int_eq(nn_model_set_weight(model, "dense/kernel", before, count), NN_OK);
        ck_assert_int_eq(nn_fit(model, data, .batch_size = 1, .epochs = 1), NN_OK);
        ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", after, count), NN_OK);
        ck_assert_mem_eq(before, after, sizeof before);
        ck_assert_int_eq(nn_model_set_trainable(model, "dense", 1), NN_OK);
        ck_assert_int_eq(nn_fit(model, data, .batch_size = 1, .epochs = 1), NN_OK);
        ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", after, count), NN_OK);
        ck_assert(memcmp(before, after, sizeof before) != 0);
        for (size_t i = 0; i < count; i++) /* a few steps of at most the rate */
            ck_assert_double_le(fabs((double)after[i] - (double)before[i]), 0.5);
        nn_model_free(model);
    }
    nn_dataset_free(data);
    nn_tensor_free(tx);
    nn_tensor_free(ty);
}
END_TEST

/* ---- Schedules and errors ---- */

START_TEST(steps_count_updates_and_schedules_count_batches)
{
    nn_model *model =
        tiny(nn_sgd(.gradient_accumulation_steps = 3, .schedule = nn_exponential_decay(1, 1, 0.5)));
    ck_assert_double_eq(nn_model_learning_rate(model), 1);
    run(model, 1, 5);
    ck_assert_uint_eq(nn_model_steps(model), 1);
    ck_assert_double_eq(nn_model_learning_rate(model), 1.0 / 32);
    ck_assert_int_eq(nn_model_set_learning_rate(model, 0.5), NN_ESTATE);
    test_message_has("the optimizer follows a schedule, exponential_decay");
    nn_model_free(model);
}
END_TEST

/* As in Keras, where setting the rate raises; the rate of the next step is in the logs until then. */
START_TEST(reducing_a_scheduled_rate_fails_the_fit)
{
    nn_real x[4] = {1, 2, -1, 3}, y[4] = {1, 0, 0, 1};
    nn_tensor *tx = nn_tensor_borrow(NN_F32, x, NN_SHAPE(2, 2));
    nn_tensor *ty = nn_tensor_borrow(NN_F32, y, NN_SHAPE(2, 2));
    nn_dataset *data = nn_arrays(tx, ty);
    nn_model *model = tiny(nn_sgd(.schedule = nn_exponential_decay(RATE, 1, 0.5)));
    ck_assert_int_eq(
        nn_fit(model, data, .epochs = 4,
               .callbacks = nn_callbacks(
                   nn_reduce_lr_on_plateau(.monitor = "loss", .patience = 2, .min_delta = 1e6))),
        NN_ESTATE);
    test_message_has("follows a schedule");
    ck_assert_double_eq(nn_history_value(nn_model_history(model), 0, "learning_rate"),
                        (double)(float)(RATE / 2));
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(tx);
    nn_tensor_free(ty);
}
END_TEST

static void refused(nn_optimizer *optimizer, nn_status status, const char *part)
{
    nn_model *model = nn_sequential(nn_input(2), nn_dense(2));
    ck_assert_int_eq(nn_compile(model, .optimizer = optimizer, .loss = nn_mean_squared_error()),
                     status);
    test_message_has(part);
    nn_model_free(model);
}

START_TEST(what_is_wrong_is_named_by_compile)
{
    refused(nn_sgd(.clip_norm = 1, .clip_value = 1), NN_EINVAL,
            "sgd: only one of clip_norm, clip_value and global_clip_norm");
    refused(nn_lion(.clip_norm = 1, .global_clip_norm = 1), NN_EINVAL, "lion: only one");
    refused(nn_adam(.schedule = nn_cosine_decay(0.1)), NN_EINVAL,
            "adam: cosine_decay: decay_steps must be given");
    refused(nn_adam(.schedule = nn_piecewise_constant_decay(nn_numbers(1), nn_numbers(1))),
            NN_EINVAL, "1 boundaries and 1 values");
    nn_schedule *shared = nn_constant_rate(1);
    nn_optimizer *first = nn_sgd(.schedule = shared), *second = nn_sgd(.schedule = shared);
    refused(second, NN_EINVAL, "schedule (constant_rate) already belongs to another");
    nn_model *model = tiny(first);
    nn_model_free(model);
}
END_TEST

/* ---- Memory that fails ---- */

static nn_status life(const char *path)
{
    nn_model *loaded = NULL, *model = nn_sequential(nn_input(2), nn_dense(2));
    nn_optimizer *optimizer =
        nn_sgd(.momentum = 0.5, .use_ema = 1, .gradient_accumulation_steps = 2,
               .schedule = nn_piecewise_constant_decay(nn_numbers(2), nn_numbers(1, 2)));
    nn_loss *loss = nn_mean_squared_error();
    int missing = optimizer == NULL || loss == NULL;
    nn_status status = nn_compile(model, .optimizer = optimizer, .loss = loss);
    if (missing && status == NN_EINVAL)
        status = NN_ENOMEM;
    if (status == NN_OK)
        status = nn_model_set_threads(model, 1);
    if (status == NN_OK)
        status = nn_model_save(model, path);
    if (status == NN_OK)
        status = nn_model_load(path, &loaded);
    nn_model_free(model);
    nn_model_free(loaded);
    return model == NULL ? NN_ENOMEM : status;
}

START_TEST(any_allocation_may_fail)
{
    const char *path = test_path("life.safetensors");
    test_memory_begin();
    ck_assert_msg(life(path) == NN_OK, "%s", nn_error_message());
    long count = test_memory_total();
    for (long n = 0; n < count; n++)
        for (int once = 0; once < 2; once++) {
            test_memory_fail(n, once);
            nn_status status = life(path);
            test_memory_fail(-1, 0);
            ck_assert_msg(status == NN_ENOMEM && test_memory_live() == 0,
                          "allocation %ld: %d (%s), %ld blocks are left", n, (int)status,
                          nn_error_message(), test_memory_live());
        }
    test_memory_end();
}
END_TEST

/* ---- Own kinds ---- */

typedef struct own_options {
    size_t struct_size;
    double learning_rate, weight_decay, clip_value;
    int gradient_accumulation_steps, reserved;
    nn_schedule *schedule;
} own_options;

#define OWN(field_, type_)                                                                         \
    {                                                                                              \
        .name = #field_, .type = NN_OPTION_##type_, .offset = offsetof(own_options, field_)        \
    }
static const nn_option own_fields[] = {
    OWN(learning_rate, DOUBLE), OWN(weight_decay, DOUBLE),
    OWN(clip_value, DOUBLE),    OWN(gradient_accumulation_steps, INT),
    OWN(schedule, SCHEDULE),
};

static void own_begin(nn_update *update)
{
    update->coefficients[0] = (nn_real)update->learning_rate;
}

static void own_update(const nn_update *update)
{
    for (size_t i = 0; i < update->count; i++)
        update->weights[i] -= update->coefficients[0] * update->gradients[i];
}

static const nn_optimizer_kind own_kind = {
    .kind = {sizeof own_kind, "own", "Own", sizeof(own_options), own_fields, 5},
    .begin = own_begin,
    .update = own_update,
};

/* A table that is as long as before slot_initial was there. */
static const nn_optimizer_kind old_kind = {
    .kind = {offsetof(nn_optimizer_kind, slot_initial), "old", "Old", sizeof(own_options),
             own_fields, 5},
    .begin = own_begin,
    .update = own_update,
};

static double own_rate(const void *options, double step)
{
    (void)options;
    return step < 3 ? 0.5 : 0.25;
}

static const nn_option no_fields[] = {{.name = "name", .type = NN_OPTION_STRING}};
static const nn_schedule_kind own_schedule = {
    .kind = {sizeof own_schedule, "own_rate", "OwnRate", sizeof(size_t), no_fields, 0},
    .rate = own_rate,
};

START_TEST(own_optimizers_have_it_too)
{
    nn_real own[WEIGHTS], built_in[WEIGHTS];
    for (int i = 0; i < 2; i++) {
        own_options o = {.struct_size = sizeof o,
                         .weight_decay = 0.1,
                         .clip_value = 0.5,
                         .gradient_accumulation_steps = 2,
                         .schedule = nn_schedule_new(&own_schedule, NULL)};
        nn_model *model = tiny(nn_optimizer_new(i == 0 ? &own_kind : &old_kind, &o));
        nn_model *sgd = tiny(
            nn_sgd(.weight_decay = 0.1, .clip_value = 0.5, .gradient_accumulation_steps = 2,
                   .schedule = nn_piecewise_constant_decay(nn_numbers(2), nn_numbers(0.5, 0.25))));
        run(model, 1, 6);
        run(sgd, 1, 6);
        weights_of(model, own);
        weights_of(sgd, built_in);
        ck_assert_mem_eq(own, built_in, sizeof own);
        nn_model_free(model);
        nn_model_free(sgd);
    }
}
END_TEST

/* The rule that leaves in the weights what it found in its second slot, and counts it up. */
static const char *const pair_slots[] = {"first", "second", NULL};

static double pair_initial(const void *options, int slot)
{
    (void)options;
    return slot == 0 ? 0.5 : 0.25;
}

static void pair_update(const nn_update *update)
{
    for (size_t i = 0; i < update->count; i++) {
        update->weights[i] = update->slots[0][i] + update->slots[1][i];
        update->slots[1][i] += 1;
    }
}

START_TEST(every_slot_begins_with_its_own_value)
{
    static const nn_optimizer_kind kind = {
        .kind = {sizeof(nn_optimizer_kind), "pair", "Pair", sizeof(own_options), own_fields,
                 NN__COUNT(own_fields)},
        .slots = pair_slots,
        .begin = own_begin,
        .update = pair_update,
        .slot_initial = pair_initial,
    };
    nn_real weights[WEIGHTS];
    own_options o = {.struct_size = sizeof o};
    nn_model *model = tiny(nn_optimizer_new(&kind, &o));
    for (int t = 1; t <= 2; t++) {
        run(model, t, t);
        weights_of(model, weights);
        for (int i = 0; i < WEIGHTS; i++)
            ck_assert_double_eq((double)weights[i], 0.75 + (t - 1));
    }
    nn_model_free(model);
}
END_TEST

Suite *update_suite(void);
Suite *update_suite(void)
{
    return TEST_SUITE(
        "update", a_factor_is_a_learning_rate_of_its_own, names_of_weights_must_exist,
        bits_do_not_depend_on_threads, the_global_norm_is_what_it_says, steps_allocate_nothing,
        a_model_goes_on_from_its_file, a_fit_ends_with_the_averages,
        frozen_weights_stay_whatever_stands_around_the_rule,
        steps_count_updates_and_schedules_count_batches, reducing_a_scheduled_rate_fails_the_fit,
        what_is_wrong_is_named_by_compile, any_allocation_may_fail, own_optimizers_have_it_too,
        every_slot_begins_with_its_own_value);
}
