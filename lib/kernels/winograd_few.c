/*
 * Winograd's F(4x4, 3x3), see winograd.c, where x has at most NN__FEW_CHANNELS channels. There the
 * product of a point is only so deep, and to write it to memory and read it again would cost more
 * than the product: here it never leaves the registers.
 *
 *   V = B' d B                        of a row of tiles: down the columns with vectors along the row,
 *                                     then along the row with the channels of a pixel as a vector
 *   y = A' (V U) A                    of a tile and SPAN vectors of filters: six products, one line of
 *                                     the tile's 36, are summed as they come
 *   dU += V' (A dy A')                of RUN tiles and SPAN vectors of filters, with the bias's
 *
 * v[tiles][36][c] of a row of tiles; u and du lie in panels as of pack_columns, u of each point
 * c deep and du of all points 36 c deep.
 */
#include "kernels/kernels.h"
#include "kernels/lanes.h"

enum {
    POINTS = NN__WINOGRAD_POINTS,
    COLUMNS = NN__PANEL_COLUMNS,
    FEW = NN__FEW_CHANNELS,
    RUN = NN__FEW_RUN,
    SIDE = 6,
    OUT = NN__WINOGRAD_TILE,
    SPAN = 2, /* vectors of filters side by side */
    HELD = 12 /* sums in registers               */
};

/* The channels of a pixel, and of the next ones. */
typedef nn_real pixel __attribute__((vector_size(FEW * sizeof(nn_real))));
typedef nn_real pixel_at
    __attribute__((vector_size(FEW * sizeof(nn_real)), aligned(sizeof(nn_real)), may_alias));

#define NUMBERS lanes
#define SUMS(name) name
#include "kernels/winograd_sums.h"
#define NUMBERS pixel
#define SUMS(name) pixel_##name
#include "kernels/winograd_sums.h"

#define INLINE static inline __attribute__((always_inline))

/* ---- Inputs ---- */

/* B' down the columns of `count` numbers of six rows. */
INLINE void strip_columns(nn_real *strip, size_t line, const nn_real *const *rows, size_t at,
                          size_t count)
{
    lanes d[SIDE], t[SIDE];
    for (int p = 0; p < SIDE; p++)
        d[p] = load_some(rows[p] + at, count);
    times_b(t, 1, d, 1);
    for (size_t p = 0; p < SIDE; p++)
        store_some(strip + p * line + at, t[p], count);
}

/* strip[6][line] between its borders; the last vector begins earlier where it would be short. */
static void strip_inside(nn_real *strip, size_t line, const nn_real *const *rows, size_t count)
{
    if (count < LANES) {
        strip_columns(strip, line, rows, 0, count);
        return;
    }
    for (size_t at = 0; at < count; at += LANES)
        strip_columns(strip, line, rows, at + LANES <= count ? at : count - LANES, LANES);
}

void KERNEL(winograd_few_input)(nn_real *v, nn_real *strip, const nn_real *x, const nn__window *w,
                                int i)
{
    const size_t c = (size_t)w->c, line = nn__few_line(w), row = (size_t)w->w * c;
    const int top = i * OUT - w->top, tiles = (w->ow + OUT - 1) / OUT;
    const nn_real *rows[SIDE], *nothing = strip + SIDE * line;
    for (int p = 0; p < SIDE; p++)
        rows[p] = top + p < 0 || top + p >= w->h ? nothing : x + (size_t)(top + p) * row;
    strip_inside(strip + (size_t)w->left * c, line, rows, row);
    for (int tile = 0; tile < tiles; tile++, strip += OUT * c)
        for (size_t p = 0; p < SIDE; p++, v += SIDE * c) {
            pixel d[SIDE], out[SIDE];
            for (size_t q = 0; q < SIDE; q++)
                d[q] = *(const pixel_at *)(const void *)(strip + p * line + q * c);
            pixel_times_b(out, 1, d, 1);
            for (size_t q = 0; q < SIDE; q++) /* what is too much the next one overwrites */
                *(pixel_at *)(void *)(v + q * c) = out[q];
        }
}

/* ---- Outputs ---- */

/* Vector number s of a row of panels that are `depth` deep. */
INLINE lanes load_panel(const nn_real *panel, size_t depth, size_t s)
{
    return load(panel + s * LANES / COLUMNS * depth * COLUMNS + s * LANES % COLUMNS, 0);
}

INLINE void store_panel(nn_real *panel, size_t depth, size_t s, lanes value)
{
    store(panel + s * LANES / COLUMNS * depth * COLUMNS + s * LANES % COLUMNS, 0, value);
}

/* Where column `first`, a multiple of LANES, begins in such a row. */
INLINE size_t panel_place(size_t first, size_t depth)
{
    return first / COLUMNS * depth * COLUMNS + first % COLUMNS;
}

/* The part of a tile that lies in y, in which pixels are f numbers apart and a row ends `left` pixels
 * further on. */
struct target {
    nn_real *y;
    size_t line, f;
    int rows, left;
};

/* So many columns of a tile may be stored in whole vectors: where these are all that a pixel has, what
 * is beyond its last filter spills into the next pixels of the row, which are written later. */
INLINE int whole_columns(const struct target *to, size_t first, size_t vectors)
{
    const size_t width = vectors * LANES, f = to->f;
    const int beyond = (int)((width + f - 1) / f) - 1; /* pixels, at the row's end */
    if (first + width <= f)
        return to->left;
    return first > 0 ? 0 : to->left - beyond;
}

/* t[vectors][6][4] = (V U) A of v[36][c] and u, whose points lie `matrix` numbers apart. */
INLINE void tile_products(lanes t[][SIDE * OUT], const nn_real *v, const nn_real *u, size_t matrix,
                          size_t c, size_t vectors)
{
    for (int p = 0; p < SIDE; p++, v += SIDE * c, u += SIDE * matrix) {
        lanes m[SPAN][SIDE];
        for (size_t s = 0; s < vectors; s++)
            for (int q = 0; q < SIDE; q++)
                m[s][q] = zeros();
        for (size_t e = 0; e < c; e++)
            for (size_t q = 0; q < SIDE; q++)
                for (size_t s = 0; s < vectors; s++)
                    m[s][q] += v[q * c + e] * load_panel(u + q * matrix + e * COLUMNS, c, s);
        for (size_t s = 0; s < vectors; s++)
            times_a(t[s] + p * OUT, 1, m[s], 1);
    }
}

/* Column q of a tile's outputs from filter `first` on. */
INLINE void tile_column(const struct target *to, size_t first, const lanes *t, int q, lanes bias,
                        int rows, size_t count)
{
    lanes y[OUT];
    times_a(y, 1, t + q, OUT);
    for (int p = 0; p < rows; p++)
        store_some(to->y + (size_t)p * to->line + (size_t)q * to->f + first, y[p] + bias, count);
}

INLINE void tile_outputs(const struct target *to, const nn_real *v, const nn_real *u,
                         const nn_real *bias, size_t matrix, size_t c, size_t first, size_t vectors)
{
    const int columns = to->left < OUT ? to->left : OUT, whole = whole_columns(to, first, vectors);
    lanes t[SPAN][SIDE * OUT];
    tile_products(t, v, u, matrix, c, vectors);
    if (whole >= OUT && to->rows == OUT) {
        for (int q = 0; q < OUT; q++)
            for (size_t s = 0; s < vectors; s++)
                tile_column(to, first + s * LANES, t[s], q, load(bias + first, (int)s), OUT, LANES);
        return;
    }
    for (int q = 0; q < columns; q++)
        for (size_t s = 0; s < vectors; s++) {
            const size_t at = first + s * LANES;
            tile_column(to, at, t[s], q, load(bias + at, 0), to->rows,
                        q < whole ? LANES : to->f - at);
        }
}

INLINE void row_outputs(nn_real *y, const nn_real *v, const nn_real *u, size_t matrix,
                        const nn_real *bias, const nn__window *w, size_t c, int rows, size_t f)
{
    struct target to = {.y = y, .line = (size_t)w->ow * f, .f = f, .rows = rows};
    for (to.left = w->ow; to.left > 0; to.left -= OUT, to.y += OUT * f, v += POINTS * c)
        for (size_t first = 0; first < f; first += SPAN * LANES) {
            const nn_real *panel = u + panel_place(first, c);
            if (f - first > LANES)
                tile_outputs(&to, v, panel, bias, matrix, c, first, SPAN);
            else
                tile_outputs(&to, v, panel, bias, matrix, c, first, 1);
        }
}

/* Colours are worth a loop of their own. */
void KERNEL(winograd_few_output)(nn_real *y, const nn_real *v, const nn_real *u, size_t matrix,
                                 const nn_real *bias, const nn__window *w, int rows, size_t f)
{
    if (w->c == 3)
        row_outputs(y, v, u, matrix, bias, w, 3, rows, f);
    else
        row_outputs(y, v, u, matrix, bias, w, (size_t)w->c, rows, f);
}

/* ---- The kernel's gradient ---- */

/* Some numbers of dy; beyond `end` there is nothing. */
INLINE lanes gradient_at(const nn_real *dy, const nn_real *end)
{
    return dy < end ? load_some(dy, (size_t)(end - dy)) : zeros();
}

/* The place of a tile's gradients: rows and columns that are there, rows `line` numbers apart, pixels
 * f. Beyond the last filter lie other pixels' numbers, which are dropped in the end. */
struct source {
    const nn_real *dy, *end;
    size_t line, f;
    int rows, columns;
};

/* Column q, in vectors of filters; of a whole tile where `whole`, which is a constant. */
INLINE void load_column(lanes *d, const struct source *from, size_t at, int q, int whole)
{
    const nn_real *dy = from->dy + (size_t)q * from->f + at;
    for (int p = 0; p < OUT; p++, dy += from->line)
        d[p] = whole                                 ? load(dy, 0)
               : p < from->rows && q < from->columns ? gradient_at(dy, from->end)
                                                     : zeros();
}

/* Row p of m[36][vectors], from row p of A dy. */
INLINE void store_row(nn_real *m, size_t p, const lanes *t, size_t vectors, size_t s)
{
    lanes out[SIDE];
    times_a_back(out, 1, t, 1);
    for (size_t q = 0; q < SIDE; q++)
        store(m + (SIDE * p + q) * vectors * LANES, (int)s, out[q]);
}

/* Rows p and o of it, from the tile: to load that again costs less than to keep all of A dy, for which
 * there are too few registers. */
INLINE void two_rows(nn_real *m, size_t p, size_t o, const struct source *from, size_t vectors,
                     size_t s, int whole)
{
    lanes d[OUT], t[SIDE], upper[OUT], lower[OUT];
    for (int q = 0; q < OUT; q++) {
        load_column(d, from, s * LANES, q, whole);
        times_a_back(t, 1, d, 1);
        upper[q] = t[p], lower[q] = t[o];
    }
    store_row(m, p, upper, vectors, s);
    store_row(m, o, lower, vectors, s);
}

/* m[36][vectors] = A dy A' of a tile. */
INLINE void tile_transform(nn_real *m, const struct source *from, size_t vectors, int whole)
{
    for (size_t s = 0; s < vectors; s++) {
        two_rows(m, 0, 5, from, vectors, s, whole);
        two_rows(m, 1, 2, from, vectors, s, whole);
        two_rows(m, 3, 4, from, vectors, s, whole);
    }
}

/* sum[c][vectors] += v[c]' m[vectors] */
INLINE void add_point(lanes *sum, const nn_real *v, const nn_real *m, size_t c, size_t vectors)
{
    lanes a[SPAN];
    for (size_t s = 0; s < vectors; s++)
        a[s] = load(m, (int)s);
    for (size_t e = 0; e < c; e++)
        for (size_t s = 0; s < vectors; s++)
            sum[e * vectors + s] += v[e] * a[s];
}

/* du[36 c] += v' m of some tiles, `points` of 36 at a time. */
INLINE void add_products(nn_real *du, const nn_real *v, const nn_real *m, int tiles, size_t c,
                         size_t vectors, size_t points)
{
    const size_t depth = POINTS * c;
    for (size_t k = 0; k < POINTS; k += points, du += points * c * COLUMNS) {
        lanes sum[HELD];
        for (size_t i = 0; i < points * c; i++)
            for (size_t s = 0; s < vectors; s++)
                sum[i * vectors + s] = load_panel(du + i * COLUMNS, depth, s);
        for (size_t tile = 0; tile < (size_t)tiles; tile++)
            for (size_t i = 0; i < points; i++)
                add_point(sum + i * c * vectors, v + tile * depth + (k + i) * c,
                          m + (tile * POINTS + k + i) * vectors * LANES, c, vectors);
        for (size_t i = 0; i < points * c; i++)
            for (size_t s = 0; s < vectors; s++)
                store_panel(du + i * COLUMNS, depth, s, sum[i * vectors + s]);
    }
}

/* With the number of channels a constant, so that the sums stay in registers. */
INLINE void add_few(nn_real *du, const nn_real *v, const nn_real *m, int tiles, int c,
                    size_t vectors)
{
    if (c == 1)
        add_products(du, v, m, tiles, 1, vectors, HELD / vectors);
    else if (c == 2)
        add_products(du, v, m, tiles, 2, vectors, HELD / (2 * vectors));
    else if (c == 3)
        add_products(du, v, m, tiles, 3, vectors, HELD / (3 * vectors));
    else
        add_products(du, v, m, tiles, 4, vectors, HELD / (4 * vectors));
}

/* db[vectors] += the sums of the tiles' gradients. */
INLINE void add_sums(nn_real *db, const nn_real *m, int tiles, size_t vectors)
{
    for (size_t s = 0; s < vectors; s++) {
        lanes sum = load(db, (int)s);
        for (size_t tile = 0; tile < (size_t)tiles; tile++)
            sum += load(m + (tile * POINTS + NN__WINOGRAD_SUM) * vectors * LANES, (int)s);
        store(db, (int)s, sum);
    }
}

/* A run of tiles and `vectors` vectors of filters. */
INLINE void run_gradient(nn_real *du, nn_real *db, nn_real *m, const nn_real *v, const nn_real *dy,
                         const nn_real *end, const nn__window *w, int left, int rows, size_t f,
                         size_t vectors)
{
    const size_t line = (size_t)w->ow * f, width = vectors * LANES;
    const ptrdiff_t reach = (ptrdiff_t)((OUT - 1) * (line + f) + width);
    int tiles = 0;
    for (; left > 0 && tiles < RUN; left -= OUT, dy += OUT * f, tiles++) {
        const struct source from = {dy, end, line, f, rows, left < OUT ? left : OUT};
        nn_real *tile = m + (size_t)tiles * POINTS * width;
        if (rows == OUT && left >= OUT && end - dy >= reach)
            tile_transform(tile, &from, vectors, 1);
        else
            tile_transform(tile, &from, vectors, 0);
    }
    add_sums(db, m, tiles, vectors);
    add_few(du, v, m, tiles, w->c, vectors);
}

void KERNEL(winograd_few_gradient)(nn_real *du, nn_real *db, nn_real *m, const nn_real *v,
                                   const nn_real *dy, const nn__window *w, int rows, size_t f)
{
    const size_t c = (size_t)w->c;
    const nn_real *end = dy + (size_t)rows * (size_t)w->ow * f;
    for (size_t first = 0; first < f; first += SPAN * LANES) {
        nn_real *panel = du + panel_place(first, POINTS * c);
        const nn_real *from = dy + first, *inputs = v;
        for (int left = w->ow; left > 0; left -= RUN * OUT) {
            if (f - first > LANES)
                run_gradient(panel, db + first, m, inputs, from, end, w, left, rows, f, SPAN);
            else
                run_gradient(panel, db + first, m, inputs, from, end, w, left, rows, f, 1);
            from += RUN * OUT * f;
            inputs += RUN * POINTS * c;
        }
    }
}
