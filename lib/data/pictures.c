/* Pictures kept as bytes: see pictures.h. */
#include "data/pictures.h"

#include "data/dataset.h"
#include "kernels/kernels.h"

nn__pictures *nn__pictures_new(size_t rows, const nn_shape *shape, int classes)
{
    nn__pictures *p = nn__alloc(sizeof *p, "pictures");
    if (p == NULL)
        return NULL;
    p->rows = rows;
    p->size = nn__shape_count(shape);
    p->classes = classes;
    p->pixels = nn__alloc_array(rows, p->size, "pictures");
    p->labels = p->pixels != NULL ? nn__alloc(rows, "labels of pictures") : NULL;
    if (p->labels == NULL) {
        nn__pictures_free(p);
        return NULL;
    }
    return p;
}

void nn__pictures_free(void *pictures)
{
    nn__pictures *p = pictures;
    if (p == NULL)
        return;
    nn__free(p->labels);
    nn__free(p->pixels);
    nn__free(p);
}

nn_dataset *nn__pictures_dataset(nn__pictures *pictures, const nn_dataset_kind *kind,
                                 const nn_shape *shape, int one_hot, const char *const *class_names)
{
    nn_dataset_info info = {.struct_size = sizeof info,
                            .rows = pictures->rows,
                            .x = *shape,
                            .classes = pictures->classes,
                            .has_targets = 1,
                            .class_names = class_names};
    pictures->one_hot = one_hot;
    if (one_hot)
        info.y = (nn_shape){1, {pictures->classes}};
    return nn__dataset_in_memory(nn_dataset_new(kind, pictures, &info));
}

nn_status nn__pictures_read(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                            int32_t *classes)
{
    const nn__pictures *p = self;
    size_t width = (size_t)p->classes;
    for (size_t i = 0; i < count; i++) {
        size_t row = indices[i];
        nn__kernels->bytes_to_real(x + i * p->size, p->pixels + row * p->size, 255.0, p->size);
        for (size_t k = 0; y != NULL && k < width; k++)
            y[i * width + k] = (nn_real)(k == p->labels[row]);
        if (classes != NULL)
            classes[i] = p->labels[row];
    }
    return NN_OK;
}

int nn__pictures_label(void *self, size_t row)
{
    const nn__pictures *p = self;
    return p->labels[row];
}
