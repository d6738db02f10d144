/* The fusions: each looks through a program and rewrites what it recognises. */
#ifndef NN__FUSIONS_FUSIONS_H
#define NN__FUSIONS_FUSIONS_H

#include "fusions/steps.h"

#define NN__FUSION(name) void nn__fuse_##name(nn__program *program);
#include "fusions/kinds.def"
#undef NN__FUSION

#endif
