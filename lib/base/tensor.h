/* Tensors from inside. */
#ifndef NN__BASE_TENSOR_H
#define NN__BASE_TENSOR_H

#include "base/base.h"
#include "nn/tensor.h"

struct nn_tensor {
    int dtype;
    int owns;       /* data is freed with the tensor */
    nn_shape shape; /* the row dimension included    */
    void *data;     /* NULL where it may only be read */
    const void *read;
};

/* Bytes of an element; 0 for an unknown type. */
size_t nn__element_size(int dtype);
const char *nn__element_name(int dtype);

#endif
