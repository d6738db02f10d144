/* Summaries of models, to the byte: what Keras 3.15 prints for them at these widths. */
#include "test.h"

static const char *const graph_text[] = {
    "Model: \"residual\"\n",
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━┓\n",
    "┃ Layer (type)            ┃ Output Shape         ┃      Param # ┃ Connected to         ┃\n",
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━┩\n",
    "│ input_layer             │ (None, 8, 8, 3)      │            0 │ -                    │\n",
    "│ (InputLayer)            │                      │              │                      │\n",
    "├─────────────────────────┼──────────────────────┼──────────────┼──────────────────────┤\n",
    "│ conv2d (Conv2D)         │ (None, 8, 8, 4)      │          112 │ input_layer[0][0]    │\n",
    "├─────────────────────────┼──────────────────────┼──────────────┼──────────────────────┤\n",
    "│ conv2d_1 (Conv2D)       │ (None, 8, 8, 4)      │          148 │ conv2d[0][0]         │\n",
    "├─────────────────────────┼──────────────────────┼──────────────┼──────────────────────┤\n",
    "│ batch_normalization     │ (None, 8, 8, 4)      │           16 │ conv2d_1[0][0]       │\n",
    "│ (BatchNormalization)    │                      │              │                      │\n",
    "├─────────────────────────┼──────────────────────┼──────────────┼──────────────────────┤\n",
    "│ conv2d_2 (Conv2D)       │ (None, 8, 8, 4)      │           20 │ conv2d[0][0]         │\n",
    "├─────────────────────────┼──────────────────────┼──────────────┼──────────────────────┤\n",
    "│ add (Add)               │ (None, 8, 8, 4)      │            0 │ batch_normalization… │\n",
    "│                         │                      │              │ conv2d_2[0][0],      │\n",
    "│                         │                      │              │ conv2d[0][0]         │\n",
    "├─────────────────────────┼──────────────────────┼──────────────┼──────────────────────┤\n",
    "│ activation (Activation) │ (None, 8, 8, 4)      │            0 │ add[0][0]            │\n",
    "├─────────────────────────┼──────────────────────┼──────────────┼──────────────────────┤\n",
    "│ flatten (Flatten)       │ (None, 256)          │            0 │ activation[0][0]     │\n",
    "├─────────────────────────┼──────────────────────┼──────────────┼──────────────────────┤\n",
    "│ dense (Dense)           │ (None, 5)            │        1,285 │ flatten[0][0]        │\n",
    "└─────────────────────────┴──────────────────────┴──────────────┴──────────────────────┘\n",
    " Total params: 1,581 (6.18 KB)\n",
    " Trainable params: 1,573 (6.14 KB)\n",
    " Non-trainable params: 8 (32.00 B)\n",
    NULL};

static const char *const wide_graph_text[] = {
    "Model: \"residual\"\n",
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━",
    "┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓\n",
    "┃ Layer (type)                  ┃ Output Shape              ",
    "┃         Param # ┃ Connected to               ┃\n",
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━",
    "╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩\n",
    "│ input_layer (InputLayer)      │ (None, 8, 8, 3)           ",
    "│               0 │ -                          │\n",
    "├───────────────────────────────┼───────────────────────────",
    "┼─────────────────┼────────────────────────────┤\n",
    "│ conv2d (Conv2D)               │ (None, 8, 8, 4)           ",
    "│             112 │ input_layer[0][0]          │\n",
    "├───────────────────────────────┼───────────────────────────",
    "┼─────────────────┼────────────────────────────┤\n",
    "│ conv2d_1 (Conv2D)             │ (None, 8, 8, 4)           ",
    "│             148 │ conv2d[0][0]               │\n",
    "├───────────────────────────────┼───────────────────────────",
    "┼─────────────────┼────────────────────────────┤\n",
    "│ batch_normalization           │ (None, 8, 8, 4)           ",
    "│              16 │ conv2d_1[0][0]             │\n",
    "│ (BatchNormalization)          │                           ",
    "│                 │                            │\n",
    "├───────────────────────────────┼───────────────────────────",
    "┼─────────────────┼────────────────────────────┤\n",
    "│ conv2d_2 (Conv2D)             │ (None, 8, 8, 4)           ",
    "│              20 │ conv2d[0][0]               │\n",
    "├───────────────────────────────┼───────────────────────────",
    "┼─────────────────┼────────────────────────────┤\n",
    "│ add (Add)                     │ (None, 8, 8, 4)           ",
    "│               0 │ batch_normalization[0][0], │\n",
    "│                               │                           ",
    "│                 │ conv2d_2[0][0],            │\n",
    "│                               │                           ",
    "│                 │ conv2d[0][0]               │\n",
    "├───────────────────────────────┼───────────────────────────",
    "┼─────────────────┼────────────────────────────┤\n",
    "│ activation (Activation)       │ (None, 8, 8, 4)           ",
    "│               0 │ add[0][0]                  │\n",
    "├───────────────────────────────┼───────────────────────────",
    "┼─────────────────┼────────────────────────────┤\n",
    "│ flatten (Flatten)             │ (None, 256)               ",
    "│               0 │ activation[0][0]           │\n",
    "├───────────────────────────────┼───────────────────────────",
    "┼─────────────────┼────────────────────────────┤\n",
    "│ dense (Dense)                 │ (None, 5)                 ",
    "│           1,285 │ flatten[0][0]              │\n",
    "└───────────────────────────────┴───────────────────────────",
    "┴─────────────────┴────────────────────────────┘\n",
    " Total params: 1,581 (6.18 KB)\n",
    " Trainable params: 1,573 (6.14 KB)\n",
    " Non-trainable params: 8 (32.00 B)\n",
    NULL,
};

static const char *const frozen_graph_text[] = {
    "Model: \"residual\"\n",
    "┏━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━┓\n",
    "┃ Layer (type)         ┃ Output Shape       ┃     Param # ┃ Connected to      ┃ Train… ┃\n",
    "┡━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━┩\n",
    "│ input_layer          │ (None, 8, 8, 3)    │           0 │ -                 │   -    │\n",
    "│ (InputLayer)         │                    │             │                   │        │\n",
    "├──────────────────────┼────────────────────┼─────────────┼───────────────────┼────────┤\n",
    "│ conv2d (Conv2D)      │ (None, 8, 8, 4)    │         112 │ input_layer[0][0] │   N    │\n",
    "├──────────────────────┼────────────────────┼─────────────┼───────────────────┼────────┤\n",
    "│ conv2d_1 (Conv2D)    │ (None, 8, 8, 4)    │         148 │ conv2d[0][0]      │   Y    │\n",
    "├──────────────────────┼────────────────────┼─────────────┼───────────────────┼────────┤\n",
    "│ batch_normalization  │ (None, 8, 8, 4)    │          16 │ conv2d_1[0][0]    │   N    │\n",
    "│ (BatchNormalization) │                    │             │                   │        │\n",
    "├──────────────────────┼────────────────────┼─────────────┼───────────────────┼────────┤\n",
    "│ conv2d_2 (Conv2D)    │ (None, 8, 8, 4)    │          20 │ conv2d[0][0]      │   Y    │\n",
    "├──────────────────────┼────────────────────┼─────────────┼───────────────────┼────────┤\n",
    "│ add (Add)            │ (None, 8, 8, 4)    │           0 │ batch_normalizat… │   -    │\n",
    "│                      │                    │             │ conv2d_2[0][0],   │        │\n",
    "│                      │                    │             │ conv2d[0][0]      │        │\n",
    "├──────────────────────┼────────────────────┼─────────────┼───────────────────┼────────┤\n",
    "│ activation           │ (None, 8, 8, 4)    │           0 │ add[0][0]         │   -    │\n",
    "│ (Activation)         │                    │             │                   │        │\n",
    "├──────────────────────┼────────────────────┼─────────────┼───────────────────┼────────┤\n",
    "│ flatten (Flatten)    │ (None, 256)        │           0 │ activation[0][0]  │   -    │\n",
    "├──────────────────────┼────────────────────┼─────────────┼───────────────────┼────────┤\n",
    "│ dense (Dense)        │ (None, 5)          │       1,285 │ flatten[0][0]     │   Y    │\n",
    "└──────────────────────┴────────────────────┴─────────────┴───────────────────┴────────┘\n",
    " Total params: 1,581 (6.18 KB)\n",
    " Trainable params: 1,453 (5.68 KB)\n",
    " Non-trainable params: 128 (512.00 B)\n",
    NULL};

static const char *const frozen_chain_text[] = {
    "Model: \"sequential\"\n",
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━┓\n",
    "┃ Layer (type)                     ┃ Output Shape              ┃      Param # ┃ Train… ┃\n",
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━┩\n",
    "│ conv2d (Conv2D)                  │ (None, 6, 6, 4)           │          112 │   N    │\n",
    "├──────────────────────────────────┼───────────────────────────┼──────────────┼────────┤\n",
    "│ batch_normalization              │ (None, 6, 6, 4)           │           16 │   Y    │\n",
    "│ (BatchNormalization)             │                           │              │        │\n",
    "├──────────────────────────────────┼───────────────────────────┼──────────────┼────────┤\n",
    "│ flatten (Flatten)                │ (None, 144)               │            0 │   -    │\n",
    "├──────────────────────────────────┼───────────────────────────┼──────────────┼────────┤\n",
    "│ dense (Dense)                    │ (None, 5)                 │          725 │   Y    │\n",
    "└──────────────────────────────────┴───────────────────────────┴──────────────┴────────┘\n",
    " Total params: 853 (3.33 KB)\n",
    " Trainable params: 733 (2.86 KB)\n",
    " Non-trainable params: 120 (480.00 B)\n",
    NULL};

/* The branch with the longer way to the output is added last: Keras sorts by depth. */
static nn_model *residual(void)
{
    nn_model *model = nn_model_new();
    nn_model_set_name(model, "residual");
    nn_node a = nn_apply(nn_conv2d(4, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
                         nn_model_input(model, 8, 8, 3));
    nn_node s = nn_apply(nn_conv2d(4, {1, 1}, .name = "conv2d_2"), a);
    nn_node b = nn_apply(nn_conv2d(4, {3, 3}, .padding = NN_SAME), a);
    b = nn_apply(nn_batch_norm(), b);
    nn_node c = nn_apply(nn_activation(NN_RELU), nn_merge(nn_add(), b, s, a));
    nn_model_output(model, nn_apply(nn_dense(5, NN_SOFTMAX), nn_apply(nn_flatten(), c)));
    return model;
}

/* A stream into memory and what was written. */
static char *text;
static size_t text_size;

static FILE *stream_open(void)
{
    FILE *stream = open_memstream(&text, &text_size);
    ck_assert_ptr_nonnull(stream);
    return stream;
}

static void text_is(FILE *stream, const char *const *lines)
{
    const char *at;
    fclose(stream);
    at = text;
    for (int i = 0; lines[i] != NULL; i++) {
        ck_assert_msg(strncmp(at, lines[i], strlen(lines[i])) == 0, "line %d differs:\n%s", i + 1,
                      text);
        at += strlen(lines[i]);
    }
    ck_assert_str_eq(at, "");
    free(text);
}

START_TEST(a_graph_has_connections_and_the_order_of_keras)
{
    nn_model *model = residual();
    FILE *stream = stream_open();
    ck_assert_int_eq(nn_model_summary(model, stream), NN_OK);
    text_is(stream, graph_text);
    stream = stream_open();
    ck_assert_int_eq(nn_summary(model, .stream = stream, .line_length = 108), NN_OK);
    text_is(stream, wide_graph_text);
    ck_assert_int_eq(nn_model_set_trainable(model, "conv2d", 0), NN_OK);
    ck_assert_int_eq(nn_model_set_trainable(model, "batch_normalization", 0), NN_OK);
    stream = stream_open();
    ck_assert_int_eq(nn_summary(model, stream, .show_trainable = 1), NN_OK);
    text_is(stream, frozen_graph_text);
    nn_model_free(model);
}
END_TEST

static nn_model *chain(void)
{
    return nn_sequential(nn_input(8, 8, 3), nn_conv2d(4, {3, 3}), nn_batch_norm(), nn_flatten(),
                         nn_dense(5));
}

START_TEST(a_chain_shows_what_is_trained)
{
    nn_model *model = chain();
    ck_assert_int_eq(nn_model_set_trainable(model, "conv2d", 0), NN_OK);
    FILE *stream = stream_open();
    ck_assert_int_eq(nn_summary(model, stream, .show_trainable = 1), NN_OK);
    text_is(stream, frozen_chain_text);
    nn_model_free(model);
}
END_TEST

START_TEST(one_call_prints_summary_and_plan)
{
    nn_model *model = chain();
    char *both, *apart;
    FILE *stream = stream_open();
    ck_assert_int_eq(nn_summary(model, stream, .plan_batch = 16), NN_OK);
    fclose(stream);
    both = text;
    stream = stream_open();
    ck_assert_int_eq(nn_model_summary(model, stream), NN_OK);
    ck_assert_int_eq(nn_model_print_plan(model, 16, stream), NN_OK);
    fclose(stream);
    apart = text;
    ck_assert_str_eq(both, apart);
    ck_assert_ptr_nonnull(strstr(both, "batch 16"));
    free(both);
    free(apart);
    nn_model_free(model);
}
END_TEST

START_TEST(wrong_options_are_refused)
{
    nn_model *model = chain();
    ck_assert_int_eq(nn_summary(model, .line_length = 87), NN_EINVAL);
    test_message_has("line_length is 87");
    ck_assert_int_eq(nn_summary(model, .line_length = 1001), NN_EINVAL);
    ck_assert_int_eq(nn_summary(model, .plan_batch = -1), NN_EINVAL);
    ck_assert_int_eq(nn_model_print_summary(&(nn_summary_options){.model = model}), NN_EINVAL);
    ck_assert_int_eq(nn_summary(NULL), NN_EINVAL);
    ck_assert_int_eq(nn_model_summary(model, NULL), NN_EINVAL);
    ck_assert_int_eq(nn_model_dot(model, NULL), NN_EINVAL);
    nn_model_free(model);
}
END_TEST

/* ---- Graphviz ---- */

START_TEST(dot_has_a_box_for_each_layer_and_an_arrow_for_each_input)
{
    nn_model *model = residual();
    ck_assert_int_eq(nn_model_set_trainable(model, "conv2d", 0), NN_OK);
    FILE *stream = stream_open();
    ck_assert_int_eq(nn_model_dot(model, stream), NN_OK);
    fclose(stream);
    int boxes = 0, arrows = 0;
    for (const char *at = text; (at = strstr(at, "[label=")) != NULL; at++)
        boxes++;
    for (const char *at = text; (at = strstr(at, " -> ")) != NULL; at++)
        arrows++;
    ck_assert_int_eq(boxes, 9);
    ck_assert_int_eq(arrows, 10);
    ck_assert_ptr_nonnull(strstr(text, "digraph \"residual\" {"));
    ck_assert_ptr_nonnull(strstr(text, "<b>conv2d</b> (Conv2D), frozen"));
    ck_assert_ptr_nonnull(strstr(text, "<b>batch_normalization</b> (BatchNormalization)<"));
    ck_assert_ptr_nonnull(strstr(text, "(None, 8, 8, 4)<br/>(None, 8, 8, 4)<br/>(None, 8, 8, 4)"));
    ck_assert_ptr_nonnull(strstr(text, "<td>1285</td>"));
    free(text);
    nn_model_free(model);
}
END_TEST

START_TEST(dot_escapes_what_graphviz_would_read)
{
    nn_model *model = nn_sequential(nn_input(2), nn_dense(1, .name = "a<b> & \"c\""));
    nn_model_set_name(model, "say \"x\\\"");
    FILE *stream = stream_open();
    ck_assert_int_eq(nn_model_dot(model, stream), NN_OK);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(text, "<b>a&lt;b&gt; &amp; &quot;c&quot;</b>"));
    ck_assert_ptr_nonnull(strstr(text, "digraph \"say \\\"x\\\\\\\"\" {"));
    free(text);
    nn_model_free(model);
}
END_TEST

Suite *summary_suite(void);
Suite *summary_suite(void)
{
    return TEST_SUITE("summary", a_graph_has_connections_and_the_order_of_keras,
                      a_chain_shows_what_is_trained, one_call_prints_summary_and_plan,
                      wrong_options_are_refused,
                      dot_has_a_box_for_each_layer_and_an_arrow_for_each_input,
                      dot_escapes_what_graphviz_would_read);
}
