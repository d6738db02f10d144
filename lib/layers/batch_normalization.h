/* BatchNormalization's run, for the fusions that give it another place for y and dy. */
#ifndef NN__LAYERS_BATCH_NORMALIZATION_H
#define NN__LAYERS_BATCH_NORMALIZATION_H

#include "kernels/kernels.h"
#include "layers/layer.h"

/* The cut into parts, and the memory of a run. */
typedef struct nn__batch_norm_run {
    int rows, rows_per_part, parts;
    size_t c, lines;      /* channels; lines of c numbers in a row        */
    double *part_sums;    /* [parts][2][c]: mean and m2, or the two sums  */
    double *total;        /* [2][c]: the same of all parts                */
    nn_real *factors;     /* [3][c]: s and t; a, b and d                  */
    nn_real *mean, *rstd; /* [c] each, in what is kept                    */

    /* What makes y of a part, given the run, and where a part's dy lies. The layer's own are of the
     * pass's y and dy. */
    nn_task *apply;
    nn__pooled_dy (*dy_of_part)(const nn_pass *, const struct nn__batch_norm_run *, int part,
                                int worker);
    const nn_real *(*whole_dy_of_part)(const nn_pass *, const struct nn__batch_norm_run *, int part,
                                       int worker); /* written out */
    void *owner;                                    /* of these functions */
} nn__batch_norm_run;

nn__batch_norm_run nn__batch_norm_begin(const nn_pass *pass);
/* The lines of a part; *first is the first of them. */
size_t nn__batch_norm_lines(const nn__batch_norm_run *run, int part, size_t *first);
/* Bytes of the largest part of a run over x. */
size_t nn__batch_norm_part_bytes(const nn_shape *x);
/* y = x scale + shift with the moving statistics; weights are the layer's. */
void nn__batch_norm_moving_factors(const nn_batch_norm_options *options, nn_real *const *weights,
                                   nn_real *scale, nn_real *shift, size_t c);
void nn__batch_norm_forward(const nn_pass *pass, nn__batch_norm_run *run);
void nn__batch_norm_backward(const nn_pass *pass, nn__batch_norm_run *run);

#endif
