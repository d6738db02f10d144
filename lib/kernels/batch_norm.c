/*
 * Batch normalization over the columns (channels) of x[n][c].
 *
 * Statistics are taken in blocks of ROWS rows by STRIP columns that fit the first cache: sums
 * within a block in nn_real, in registers; blocks are joined in double. A block's moments come
 * from two passes: its mean m, then d = x - m with sum d and sum d^2, where
 *   mean = m + sum d / r,   m2 = sum d^2 - (sum d)^2 / r
 * takes back the rounding of m. Two sets of moments (na, a, m2a), (nb, b, m2b) are joined by
 *   mean = a + (b - a) nb / (na + nb),   m2 = m2a + m2b + (b - a)^2 na nb / (na + nb)
 * (Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample
 * variances", 1979). Cut and order follow from n and c: the same bits at every level.
 */
#include "kernels/kernels.h"
#include "kernels/lanes.h"

enum { ROWS = 64, VECTORS = 4, STRIP = VECTORS * LANES };

/* Unrolled, so that arrays of vectors are registers. */
#define EACH_VECTOR(v, vectors) _Pragma("GCC unroll 4") for (int v = 0; v < (vectors); v++)

/* ---- Strips of columns ---- */

/* Columns [first, first + width) of a block, of which `skip` are done already; a strip is of
 * VECTORS vectors or of one, and the last one reaches back where it is not filled. Only where
 * there are fewer columns than LANES it is of fewer numbers. */
struct strip {
    size_t first, width, skip;
};

static inline struct strip strip_begin(void)
{
    return (struct strip){0, 0, 0};
}

static inline int strip_next(struct strip *s, size_t c)
{
    const size_t done = s->first + s->width, left = c - done;
    s->first = done;
    s->skip = 0;
    s->width = left >= STRIP ? STRIP : LANES;
    if (left < LANES && c >= LANES)
        s->first = c - LANES, s->skip = LANES - left;
    else if (left < LANES)
        s->width = left;
    return left > 0;
}

/* Vector v of a strip at x, zeros beyond its width. */
static inline __attribute__((always_inline)) lanes strip_load(const nn_real *x, int v, size_t width)
{
    return width < LANES ? load_some(x, width) : load(x, v);
}

/* ---- Moments ---- */

/* mean, sum d and sum d^2 of a block, d about the mean of a first pass; `vectors` is a constant
 * where it is inlined. */
static inline __attribute__((always_inline)) void block_moments(nn_real (*moments)[STRIP],
                                                                const nn_real *x, size_t rows,
                                                                size_t c, size_t width, int vectors)
{
    lanes s[VECTORS], m[VECTORS], q[VECTORS];
    EACH_VECTOR (v, vectors)
        s[v] = zeros();
    for (size_t i = 0; i < rows; i++)
        EACH_VECTOR (v, vectors)
            s[v] += strip_load(x + i * c, v, width);
    EACH_VECTOR (v, vectors) {
        m[v] = s[v] / (nn_real)rows;
        s[v] = q[v] = zeros();
    }
    for (size_t i = 0; i < rows; i++)
        EACH_VECTOR (v, vectors) {
            const lanes d = strip_load(x + i * c, v, width) - m[v];
            s[v] += d;
            q[v] += d * d;
        }
    EACH_VECTOR (v, vectors) {
        store(moments[0], v, m[v]);
        store(moments[1], v, s[v]);
        store(moments[2], v, q[v]);
    }
}

/* Joins a block of `rows` rows to the moments of the `before` rows above it. */
static void join_moments(double *mean, double *m2, const nn_real (*moments)[STRIP],
                         const struct strip *strip, size_t before, size_t rows)
{
    double r = (double)rows, share = r / (double)(before + rows), weight = share * (double)before;
    for (size_t l = strip->skip; l < strip->width; l++) {
        const size_t j = strip->first + l;
        double s = (double)moments[1][l], block = (double)moments[0][l] + s / r,
               delta = block - mean[j];
        mean[j] += delta * share;
        m2[j] += (double)moments[2][l] - s * s / r + delta * delta * weight;
    }
}

void KERNEL(column_moments)(double *mean, double *m2, const nn_real *x, size_t n, size_t c)
{
    nn_real moments[3][STRIP];
    for (size_t j = 0; j < c; j++)
        mean[j] = m2[j] = 0;
    for (size_t i = 0; i < n; i += ROWS) {
        const size_t rows = n - i < ROWS ? n - i : ROWS;
        for (struct strip s = strip_begin(); strip_next(&s, c);) {
            const nn_real *at = x + i * c + s.first;
            if (s.width == STRIP)
                block_moments(moments, at, rows, c, STRIP, VECTORS);
            else if (s.width == LANES)
                block_moments(moments, at, rows, c, LANES, 1);
            else
                block_moments(moments, at, rows, c, s.width, 1);
            join_moments(mean, m2, (const nn_real(*)[STRIP])moments, &s, i, rows);
        }
    }
}

void KERNEL(column_scale_shift)(nn_real *y, const nn_real *x, const nn_real *scale,
                                const nn_real *shift, size_t n, size_t c)
{
    const nn_real *restrict s = scale, *restrict t = shift;
    for (size_t i = 0; i < n; i++, x += c, y += c)
        for (size_t j = 0; j < c; j++)
            y[j] = x[j] * s[j] + t[j];
}

/* ---- Gradients ---- */

/* Where the dy of ROWS neighbouring lines begins, and which cell of its window a line is: what lies
 * in `where` decides whether a channel's dy reaches it. NOWHERE: none does. */
struct lines {
    size_t at[ROWS];
    uint32_t place[ROWS];
};

enum { NOWHERE = -1 };

/* A walk through the lines of pictures, and through the windows over them. */
struct walk {
    const nn__window *w;
    int row, column; /* of the picture         */
    int u, v, p, q;  /* window, cell within it */
    size_t picture;
};

static struct walk walk_begin(const nn__pooled_dy *g)
{
    struct walk k = {.w = g->window};
    if (k.w != NULL)
        k.p = k.w->top, k.q = k.w->left;
    return k;
}

/* To the next row of the picture, or to the next picture. */
static void walk_on(struct walk *k)
{
    const nn__window *w = k->w;
    k->column = k->v = 0;
    k->q = w->left;
    if (++k->p == w->kh)
        k->p = 0, k->u++;
    if (++k->row < w->h)
        return;
    k->row = k->u = 0;
    k->p = w->top;
    k->picture += (size_t)w->oh * (size_t)w->ow;
}

/* The next `rows` lines of c numbers of a gradient that is pooled. */
static void find_pooled(struct lines *lines, struct walk *k, size_t rows, size_t c)
{
    const nn__window *w = k->w;
    for (size_t i = 0; i < rows;) {
        const size_t picture_row = k->picture + (size_t)k->u * (size_t)w->ow;
        const int last = k->u < w->oh ? w->ow : 0, base = k->p * w->kw;
        for (; i < rows && k->column < w->w; i++, k->column++) {
            const int inside = k->v < last;
            lines->at[i] = inside ? (picture_row + (size_t)k->v) * c : 0;
            lines->place[i] = (uint32_t)(inside ? base + k->q : NOWHERE);
            if (++k->q == w->kw)
                k->q = 0, k->v++;
        }
        if (k->column == w->w)
            walk_on(k);
    }
}

/* The next `rows` lines of c numbers, the first of them number `first`. */
static void find_lines(struct lines *lines, struct walk *k, size_t first, size_t rows, size_t c)
{
    if (k->w != NULL)
        find_pooled(lines, k, rows, c);
    else
        for (size_t i = 0; i < rows; i++)
            lines->at[i] = (first + i) * c;
}

/* What of dy reaches a line: all, or where the cell leads. */
static inline __attribute__((always_inline)) lanes given(const nn__pooled_dy *g,
                                                         const struct lines *lines, size_t line,
                                                         size_t column, int v, size_t width,
                                                         int pooled)
{
    const size_t at = lines->at[line] + column;
    const lanes all = strip_load(g->dy + at, v, width);
    uint32_t narrow[LANES] = {0};
    if (!pooled)
        return all;
    if (width >= LANES)
        return where_equal(all, g->where + at, v, lines->place[line]);
    memcpy(narrow, g->where + at, width * sizeof *narrow);
    return where_equal(all, narrow, 0, lines->place[line]);
}

/* sum dy and sum dy (x - mean) of a block; `vectors` and `pooled` are constants where it is
 * inlined. */
static inline __attribute__((always_inline)) void block_sums(
    nn_real (*sums)[STRIP], const nn__pooled_dy *g, const struct lines *lines, size_t column,
    const nn_real *x, const nn_real *mean, size_t rows, size_t c, size_t width, int vectors,
    int pooled)
{
    lanes s[VECTORS], q[VECTORS], m[VECTORS];
    EACH_VECTOR (v, vectors) {
        s[v] = q[v] = zeros();
        m[v] = strip_load(mean, v, width);
    }
    for (size_t i = 0; i < rows; i++)
        EACH_VECTOR (v, vectors) {
            const lanes d = given(g, lines, i, column, v, width, pooled);
            s[v] += d;
            q[v] += d * (strip_load(x + i * c, v, width) - m[v]);
        }
    EACH_VECTOR (v, vectors) {
        store(sums[0], v, s[v]);
        store(sums[1], v, q[v]);
    }
}

/* All columns of a block. */
static inline __attribute__((always_inline)) void sums_of_block(
    double *sum_dy, double *sum_dy_xhat, const nn__pooled_dy *g, const struct lines *lines,
    const nn_real *x, const nn_real *mean, size_t rows, size_t c, int pooled)
{
    nn_real sums[2][STRIP];
    for (struct strip s = strip_begin(); strip_next(&s, c);) {
        const nn_real *at = x + s.first, *m = mean + s.first;
        if (s.width == STRIP)
            block_sums(sums, g, lines, s.first, at, m, rows, c, STRIP, VECTORS, pooled);
        else if (s.width == LANES)
            block_sums(sums, g, lines, s.first, at, m, rows, c, LANES, 1, pooled);
        else
            block_sums(sums, g, lines, s.first, at, m, rows, c, s.width, 1, pooled);
        for (size_t l = s.skip; l < s.width; l++) {
            sum_dy[s.first + l] += (double)sums[0][l];
            sum_dy_xhat[s.first + l] += (double)sums[1][l];
        }
    }
}

void KERNEL(batch_norm_sums)(double *sum_dy, double *sum_dy_xhat, const nn__pooled_dy *dy,
                             const nn_real *x, const nn_real *mean, const nn_real *rstd, size_t n,
                             size_t c)
{
    struct walk walk = walk_begin(dy);
    struct lines lines;
    for (size_t j = 0; j < c; j++)
        sum_dy[j] = sum_dy_xhat[j] = 0;
    for (size_t i = 0; i < n; i += ROWS) {
        const size_t rows = n - i < ROWS ? n - i : ROWS;
        find_lines(&lines, &walk, i, rows, c);
        if (dy->where != NULL)
            sums_of_block(sum_dy, sum_dy_xhat, dy, &lines, x + i * c, mean, rows, c, 1);
        else
            sums_of_block(sum_dy, sum_dy_xhat, dy, &lines, x + i * c, mean, rows, c, 0);
    }
    for (size_t j = 0; j < c; j++)
        sum_dy_xhat[j] *= (double)rstd[j];
}

static void dx_line(nn_real *dx, const nn_real *dy, const nn_real *x, const nn_real *a,
                    const nn_real *b, const nn_real *d, size_t c)
{
    for (size_t j = 0; j < c; j++)
        dx[j] = a[j] * dy[j] + b[j] * x[j] + d[j];
}

static void dx_line_pooled(nn_real *restrict dx, const nn_real *restrict dy,
                           const uint32_t *restrict where, uint32_t place,
                           const nn_real *restrict x, const nn_real *restrict a,
                           const nn_real *restrict b, const nn_real *restrict d, size_t c)
{
    for (size_t j = 0; j < c; j++) {
        nn_real all = dy[j], g = where[j] == place ? all : 0;
        dx[j] = a[j] * g + b[j] * x[j] + d[j];
    }
}

void KERNEL(batch_norm_dx)(nn_real *dx, const nn__pooled_dy *dy, const nn_real *x, const nn_real *a,
                           const nn_real *b, const nn_real *d, int activation, size_t n, size_t c)
{
    struct walk walk = walk_begin(dy);
    struct lines lines;
    for (size_t first = 0; first < n; first += ROWS, dx += ROWS * c, x += ROWS * c) {
        const size_t rows = n - first < ROWS ? n - first : ROWS;
        find_lines(&lines, &walk, first, rows, c);
        for (size_t i = 0, j = 0; i < rows; i++, j += c)
            if (dy->where != NULL)
                dx_line_pooled(dx + j, dy->dy + lines.at[i], dy->where + lines.at[i],
                               lines.place[i], x + j, a, b, d, c);
            else
                dx_line(dx + j, dy->dy + lines.at[i], x + j, a, b, d, c);
        if (activation != NN_LINEAR)
            KERNEL(activate_gradient)(dx, x, activation, rows * c);
    }
}
