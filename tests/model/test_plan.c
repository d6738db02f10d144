/* The memory plan: blocks that are alive at one time never share memory, in the models that we
 * know and in random graphs; and a run in that memory gives what a run without sharing gives. */
#include "test.h"

#include "model/context.h"

enum { MOST_OUTPUTS = 3 };

static nn_model *deep(void)
{
    return nn_sequential(
        nn_input(32, 32, 3), nn_conv2d(32, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
        nn_batch_norm(), nn_max_pool2d({2, 2}), nn_dropout(.rate = 0.25),
        nn_conv2d(64, {3, 3}, .padding = NN_SAME, .activation = NN_RELU), nn_batch_norm(),
        nn_max_pool2d({2, 2}), nn_dropout(.rate = 0.25), nn_flatten(), nn_dense(256, NN_RELU),
        nn_batch_norm(), nn_dropout(.rate = 0.5), nn_dense(10, NN_SOFTMAX));
}

/* 4x4x2 everywhere: each node takes one or more earlier ones. One to three outputs, and where there
 * are several, two inputs. */
static nn_model *random_graph(uint64_t *state, int outputs)
{
    nn_model *model = nn_model_new();
    nn_node nodes[24] = {nn_model_input(model, 4, 4, 2)};
    if (outputs > 1)
        nodes[0] = nn_merge(nn_add(), nodes[0], nn_model_input(model, 4, 4, 2), nodes[0]);
    int count = test_random_int(state, 3, 20);
    for (int i = 1; i <= count; i++) {
        nn_node x = nodes[test_random_int(state, i > 4 ? i - 4 : 0, i - 1)];
        nn_node z = nodes[test_random_int(state, 0, i - 1)];
        switch (test_random_int(state, 0, 9)) {
        case 0:
            nodes[i] = nn_apply(nn_conv2d(2, {3, 3}, .padding = NN_SAME, .activation = NN_RELU), x);
            break;
        case 1:
            nodes[i] = nn_apply(nn_dense(2, NN_TANH), x);
            break;
        case 2:
            nodes[i] = nn_apply(nn_batch_norm(), x);
            break;
        case 3:
            nodes[i] = nn_apply(nn_dropout(.rate = 0.25), x);
            break;
        case 4:
            nodes[i] = nn_apply(nn_activation(NN_SIGMOID), x);
            break;
        case 5:
            nodes[i] = nn_apply(nn_rescaling(.scale = 0.5, .offset = 0.1), x);
            break;
        case 6:
            nodes[i] = nn_apply(nn_softmax(), x);
            break;
        case 7:
            nodes[i] = nn_apply(nn_max_pool2d({2, 2}, {1, 1}, .padding = NN_SAME), x);
            break;
        case 8:
            nodes[i] = nn_merge(nn_add(), x, z);
            break;
        default:
            nodes[i] = nn_merge(nn_add(), x, z, nodes[i - 1]);
            break;
        }
    }
    nn_model_output(model, nodes[count]);
    for (int k = 1; k < outputs; k++) { /* others, from anywhere */
        int other = test_random_int(state, 0, count - 1);
        while (k > 1 && model->heads[1].node == nodes[other].index)
            other = (other + 1) % count;
        nn_model_output(model, nodes[other]);
    }
    return model;
}

static void check_plan(const nn__plan *plan, int steps)
{
    for (int i = 0; i < plan->block_count; i++) {
        const nn__block *a = &plan->blocks[i];
        ck_assert_uint_eq(a->offset % 64, 0);
        ck_assert_uint_le(a->offset + a->bytes, plan->bytes);
        ck_assert(a->first >= 0 && a->first <= a->last && a->last <= 2 * steps);
        for (int j = 0; j < i; j++) {
            const nn__block *b = &plan->blocks[j];
            int meet = a->first <= b->last && b->first <= a->last;
            int overlap = a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
            if (meet && overlap)
                ck_abort_msg("%s of step %d (%d..%d) lies over %s of step %d (%d..%d)", a->what,
                             a->step, a->first, a->last, b->what, b->step, b->first, b->last);
        }
    }
}

/* The same plan without any sharing: every block has a place of its own. */
static void spread(nn__plan *plan)
{
    plan->bytes = 0;
    for (int i = 0; i < plan->block_count; i++) {
        plan->blocks[i].offset = plan->bytes;
        plan->bytes += plan->blocks[i].bytes;
    }
}

/* Mean squared errors, as many as it has outputs. */
static void compile(nn_model *model)
{
    nn_loss *losses[MOST_OUTPUTS];
    nn_compile_options o = {.struct_size = sizeof o, .model = model, .optimizer = nn_sgd()};
    o.losses = (nn_loss_list){losses, nn_model_output_count(model)};
    for (size_t k = 0; k < o.losses.count; k++)
        losses[k] = nn_mean_squared_error();
    ck_assert_msg(nn_model_compile(&o) == NN_OK, "%s", nn_error_message());
}

static void check_model(nn_model *model, int batch)
{
    compile(model);
    for (int training = 0; training < 2; training++)
        for (int no_fusion = 0; no_fusion < 2; no_fusion++)
            for (int loss = training; loss < 2; loss++) {
                nn__program program;
                nn__plan plan;
                ck_assert_int_eq(nn__lower(model, training, batch, loss, no_fusion, &program),
                                 NN_OK);
                ck_assert_int_eq(nn__plan_make(model, &program, &plan), NN_OK);
                check_plan(&plan, program.step_count);
                nn__plan_free(&plan);
                nn__program_free(&program);
            }
}

START_TEST(blocks_alive_together_never_overlap_in_deep)
{
    nn_model *model = deep();
    check_model(model, 32);
    nn_model_free(model);
}
END_TEST

START_TEST(blocks_alive_together_never_overlap_in_random_graphs)
{
    uint64_t state = 121;
    for (int round = 0; round < 300; round++) {
        nn_model *model = random_graph(&state, 1 + round % MOST_OUTPUTS);
        check_model(model, 3);
        nn_model_free(model);
    }
}
END_TEST

/* The plan is worth its name: less than two thirds of what the blocks need side by side. */
START_TEST(sharing_saves_memory)
{
    nn_model *model = deep();
    nn__program program;
    nn__plan plan;
    ck_assert_int_eq(nn_model_build(model), NN_OK);
    ck_assert_int_eq(nn__lower(model, 0, 32, 0, 0, &program), NN_OK);
    ck_assert_int_eq(nn__plan_make(model, &program, &plan), NN_OK);
    size_t shared = plan.bytes;
    spread(&plan);
    ck_assert_uint_lt(3 * shared, 2 * plan.bytes);
    nn__plan_free(&plan);
    nn__program_free(&program);
    nn_model_free(model);
}
END_TEST

/* ---- Sharing changes no result: each gradient, against the plain formula layer by layer ---- */

enum { ROWS = 3, COUNT = ROWS * 32 };

/* y and p get the sum of all outputs. */
static void sum_of(nn_real *y, nn_real outputs[MOST_OUTPUTS][COUNT], size_t count)
{
    memset(y, 0, COUNT * sizeof *y);
    for (size_t k = 0; k < count; k++)
        for (int i = 0; i < COUNT; i++)
            y[i] += outputs[k][i];
}

static void run(nn_model *model, const nn_real *x, const nn_real *t, int no_fusion, nn_real *y,
                nn_real *p, nn_real *g)
{
    static nn_real outputs[MOST_OUTPUTS][COUNT];
    const nn_real *const xs[2] = {x, t};
    nn_real *const ys[MOST_OUTPUTS] = {outputs[0], outputs[1], outputs[2]};
    const size_t count = nn_model_output_count(model);
    nn_context *context =
        nn_context(model, .batch_size = ROWS, .training = 1, .threads = 1, .no_fusion = no_fusion);
    nn_tensor *targets = nn_tensor_borrow_const(NN_F32, t, NN_SHAPE(ROWS, 32));
    nn_real *kept = calloc(model->value_count, sizeof *kept);
    nn_model_snapshot(model, kept); /* batch norm's averages move */
    const nn_tensor *const ts[MOST_OUTPUTS] = {targets, targets, targets};
    ck_assert_int_eq(nn_context_predict_many(context, xs, ROWS, ys), NN_OK);
    sum_of(p, outputs, count);
    ck_assert_int_eq(nn_context_forward_many(context, xs, ROWS, ys), NN_OK);
    sum_of(y, outputs, count);
    ck_assert_int_eq(nn_context_backward_many(context, ts, NULL), NN_OK);
    memcpy(g, context->gradients, model->parameter_values * sizeof *g);
    nn_model_restore(model, kept);
    free(kept);
    nn_tensor_free(targets);
    nn_context_free(context);
}

static void close_to(const nn_real *a, const nn_real *b, size_t count, const char *what, int round)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)(a[i] - b[i])) <= 2e-4 * fmax(1, fabs((double)a[i]))))
            ck_abort_msg("graph %d, %s: element %zu is %g fused and %g apart", round, what, i,
                         (double)a[i], (double)b[i]);
}

START_TEST(random_graphs_give_the_same_numbers_fused_and_apart)
{
    static nn_real x[COUNT], t[COUNT], y[2][COUNT], p[2][COUNT], g[2][4096];
    uint64_t state = 122;
    for (int round = 0; round < 300; round++) {
        nn_model *model = random_graph(&state, 1 + round % MOST_OUTPUTS);
        compile(model);
        test_fill_reals(x, COUNT, &state);
        test_fill_reals(t, COUNT, &state);
        memset(g, 0, sizeof g);
        ck_assert_uint_lt(model->parameter_values, 4096);
        for (int i = 0; i < 2; i++)
            run(model, x, t, i, y[i], p[i], g[i]);
        close_to(y[0], y[1], COUNT, "y", round);
        close_to(p[0], p[1], COUNT, "prediction", round);
        close_to(g[0], g[1], model->parameter_values, "gradient", round);
        nn_model_free(model);
    }
}
END_TEST

START_TEST(the_plan_can_be_printed_before_anything_is_allocated)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    nn_model *model = deep();
    ck_assert_int_eq(nn_model_print_plan(model, 32, stream), NN_OK);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(text, "batch 32"));
    ck_assert_ptr_nonnull(strstr(text, "conv2d_1"));
    ck_assert_ptr_nonnull(strstr(text, "total "));
    ck_assert_int_eq(nn_model_print_plan(model, 0, stdout), NN_EINVAL);
    ck_assert_int_eq(nn_model_print_plan(model, 1, NULL), NN_EINVAL);
    free(text);
    nn_model_free(model);
}
END_TEST

Suite *plan_suite(void);
Suite *plan_suite(void)
{
    return TEST_SUITE("plan", blocks_alive_together_never_overlap_in_deep,
                      blocks_alive_together_never_overlap_in_random_graphs, sharing_saves_memory,
                      random_graphs_give_the_same_numbers_fused_and_apart,
                      the_plan_can_be_printed_before_anything_is_allocated);
}
