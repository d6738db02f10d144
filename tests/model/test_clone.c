/* Models made of models: same layers, same names, nothing shared. */
#include "test.h"

#include "model/model.h"

static nn_model *branched(void)
{
    nn_model *model = nn_model_new();
    nn_model_set_name(model, "branched");
    nn_model_set_seed(model, 5);
    nn_node x = nn_model_input(model, 6, 6, 2);
    nn_node a = nn_apply(nn_conv2d(4, {3, 3}, .padding = NN_SAME, .activation = NN_RELU), x);
    nn_node b = nn_apply(nn_conv2d(4, {1, 1}), x);
    nn_node c = nn_apply(nn_batch_norm(.epsilon = NN_ZERO, .momentum = NN_ZERO), b);
    nn_node d = nn_apply(nn_dense(3, NN_TANH), nn_apply(nn_flatten(), c));
    nn_node e = nn_apply(nn_dense(3, .name = "skip"), nn_apply(nn_flatten(), a));
    nn_model_output(model, nn_apply(nn_softmax(), nn_merge(nn_add(), d, e)));
    return model;
}

static void predict(nn_model *model, nn_real *y)
{
    nn_real x[3 * 72];
    uint64_t state = 3;
    test_fill_reals(x, 3 * 72, &state);
    nn_context *context = nn_context(model, .batch_size = 3);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    ck_assert_int_eq(nn_context_predict(context, x, 3, y), NN_OK);
    nn_context_free(context);
}

static void same_layers(nn_model *a, nn_model *b)
{
    ck_assert_str_eq(nn_model_name(a), nn_model_name(b));
    ck_assert_uint_eq(nn_model_layer_count(a), nn_model_layer_count(b));
    for (size_t i = 0; i < nn_model_layer_count(a); i++) {
        const char *name = nn_model_layer_name(a, i);
        ck_assert_str_eq(name, nn_model_layer_name(b, i));
        ck_assert_int_eq(nn_model_trainable(a, name), nn_model_trainable(b, name));
    }
    ck_assert_uint_eq(nn_model_weight_count(a), nn_model_weight_count(b));
    for (size_t i = 0; i < nn_model_weight_count(a); i++)
        ck_assert_str_eq(nn_model_weight_name(a, i), nn_model_weight_name(b, i));
}

START_TEST(a_copy_predicts_the_same_and_lives_alone)
{
    nn_real want[9], have[9], bias[3] = {1, 2, 3};
    nn_model *model = branched();
    ck_assert_int_eq(nn_model_set_weight(model, "skip/bias", bias, 3), NN_OK);
    ck_assert_int_eq(nn_model_set_trainable(model, "conv2d_1", 0), NN_OK);
    predict(model, want);
    nn_model *copy = nn_model_copy(model);
    ck_assert_ptr_nonnull(copy);
    same_layers(model, copy);
    nn_real other[3] = {0, 9, 0};
    ck_assert_int_eq(nn_model_set_weight(model, "skip/bias", other, 3), NN_OK);
    nn_model_free(model);
    predict(copy, have);
    ck_assert_mem_eq(want, have, sizeof want);
    nn_dataset *data = nn_drawings(.rows = 10);
    ck_assert_int_eq(nn_fit(copy, data), NN_ESTATE); /* not compiled */
    nn_dataset_free(data);
    nn_model_free(copy);
}
END_TEST

START_TEST(a_clone_has_fresh_weights_of_its_seed)
{
    nn_real first[9], have[9], bias[3] = {1, 2, 3};
    nn_model *model = branched();
    predict(model, first);
    ck_assert_int_eq(nn_model_set_weight(model, "skip/bias", bias, 3), NN_OK);
    nn_model *same = nn_model_clone(model, 5), *other = nn_model_clone(model, 6);
    same_layers(model, same);
    same_layers(model, other);
    predict(same, have);
    ck_assert_mem_eq(first, have, sizeof have);
    predict(other, have);
    ck_assert_mem_ne(first, have, sizeof have);
    nn_model_free(same);
    nn_model_free(other);
    nn_model_free(model);
}
END_TEST

/* A zero that was meant, where the default is another number, is not filled in a second time. */
START_TEST(options_survive_as_they_are)
{
    nn_model *model = branched(), *copy = nn_model_copy(model);
    for (int i = 0; i < model->node_count; i++) {
        const nn__object *a = &model->nodes[i].layer->object, *b = &copy->nodes[i].layer->object;
        ck_assert_ptr_eq(a->kind, b->kind);
        for (size_t k = 0; k < a->kind->option_count; k++) {
            const nn_option *option = &a->kind->options[k];
            size_t bytes = option->type == NN_OPTION_DOUBLE ? sizeof(double) : sizeof(int);
            if (option->type != NN_OPTION_STRING)
                ck_assert_mem_eq((char *)a->options + option->offset,
                                 (char *)b->options + option->offset, bytes);
        }
    }
    const double *momentum = nn__option_field(&copy->nodes[3].layer->object, "momentum", NULL);
    ck_assert(*momentum == 0);
    nn_model_free(model);
    nn_model_free(copy);
}
END_TEST

START_TEST(until_takes_the_named_layer_and_what_it_needs)
{
    static const char *const names[] = {"input_layer", "conv2d_1", "batch_normalization"};
    nn_real want[4] = {1, 2, 3, 4}, have[4];
    nn_model *loaded = NULL, *model = branched();
    ck_assert_int_eq(nn_model_set_weight(model, "conv2d_1/bias", want, 4), NN_OK);
    ck_assert_int_eq(nn_model_set_trainable(model, "conv2d_1", 0), NN_OK);
    nn_model *part = nn_model_until(model, "batch_normalization");
    ck_assert_msg(part != NULL, "%s", nn_error_message());
    nn_model_free(model);
    ck_assert_uint_eq(nn_model_layer_count(part), 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_str_eq(nn_model_layer_name(part, i), names[i]);
    ck_assert_int_eq(nn_model_trainable(part, "conv2d_1"), 0);
    ck_assert_int_eq(nn_model_output_shape(part)->rank, 3);
    ck_assert_int_eq(nn_model_get_weight(part, "conv2d_1/bias", have, 4), NN_OK);
    ck_assert_mem_eq(want, have, sizeof want);
    /* The counted names are kept in files, too. */
    ck_assert_int_eq(nn_model_save(part, test_path("part.nn")), NN_OK);
    ck_assert_msg(nn_model_load(test_path("part.nn"), &loaded) == NN_OK, "%s", nn_error_message());
    same_layers(part, loaded);
    nn_model_free(loaded);
    nn_model_free(part);
}
END_TEST

/* The part's output is what the whole model hands from that layer to the next one. */
START_TEST(until_gives_the_inner_values)
{
    static nn_real x[2 * 48], inner[2 * 12], head[2 * 3], whole[2 * 3];
    uint64_t state = 8;
    test_fill_reals(x, 2 * 48, &state);
    nn_model *model = nn_sequential(nn_input(4, 4, 3), nn_conv2d(3, {3, 3}, .activation = NN_RELU),
                                    nn_flatten(), nn_dropout(.rate = 0.5), nn_dense(3));
    nn_model *part = nn_model_until(model, "dropout");
    nn_model *rest = nn_sequential(nn_input(12), nn_dense(3));
    nn_real kernel[36];
    ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", kernel, 36), NN_OK);
    ck_assert_int_eq(nn_model_set_weight(rest, "dense/kernel", kernel, 36), NN_OK);
    nn_context *a = nn_context(model, .batch_size = 2), *b = nn_context(part, .batch_size = 2),
               *c = nn_context(rest, .batch_size = 2);
    ck_assert_int_eq(nn_context_predict(a, x, 2, whole), NN_OK);
    ck_assert_int_eq(nn_context_predict(b, x, 2, inner), NN_OK);
    ck_assert_int_eq(nn_context_predict(c, inner, 2, head), NN_OK);
    ck_assert_mem_eq(whole, head, sizeof head);
    nn_context_free(a);
    nn_context_free(b);
    nn_context_free(c);
    nn_model_free(model);
    nn_model_free(part);
    nn_model_free(rest);
}
END_TEST

/* ---- Own kinds ---- */

typedef struct times_options {
    size_t struct_size;
    double factor; /* in the table  */
    int untold;    /* in no table   */
    int reserved;
    const char *remark; /* in the table  */
} times_options;

static nn_status times_infer(nn_infer *infer)
{
    infer->output = infer->inputs[0];
    return NN_OK;
}

static void times_forward(const nn_pass *pass)
{
    const times_options *o = pass->options;
    for (int i = 0; i < pass->rows * pass->y_shape->dims[0]; i++)
        pass->y[i] = (nn_real)o->factor * pass->x[0][i] + (nn_real)o->untold;
}

static const nn_option times_fields[] = {
    {.name = "factor",
     .type = NN_OPTION_DOUBLE,
     .offset = offsetof(times_options, factor),
     .fallback = 3},
    {.name = "remark", .type = NN_OPTION_STRING, .offset = offsetof(times_options, remark)},
};

static const nn_layer_kind times_kind = {
    .kind = {sizeof(nn_layer_kind), "times", "Times", sizeof(times_options), times_fields, 2},
    .infer = times_infer,
    .forward = times_forward,
};

START_TEST(own_kinds_are_cloned_with_all_their_options)
{
    char remark[] = "mine";
    nn_real x[2] = {1, 2}, y[2];
    times_options options = {
        .struct_size = sizeof options, .factor = NN_ZERO, .untold = 4, .remark = remark};
    nn_model *model = nn_sequential(nn_input(2), nn_layer_new(&times_kind, &options));
    nn_model *copy = nn_model_copy(model);
    ck_assert_msg(copy != NULL, "%s", nn_error_message());
    nn_model_free(model);
    nn_context *context = nn_context(copy, .batch_size = 1);
    ck_assert_int_eq(nn_context_predict(context, x, 1, y), NN_OK);
    ck_assert(y[0] == 4 && y[1] == 4);
    ck_assert_str_eq(nn__option_string(&copy->nodes[1].layer->object, "remark"), "mine");
    nn_context_free(context);
    nn_model_free(copy);
}
END_TEST

START_TEST(failures_are_told)
{
    nn_model *model = branched(), *broken = nn_sequential(nn_input(2), nn_dense(0));
    ck_assert_ptr_null(nn_model_until(model, "conv3d"));
    test_message_has("until: the model has no layer 'conv3d'");
    ck_assert_ptr_null(nn_model_until(model, "input_layer"));
    test_message_has("'input_layer' is an input");
    ck_assert_ptr_null(nn_model_clone(NULL, 0));
    ck_assert_ptr_null(nn_model_copy(broken));
    test_message_has("dense: units must be given");
    nn_model_free(model);
    nn_model_free(broken);
}
END_TEST

START_TEST(every_failing_allocation_is_an_error)
{
    test_memory_begin();
    nn_model *model = branched();
    ck_assert_int_eq(nn_model_build(model), NN_OK);
    long live = test_memory_live();
    int done = 0;
    for (int n = 0; !done; n++) {
        test_memory_fail(n, 1);
        nn_model *copy = nn_model_copy(model);
        nn_model *part = nn_model_until(model, "dense");
        test_memory_fail(-1, 1);
        done = copy != NULL && part != NULL;
        nn_model_free(copy);
        nn_model_free(part);
        ck_assert_int_eq(test_memory_live(), live);
    }
    nn_model_free(model);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *clone_suite(void);
Suite *clone_suite(void)
{
    return TEST_SUITE("clone", a_copy_predicts_the_same_and_lives_alone,
                      a_clone_has_fresh_weights_of_its_seed, options_survive_as_they_are,
                      until_takes_the_named_layer_and_what_it_needs, until_gives_the_inner_values,
                      own_kinds_are_cloned_with_all_their_options, failures_are_told,
                      every_failing_allocation_is_an_error);
}
