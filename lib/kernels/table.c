/* The table of one level: every kernel of kernels.def under this level's name. */
#include "kernels/kernels.h"

extern const nn__kernel_table KERNEL(kernel_table);

const nn__kernel_table KERNEL(kernel_table) = {
#define NN__KERNEL(type, name, arguments) .name = KERNEL(name),
#include "kernels/kernels.def"
#undef NN__KERNEL
};
