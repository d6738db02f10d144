/*
 * Subject "adapt": a Normalization layer, named "layer" among the nodes of "model", adapted to
 * data[n][...]. Compared are its mean and variance, and inference/y of "rows" rows x/0.
 */
#include "golden.h"

static void compare_weight(golden_case *c, nn_model *model, const char *layer, const char *name)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", layer, name);
    const nn__weight *weight = nn__model_weight(model, full);
    ck_assert_msg(weight != NULL, "%s: no weight '%s'", c->name, full);
    golden_compare(c, model->values + weight->offset, weight->count, "%s", name);
}

void golden_adapt(golden_case *c)
{
    const nn__tensor_info *info = golden_tensor(c, "data");
    const char *layer = nn__json_string(c->json, golden_member(c, "layer"));
    int rows = golden_int(c, "rows");
    nn_model *model = golden_model(c, 0, rows);
    nn_tensor *x = golden_borrow(c, info, golden_reals(c, info));
    nn_dataset *data = nn_arrays(.x = x);
    golden_check(c, nn_normalization_adapt(model, layer, data));
    compare_weight(c, model, layer, "mean");
    compare_weight(c, model, layer, "variance");
    nn_context *context = nn_context(model, .batch_size = rows);
    size_t count = probe_count(nn_model_output_shape(model)) * (size_t)rows;
    nn_real *y = golden_alloc(c, count, sizeof *y);
    golden_check(c, nn_context_predict(context, golden_reals(c, golden_tensor(c, "x/0")), rows, y));
    golden_compare(c, y, count, "inference/y");
    nn_context_free(context);
    nn_dataset_free(data);
    nn_tensor_free(x);
    nn_model_free(model);
}
