/* A case of a golden file: its description, its tensors, and how numbers are compared. */
#include "golden.h"

/* ---- Open and close ---- */

static void *remember(golden_case *c, void *block)
{
    c->memory = realloc(c->memory, (c->blocks + 1) * sizeof *c->memory);
    ck_assert_ptr_nonnull(block);
    return c->memory[c->blocks++] = block;
}

void *golden_alloc(golden_case *c, size_t count, size_t size)
{
    return remember(c, calloc(count + 1, size));
}

golden_case golden_open(const char *path, size_t index)
{
    golden_case c = {.path = path};
    ck_assert_msg(nn__safetensors_open(path, NULL, &c.file) == NN_OK, "%s", nn_error_message());
    const char *text = nn__safetensors_metadata(c.file, "cases");
    ck_assert_msg(text != NULL, "%s: there is no list of cases", path);
    ck_assert_msg(nn__json_parse(text, strlen(text), NULL, path, &c.json) == NN_OK, "%s",
                  nn_error_message());
    c.node = nn__json_item(c.json, 0, index);
    c.name = nn__json_string(c.json, golden_member(&c, "name"));
    ck_assert_msg(c.name != NULL, "%s: case %zu has no name", path, index);
    int single = sizeof(nn_real) == sizeof(float) || golden_int(&c, "single");
    c.unit = single ? 0x1p-24 : 0x1p-53;
    return c;
}

void golden_close(golden_case *c)
{
    if (getenv("NN_GOLDEN_NAMES") != NULL)
        printf("%s: %s: %.2g of the error that is allowed\n", c->path, c->name, c->worst);
    for (size_t i = 0; i < c->blocks; i++)
        free(c->memory[i]);
    free(c->memory);
    nn__json_free(c->json);
    nn__safetensors_close(c->file);
}

/* ---- The description ---- */

uint32_t golden_member(const golden_case *c, const char *name)
{
    return nn__json_member(c->json, c->node, name);
}

int golden_int(const golden_case *c, const char *name)
{
    int64_t value = 0;
    int flag = 0;
    nn__json_integer(c->json, golden_member(c, name), &value);
    nn__json_bool(c->json, golden_member(c, name), &flag);
    return flag || value != 0 ? (flag ? 1 : (int)value) : 0;
}

void golden_check(const golden_case *c, nn_status status)
{
    if (status != NN_OK)
        ck_abort_msg("%s: %s: %s", c->path, c->name, nn_error_message());
}

void *golden_object(const golden_case *c, uint32_t node, size_t size, const nn_kind *const *kinds)
{
    const nn_kind *kind =
        nn__kind_from_json(c->json, node, (nn_kind_list){NULL, 0}, kinds, c->name);
    if (kind == NULL)
        ck_abort_msg("%s: %s", c->path, nn_error_message());
    nn__object *object = nn__object_new(size, kind, NULL);
    ck_assert_ptr_nonnull(object);
    golden_check(c, nn__object_from_json(object, c->json, nn__json_member(c->json, node, "options"),
                                         c->name));
    return object;
}

/* ---- Tensors ---- */

static const nn__tensor_info *find(golden_case *c, const char *format, va_list list)
    NN_PRINTF(2, 0);

static const nn__tensor_info *find(golden_case *c, const char *format, va_list list)
{
    int length = snprintf(c->text, sizeof c->text, "%s/", c->name);
    vsnprintf(c->text + length, sizeof c->text - (size_t)length, format, list);
    return nn__safetensors_find(c->file, c->text);
}

int golden_has(golden_case *c, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const nn__tensor_info *tensor = find(c, format, list);
    va_end(list);
    return tensor != NULL;
}

const nn__tensor_info *golden_tensor(golden_case *c, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const nn__tensor_info *tensor = find(c, format, list);
    va_end(list);
    if (tensor == NULL)
        ck_abort_msg("%s: there is no tensor '%s'", c->path, c->text);
    return tensor;
}

double *golden_doubles(golden_case *c, const nn__tensor_info *tensor)
{
    double *values = golden_alloc(c, (size_t)tensor->count, sizeof *values);
    golden_check(c, nn__safetensors_read_doubles(c->file, tensor, values, (size_t)tensor->count));
    return values;
}

nn_real *golden_reals(golden_case *c, const nn__tensor_info *tensor)
{
    nn_real *values = golden_alloc(c, (size_t)tensor->count, sizeof *values);
    if (tensor->dtype == NN__I64) {
        const int32_t *classes = golden_classes(c, tensor);
        for (size_t i = 0; i < tensor->count; i++)
            values[i] = (nn_real)classes[i];
    } else
        golden_check(c, nn__safetensors_read_reals(c->file, tensor, values, (size_t)tensor->count));
    return values;
}

int32_t *golden_classes(golden_case *c, const nn__tensor_info *tensor)
{
    int64_t *wide = golden_alloc(c, (size_t)tensor->count, sizeof *wide);
    int32_t *values = golden_alloc(c, (size_t)tensor->count, sizeof *values);
    golden_check(c, nn__safetensors_read_integers(c->file, tensor, wide, (size_t)tensor->count));
    for (size_t i = 0; i < tensor->count; i++)
        values[i] = (int32_t)wide[i];
    return values;
}

nn_tensor *golden_borrow(const golden_case *c, const nn__tensor_info *tensor, void *values)
{
    int dims[NN_MAX_RANK];
    for (int i = 0; i < tensor->rank; i++)
        dims[i] = (int)tensor->dims[i];
    nn_tensor *made =
        nn_tensor_borrow(tensor->dtype == NN__I64 ? NN_I32 : NN_F32, values, dims, tensor->rank);
    ck_assert_msg(made != NULL, "%s: %s", c->name, nn_error_message());
    return made;
}

/* ---- Comparing ---- */

/* c->text is the tensor's name. */
static void compare(golden_case *c, const nn__tensor_info *tensor, const double *have, size_t count)
{
    double units = 0;
    uint32_t errors = golden_member(c, "errors");
    nn__json_number(c->json, nn__json_member(c->json, errors, c->text + strlen(c->name) + 1),
                    &units);
    if (tensor->count != count)
        ck_abort_msg("%s: '%s' has %zu numbers, Keras has %zu", c->path, c->text, count,
                     (size_t)tensor->count);
    const double *want = golden_doubles(c, tensor), allowed = units * c->unit;
    for (size_t i = 0; i < count; i++) {
        double error = fabs(have[i] - want[i]);
        if (!(error <= allowed) && !(isnan(have[i]) && isnan(want[i])) && have[i] != want[i])
            ck_abort_msg("%s: '%s'[%zu] is %.17g, Keras has %.17g; %.3g apart, %.3g is allowed",
                         c->path, c->text, i, have[i], want[i], error, allowed);
        if (allowed > 0 && error / allowed > c->worst)
            c->worst = error / allowed;
    }
}

void golden_compare(golden_case *c, const nn_real *have, size_t count, const char *format, ...)
{
    va_list list;
    double *wide = golden_alloc(c, count, sizeof *wide);
    for (size_t i = 0; i < count; i++)
        wide[i] = (double)have[i];
    va_start(list, format);
    const nn__tensor_info *tensor = find(c, format, list);
    va_end(list);
    if (tensor == NULL)
        ck_abort_msg("%s: Keras has no '%s'", c->path, c->text);
    compare(c, tensor, wide, count);
}

void golden_compare_doubles(golden_case *c, const double *have, size_t count, const char *format,
                            ...)
{
    va_list list;
    va_start(list, format);
    const nn__tensor_info *tensor = find(c, format, list);
    va_end(list);
    if (tensor == NULL)
        ck_abort_msg("%s: Keras has no '%s'", c->path, c->text);
    compare(c, tensor, have, count);
}
