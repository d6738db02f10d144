/*
 * Summaries. The case says
 *
 *   "architecture"       the model, as text in JSON, as in model files
 *   "optimizer"          where there is one, the model is trained for a step before it is shown
 *   "line_length", "show_trainable"
 *   "text", or "file"    what Keras prints, or the file beside this one that holds it
 */
#include "optimizers/optimizer.h"
#include "text.h"

/* One row of zeros through the model and back. */
static void train_once(golden_case *c, nn_model *model, uint32_t optimizer)
{
    nn_shape shapes[2] = {*nn_model_input_shape(model), *nn_model_output_shape(model)};
    nn_tensor *rows[2];
    for (int i = 0; i < 2; i++) {
        int dims[NN_MAX_RANK] = {1};
        memcpy(dims + 1, shapes[i].dims, (size_t)shapes[i].rank * sizeof *dims);
        rows[i] = nn_tensor_new(NN_F32, dims, shapes[i].rank + 1);
        ck_assert_ptr_nonnull(rows[i]);
    }
    nn_optimizer *made = golden_object(c, optimizer, sizeof(nn_optimizer), nn__optimizer_kinds);
    golden_check(c, nn_compile(model, .optimizer = made, .loss = nn_mean_squared_error()));
    golden_check(c, nn_train_on_batch(model, rows[0], rows[1], NULL));
    for (int i = 0; i < 2; i++)
        nn_tensor_free(rows[i]);
}

static const char *wanted(golden_case *c)
{
    const char *name = golden_string(c, "file"), *end = strrchr(c->path, '/');
    if (name == NULL)
        return golden_string(c, "text");
    size_t size = strlen(c->path) + strlen(name) + 2;
    char *path = golden_alloc(c, size, 1);
    snprintf(path, size, "%.*s%s", end == NULL ? 0 : (int)(end - c->path + 1), c->path, name);
    return golden_file_text(c, path);
}

void golden_summary(golden_case *c)
{
    golden_text t;
    nn_model *model = NULL;
    golden_check(c, nn__architecture_model(golden_string(c, "architecture"), c->path,
                                           (nn_kind_list){NULL, 0}, &model));
    uint32_t optimizer = golden_member(c, "optimizer");
    if (optimizer != NN__JSON_NONE)
        train_once(c, model, optimizer);
    golden_text_open(&t);
    golden_check(c, nn_summary(model, t.stream, .line_length = golden_int(c, "line_length"),
                               .show_trainable = golden_int(c, "show_trainable")));
    golden_text_is(c, &t, wanted(c), "the summary");
    golden_text_close(&t);
    nn_model_free(model);
}
