#include "layers/tiles.h"

#include <string.h>

enum { SUM_CHUNK = 4096, DZ_CHUNK = 4096 };

int nn__tile_pixels(int depth)
{
    int tile = NN__TILE_FLOATS / depth;
    tile = tile < NN__TILE_LEAST ? NN__TILE_LEAST : tile > NN__TILE_MOST ? NN__TILE_MOST : tile;
    return tile / 4 * 4;
}

size_t nn__tile_even(int most, size_t pixels, size_t tasks)
{
    size_t count = nn__tiles(pixels, (size_t)most);
    if (count < tasks && pixels >= tasks * NN__TILE_LEAST)
        count = tasks;
    return (nn__tiles(pixels, count) + 3) / 4 * 4;
}

int nn__band_rows(int height, size_t line, int rows)
{
    size_t wanted = nn__tiles(NN__FORWARD_TASKS, (size_t)rows); /* of each picture */
    size_t band = nn__tiles((size_t)height, wanted), low = nn__tiles(NN__BAND_LEAST, line);
    size_t high = NN__TILE_FLOATS / line < 1 ? 1 : NN__TILE_FLOATS / line;
    band = band < low ? low : band;
    band = band > high ? high : band;
    return (int)nn__least(band, (size_t)height);
}

nn__window nn__window_over(const nn_shape *x, const int kernel[2], const int strides[2],
                           const int dilation[2], int padding)
{
    nn__window w = {.h = x->dims[0], .w = x->dims[1], .c = x->dims[2]};
    w.kh = kernel[0], w.kw = kernel[1];
    w.sh = strides[0], w.sw = strides[1];
    w.dh = dilation[0], w.dw = dilation[1];
    w.oh = nn_window_output(w.h, w.kh, w.sh, w.dh, padding, &w.top);
    w.ow = nn_window_output(w.w, w.kw, w.sw, w.dw, padding, &w.left);
    return w;
}

void nn__lower_pixels(nn_real *col, const nn_real *x, const nn__window *w, int first_c, int count_c,
                      size_t first, size_t last)
{
    size_t pixels = (size_t)w->oh * (size_t)w->ow,
           picture = (size_t)w->h * (size_t)w->w * (size_t)w->c;
    size_t depth = (size_t)w->kh * (size_t)w->kw * (size_t)count_c;
    int was = nn__numbers_begin(NN_WORK_LOWERING, 2 * (last - first) * depth);
    while (first < last) {
        size_t n = first / pixels, end = nn__least((n + 1) * pixels, last);
        nn__kernels->im2col(col, x + n * picture, w, first_c, count_c, (int)(first - n * pixels),
                            (int)(end - n * pixels));
        col += (end - first) * depth;
        first = end;
    }
    nn__work_end(was);
}

void nn__pixels_dz(const nn_pass *pass, nn_real *db, size_t first, size_t last, size_t f)
{
    const size_t chunk = nn__tiles(DZ_CHUNK, f);
    for (size_t count; first < last; first += count) {
        nn_real *dz = pass->dy + first * f;
        count = nn__least(chunk, last - first);
        if (pass->activation != NN_LINEAR)
            nn__kernels->activate_gradient(dz, pass->y + first * f, pass->activation, count * f);
        if (db != NULL)
            nn__kernels->add_column_sums(db, dz, count, f);
    }
}

nn_real *nn__group_db(nn_real *db, int group, size_t f)
{
    return db == NULL ? NULL : memset(db + (size_t)group * f, 0, f * sizeof *db);
}

void nn__raise_pixels(nn_real *dx, const nn_real *col, const nn__window *w, int first_c,
                      int count_c, int first, int last)
{
    size_t depth = (size_t)w->kh * (size_t)w->kw * (size_t)count_c;
    int was = nn__numbers_begin(NN_WORK_LOWERING, 2 * (size_t)(last - first) * depth);
    nn__kernels->col2im(dx, col, w, first_c, count_c, first, last);
    nn__work_end(was);
}

struct sum {
    nn_real *gradient, *parts;
    size_t count;
};

static void sum_chunk(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct sum *s = arg;
    size_t first = (size_t)index * SUM_CHUNK;
    (void)worker;
    nn__kernels->tree_sum(s->gradient, s->parts, nn__groups(pass->rows), s->count, first,
                          nn__least(first + SUM_CHUNK, s->count));
}

void nn__sum_groups(const nn_pass *pass, nn_real *gradient, nn_real *parts, size_t count)
{
    struct sum s = {gradient, parts, count};
    nn_parallel(pass, (int)nn__tiles(count, SUM_CHUNK), sum_chunk, &s);
}

nn_status nn__infer_picture(nn_infer *infer)
{
    const nn_shape *x = &infer->inputs[0];
    char text[NN__SHAPE_TEXT];
    if (x->rank != 3)
        return nn_infer_fail(infer, NN_ESHAPE, "needs one picture [h][w][c], the input is %s",
                             nn__shape_text(x, text, sizeof text));
    if ((double)x->dims[0] * x->dims[1] > (double)(1 << 28) || x->dims[2] > 1 << 24)
        return nn_infer_fail(infer, NN_ENOTSUP, "a picture of %s is too large",
                             nn__shape_text(x, text, sizeof text));
    return NN_OK;
}

nn_status nn__infer_regular(nn_infer *infer, const char *name, const int *dims, int rank,
                            nn_initializer initializer, nn_regularizer regularizer)
{
    NN_TRY(nn_infer_weight(infer, name, dims, rank, initializer, 1));
    return nn_infer_regularize(infer, regularizer);
}
