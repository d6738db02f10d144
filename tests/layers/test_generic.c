/* What holds for every kind of layer; the kinds are those of kinds.def, shown by samples.h. */
#include "samples.h"
#include "scratch.h"

#include "base/files.h"

START_TEST(every_kind_has_a_sample)
{
    samples_show_every_kind();
}
END_TEST

static nn_model *compiled(nn_model *model, int threads)
{
    nn_model_set_seed(model, 13);
    nn_model_set_threads(model, threads);
    ck_assert_msg(nn_compile(model, .optimizer = nn_adam(), .loss = nn_mean_squared_error()) ==
                      NN_OK,
                  "%s", nn_error_message());
    return model;
}

/* Weights and state away from their first values, so that a mistake in one shows. */
static void stir(nn_model *model)
{
    uint64_t state = 101;
    ck_assert_int_eq(nn_model_build(model), NN_OK);
    for (int w = 0; w < model->weight_count; w++)
        for (size_t i = 0; i < model->weights[w].count; i++) {
            nn_real *value = &model->values[model->weights[w].offset + i];
            *value += (nn_real)0.25 * (nn_real)fabs((double)test_random_real(&state));
        }
}

static size_t y_count(nn_model *model, int rows)
{
    return (size_t)rows * probe_count(nn_model_output_shape(model));
}

/* ---- Kinds and their tables ---- */

START_TEST(tables_say_what_they_must)
{
    for (int i = 0; i < SAMPLES; i++) {
        const nn_kind *kind = &samples[i].kind->kind;
        ck_assert_uint_eq(kind->struct_size, sizeof(nn_layer_kind));
        ck_assert_uint_gt(kind->options_size, sizeof(size_t));
        ck_assert_ptr_nonnull(kind->class_name);
        for (size_t k = 0; k < kind->option_count; k++)
            ck_assert_uint_lt(kind->options[k].offset, kind->options_size);
    }
}
END_TEST

static void bad_struct(const sample *s, size_t size, unsigned char tail, nn_status status,
                       const char *message)
{
    unsigned char room[512] = {0};
    memcpy(room, s->options, s->kind->kind.options_size);
    memcpy(room, &size, sizeof size);
    room[s->kind->kind.options_size + 5] = tail;
    nn_model *model = nn_model_new();
    nn_node x[4] = {nn_model_input_new(model, s->x.dims, s->x.rank)};
    x[1] = x[2] = x[0];
    nn_model_output(model,
                    nn_merge_new(nn_layer_new(s->kind, room), x, (size_t)s->more_inputs + 1));
    ck_assert_int_eq(nn_model_build(model), status);
    if (message != NULL)
        test_message_has(message);
    nn_model_free(model);
}

START_TEST(the_size_of_the_options_struct_tells_its_version)
{
    for (int i = 0; i < SAMPLES; i++) {
        size_t size = samples[i].kind->kind.options_size;
        bad_struct(&samples[i], size, 0, NN_OK, NULL);
        bad_struct(&samples[i], size, 9, NN_OK, NULL); /* beyond: not looked at */
        bad_struct(&samples[i], size + 16, 0, NN_OK,
                   NULL); /* a newer caller who uses nothing new */
        bad_struct(&samples[i], 0, 0, NN_EINVAL, "struct_size is not set");
        bad_struct(&samples[i], size + 16, 9, NN_ENOTSUP, "does not know");
    }
}
END_TEST

/* ---- Runs ---- */

START_TEST(inference_of_a_batch_is_inference_of_its_rows)
{
    const sample *s = &samples[_i];
    const int rows = 7;
    nn_model *model = sample_model(s);
    stir(model);
    nn_context *context = nn_context(model, .batch_size = rows, .threads = 2);
    size_t nx = (size_t)rows * probe_count(&s->x), ny = y_count(model, rows);
    nn_real *x = calloc(nx + 2 * ny, sizeof *x), *y = x + nx, *one = y + ny;
    uint64_t state = 103;
    test_fill_reals(x, nx, &state);
    ck_assert_int_eq(nn_context_predict(context, x, rows, y), NN_OK);
    for (size_t i = 0; i < (size_t)rows; i++)
        ck_assert_int_eq(nn_context_predict(context, x + i * (nx / 7), 1, one + i * (ny / 7)),
                         NN_OK);
    for (size_t i = 0; i < ny; i++)
        if (!(fabs((double)(y[i] - one[i])) <= 1e-5 * fmax(1, fabs((double)y[i]))))
            ck_abort_msg("%s: element %zu: %g in the batch, %g alone", s->kind->kind.name, i,
                         (double)y[i], (double)one[i]);
    free(x);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

/* Number j of a row in the whole batch, for input or gradient `which`. */
static nn_real number_of(int which, size_t row, size_t j)
{
    uint64_t state = (uint64_t)(which + 1) * 1000003 + row * 977 + j * 31;
    test_random(&state);
    return test_random_real(&state);
}

/* Rows [first, first + rows) of a batch: y, and the gradients of all inputs one after the other. */
static void run_rows(const sample *s, size_t first, int rows, nn_real *y, nn_real *dx)
{
    sample part = *s;
    part.rows = rows;
    nn_model *model = sample_probe(&part);
    nn_model_set_seed(model, 13);
    nn_model_set_threads(model, 2);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = probe_dot()), NN_OK);
    nn_context *context = nn_context(model, .batch_size = rows, .training = 1);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    nn_real *zeros = calloc((size_t)rows, sizeof *zeros);
    size_t width = y_count(model, 1);
    for (int w = 0, which = 1; w < model->weight_count; w++) {
        const nn__weight *weight = &model->weights[w];
        if (strcmp(model->nodes[weight->node].layer->object.kind->name, "source") != 0)
            continue;
        for (size_t i = 0, row = weight->count / (size_t)rows; i < weight->count; i++)
            model->values[weight->offset + i] = number_of(which, first + i / row, i % row);
        which++;
    }
    nn_tensor *dy = nn_tensor_new(NN_F32, NN_SHAPE(rows, (int)width));
    for (size_t i = 0; i < (size_t)rows * width; i++)
        ((nn_real *)nn_tensor_data(dy))[i] = number_of(0, first + i / width, i % width);
    ck_assert_int_eq(nn_context_forward(context, zeros, rows, y), NN_OK);
    ck_assert_int_eq(nn_context_backward(context, dy, NULL), NN_OK);
    for (int w = 0; w < model->weight_count; w++) {
        const nn__weight *weight = &model->weights[w];
        if (strcmp(model->nodes[weight->node].layer->object.kind->name, "source") != 0)
            continue;
        memcpy(dx, context->gradients + weight->offset, weight->count * sizeof *dx);
        dx += weight->count;
    }
    nn_tensor_free(dy);
    free(zeros);
    nn_context_free(context);
    nn_model_free(model);
}

static void rows_are_near(const nn_real *all, const nn_real *some, size_t count, const sample *s,
                          const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)(all[i] - some[i])) <= 1e-5 * fmax(1, fabs((double)some[i]))))
            ck_abort_msg("%s, sample %d: %s %zu is %g in a large batch, %g in a small one",
                         s->kind->kind.name, (int)(s - samples), what, i, (double)all[i],
                         (double)some[i]);
}

/* A batch so large that every layer cuts it into several tasks, against a few rows of it, from its
 * middle and its end. */
START_TEST(rows_of_a_large_batch_are_those_of_a_small_one)
{
    enum { FEW = 3 };
    const sample *s = &samples[_i];
    if (s->whole || s->draws)
        return;
    const size_t width = probe_count(&s->x), inputs = (size_t)s->more_inputs + 1;
    const size_t rows = 40000 / width + FEW;
    nn_model *model = sample_model(s);
    const size_t out = y_count(model, 1);
    nn_model_free(model);
    nn_real *y = calloc((rows + FEW) * (out + inputs * width), sizeof *y);
    nn_real *dx = y + rows * out, *few_y = dx + rows * inputs * width, *few_dx = few_y + FEW * out;
    run_rows(s, 0, (int)rows, y, dx);
    for (size_t first = rows / 2; first <= rows - FEW; first += rows - FEW - rows / 2) {
        run_rows(s, first, FEW, few_y, few_dx);
        rows_are_near(y + first * out, few_y, FEW * out, s, "y");
        for (size_t k = 0; k < inputs; k++)
            rows_are_near(dx + (k * rows + first) * width, few_dx + k * FEW * width, FEW * width, s,
                          "dx");
    }
    free(y);
}
END_TEST

/* Rows that are not there leave no trace: a run of few rows after a run of many. */
START_TEST(a_short_batch_is_not_touched_by_what_was_there_before)
{
    const sample *s = &samples[_i];
    nn_model *model = compiled(sample_model(s), 2);
    size_t width = probe_count(&s->x), out = y_count(model, 1);
    nn_real *x = calloc(5 * width + 10 * out, sizeof *x), *first = x + 5 * width,
            *again = first + 5 * out;
    uint64_t state = 104;
    test_fill_reals(x, 5 * width, &state);
    nn_context *context = nn_context(model, .batch_size = 5, .training = 1);
    nn_context *fresh = nn_context(model, .batch_size = 5, .training = 1);
    ck_assert_int_eq(nn_context_forward(context, x, 5, NULL), NN_OK);
    ck_assert_int_eq(nn_context_forward(context, x, 2, first), NN_OK);
    ck_assert_int_eq(nn_context_forward(fresh, x, 2, again), NN_OK);
    ck_assert_mem_eq(first, again, 2 * out * sizeof *first);
    free(x);
    nn_context_free(context);
    nn_context_free(fresh);
    nn_model_free(model);
}
END_TEST

/* Every worker's scratch between two guards: a layer keeps to the bytes that it asked for. */
START_TEST(scratch_is_not_written_beyond_what_was_asked_for)
{
    const sample *s = &samples[_i];
    enum { GUARD = 1 << 16, WORKERS = 2 };
    nn_model *model = sample_probe(s);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = probe_dot()), NN_OK);
    nn_context *context =
        nn_context(model, .batch_size = s->rows, .training = 1, .threads = WORKERS);
    test_scratch guarded = test_scratch_begin(context, NN__TRAIN, GUARD);
    nn_tensor *dy = nn_tensor_new(NN_F32, NN_SHAPE(s->rows, (int)y_count(model, 1)));
    nn_real zeros[16] = {0};
    ck_assert_int_eq(nn_context_forward(context, zeros, s->rows, NULL), NN_OK);
    ck_assert_int_eq(nn_context_backward(context, dy, NULL), NN_OK);
    test_scratch_end(context, &guarded, s->kind->kind.name);
    nn_tensor_free(dy);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

static void run_probe(const sample *s, int threads, int no_fusion, nn_real *y, nn_real *g,
                      size_t *y_size, size_t *g_size)
{
    nn_model *model = sample_probe(s);
    nn_model_set_seed(model, 1);
    nn_model_set_threads(model, threads);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = probe_dot()), NN_OK);
    nn_context *context =
        nn_context(model, .batch_size = s->rows, .training = 1, .no_fusion = no_fusion);
    uint64_t state = 105;
    for (int w = 0; w < model->weight_count; w++)
        if (strcmp(model->nodes[model->weights[w].node].layer->object.kind->name, "source") == 0)
            test_fill_reals(model->values + model->weights[w].offset, model->weights[w].count,
                            &state);
    nn_real zeros[16] = {0};
    *y_size = y_count(model, s->rows);
    *g_size = model->parameter_values;
    nn_tensor *dy = nn_tensor_new(NN_F32, NN_SHAPE(s->rows, (int)*y_size / s->rows));
    test_fill_reals(nn_tensor_data(dy), *y_size, &state);
    ck_assert_int_eq(nn_context_forward(context, zeros, s->rows, y), NN_OK);
    ck_assert_int_eq(nn_context_backward(context, dy, NULL), NN_OK);
    memcpy(g, context->gradients, *g_size * sizeof *g);
    nn_tensor_free(dy);
    nn_context_free(context);
    nn_model_free(model);
}

START_TEST(threads_do_not_change_a_bit_and_fusions_hardly_one)
{
    static nn_real y[3][4096], g[3][16384];
    const sample *s = &samples[_i];
    size_t ny, ng;
    run_probe(s, 1, 0, y[0], g[0], &ny, &ng);
    run_probe(s, 3, 0, y[1], g[1], &ny, &ng);
    run_probe(s, 2, 1, y[2], g[2], &ny, &ng);
    ck_assert_mem_eq(y[0], y[1], ny * sizeof(nn_real));
    ck_assert_mem_eq(g[0], g[1], ng * sizeof(nn_real));
    for (size_t i = 0; i < ny; i++)
        if (!(fabs((double)(y[0][i] - y[2][i])) <= 1e-5 * fmax(1, fabs((double)y[0][i]))))
            ck_abort_msg("y[%zu]: %g fused, %g apart", i, (double)y[0][i], (double)y[2][i]);
    for (size_t i = 0; i < ng; i++)
        if (!(fabs((double)(g[0][i] - g[2][i])) <= 1e-5 * fmax(1, fabs((double)g[0][i]))))
            ck_abort_msg("g[%zu]: %g fused, %g apart", i, (double)g[0][i], (double)g[2][i]);
}
END_TEST

/* A frozen layer has no gradients and stays; what is before it still learns. */
START_TEST(a_frozen_layer_passes_gradients_on_and_keeps_its_weights)
{
    const sample *s = &samples[_i];
    nn_model *model = sample_probe(s);
    ck_assert_int_eq(nn_model_build(model), NN_OK);
    nn__node *node = &model->nodes[model->heads[0].node];
    node->frozen = 1;
    ck_assert_int_eq(
        nn_compile(model, .optimizer = nn_sgd(.learning_rate = 0.5), .loss = probe_dot()), NN_OK);
    nn_context *context = nn_context(model, .batch_size = s->rows, .training = 1);
    nn_real zeros[16] = {0}, before[512];
    uint64_t state = 106;
    nn_tensor *dy = nn_tensor_new(NN_F32, NN_SHAPE(s->rows, (int)y_count(model, 1)));
    test_fill_reals(nn_tensor_data(dy), y_count(model, s->rows), &state);
    for (int w = 0; w < node->first_weight; w++)
        test_fill_reals(model->values + model->weights[w].offset, model->weights[w].count, &state);
    memcpy(before, model->values + model->weights[0].offset,
           (model->weights[0].count < 512 ? model->weights[0].count : 512) * sizeof *before);
    nn_real *all = calloc(model->value_count, sizeof *all);
    nn_model_snapshot(model, all);
    for (int step = 0; step < 2; step++) {
        ck_assert_int_eq(nn_context_forward(context, zeros, s->rows, NULL), NN_OK);
        ck_assert_int_eq(nn_context_backward(context, dy, NULL), NN_OK);
        ck_assert_int_eq(nn_context_update(context), NN_OK);
    }
    for (int w = node->first_weight; w < node->first_weight + node->weight_count; w++)
        ck_assert_mem_eq(all + model->weights[w].offset, model->values + model->weights[w].offset,
                         model->weights[w].count * sizeof *all);
    if (!s->flat)
        ck_assert_mem_ne(before, model->values + model->weights[0].offset,
                         (model->weights[0].count < 512 ? model->weights[0].count : 512) *
                             sizeof *before);
    free(all);
    nn_tensor_free(dy);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

/* ---- Files ---- */

static void train_some(nn_model *model, const sample *s, int steps)
{
    int dims[NN_MAX_RANK] = {5};
    uint64_t state = 108;
    for (int i = 0; i < s->x.rank; i++)
        dims[i + 1] = s->x.dims[i];
    nn_tensor *x = nn_tensor_new(NN_F32, dims, s->x.rank + 1);
    nn_tensor *t = nn_tensor_new(NN_F32, NN_SHAPE(5, (int)y_count(model, 1)));
    test_fill_reals(nn_tensor_data(x), nn_tensor_count(x), &state);
    for (int step = 0; step < steps; step++)
        ck_assert_msg(nn_train_on_batch(model, x, t, NULL) == NN_OK, "%s", nn_error_message());
    nn_tensor_free(x);
    nn_tensor_free(t);
}

/* Weights, slots, steps; and training that goes on goes on alike. */
START_TEST(a_saved_model_is_loaded_as_it_was)
{
    const sample *s = &samples[_i];
    nn_model *model = compiled(sample_model(s), 2), *loaded = NULL;
    const char *path = test_path("model.safetensors");
    stir(model);
    train_some(model, s, 2);
    ck_assert_msg(nn_model_save(model, path) == NN_OK, "%s", nn_error_message());
    ck_assert_msg(nn_model_load(path, &loaded) == NN_OK, "%s", nn_error_message());
    for (int round = 0; round < 2; round++) {
        ck_assert_uint_eq(loaded->value_count, model->value_count);
        ck_assert_mem_eq(loaded->values, model->values, model->value_count * sizeof(nn_real));
        ck_assert_mem_eq(loaded->updater.slots, model->updater.slots,
                         (size_t)model->updater.slot_count * model->parameter_values *
                             sizeof(nn_real));
        ck_assert_uint_eq(nn_model_steps(loaded), nn_model_steps(model));
        for (size_t i = 0; i < nn_model_weight_count(model); i++)
            ck_assert_str_eq(nn_model_weight_name(loaded, i), nn_model_weight_name(model, i));
        train_some(model, s, 2);
        train_some(loaded, s, 2);
    }
    nn_model_free(model);
    nn_model_free(loaded);
}
END_TEST

/* ---- Memory that fails ---- */

struct life_of {
    const sample *s;
    nn_tensor *x, *t;
    const char *path;
};

/* Everything a program does with a model of this kind. Returns the first failure. */
static nn_status life(const void *self)
{
    const struct life_of *of = self;
    const sample *s = of->s;
    const nn_tensor *x = of->x, *t = of->t;
    nn_model *loaded = NULL;
    nn_status status = NN_OK;
    const nn_logs *logs;
    nn_tensor *out = NULL;
    nn_model *model = sample_model(s);
    nn_dataset *data = nn_arrays(x, t);
    if (model == NULL || data == NULL)
        status = NN_ENOMEM;
    if (status == NN_OK)
        status = nn_model_set_threads(model, 1);
    if (status == NN_OK) {
        nn_optimizer *optimizer = nn_adam();
        nn_loss *loss = nn_mean_squared_error();
        int missing = optimizer == NULL || loss == NULL; /* told as such: NN_EINVAL */
        status = nn_compile(model, .optimizer = optimizer, .loss = loss,
                            .metrics = nn_metrics(nn_accuracy()));
        status = missing && status == NN_EINVAL ? NN_ENOMEM : status;
    }
    if (status == NN_OK)
        status = nn_train_on_batch(model, x, t, &logs);
    if (status == NN_OK)
        status = nn_fit(model, data, .batch_size = 2, .validation_data = data);
    if (status == NN_OK)
        status = nn_evaluate(model, data, .batch_size = 3, .result = &logs);
    if (status == NN_OK)
        status = nn_predict(model, data, .result = &out);
    if (status == NN_OK && of->path != NULL)
        status = nn_model_save(model, of->path);
    if (status == NN_OK && of->path != NULL)
        status = nn_model_load(of->path, &loaded);
    if (status == NN_OK && of->path != NULL)
        status = nn_model_load_weights(model, of->path);
    nn_tensor_free(out);
    nn_dataset_free(data);
    nn_model_free(model);
    nn_model_free(loaded);
    return status;
}

/* Each allocation fails once, then all from there on. */
static void sweep(nn_status (*scenario)(const void *self), const void *self)
{
    test_memory_begin();
    ck_assert_msg(scenario(self) == NN_OK, "%s", nn_error_message());
    long count = test_memory_total();
    ck_assert_int_gt(count, 5);
    ck_assert_int_eq(test_memory_live(), 0);
    for (long n = 0; n < count; n++)
        for (int once = 0; once < 2; once++) {
            test_memory_fail(n, once);
            nn_status status = scenario(self);
            test_memory_fail(-1, 0);
            if (status != NN_ENOMEM)
                ck_abort_msg("allocation %ld of %ld fails %s: status %d", n, count,
                             once ? "once" : "for good", (int)status);
            if (test_memory_live() != 0)
                ck_abort_msg("allocation %ld of %ld fails %s: %ld blocks are left", n, count,
                             once ? "once" : "for good", test_memory_live());
        }
    test_memory_end();
}

static int no_sync(int file)
{
    (void)file;
    return 0;
}

START_TEST(any_allocation_may_fail_without_leak_or_crash)
{
    const sample *s = &samples[_i];
    int dims[NN_MAX_RANK] = {5};
    uint64_t state = 107;
    nn_model *model = sample_model(s);
    for (int i = 0; i < s->x.rank; i++)
        dims[i + 1] = s->x.dims[i];
    struct life_of of = {s, nn_tensor_new(NN_F32, dims, s->x.rank + 1),
                         nn_tensor_new(NN_F32, NN_SHAPE(5, (int)y_count(model, 1))),
                         _i % 4 == 0 ? test_path("model.safetensors") : NULL};
    test_fill_reals(nn_tensor_data(of.x), nn_tensor_count(of.x), &state);
    nn_model_free(model);
    nn__io io = nn__posix_io;
    io.fsync = no_sync; /* hundreds of files */
    nn__set_io(&io);
    sweep(life, &of);
    nn__set_io(NULL);
    nn_tensor_free(of.x);
    nn_tensor_free(of.t);
}
END_TEST

Suite *generic_suite(void);
Suite *generic_suite(void)
{
    Suite *suite = TEST_SUITE("generic", every_kind_has_a_sample, tables_say_what_they_must,
                              the_size_of_the_options_struct_tells_its_version);
    TCase *tcase = tcase_create("samples");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, inference_of_a_batch_is_inference_of_its_rows, 0, SAMPLES);
    tcase_add_loop_test(tcase, a_short_batch_is_not_touched_by_what_was_there_before, 0, SAMPLES);
    tcase_add_loop_test(tcase, threads_do_not_change_a_bit_and_fusions_hardly_one, 0, SAMPLES);
    tcase_add_loop_test(tcase, rows_of_a_large_batch_are_those_of_a_small_one, 0, SAMPLES);
    tcase_add_loop_test(tcase, scratch_is_not_written_beyond_what_was_asked_for, 0, SAMPLES);
    tcase_add_loop_test(tcase, a_frozen_layer_passes_gradients_on_and_keeps_its_weights, 0,
                        SAMPLES);
    tcase_add_loop_test(tcase, a_saved_model_is_loaded_as_it_was, 0, SAMPLES);
    tcase_add_loop_test(tcase, any_allocation_may_fail_without_leak_or_crash, 0, SAMPLES);
    suite_add_tcase(suite, tcase);
    return suite;
}
