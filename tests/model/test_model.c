/* Construction: who owns what, names, the first failure, seeds, weights by name. */
#include "test.h"

#include "model/model.h"

static nn_status build_fails(nn_model *model, const char *message)
{
    nn_status status = nn_model_build(model);
    ck_assert_int_ne(status, NN_OK);
    test_message_has(message);
    nn_model_free(model);
    return status;
}

/* ---- Ownership ---- */

START_TEST(a_failed_constructor_inside_sequential_frees_the_others)
{
    test_memory_begin();
    ck_assert_ptr_null(nn_sequential(nn_input(4), nn_dense(3), NULL, nn_dense(2)));
    test_message_has("layer 2");
    ck_assert_int_eq(test_memory_live(), 0);
    long before = test_memory_total();
    nn_model_free(nn_sequential(nn_input(4), nn_dense(3, .name = "named"), nn_dense(2)));
    long count = test_memory_total() - before;
    for (long n = 0; n < count; n++)
        for (int once = 0; once < 2; once++) {
            test_memory_fail(n, once);
            nn_model *model = nn_sequential(nn_input(4), nn_dense(3, .name = "named"), nn_dense(2));
            test_memory_fail(-1, 0);
            if (model != NULL)
                ck_assert_int_eq(nn_model_build(model), NN_ENOMEM);
            nn_model_free(model);
            ck_assert_int_eq(test_memory_live(), 0);
        }
    test_memory_end();
}
END_TEST

START_TEST(a_layer_twice_is_an_error_not_a_double_free)
{
    test_memory_begin();
    nn_layer *layer = nn_dense(4);
    nn_model *model = nn_sequential(nn_input(4), layer, layer);
    ck_assert_int_eq(build_fails(model, "layer 2 (dense) already belongs to a model"), NN_EINVAL);
    layer = nn_dense(4);
    nn_model *first = nn_sequential(nn_input(4), layer);
    nn_model *second = nn_sequential(nn_input(4), layer);
    ck_assert_int_eq(nn_model_build(first), NN_OK);
    ck_assert_int_eq(build_fails(second, "already belongs"), NN_EINVAL);
    layer = nn_dense(4);
    ck_assert_ptr_null(nn_sequential(layer, NULL, layer));
    nn_model_free(first);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(layers_that_no_model_takes_are_freed)
{
    test_memory_begin();
    nn_model *built = nn_sequential(nn_input(4), nn_dense(3));
    ck_assert_int_eq(nn_model_build(built), NN_OK);
    ck_assert_int_eq(nn_model_add(built, nn_dense(2)), NN_ESTATE);
    ck_assert_int_eq(nn_model_add(NULL, nn_dense(2)), NN_EINVAL);
    nn_model *model = nn_model_new(), *other = nn_model_new();
    nn_node none = {NULL, -1, 0};
    nn_node x = nn_model_input(model, 4), z = nn_model_input(other, 4);
    ck_assert_ptr_null(nn_apply(nn_dense(2), none).model);
    ck_assert_ptr_null(nn_merge(nn_add(), x, z).model);
    ck_assert_int_eq(build_fails(model, "belongs to another model"), NN_EINVAL);
    ck_assert_ptr_null(nn_model_input(NULL, 4).model);
    nn_layer_free(nn_dense(5, .name = "never used"));
    nn_layer_free(NULL);
    nn_model_free(other);
    nn_model_free(built);
    nn_model_free(NULL);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(a_null_layer_is_a_failure_the_model_remembers)
{
    nn_model *model = nn_model_new();
    ck_assert_int_eq(nn_model_add(model, nn_input(4)), NN_OK);
    ck_assert_int_eq(nn_model_add(model, NULL), NN_ENOMEM);
    ck_assert_int_eq(nn_model_add(model, nn_dense(3)), NN_ENOMEM);
    ck_assert_int_eq(build_fails(model, "no memory for layer 1"), NN_ENOMEM);
}
END_TEST

/* ---- The first failure sticks ---- */

START_TEST(a_program_that_checks_only_its_last_call_sees_the_first_failure)
{
    nn_model *model = nn_sequential(nn_input(5, 5, 3), nn_conv2d(4, {7, 7}, .name = "far"));
    nn_model_add(model, nn_flatten());
    nn_model_add(model, nn_dense(-3));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_adam(), .loss = nn_mean_squared_error()),
                     NN_ESHAPE);
    nn_fail(NN_EIO, "something else happened in between");
    ck_assert_int_eq(nn_fit(model, NULL), NN_ESHAPE);
    test_message_has("far: kernel 7x7");
    nn_fail(NN_EIO, "something else happened in between");
    ck_assert_int_eq(nn_model_summary(model, stdout), NN_ESHAPE);
    test_message_has("far: kernel 7x7");
    ck_assert_uint_eq(nn_model_weight_count(model), 0);
    ck_assert_ptr_null(nn_model_output_shape(model));
    ck_assert_ptr_null(nn_context(model));
    nn_model_free(model);
}
END_TEST

START_TEST(graphs_without_an_end_or_a_beginning_are_told)
{
    ck_assert_int_eq(build_fails(nn_model_new(), "no layers"), NN_ESTATE);
    ck_assert_int_eq(build_fails(nn_sequential(nn_dense(3)), "dense"), NN_ESTATE);
    nn_model *model = nn_model_new();
    nn_apply(nn_dense(2), nn_model_input(model, 3));
    ck_assert_int_eq(build_fails(model, "no output"), NN_ESTATE);
    model = nn_model_new();
    nn_node a = nn_model_input(model, 3), b = nn_model_input(model, 3);
    nn_model_output(model, nn_apply(nn_dense(2), a));
    ck_assert_int_eq(build_fails(model, "input_layer_1: no layer reads this input"), NN_EINVAL);
    model = nn_model_new();
    a = nn_apply(nn_dense(3), nn_model_input(model, 2, 2));
    b = nn_apply(nn_flatten(), a);
    nn_model_output(model, nn_merge(nn_add(), a, b));
    ck_assert_int_eq(build_fails(model, "add: input 1 is 6, input 0 is 2x3"), NN_ESHAPE);
    model = nn_sequential(nn_input(3, 0, 1), nn_flatten());
    ck_assert_int_eq(build_fails(model, "dimension 1 is 0"), NN_EINVAL);
}
END_TEST

/* ---- Several inputs and outputs ---- */

START_TEST(the_order_of_the_calls_is_the_order_of_inputs_and_outputs)
{
    nn_model *model = nn_model_new();
    nn_node a = nn_model_input(model, 3);
    nn_node x = nn_apply(nn_dense(4, .name = "x"), a);
    nn_node b = nn_model_input(model, 2, 2);
    nn_node y = nn_apply(nn_dense(4, .name = "y"), nn_apply(nn_flatten(), b));
    nn_node z = nn_apply(nn_dense(1, .name = "z"), nn_merge(nn_add(), x, y));
    ck_assert_int_eq(nn_model_output(model, z), NN_OK);
    ck_assert_int_eq(nn_model_output(model, x), NN_OK);
    ck_assert_uint_eq(nn_model_input_count(model), 2);
    ck_assert_uint_eq(nn_model_output_count(model), 2);
    ck_assert_str_eq(nn_model_input_name(model, 0), "input_layer");
    ck_assert_str_eq(nn_model_input_name(model, 1), "input_layer_1");
    ck_assert_ptr_null(nn_model_input_name(model, 2));
    ck_assert_int_eq(nn_model_input_shape_at(model, 1)->rank, 2);
    ck_assert_ptr_eq(nn_model_input_shape(model), nn_model_input_shape_at(model, 0));
    ck_assert_ptr_null(nn_model_input_shape_at(model, 2));
    ck_assert_str_eq(nn_model_output_name(model, 0), "z");
    ck_assert_str_eq(nn_model_output_name(model, 1), "x");
    ck_assert_int_eq(nn_model_output_shape(model)->dims[0], 1);
    ck_assert_int_eq(nn_model_output_shape_at(model, 1)->dims[0], 4);
    ck_assert_ptr_null(nn_model_output_shape_at(model, 2));
    ck_assert_int_eq(nn_model_output(model, y), NN_ESTATE);
    ck_assert_int_eq(nn_model_outputs(model, y), NN_ESTATE);
    nn_model_free(model);
}
END_TEST

START_TEST(outputs_replace_the_end_of_a_chain_and_each_other)
{
    nn_model *model = nn_model_new();
    nn_model_add(model, nn_input(3));
    nn_model_add(model, nn_dense(2, .name = "end"));
    nn_node side = nn_apply(nn_dense(5, .name = "side"), (nn_node){model, 0, 0});
    nn_node other = nn_apply(nn_dense(4, .name = "other"), side);
    nn_model_output(model, side); /* in the place of the chain's end */
    ck_assert_int_eq(nn_model_outputs(model, other, side), NN_OK);
    ck_assert_uint_eq(nn_model_output_count(model), 2);
    ck_assert_str_eq(nn_model_output_name(model, 0), "other");
    nn_model_free(model);
    model = nn_sequential(nn_input(3), nn_dense(2));
    nn_model_output(model, (nn_node){model, 0, 0});
    nn_model_add(model, nn_dense(7, .name = "end")); /* a chain again */
    ck_assert_uint_eq(nn_model_output_count(model), 1);
    ck_assert_str_eq(nn_model_output_name(model, 0), "end");
    nn_model_free(model);
}
END_TEST

START_TEST(a_node_is_an_output_once_and_of_its_own_model)
{
    nn_model *model = nn_model_new(), *foreign = nn_model_new();
    nn_node y = nn_apply(nn_dense(2), nn_model_input(model, 3)), x = nn_model_input(foreign, 3);
    ck_assert_int_eq(nn_model_outputs(model, y, y), NN_EINVAL);
    ck_assert_int_eq(build_fails(model, "output 1 is output 0 already (dense)"), NN_EINVAL);
    model = nn_model_new();
    y = nn_apply(nn_dense(2), nn_model_input(model, 3));
    ck_assert_int_eq(nn_model_outputs(model, y, x), NN_EINVAL);
    ck_assert_int_eq(build_fails(model, "the output is no node of this model"), NN_EINVAL);
    nn_model_free(foreign);
}
END_TEST

/* ---- Names ---- */

START_TEST(names_count_by_kind_and_avoid_given_ones)
{
    static const char *const names[] = {"input_layer", "dense",      "dense_2",
                                        "dense_1",     "activation", "head"};
    nn_model *model =
        nn_sequential(nn_input(4), nn_dense(3), nn_dense(3), nn_dense(3, .name = "dense_1"),
                      nn_activation(NN_RELU), nn_dense(1, .name = "head"));
    ck_assert_int_eq(nn_model_build(model), NN_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_str_eq(model->nodes[i].name, names[i]);
    nn_model_free(model);
    model = nn_sequential(nn_input(4), nn_dense(3, .name = "a"), nn_dense(3, .name = "a"));
    ck_assert_int_eq(build_fails(model, "another layer is named 'a'"), NN_EINVAL);
    model = nn_sequential(nn_input(4), nn_dense(3, .name = "a/b"));
    ck_assert_int_eq(build_fails(model, "'a/b'"), NN_EINVAL);
    model = nn_sequential(nn_input(4), nn_dense(3, .name = ""));
    ck_assert_int_eq(build_fails(model, "''"), NN_EINVAL);
}
END_TEST

START_TEST(options_and_their_strings_are_copied)
{
    char name[8] = "early";
    nn_dense_options options = {.struct_size = sizeof options, .units = 3, .name = name};
    nn_model *model = nn_sequential(nn_input(4), nn_dense_new(&options));
    strcpy(name, "late");
    options.units = 99;
    ck_assert_int_eq(nn_model_output_shape(model)->dims[0], 3);
    ck_assert_str_eq(nn_model_weight_name(model, 0), "early/kernel");
    nn_model_free(model);
}
END_TEST

/* ---- Weights ---- */

START_TEST(weights_are_listed_layer_by_layer_and_read_back)
{
    static const char *const names[] = {"conv2d/kernel",
                                        "conv2d/bias",
                                        "batch_normalization/gamma",
                                        "batch_normalization/beta",
                                        "batch_normalization/moving_mean",
                                        "batch_normalization/moving_variance",
                                        "dense/kernel"};
    nn_real values[40], back[40];
    uint64_t state = 111;
    nn_model *model = nn_sequential(nn_input(4, 4, 2), nn_conv2d(4, {2, 2}), nn_batch_norm(),
                                    nn_dense(5, .no_bias = 1));
    ck_assert_uint_eq(nn_model_weight_count(model), 7);
    for (size_t i = 0; i < 7; i++)
        ck_assert_str_eq(nn_model_weight_name(model, i), names[i]);
    ck_assert_ptr_null(nn_model_weight_name(model, 7));
    ck_assert_uint_eq(nn_model_parameters(model), 32 + 4 + 16 + 20);
    ck_assert_uint_eq(nn_model_trainable_parameters(model), 32 + 4 + 8 + 20);
    const nn_shape *shape = nn_model_weight_shape(model, "conv2d/kernel");
    ck_assert_int_eq(shape->rank, 4);
    ck_assert_int_eq(shape->dims[2], 2);
    ck_assert_int_eq(shape->dims[3], 4);
    test_fill_reals(values, 40, &state);
    ck_assert_int_eq(nn_model_set_weight(model, "dense/kernel", values, 20), NN_OK);
    ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", back, 20), NN_OK);
    ck_assert_mem_eq(values, back, 20 * sizeof *back);
    ck_assert_int_eq(nn_model_set_weight(model, "dense/kernel", values, 19), NN_ESHAPE);
    test_message_has("19 numbers are given, it has 20");
    ck_assert_int_eq(nn_model_set_weight(model, "dense/bias", values, 5), NN_ENOTFOUND);
    test_message_has("dense/bias");
    ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", NULL, 20), NN_EINVAL);
    ck_assert_int_eq(nn_model_get_weight(model, NULL, back, 20), NN_ENOTFOUND);
    ck_assert_ptr_null(nn_model_weight_shape(model, "nothing"));
    nn_model_free(model);
}
END_TEST

START_TEST(snapshots_put_everything_back)
{
    nn_model *model = nn_sequential(nn_input(4), nn_batch_norm(), nn_dense(3));
    ck_assert_uint_eq(nn_model_snapshot_count(model), 0); /* not built yet */
    ck_assert_int_eq(nn_model_build(model), NN_OK);
    size_t count = nn_model_snapshot_count(model);
    nn_real *kept = calloc(2 * count, sizeof *kept), zeros[4] = {0};
    nn_model_snapshot(model, kept);
    ck_assert_int_eq(nn_model_set_weight(model, "batch_normalization/moving_variance", zeros, 4),
                     NN_OK);
    nn_model_restore(model, kept);
    nn_model_snapshot(model, kept + count);
    ck_assert_mem_eq(kept, kept + count, count * sizeof *kept);
    ck_assert(model->values[model->weights[3].offset] == 1);
    free(kept);
    nn_model_free(model);
}
END_TEST

START_TEST(the_seed_draws_the_weights_and_comes_before_the_build)
{
    nn_real w[3][12];
    for (int i = 0; i < 3; i++) {
        nn_model *model = nn_sequential(nn_input(4), nn_dense(3));
        ck_assert_int_eq(nn_model_set_seed(model, i == 1 ? 5 : 0), NN_OK);
        ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", w[i], 12), NN_OK);
        ck_assert_int_eq(nn_model_set_seed(model, 6), NN_ESTATE);
        ck_assert_int_eq(nn_model_set_threads(model, 65), NN_EINVAL);
        ck_assert_int_eq(nn_model_set_name(model, "pictures"), NN_OK);
        ck_assert_str_eq(nn_model_name(model), "pictures");
        ck_assert_int_eq(nn_model_set_name(model, ""), NN_EINVAL);
        nn_model_free(model);
    }
    ck_assert_mem_eq(w[0], w[2], sizeof w[0]);
    ck_assert_mem_ne(w[0], w[1], sizeof w[0]);
}
END_TEST

Suite *model_suite(void);
Suite *model_suite(void)
{
    return TEST_SUITE(
        "model", a_failed_constructor_inside_sequential_frees_the_others,
        a_layer_twice_is_an_error_not_a_double_free, layers_that_no_model_takes_are_freed,
        a_null_layer_is_a_failure_the_model_remembers,
        a_program_that_checks_only_its_last_call_sees_the_first_failure,
        graphs_without_an_end_or_a_beginning_are_told,
        the_order_of_the_calls_is_the_order_of_inputs_and_outputs,
        outputs_replace_the_end_of_a_chain_and_each_other,
        a_node_is_an_output_once_and_of_its_own_model, names_count_by_kind_and_avoid_given_ones,
        options_and_their_strings_are_copied, weights_are_listed_layer_by_layer_and_read_back,
        snapshots_put_everything_back, the_seed_draws_the_weights_and_comes_before_the_build);
}
