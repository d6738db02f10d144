/*
 * Mean and variance of a dataset into a Normalization layer. Rows are read in batches; the moments of
 * a batch, about its own mean, are joined to those before by Keras's rule: with the shares a of the
 * old numbers and b of the new ones
 *   mean' = a mean + b mean_b,  var' = a (var + (mean - mean')^2) + b (var_b + (mean_b - mean')^2)
 * All in double.
 */
#include <string.h>

#include "data/dataset.h"
#include "layers/normalization.h"
#include "model/model.h"
#include "nn/train.h"

enum { BATCH_NUMBERS = 1 << 18 };

struct adapt {
    const nn_dataset *data;
    size_t count, kept; /* numbers of a row; of mean and variance                    */
    size_t batch;       /* rows                                                      */
    size_t *place;      /* [count]: to which mean a number of a row belongs          */
    size_t *indices;    /* [batch]                                                   */
    nn_real *x;         /* [batch][count]                                            */
    double *mean, *variance, *batch_mean, *batch_variance; /* [kept] */
    double numbers;                                        /* that each mean is of, so far */
};

static nn_status adapt_alloc(struct adapt *a)
{
    a->place = nn__alloc_array(a->count, sizeof *a->place, "adapting");
    a->indices = nn__alloc_array(a->batch, sizeof *a->indices, "adapting");
    a->x = nn__alloc_array(a->batch, nn__mul(a->count, sizeof *a->x), "adapting");
    a->mean = nn__alloc_array(a->kept, 4 * sizeof *a->mean, "adapting");
    if (a->place == NULL || a->indices == NULL || a->x == NULL || a->mean == NULL)
        return NN_ENOMEM;
    a->variance = a->mean + a->kept;
    a->batch_mean = a->variance + a->kept;
    a->batch_variance = a->batch_mean + a->kept;
    return NN_OK;
}

static void adapt_free(struct adapt *a)
{
    nn__free(a->place);
    nn__free(a->indices);
    nn__free(a->x);
    nn__free(a->mean);
}

/* The place of each number of a row in an array with 1 for each axis that is not kept. */
static void adapt_places(size_t *place, const nn_shape *x, const nn_shape *small)
{
    size_t count = nn__shape_count(x);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, stride = 1;
        place[i] = 0;
        for (int axis = x->rank - 1; axis >= 0; axis--) {
            size_t n = (size_t)x->dims[axis];
            if (small->dims[axis] > 1)
                place[i] += rest % n * stride;
            stride *= (size_t)small->dims[axis];
            rest /= n;
        }
    }
}

static void adapt_moments(struct adapt *a, size_t rows, double numbers)
{
    memset(a->batch_mean, 0, 2 * a->kept * sizeof *a->batch_mean);
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < a->count; i++)
            a->batch_mean[a->place[i]] += (double)a->x[row * a->count + i];
    for (size_t k = 0; k < a->kept; k++)
        a->batch_mean[k] /= numbers;
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < a->count; i++) {
            double d = (double)a->x[row * a->count + i] - a->batch_mean[a->place[i]];
            a->batch_variance[a->place[i]] += d * d;
        }
    for (size_t k = 0; k < a->kept; k++)
        a->batch_variance[k] /= numbers;
}

static void adapt_join(struct adapt *a, double numbers)
{
    const double share = numbers / (a->numbers + numbers), rest = 1 - share;
    for (size_t k = 0; k < a->kept; k++) {
        double mean = rest * a->mean[k] + share * a->batch_mean[k];
        double before = a->mean[k] - mean, apart = a->batch_mean[k] - mean;
        a->variance[k] = rest * (a->variance[k] + before * before) +
                         share * (a->batch_variance[k] + apart * apart);
        a->mean[k] = mean;
    }
    a->numbers += numbers;
}

static nn_status adapt_read(struct adapt *a)
{
    const size_t total = nn_dataset_rows(a->data);
    for (size_t first = 0; first < total; first += a->batch) {
        size_t rows = total - first < a->batch ? total - first : a->batch;
        double numbers = (double)rows * (double)(a->count / a->kept);
        for (size_t i = 0; i < rows; i++)
            a->indices[i] = first + i;
        NN_TRY(nn__dataset_read(a->data, a->indices, rows, a->x, NULL, NULL));
        adapt_moments(a, rows, numbers);
        adapt_join(a, numbers);
    }
    return NN_OK;
}

static void adapt_store(const struct adapt *a, nn_model *model, const nn__node *node)
{
    const nn__weight *weights = model->weights + node->first_weight;
    for (size_t k = 0; k < a->kept; k++) {
        model->values[weights[0].offset + k] = (nn_real)a->mean[k];
        model->values[weights[1].offset + k] = (nn_real)a->variance[k];
    }
    model->values[weights[2].offset] = (nn_real)a->numbers;
    nn__model_changed(model);
}

/* The node of that name, if it is a Normalization layer whose numbers are to be found. */
static nn_status find_layer(nn_model *model, const char *layer, const nn__node **node)
{
    for (int i = 0; layer != NULL && i < model->node_count; i++) {
        const nn__node *found = &model->nodes[i];
        if (strcmp(found->name, layer) != 0)
            continue;
        if (nn__layer_kind(found->layer) != &nn__normalization_layer)
            return nn_fail(NN_EINVAL, "adapt: %s is no Normalization layer", layer);
        if (found->weight_count == 0)
            return nn_fail(NN_ESTATE, "adapt: %s was given its mean and variance", layer);
        *node = found;
        return NN_OK;
    }
    return nn_fail(NN_ENOTFOUND, "adapt: the model has no layer '%s'", layer == NULL ? "" : layer);
}

static nn_status check_rows(const nn_dataset *data, const char *layer, const nn_shape *x)
{
    char have[NN__SHAPE_TEXT], want[NN__SHAPE_TEXT];
    if (data == NULL)
        return nn_fail(NN_EINVAL, "adapt: the dataset is NULL");
    if (nn_dataset_rows(data) == 0)
        return nn_fail(NN_EINVAL, "adapt: the dataset is empty");
    if (!nn__shape_equal(nn_dataset_shape(data), x))
        return nn_fail(NN_ESHAPE, "adapt: the dataset's rows are %s, the input of %s is %s",
                       nn__shape_text(nn_dataset_shape(data), have, sizeof have), layer,
                       nn__shape_text(x, want, sizeof want));
    return NN_OK;
}

nn_status nn_normalization_adapt(nn_model *model, const char *layer, const nn_dataset *data)
{
    const nn__node *node = NULL;
    NN_TRY(nn__model_check(model));
    NN_TRY(nn_model_build(model));
    NN_TRY(find_layer(model, layer, &node));
    const nn_shape *x = &model->nodes[node->inputs[0]].output;
    NN_TRY(check_rows(data, layer, x));
    const nn_shape small = nn__normalization_shape(node->layer->object.options, x);
    struct adapt a = {.data = data, .count = nn__shape_count(x), .kept = nn__shape_count(&small)};
    a.batch = BATCH_NUMBERS / a.count + 1;
    unsigned saved = nn__float_mode_enter();
    nn_status status = adapt_alloc(&a);
    if (status == NN_OK) {
        adapt_places(a.place, x, &small);
        status = adapt_read(&a);
    }
    if (status == NN_OK)
        adapt_store(&a, model, node);
    nn__float_mode_leave(saved);
    adapt_free(&a);
    return status;
}
