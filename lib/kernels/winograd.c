/*
 * Winograd's minimal filtering for 3x3 convolutions, F(4x4, 3x3), after Lavin and Gray, "Fast
 * algorithms for convolutional neural networks", 2016. A tile of 4x4 outputs of a filter needs 36
 * multiplications per channel instead of 144:
 *
 *   V = B' d B     36 numbers of the tile's 6x6 inputs d, for each channel
 *   U = G g G'     36 numbers of the 3x3 kernel g, for each channel and filter
 *   M = V U        36 products of matrices [tiles][c] [c][f]: the caller's
 *   y = A' M A     the tile's 4x4 outputs, for each filter
 *
 * and, of the kernel's gradient, the adjoint:
 *
 *   W = A dy A'    36 numbers of the tile's 4x4 gradients, for each filter
 *   dU = V' W      36 products of matrices [c][tiles] [tiles][f]
 *   dg = G' dU G   the 3x3 kernel's gradient
 *
 * Tiles of the whole batch are numbered n th tw + i tw + j, with th = ceil(oh / 4). Channels lie
 * side by side in vectors; what lies outside of the picture is zero, outputs outside are dropped.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/lanes.h"

enum {
    POINTS = NN__WINOGRAD_POINTS,
    COLUMNS = NN__PANEL_COLUMNS,
    SIDE = 6,
    OUT = NN__WINOGRAD_TILE
};

#define NUMBERS lanes
#define SUMS(name) name
#include "kernels/winograd_sums.h"

/* ---- The kernel: U = G g G' ---- */

/* G is kept as whole numbers H, with a factor for each row: G = diag(factors) H. */
static const double factors[SIDE] = {1.0 / 4, -1.0 / 6, -1.0 / 6, 1.0 / 24, 1.0 / 24, 1};

/* H times three numbers: t[6] with a stride. */
static inline void times_h(lanes *t, int stride, lanes a, lanes b, lanes c)
{
    const lanes sum = a + c, far = a + 4 * c, twice = 2 * b;
    t[0] = a;
    t[stride] = sum + b;
    t[2 * stride] = sum - b;
    t[3 * stride] = far + twice;
    t[4 * stride] = far - twice;
    t[5 * stride] = c;
}

void KERNEL(winograd_kernel)(nn_real *u, size_t matrix, const nn_real *kernel, size_t c, size_t f,
                             size_t first, size_t last)
{
    const size_t whole = (f + COLUMNS - 1) / COLUMNS * COLUMNS;
    for (size_t e = first; e < last; e++)
        for (size_t j = 0; j < whole; j += LANES) {
            const nn_real *g = kernel + e * f + j;
            const size_t count = j < f ? f - j : 0, row = c * f;
            nn_real *at = u + (j / COLUMNS * c + e) * COLUMNS + j % COLUMNS;
            lanes t[SIDE * 3], out[SIDE];
            for (size_t q = 0; q < 3; q++)
                times_h(t + q, 3, load_some(g + q * row, count),
                        load_some(g + (3 + q) * row, count), load_some(g + (6 + q) * row, count));
            for (size_t p = 0; p < SIDE; p++) {
                times_h(out, 1, t[3 * p], t[3 * p + 1], t[3 * p + 2]);
                for (size_t q = 0; q < SIDE; q++)
                    store(at + (SIDE * p + q) * matrix, 0,
                          out[q] * (nn_real)(factors[p] * factors[q]));
            }
        }
}

/*
 * Everything below goes through channels a vector at a time. Where the last one would be short it
 * begins earlier and writes some numbers twice, with the same bits, or goes through a copy, as do
 * fewer channels than a vector has and outputs that are not all in the picture. A side's six numbers
 * stay in registers, what lies between the two sides does not.
 */
#define INLINE static inline __attribute__((always_inline))

enum { TILE = OUT * OUT };

static inline size_t vector_at(size_t k, size_t c)
{
    return k + LANES <= c ? k : c - LANES;
}

/* ---- Inputs: V = B' d B ---- */

/* The 36 places of a tile's inputs, and how much of a channel's number is to be added to them: all of
 * it, or outside of the picture, where there is nothing, none. */
struct inputs {
    const nn_real *at[POINTS];
    size_t inside[POINTS];
};

static const nn_real nothing[LANES];

static void tile_inputs(struct inputs *d, const nn_real *x, const nn__window *w, int i, int j)
{
    const size_t line = (size_t)w->w * (size_t)w->c;
    for (int p = 0; p < SIDE; p++)
        for (int q = 0; q < SIDE; q++) {
            const int u = i - w->top + p, v = j - w->left + q,
                      in = u >= 0 && u < w->h && v >= 0 && v < w->w;
            d->at[SIDE * p + q] = in ? x + (size_t)u * line + (size_t)v * (size_t)w->c : nothing;
            d->inside[SIDE * p + q] = in ? SIZE_MAX : 0;
        }
}

static inline void tile_transform(nn_real *v, size_t matrix, const struct inputs *in, size_t k)
{
    lanes t[POINTS];
    for (int q = 0; q < SIDE; q++) {
        lanes d[SIDE];
        for (int p = 0; p < SIDE; p++)
            d[p] = load(in->at[SIDE * p + q] + (k & in->inside[SIDE * p + q]), 0);
        times_b(t + q, SIDE, d, 1);
    }
    for (int p = 0; p < SIDE; p++) {
        lanes out[SIDE];
        times_b(out, 1, t + SIDE * p, 1);
        for (int q = 0; q < SIDE; q++, v += matrix)
            store(v, 0, out[q]);
    }
}

/* Of fewer channels than a vector has. */
static void tile_transform_few(nn_real *v, size_t matrix, const struct inputs *in, size_t c)
{
    nn_real x[POINTS * LANES], few[POINTS * LANES];
    struct inputs copies = {.inside = {0}};
    for (size_t k = 0; k < POINTS; k++) {
        copies.at[k] = x + k * LANES;
        store(x + k * LANES, 0, load_some(in->at[k], c));
    }
    tile_transform(few, LANES, &copies, 0);
    for (size_t k = 0; k < POINTS; k++)
        store_some(v + k * matrix, load(few + k * LANES, 0), c);
}

void KERNEL(winograd_input)(nn_real *v, const nn_real *x, const nn__window *w, size_t matrix,
                            size_t first, size_t last)
{
    const size_t tw = ((size_t)w->ow + OUT - 1) / OUT, th = ((size_t)w->oh + OUT - 1) / OUT,
                 c = (size_t)w->c, picture = (size_t)w->h * (size_t)w->w * c;
    for (size_t tile = first; tile < last; tile++, v += c) {
        struct inputs in;
        const size_t place = tile % (th * tw);
        tile_inputs(&in, x + tile / (th * tw) * picture, w, (int)(place / tw) * OUT,
                    (int)(place % tw) * OUT);
        if (c < LANES)
            tile_transform_few(v, matrix, &in, c);
        for (size_t j = 0; c >= LANES && j < c; j += LANES) {
            const size_t k = vector_at(j, c);
            tile_transform(v + k, matrix, &in, k);
        }
    }
}

/* ---- Outputs: y = A' M A ---- */

static inline void tile_back(nn_real *y, size_t line, size_t step, const nn_real *m, size_t matrix,
                             const nn_real *bias)
{
    const lanes b = bias == NULL ? zeros() : load(bias, 0);
    lanes t[OUT * SIDE];
    for (int q = 0; q < SIDE; q++) {
        lanes d[SIDE];
        for (int p = 0; p < SIDE; p++)
            d[p] = load(m + (size_t)(SIDE * p + q) * matrix, 0);
        times_a(t + q, SIDE, d, 1);
    }
    for (int p = 0; p < OUT; p++, y += line) {
        lanes out[OUT];
        times_a(out, 1, t + SIDE * p, 1);
        for (size_t q = 0; q < OUT; q++)
            store(y + q * step, 0, out[q] + b);
    }
}

/* Of some rows, columns and channels. */
static void tile_back_some(nn_real *y, size_t line, size_t step, const nn_real *m, size_t matrix,
                           const nn_real *bias, size_t rows, size_t columns, size_t f)
{
    nn_real all[TILE * LANES], few[POINTS * LANES], b[LANES];
    for (size_t k = 0; f < LANES && k < POINTS; k++)
        store(few + k * LANES, 0, load_some(m + k * matrix, f));
    store(b, 0, bias == NULL ? zeros() : load_some(bias, f));
    tile_back(all, OUT * LANES, LANES, f < LANES ? few : m, f < LANES ? LANES : matrix, b);
    for (size_t p = 0; p < rows; p++)
        for (size_t q = 0; q < columns; q++)
            store_some(y + p * line + q * step, load(all + (OUT * p + q) * LANES, 0), f);
}

void KERNEL(winograd_output)(nn_real *y, size_t line, size_t step, const nn_real *m, size_t matrix,
                             const nn_real *bias, int rows, int columns, size_t f)
{
    const int whole = f >= LANES && rows == OUT && columns == OUT;
    for (size_t j = 0; j < f; j += LANES) {
        const size_t k = f < LANES ? 0 : vector_at(j, f);
        const nn_real *b = bias == NULL ? NULL : bias + k;
        if (whole)
            tile_back(y + k, line, step, m + k, matrix, b);
        else
            tile_back_some(y + k, line, step, m + k, matrix, b, (size_t)rows, (size_t)columns,
                           f < LANES ? f : LANES);
    }
}

/* ---- Gradients: W = A dy A' ---- */

/* Where the outputs of a tile begin among those of the batch, in pixels, and how many rows and
 * columns of it lie in the picture. */
struct place {
    size_t pixel;
    size_t rows, columns;
};

static inline struct place tile_place(const nn__window *w, size_t tile)
{
    const size_t tw = ((size_t)w->ow + OUT - 1) / OUT, th = ((size_t)w->oh + OUT - 1) / OUT,
                 at = tile % (th * tw);
    const int i = (int)(at / tw) * OUT, j = (int)(at % tw) * OUT;
    return (struct place){.pixel = (tile / (th * tw) * (size_t)w->oh + (size_t)i) * (size_t)w->ow +
                                   (size_t)j,
                          .rows = (size_t)(w->oh - i < OUT ? w->oh - i : OUT),
                          .columns = (size_t)(w->ow - j < OUT ? w->ow - j : OUT)};
}

static inline void tile_gradient(nn_real *w, size_t matrix, const nn_real *dy, size_t line,
                                 size_t step)
{
    lanes t[SIDE * OUT];
    for (size_t q = 0; q < OUT; q++) {
        lanes d[OUT];
        for (size_t p = 0; p < OUT; p++)
            d[p] = load(dy + p * line + q * step, 0);
        times_a_back(t + q, OUT, d, 1);
    }
    for (int p = 0; p < SIDE; p++) {
        lanes out[SIDE];
        times_a_back(out, 1, t + OUT * p, 1);
        for (int q = 0; q < SIDE; q++, w += matrix)
            store(w, 0, out[q]);
    }
}

/* Of some rows, columns and channels; zeros for those there are not. */
static void tile_gradient_some(nn_real *w, size_t matrix, const nn_real *dy, size_t line,
                               size_t step, const struct place *tile, size_t f)
{
    nn_real from[TILE * LANES] = {0};
    for (size_t p = 0; p < tile->rows; p++)
        for (size_t q = 0; q < tile->columns; q++)
            store(from + (OUT * p + q) * LANES, 0, load_some(dy + p * line + q * step, f));
    tile_gradient(w, matrix, from, OUT * LANES, LANES);
}

void KERNEL(winograd_gradient)(nn_real *m, const nn_real *dy, const nn__window *w, size_t f,
                               size_t matrix, size_t panel, size_t first, size_t last)
{
    const size_t line = (size_t)w->ow * f, filled = (f + COLUMNS - 1) / COLUMNS * COLUMNS;
    for (size_t tile = first; tile < last; tile++, m += COLUMNS) {
        const struct place p = tile_place(w, tile);
        const int whole = p.rows == OUT && p.columns == OUT;
        for (size_t k = 0; k < filled; k += LANES) {
            const size_t left = k < f ? f - k : 0;
            const nn_real *from = dy + p.pixel * f + (k < f ? k : 0);
            nn_real *to = m + k / COLUMNS * panel + k % COLUMNS;
            if (whole && left >= LANES)
                tile_gradient(to, matrix, from, line, f);
            else
                tile_gradient_some(to, matrix, from, line, f, &p, left);
        }
    }
}

/* ---- The kernel's gradient: dg = G' dU G ---- */

/* H' times six numbers: t[3] with a stride. */
static inline void times_h_back(lanes *t, int stride, const lanes *m, int step)
{
    const lanes near = m[step] + m[2 * step], far = m[3 * step] + m[4 * step];
    t[0] = m[0] + near + far;
    t[stride] = m[step] - m[2 * step] + 2 * (m[3 * step] - m[4 * step]);
    t[2 * stride] = near + 4 * far + m[5 * step];
}

INLINE void dkernel_vector(nn_real *dkernel, size_t all, const nn_real *du, size_t matrix,
                           size_t count)
{
    lanes t[3 * SIDE], out[3];
    for (size_t q = 0; q < SIDE; q++) {
        lanes d[SIDE];
        for (size_t p = 0; p < SIDE; p++)
            d[p] =
                load_some(du + (SIDE * p + q) * matrix, count) * (nn_real)(factors[p] * factors[q]);
        times_h_back(t + q, SIDE, d, 1);
    }
    for (size_t p = 0; p < 3; p++) {
        times_h_back(out, 1, t + SIDE * p, 1);
        for (size_t q = 0; q < 3; q++)
            store_some(dkernel + (3 * p + q) * all, out[q], count);
    }
}

void KERNEL(winograd_dkernel)(nn_real *dkernel, const nn_real *du, size_t matrix, size_t line,
                              size_t c, size_t f, size_t first, size_t last)
{
    for (size_t e = first; e < last; e++)
        for (size_t j = 0; j < f; j += LANES) {
            const size_t k = f < LANES ? 0 : vector_at(j, f);
            dkernel_vector(dkernel + e * f + k, c * f, du + e * line + k, matrix,
                           f < LANES ? f : LANES);
        }
}
