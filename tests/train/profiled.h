/* A small model whose fits are profiled, and what holds of every profile. */
#ifndef NN__TESTS_TRAIN_PROFILED_H
#define NN__TESTS_TRAIN_PROFILED_H

#include "test.h"

enum { ROWS = 20, BATCH = 8, STEPS = 3 };

/* ---- Something to do ---- */

static inline nn_model *drawing_model(int threads, int algorithm)
{
    nn_model *model = nn_sequential(
        nn_input(32, 32, 3),
        nn_conv2d(10, {3, 3}, .padding = NN_SAME, .activation = NN_RELU, .algorithm = algorithm),
        nn_batch_norm(), nn_max_pool2d({2, 2}), nn_dropout(.rate = 0.25), nn_flatten(),
        nn_dense(10, .activation = NN_SOFTMAX));
    nn_model_set_threads(model, threads);
    nn_status status =
        nn_compile(model, .optimizer = nn_adam(), .loss = nn_categorical_crossentropy(),
                   .metrics = nn_metrics(nn_accuracy()));
    ck_assert_msg(status == NN_OK, "%s", nn_error_message());
    return model;
}

static inline const nn_profile *fit(nn_model *model, const nn_dataset *data, int profile)
{
    nn_status status = nn_fit(model, data, .batch_size = BATCH, .profile = profile);
    ck_assert_msg(status == NN_OK, "%s", nn_error_message());
    return nn_model_profile(model, NN_PROFILED_TRAINING);
}

/* ---- What stands in a profile ---- */

static inline double work_of(const nn_profile *p, int kind)
{
    double work = 0;
    for (size_t i = 0; i < p->entry_count; i++)
        work += p->entries[i].kind == kind ? p->entries[i].work : 0;
    return work;
}

static inline uint64_t calls_of(const nn_profile *p, int kind)
{
    uint64_t calls = 0;
    for (size_t i = 0; i < p->entry_count; i++)
        calls += p->entries[i].kind == kind ? p->entries[i].calls : 0;
    return calls;
}

static inline double seconds_of(const nn_profile *p, int kind)
{
    double seconds = 0;
    for (size_t i = 0; i < p->entry_count; i++)
        seconds += kind < 0 || p->entries[i].kind == kind ? p->entries[i].seconds : 0;
    return seconds;
}

static inline const nn_profile_entry *entry_of(const nn_profile *p, const char *layer, int pass,
                                               int kind)
{
    for (size_t i = 0; i < p->entry_count; i++)
        if (strcmp(p->entries[i].layer, layer) == 0 && p->entries[i].pass == pass &&
            p->entries[i].kind == kind)
            return &p->entries[i];
    ck_abort_msg("%s: no entry of kind %s", layer, nn_work_name(kind));
    return NULL;
}

static inline void check_order(const nn_profile *p)
{
    ck_assert_uint_gt(p->entry_count, 0);
    for (size_t i = 0; i < p->entry_count; i++) {
        const nn_profile_entry *e = &p->entries[i];
        ck_assert(e->seconds >= 0 && e->work >= 0);
        ck_assert(i == 0 || e->row > e[-1].row || (e->row == e[-1].row && e->kind > e[-1].kind));
    }
}

/* All threads' seconds are the loops' times the threads: nothing is lost, nothing counted twice. */
static inline void check_sums(const nn_profile *p)
{
    const double all = p->seconds * p->threads;
    check_order(p);
    ck_assert_double_le(fabs(seconds_of(p, -1) - all), 1e-3 * all + 1e-6);
    ck_assert_double_le(seconds_of(p, -1) - seconds_of(p, NN_WORK_WAITING), all + 1e-6);
}

#endif
