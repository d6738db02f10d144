/* Datasets over tensors: x as it stands or bytes, y classes or values. */
#include "data/arrays.h"
#include "kernels/kernels.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* The tensors' elements; the tensors are the caller's, or our own. */
typedef struct arrays {
    int x_dtype, y_dtype;
    int classes, one_hot;  /* classes 0: y is values or absent */
    size_t x_size, y_size; /* elements per row                 */
    const void *x, *y;     /* x[n][x_size], y[n][y_size]       */
    double divisor;
    const char *where; /* begins messages about classes            */
    nn_tensor *own_x, *own_y;
    const char **names; /* of the classes, our own                  */
} arrays;

/* The class of a row as it stands in y. */
static int arrays_class(const arrays *a, size_t row)
{
    if (a->y_dtype == NN_U8)
        return ((const unsigned char *)a->y)[row];
    return ((const int32_t *)a->y)[row];
}

int nn__arrays_label(void *self, size_t row)
{
    const arrays *a = self;
    return a->classes > 0 ? arrays_class(a, row) : -1;
}

static void arrays_read_x(const arrays *a, size_t row, nn_real *x)
{
    size_t first = row * a->x_size;
    if (a->x_dtype == NN_U8) {
        const unsigned char *bytes = a->x;
        nn__kernels->bytes_to_real(x, bytes + first, a->divisor, a->x_size);
        return;
    }
    const nn_real *values = (const nn_real *)a->x + first;
    if (a->divisor == 1) {
        memcpy(x, values, a->x_size * sizeof *x);
        return;
    }
    for (size_t i = 0; i < a->x_size; i++)
        x[i] = (nn_real)((double)values[i] / a->divisor);
}

/* Classes were checked at the start; a caller who has changed them since is told, not followed. */
static nn_status arrays_check_class(const arrays *a, size_t row)
{
    int class_ = arrays_class(a, row);
    if (class_ < 0 || class_ >= a->classes)
        return nn_fail(NN_EINVAL, "%s: row %zu: class %d is outside 0..%d", a->where, row, class_,
                       a->classes - 1);
    return NN_OK;
}

nn_status nn__arrays_read(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                          int32_t *classes)
{
    const arrays *a = self;
    size_t width = a->one_hot ? (size_t)a->classes : a->y_size;
    for (size_t i = 0; i < count; i++) {
        size_t row = indices[i];
        arrays_read_x(a, row, x + i * a->x_size);
        if (a->classes > 0 && (y != NULL || classes != NULL))
            NN_TRY(arrays_check_class(a, row));
        if (classes != NULL)
            classes[i] = arrays_class(a, row);
        if (y != NULL && a->one_hot) {
            memset(y + i * width, 0, width * sizeof *y);
            y[i * width + (size_t)arrays_class(a, row)] = 1;
        } else if (y != NULL) {
            memcpy(y + i * width, (const nn_real *)a->y + row * width, width * sizeof *y);
        }
    }
    return NN_OK;
}

void nn__arrays_release(void *self)
{
    arrays *a = self;
    nn_tensor_free(a->own_x);
    nn_tensor_free(a->own_y);
    nn__free(a->names);
    nn__free(a);
}

static const nn_dataset_kind arrays_kind = NN__ARRAYS_KIND("arrays");

/* ---- Construction --------------------------------------------------------------------------- */

/* The shape of one row; a tensor of rank 1 has rows of one element. */
static nn_shape row_shape(const nn_tensor *tensor)
{
    nn_shape shape = {nn_tensor_rank(tensor) - 1, {0}};
    for (int i = 0; i < shape.rank; i++)
        shape.dims[i] = nn_tensor_dim(tensor, i + 1);
    if (shape.rank == 0)
        shape = (nn_shape){1, {1}};
    return shape;
}

static nn_status arrays_take_x(arrays *a, const nn_arrays_options *o, nn_dataset_info *info)
{
    if (o->x == NULL)
        return nn_fail(NN_EINVAL, "arrays: x must be given");
    a->x_dtype = nn_tensor_dtype(o->x);
    if (a->x_dtype != NN_F32 && a->x_dtype != NN_U8)
        return nn_fail(NN_ESHAPE, "arrays: x is i32; it must be f32 or u8");
    a->divisor = o->divisor == 0 && !signbit(o->divisor) ? 1 : o->divisor;
    if (!isfinite(a->divisor) || a->divisor == 0)
        return nn_fail(NN_EINVAL, "arrays: divisor is %g; it must be finite and not zero",
                       a->divisor);
    info->rows = (size_t)nn_tensor_dim(o->x, 0);
    info->x = row_shape(o->x);
    a->x_size = nn__shape_count(&info->x);
    a->x = nn_tensor_read(o->x);
    return NN_OK;
}

/* y as classes: their number, and that each is below it. */
static nn_status arrays_take_classes(arrays *a, const nn_arrays_options *o, nn_dataset_info *info)
{
    if (a->y_size != 1)
        return nn_fail(NN_ESHAPE, "%s: y is %s with %zu elements per row; classes are 1 per row",
                       a->where, a->y_dtype == NN_U8 ? "u8" : "i32", a->y_size);
    if (o->classes < 0)
        return nn_fail(NN_EINVAL, "arrays: classes is %d; it must not be negative", o->classes);
    int largest = o->classes > 0 ? o->classes - 1 : 0;
    for (size_t i = 0; i < info->rows; i++) {
        int class_ = arrays_class(a, i);
        if (class_ < 0 || class_ == INT_MAX || (o->classes > 0 && class_ > largest))
            return nn_fail(NN_EINVAL, "%s: row %zu: class %d is outside 0..%d", a->where, i, class_,
                           o->classes > 0 ? largest : INT_MAX - 1);
        largest = class_ > largest ? class_ : largest;
    }
    a->classes = info->classes = largest + 1;
    a->one_hot = o->one_hot;
    info->y = (nn_shape){0, {0}};
    if (o->one_hot)
        info->y = (nn_shape){1, {a->classes}};
    return NN_OK;
}

static nn_status arrays_take_y(arrays *a, const nn_arrays_options *o, nn_dataset_info *info)
{
    NN_TRY(nn__dataset_choice(o->one_hot, 1, "arrays", "one_hot"));
    a->y_dtype = o->y != NULL ? nn_tensor_dtype(o->y) : NN_F32;
    if (a->y_dtype == NN_F32 && (o->one_hot || o->classes != 0))
        return nn_fail(NN_EINVAL, "arrays: %s is for classes, but y is %s",
                       o->one_hot ? "one_hot" : "classes", o->y != NULL ? "f32" : "not given");
    if (o->y == NULL)
        return NN_OK;
    size_t rows = (size_t)nn_tensor_dim(o->y, 0);
    if (rows != info->rows)
        return nn_fail(NN_ESHAPE, "arrays: x has %zu rows, y has %zu", info->rows, rows);
    info->has_targets = 1;
    info->y = row_shape(o->y);
    a->y_size = nn__shape_count(&info->y);
    a->y = nn_tensor_read(o->y);
    return a->y_dtype == NN_F32 ? NN_OK : arrays_take_classes(a, o, info);
}

static arrays *arrays_new(const char *where)
{
    arrays *a = nn__alloc(sizeof *a, "a dataset of arrays");
    if (a != NULL)
        a->where = where;
    return a;
}

static void own_free(const nn__own_arrays *own)
{
    nn_tensor_free(own->x);
    nn_tensor_free(own->y);
    nn__free(own->names);
}

nn_dataset *nn__arrays_own(const nn_dataset_kind *kind, const nn__own_arrays *own,
                           const nn_arrays_options *options)
{
    nn_dataset_info info = {.struct_size = sizeof info, .class_names = own->names};
    nn_arrays_options o = *options;
    arrays *a = arrays_new(own->y_where);
    if (a == NULL) {
        own_free(own);
        return NULL;
    }
    o.x = a->own_x = own->x;
    o.y = a->own_y = own->y;
    a->names = own->names;
    if (arrays_take_x(a, &o, &info) != NN_OK || arrays_take_y(a, &o, &info) != NN_OK) {
        nn__arrays_release(a);
        return NULL;
    }
    a->where = kind->name;
    if (own->append) {
        if (info.x.rank == NN_MAX_RANK) {
            nn_fail(NN_ENOTSUP, "%s: rows of %d dimensions get no channels", own->x_where,
                    NN_MAX_RANK);
            nn__arrays_release(a);
            return NULL;
        }
        info.x.dims[info.x.rank++] = 1;
    }
    return nn__dataset_in_memory(nn_dataset_new(kind, a, &info));
}

NN__NO_TAIL_PADDING(nn_arrays_options, one_hot);

nn_dataset *nn_arrays_new(const nn_arrays_options *options)
{
    nn_dataset_info info = {.struct_size = sizeof info};
    nn_arrays_options o;
    if (nn__options_read(&o, sizeof o, options, "arrays") != NN_OK)
        return NULL;
    arrays *a = arrays_new("arrays");
    if (a == NULL)
        return NULL;
    if (arrays_take_x(a, &o, &info) != NN_OK || arrays_take_y(a, &o, &info) != NN_OK) {
        nn__free(a);
        return NULL;
    }
    return nn__dataset_in_memory(nn_dataset_new(&arrays_kind, a, &info));
}
