/* A dataset whose rows a function makes. */
#include "data/dataset.h"
#include "data/names.h"

#include <string.h>

typedef struct made {
    nn_function_data_options o;
    size_t x_size, y_size;
    const char **names;
} made;

static nn_status made_call(const made *m, size_t row, nn_real *x, nn_real *y, int *label)
{
    int status = m->o.function(m->o.user, row, x, y, label);
    if (status > 0)
        return nn_fail(NN_EUSER, "function_data: the function returned %d for row %zu", status,
                       row);
    NN_TRY((nn_status)status);
    if (label != NULL && (*label < 0 || *label >= m->o.classes))
        return nn_fail(NN_EINVAL, "function_data: row %zu: class %d is outside 0..%d", row, *label,
                       m->o.classes - 1);
    return NN_OK;
}

static nn_status made_read(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                           int32_t *classes)
{
    const made *m = self;
    for (size_t i = 0; i < count; i++) {
        int label = -1, wanted = m->o.classes > 0 && (y != NULL || classes != NULL);
        nn_real *values = y != NULL ? y + i * m->y_size : NULL;
        NN_TRY(made_call(m, indices[i], x + i * m->x_size, m->o.one_hot ? NULL : values,
                         wanted ? &label : NULL));
        if (classes != NULL)
            classes[i] = label;
        if (values != NULL && m->o.one_hot) {
            memset(values, 0, m->y_size * sizeof *values);
            values[label] = 1;
        }
    }
    return NN_OK;
}

/* A row whose function fails has no class. */
static int made_label(void *self, size_t row)
{
    const made *m = self;
    int label = -1;
    return m->o.classes > 0 && made_call(m, row, NULL, NULL, &label) == NN_OK ? label : -1;
}

static void made_release(void *self)
{
    made *m = self;
    nn__free(m->names);
    nn__free(m);
}

static nn_status made_check(nn_function_data_options *o)
{
    const char *what = "function_data";
    if (o->function == NULL)
        return nn_fail(NN_EINVAL, "%s: function must be given", what);
    NN_TRY(nn__dataset_choice(o->one_hot, 1, what, "one_hot"));
    NN_TRY(nn__names_classes(&o->class_names, what, &o->classes));
    if (o->classes > 0 && o->y.rank != 0)
        return nn_fail(NN_EINVAL, "%s: y is both values and classes", what);
    if (o->one_hot && o->classes == 0)
        return nn_fail(NN_EINVAL, "%s: one_hot is for classes, and there are none", what);
    return NN_OK;
}

NN__NO_TAIL_PADDING(nn_function_data_options, class_names);

nn_dataset *nn_function_data_new(const nn_function_data_options *options)
{
    static const nn_dataset_kind kind = {sizeof kind, "function_data", made_read, made_label,
                                         made_release};
    nn_function_data_options o;
    if (nn__options_read(&o, sizeof o, options, kind.name) != NN_OK || made_check(&o) != NN_OK)
        return NULL;
    made *m = nn__alloc(sizeof *m, "a dataset of a function");
    if (m == NULL)
        return NULL;
    if (nn__names_copy(&o.class_names, kind.name, &m->names) != NN_OK) {
        made_release(m);
        return NULL;
    }
    nn_dataset_info info = {.struct_size = sizeof info,
                            .rows = o.rows,
                            .x = o.x,
                            .y = o.y,
                            .classes = o.classes,
                            .has_targets = o.classes > 0 || o.y.rank > 0,
                            .class_names = m->names};
    if (o.one_hot)
        info.y = (nn_shape){1, {o.classes}};
    m->o = o;
    m->x_size = nn__shape_count(&info.x);
    m->y_size = nn__shape_count(&info.y);
    return nn_dataset_new(&kind, m, &info);
}
