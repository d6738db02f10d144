/*
 * Mean and variance of a dataset by channel. Of each row the mean and the sum of squared distances
 * from it; rows are merged by
 *   n = a + b,  d = mean_b - mean_a,  mean = mean_a + d b / n,  m2 = m2_a + m2_b + d d a b / n
 * (Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample
 * variances", 1979). So nothing cancels, however far the mean is from zero.
 */
#include "data/dataset.h"

#include <string.h>

typedef struct moments {
    size_t size, channels; /* elements of a row; its last dimension */
    nn_real *row;
    double *mean, *m2;         /* [channels]: of all rows so far */
    double *row_mean, *row_m2; /* [channels]                     */
} moments;

static void moments_of_row(moments *m)
{
    size_t channels = m->channels;
    double per_channel = (double)(m->size / channels);
    memset(m->row_mean, 0, channels * sizeof *m->row_mean);
    memset(m->row_m2, 0, channels * sizeof *m->row_m2);
    for (size_t i = 0; i < m->size; i += channels)
        for (size_t c = 0; c < channels; c++)
            m->row_mean[c] += (double)m->row[i + c];
    for (size_t c = 0; c < channels; c++)
        m->row_mean[c] /= per_channel;
    for (size_t i = 0; i < m->size; i += channels) {
        for (size_t c = 0; c < channels; c++) {
            double distance = (double)m->row[i + c] - m->row_mean[c];
            m->row_m2[c] += distance * distance;
        }
    }
}

static void moments_merge(moments *m, size_t rows)
{
    double share = 1 / ((double)rows + 1), per_channel = (double)(m->size / m->channels);
    for (size_t c = 0; c < m->channels; c++) {
        double d = m->row_mean[c] - m->mean[c];
        m->mean[c] += d * share;
        m->m2[c] += m->row_m2[c] + d * d * (double)rows * share * per_channel;
    }
}

nn_status nn_dataset_moments(const nn_dataset *dataset, double *mean, double *variance)
{
    if (dataset == NULL)
        return nn_fail(NN_EINVAL, "moments: dataset is NULL");
    const nn_shape *shape = &dataset->info.x;
    moments m = {.size = nn__shape_count(shape), .channels = (size_t)shape->dims[shape->rank - 1]};
    nn_status status = NN_ENOMEM;
    m.row = nn__alloc_array(m.size, sizeof *m.row, "a row");
    m.mean = m.row ? nn__alloc_array(m.channels, 4 * sizeof *m.mean, "moments") : NULL;
    if (m.mean == NULL)
        goto out;
    m.m2 = m.mean + m.channels;
    m.row_mean = m.m2 + m.channels;
    m.row_m2 = m.row_mean + m.channels;
    size_t rows = dataset->info.rows;
    for (size_t i = 0; i < rows; i++) {
        NN_TRY_GOTO(out, nn__dataset_read(dataset, &i, 1, m.row, NULL, NULL));
        moments_of_row(&m);
        moments_merge(&m, i);
    }
    double count = (double)rows * (double)(m.size / m.channels);
    for (size_t c = 0; c < m.channels; c++) {
        if (mean != NULL)
            mean[c] = m.mean[c];
        if (variance != NULL)
            variance[c] = m.m2[c] / count;
    }
    status = NN_OK;
out:
    nn__free(m.mean);
    nn__free(m.row);
    return status;
}
