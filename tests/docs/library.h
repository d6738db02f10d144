/* What parts of files of the library stand in: the list of layers is open for one more. */
#include "layers/layer.h"

#define NN__KIND_OF(name) extern const nn_layer_kind nn__##name##_layer;
