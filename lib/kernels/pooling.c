/*
 * Max pooling of one picture x[h][w][c] to y[oh][ow][c]; windows are not dilated (dh = dw = 1).
 * A cell of the window takes the lead over the cells before it, row by row, where it is greater or
 * where it is the first NaN: not (value <= best) and best is a number. where[oh][ow][c] is the
 * leader's place p kw + q. Cells outside the picture take no part, and every window has at least
 * one inside (see nn_padding). Rows of the picture without NaN, nearly all, need less comparing.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/lanes.h"

enum { GROUP = 8 };

/* The cells of a window inside the picture: rows [p0, p1), columns [q0, q1); x is the picture's
 * cell (p0, q0). */
typedef struct cells {
    int p0, p1, q0, q1;
    size_t row, column; /* picture's position of (p0, q0) */
} cells;

static inline cells cells_of(const nn__window *s, int i, int j)
{
    int row = i * s->sh - s->top, column = j * s->sw - s->left;
    cells in;
    in.p0 = row < 0 ? -row : 0;
    in.q0 = column < 0 ? -column : 0;
    in.p1 = row + s->kh > s->h ? s->h - row : s->kh;
    in.q1 = column + s->kw > s->w ? s->w - column : s->kw;
    in.row = (size_t)(row + in.p0);
    in.column = (size_t)(column + in.q0);
    return in;
}

/* Columns of windows that lie inside the picture from left to right: [first, last). */
static void whole_columns(const nn__window *s, int *first, int *last)
{
    *first = (s->left + s->sw - 1) / s->sw;
    *last = s->w + s->left < s->kw ? 0 : (s->w + s->left - s->kw) / s->sw + 1;
    if (*last > s->ow)
        *last = s->ow;
    if (*first > *last)
        *first = *last = 0;
}

/* Numbers, not truth values: that form becomes vector masks. */
static inline uint32_t leads(nn_real value, nn_real best)
{
    uint32_t greater = value > best ? 1 : 0, nan = value != value ? 1 : 0;
    return greater | (nan & (best == best ? 1u : 0u));
}

/* Channels in whole groups; all where there are fewer. */
static inline size_t grouped(size_t c)
{
    return c < GROUP ? c : c / GROUP * GROUP;
}

/* Is a pixel wide enough for vectors? */
static inline int in_vectors(size_t c)
{
    return c >= LANES || MASKED;
}

/* The vector of channels after the one at `at`: the last one begins earlier where it would be short,
 * for channels are quicker found twice than left over. */
static inline size_t next_vector(size_t at, size_t c)
{
    return at + 2 * LANES <= c || at + LANES >= c ? at + LANES : c - LANES;
}

static int has_nan(const nn_real *x, size_t n)
{
    enum { AT_ONCE = 4 };
    lane_bits nan[AT_ONCE] = {{0}};
    uint32_t rest = 0;
    size_t i = 0;
    for (; i + AT_ONCE * LANES <= n; i += AT_ONCE * LANES)
        for (int v = 0; v < AT_ONCE; v++)
            nan[v] |= load(x + i, v) != load(x + i, v);
    for (; i < n; i++)
        rest |= x[i] != x[i] ? 1u : 0u;
    nan[0] |= (nan[1] | nan[2]) | nan[3];
    for (int l = 0; l < LANES; l++)
        rest |= nan[0][l] != 0 ? 1u : 0u;
    return rest != 0;
}

/* n channels of a whole kh x kw window without NaN; kh and kw are constants where it is inlined. */
static inline void pool_lanes(nn_real *restrict y, uint32_t *restrict where,
                              const nn_real *restrict x, size_t stride, size_t c, size_t n, int kh,
                              int kw)
{
    for (size_t l = 0; l < n; l++) {
        nn_real best = x[l];
        uint32_t place = 0;
        for (int p = 0; p < kh; p++) {
            for (int q = 0; q < kw; q++) {
                nn_real value = x[(size_t)p * stride + (size_t)q * c + l];
                place = value > best ? (uint32_t)(p * kw + q) : place;
                best = value > best ? value : best;
            }
        }
        y[l] = best;
        where[l] = place;
    }
}

static inline void pool_lanes_values(nn_real *restrict y, const nn_real *restrict x, size_t stride,
                                     size_t c, size_t n, int kh, int kw)
{
    for (size_t l = 0; l < n; l++) {
        nn_real best = x[l];
        for (int p = 0; p < kh; p++) {
            for (int q = 0; q < kw; q++) {
                nn_real value = x[(size_t)p * stride + (size_t)q * c + l];
                best = value > best ? value : best;
            }
        }
        y[l] = best;
    }
}

/* `count` channels of a 2x2 window without NaN: of the leaders of both rows, the second leads where it
 * is greater. */
static inline void pool_vector(nn_real *y, uint32_t *where, const nn_real *x, size_t stride,
                               size_t c, size_t count)
{
    const nn_real *bottom = x + stride;
    const lanes a = load_some(x, count), b = load_some(x + c, count), d = load_some(bottom, count),
                e = load_some(bottom + c, count);
    const lanes upper = larger(b, a), lower = larger(e, d);
    store_some(y, larger(lower, upper), count);
    if (where == NULL)
        return;
    const lane_bits right = b > a, low_right = 2 - (e > d), low = lower > upper;
    store_numbers(where, (low & low_right) | (~low & right & 1), count);
}

static inline void pool_2x2(nn_real *y, uint32_t *where, const nn_real *x, size_t stride, size_t c)
{
    if (c < LANES)
        pool_vector(y, where, x, stride, c, c);
    else if (where == NULL)
        for (size_t at = 0; at < c; at = next_vector(at, c))
            pool_vector(y + at, NULL, x + at, stride, c, LANES);
    else
        for (size_t at = 0; at < c; at = next_vector(at, c))
            pool_vector(y + at, where + at, x + at, stride, c, LANES);
}

/* All channels: whole groups, then the last channels once more. */
static inline void pool_whole(nn_real *y, uint32_t *where, const nn_real *x, size_t stride,
                              size_t c, int kh, int kw)
{
    size_t at = 0, n = grouped(c);
    for (;;) {
        if (where != NULL)
            pool_lanes(y + at, where + at, x + at, stride, c, n, kh, kw);
        else
            pool_lanes_values(y + at, x + at, stride, c, n, kh, kw);
        if (at + n == c)
            return;
        at = c - GROUP;
        n = GROUP;
    }
}

/* One cell against the leaders so far, all channels. */
static void challenge(nn_real *restrict y, uint32_t *restrict where, const nn_real *restrict x,
                      uint32_t place, size_t c)
{
    for (size_t l = 0; l < c; l++) {
        uint32_t lead = leads(x[l], y[l]);
        y[l] = lead ? x[l] : y[l];
        where[l] = lead ? place : where[l];
    }
}

static void challenge_values(nn_real *restrict y, const nn_real *restrict x, size_t c)
{
    for (size_t l = 0; l < c; l++)
        y[l] = leads(x[l], y[l]) ? x[l] : y[l];
}

/* Any window and any values, cell by cell. */
static void pool_cells(nn_real *y, uint32_t *where, const nn_real *x, const nn__window *s, cells in)
{
    size_t c = (size_t)s->c, stride = (size_t)s->w * c;
    memcpy(y, x, c * sizeof *y);
    for (size_t l = 0; where != NULL && l < c; l++)
        where[l] = (uint32_t)(in.p0 * s->kw + in.q0);
    for (int p = in.p0; p < in.p1; p++) {
        const nn_real *cell = x + (size_t)(p - in.p0) * stride;
        for (int q = in.q0; q < in.q1; q++, cell += c) {
            if (where != NULL)
                challenge(y, where, cell, (uint32_t)(p * s->kw + q), c);
            else
                challenge_values(y, cell, c);
        }
    }
}

/* Windows [first, last) of an output row, all whole and without NaN; `side` is a constant where it
 * is inlined. */
static inline void pool_run(nn_real *y, uint32_t *where, const nn_real *x, const nn__window *s,
                            int first, int last, int side)
{
    size_t c = (size_t)s->c, stride = (size_t)s->w * c;
    if (first == last)
        return;
    x += (size_t)(first * s->sw - s->left) * c;
    for (int j = first; j < last; j++, x += (size_t)s->sw * c) {
        size_t at = (size_t)j * c;
        if (side == 2 && in_vectors(c))
            pool_2x2(y + at, where != NULL ? where + at : NULL, x, stride, c);
        else
            pool_whole(y + at, where != NULL ? where + at : NULL, x, stride, c, side, side);
    }
}

/* Windows [first, last) of output row i, whatever they are. */
static void pool_any(nn_real *y, uint32_t *where, const nn_real *x, const nn__window *s, int i,
                     int first, int last)
{
    size_t c = (size_t)s->c;
    for (int j = first; j < last; j++) {
        cells in = cells_of(s, i, j);
        size_t at = (size_t)j * c;
        pool_cells(y + at, where != NULL ? where + at : NULL,
                   x + (in.row * (size_t)s->w + in.column) * c, s, in);
    }
}

/* Output row i: y[ow][c], where[ow][c]. The usual windows have loops of their own. */
static void pool_row(nn_real *y, uint32_t *where, const nn_real *x, const nn__window *s, int i)
{
    size_t stride = (size_t)s->w * (size_t)s->c;
    cells band = cells_of(s, i, 0);
    const nn_real *top = x + band.row * stride;
    int first = 0, last = 0, rows = band.p1 - band.p0;
    int usual = s->kh == s->kw && (s->kh == 2 || s->kh == 3) && rows == s->kh;
    if (usual && !has_nan(top, (size_t)rows * stride))
        whole_columns(s, &first, &last);
    pool_any(y, where, x, s, i, 0, first);
    if (s->kh == 2)
        pool_run(y, where, top, s, first, last, 2);
    else
        pool_run(y, where, top, s, first, last, 3);
    pool_any(y, where, x, s, i, last, s->ow);
}

void KERNEL(max_pool)(nn_real *y, uint32_t *where, const nn_real *x, const nn__window *window,
                      int first_row, int last_row)
{
    size_t line = (size_t)window->ow * (size_t)window->c;
    for (int i = first_row; i < last_row; i++) {
        size_t at = (size_t)i * line;
        pool_row(y + at, where != NULL ? where + at : NULL, x, window, i);
    }
}

/* Each x lies in at most one window, so dx can be written instead of added to. */
static int tiled(const nn__window *s)
{
    return s->sh == s->kh && s->sw == s->kw;
}

/* dx = dy where this cell led, else 0: for windows that do not overlap. */
static void give_cell(nn_real *restrict dx, const nn_real *restrict dy,
                      const uint32_t *restrict where, uint32_t place, size_t c)
{
    for (size_t l = 0; l < c; l++)
        dx[l] = where[l] == place ? dy[l] : 0;
}

static void add_cell(nn_real *restrict dx, const nn_real *restrict dy,
                     const uint32_t *restrict where, uint32_t place, size_t c)
{
    for (size_t l = 0; l < c; l++)
        dx[l] += where[l] == place ? dy[l] : 0;
}

static inline void give_place(nn_real *dx, lanes dy, lane_bits where, int place, size_t count)
{
    store_some(dx, (lanes)((where == place) & (lane_bits)dy), count);
}

static inline void give_vector(nn_real *dx, size_t stride, const nn_real *dy, const uint32_t *where,
                               size_t c, size_t count)
{
    const lanes all = load_some(dy, count);
    const lane_bits places = load_numbers(where, count);
    give_place(dx, all, places, 0, count);
    give_place(dx + c, all, places, 1, count);
    give_place(dx + stride, all, places, 2, count);
    give_place(dx + stride + c, all, places, 3, count);
}

/* A whole 2 x 2 window that overlaps no other. */
static inline void give_2x2(nn_real *dx, size_t stride, const nn_real *dy, const uint32_t *where,
                            size_t c)
{
    if (c < LANES)
        give_vector(dx, stride, dy, where, c, c);
    else
        for (size_t at = 0; at < c; at = next_vector(at, c))
            give_vector(dx + at, stride, dy + at, where + at, c, LANES);
}

/* Windows [first, last) of output row i, whatever they are; dy[ow][c], where[ow][c]. */
static void give_any(nn_real *dx, const nn_real *dy, const uint32_t *where, const nn__window *s,
                     int i, int first, int last)
{
    size_t c = (size_t)s->c, stride = (size_t)s->w * c;
    int apart = tiled(s);
    for (int j = first; j < last; j++) {
        cells in = cells_of(s, i, j);
        nn_real *corner = dx + in.row * stride + in.column * c;
        for (int p = in.p0; p < in.p1; p++) {
            nn_real *cell = corner + (size_t)(p - in.p0) * stride;
            for (int q = in.q0; q < in.q1; q++, cell += c) {
                uint32_t place = (uint32_t)(p * s->kw + q);
                if (apart)
                    give_cell(cell, dy + (size_t)j * c, where + (size_t)j * c, place, c);
                else
                    add_cell(cell, dy + (size_t)j * c, where + (size_t)j * c, place, c);
            }
        }
    }
}

/* Zeros of what no window covers, right of and below all windows. */
static void clear_rest(nn_real *dx, const nn__window *s)
{
    int rows = s->oh * s->sh - s->top, columns = s->ow * s->sw - s->left;
    size_t c = (size_t)s->c, stride = (size_t)s->w * c;
    if (columns < s->w)
        for (int i = 0; i < s->h; i++)
            memset(dx + (size_t)i * stride + (size_t)columns * c, 0,
                   (size_t)(s->w - columns) * c * sizeof *dx);
    if (rows < s->h)
        memset(dx + (size_t)rows * stride, 0, (size_t)(s->h - rows) * stride * sizeof *dx);
}

static void give_row(nn_real *dx, const nn_real *dy, const uint32_t *where, const nn__window *s,
                     int i)
{
    size_t c = (size_t)s->c, stride = (size_t)s->w * c;
    cells band = cells_of(s, i, 0);
    int first = 0, last = 0;
    if (tiled(s) && s->kh == 2 && s->kw == 2 && band.p1 - band.p0 == 2 && in_vectors(c))
        whole_columns(s, &first, &last);
    give_any(dx, dy, where, s, i, 0, first);
    for (int j = first; j < last; j++)
        give_2x2(dx + band.row * stride + (size_t)(2 * j - s->left) * c, stride, dy + (size_t)j * c,
                 where + (size_t)j * c, c);
    give_any(dx, dy, where, s, i, last, s->ow);
}

void KERNEL(max_pool_gradient)(nn_real *dx, const nn_real *dy, const uint32_t *where,
                               const nn__window *window)
{
    const nn__window *s = window;
    size_t line = (size_t)s->ow * (size_t)s->c;
    if (tiled(s))
        clear_rest(dx, s);
    else
        memset(dx, 0, (size_t)s->h * (size_t)s->w * (size_t)s->c * sizeof *dx);
    for (int i = 0; i < s->oh; i++)
        give_row(dx, dy + (size_t)i * line, where + (size_t)i * line, s, i);
}
