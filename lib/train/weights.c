/*
 * Weights of rows, given row by row or by class. They multiply a row's loss and gradient and do not
 * enter the divisor: the mean is one over rows, as in Keras.
 */
#include <math.h>

#include "data/dataset.h"
#include "train/training.h"

nn_status nn__sample_weight_check(const nn_tensor *weights, size_t rows, const char *what)
{
    if (weights == NULL)
        return NN_OK;
    if (nn_tensor_dtype(weights) != NN_F32 || nn_tensor_count(weights) != rows)
        return nn_fail(NN_ESHAPE, "%s: sample_weight has %zu numbers, %zu of f32 are needed", what,
                       nn_tensor_count(weights), rows);
    const nn_real *values = nn_tensor_read(weights);
    for (size_t i = 0; i < rows; i++)
        if (!isfinite(values[i]))
            return nn_fail(NN_EINVAL, "%s: sample_weight of row %zu is %g", what, i,
                           (double)values[i]);
    return NN_OK;
}

nn_status nn__class_weight_check(const nn_model *model, nn_class_weight_list list,
                                 const nn_tensor *sample_weight, const char *what)
{
    if (list.count == 0)
        return NN_OK;
    if (sample_weight != NULL)
        return nn_fail(NN_EINVAL, "%s: class_weight and sample_weight exclude each other", what);
    if (model->head_count != 1 || nn__model_output(model, 0)->output.rank != 1)
        return nn_fail(NN_ESHAPE, "%s: class_weight needs one output, a vector", what);
    for (size_t i = 0; i < list.count; i++)
        if (!isfinite(list.items[i]))
            return nn_fail(NN_EINVAL, "%s: class_weight of class %zu is %g", what, i,
                           list.items[i]);
    return NN_OK;
}

/* The class of a row of the batch: the target itself, the largest of several, or a number. */
static long row_class(const nn_context *context, int row)
{
    const nn__output_rows *output = &context->outputs[0];
    const size_t width = nn__context_width(context, 0);
    if (nn__loss_kind(context->model->heads[0].loss)->takes_classes)
        return output->classes[row];
    const nn_real *y = output->targets + (size_t)row * width;
    if (width == 1)
        return y[0] >= 0 && y[0] < (nn_real)1e9 ? lround((double)y[0]) : -1;
    size_t largest = 0;
    for (size_t j = 1; j < width; j++)
        if (y[j] > y[largest])
            largest = j;
    return (long)largest;
}

void nn__weigh_batch(nn_context *context, const nn__row_weights *weights, int rows)
{
    const nn_real *by_row = nn_tensor_read(weights->sample);
    const size_t classes = weights->classes.count;
    context->weighted = by_row != NULL || classes > 0;
    for (int i = 0; i < rows && context->weighted; i++) {
        long class = by_row == NULL ? row_class(context, i) : 0;
        context->weights[i] = by_row != NULL ? (double)by_row[context->indices[i]]
                              : class >= 0 && (size_t) class < classes
                                  ? weights->classes.items[class]
                                  : 1;
    }
}
