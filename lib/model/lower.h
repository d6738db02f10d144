/* From the graph to steps. */
#ifndef NN__MODEL_LOWER_H
#define NN__MODEL_LOWER_H

#include "fusions/steps.h"
#include "model/model.h"

/* Lowers a built model for one mode and batch size, with the losses of its outputs or without. On
 * failure the program is empty. */
nn_status nn__lower(nn_model *model, int training, int batch, int with_losses, int no_fusion,
                    nn__program *program);
void nn__program_free(nn__program *program);

#endif
