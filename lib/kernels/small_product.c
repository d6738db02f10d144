/*
 * Products of little depth, as those of a dense layer on a batch and of im2col with few channels. BLAS
 * packs both operands first, which is much of the work where each number is then met a few dozen times,
 * and waits for the memory they come from. Here one is read as it lies; of the other a strip of SPAN
 * vectors, as deep as the product, is copied while the next one is being fetched, and some rows by that
 * strip are summed in registers.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/lanes.h"

enum {
    /* Vectors of a strip, at most: it is to stay in the first cache. */
    SPAN = NN__SIMD_BYTES == 64 ? 2 : 4,
    SUMS = NN__SIMD_BYTES == 64 ? 16 : 12, /* vectors in registers */
    WIDTH = SPAN * LANES,
    DEPTH = NN__SMALL_DEPTH,
    TURN = 24 /* rows that are summed before they are turned: whole groups */
};

#define INLINE static inline __attribute__((always_inline))

/* A strip: what is copied of one operand, [depth][vectors], and how much of its last vector counts. */
struct strip {
    lanes copy[DEPTH * SPAN];
    size_t depth, vectors, last;
};

/* Some rows of the other: number p of row i is at a[i * row + p * step]. */
struct rows {
    const nn_real *a;
    size_t row, step;
};

/* c[rows][..] = sums, or += them. */
struct target {
    nn_real *c;
    size_t line;
    int adds;
};

/* ---- Rows by a strip ---- */

/* The general way to store: adds, and stops where a strip's last vector does. */
__attribute__((noinline)) static void put(const struct target *to, const lanes *sums, size_t rows,
                                          const struct strip *s)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < s->vectors; v++, sums++) {
            const size_t count = v + 1 < s->vectors ? LANES : s->last;
            nn_real *c = to->c + i * to->line + v * LANES;
            store_some(c, to->adds ? load_some(c, count) + *sums : *sums, count);
        }
}

INLINE void tile(const struct target *to, const struct rows *from, const struct strip *s,
                 size_t rows, size_t vectors)
{
    const size_t row = from->row, step = from->step, depth = s->depth;
    const nn_real *a = from->a;
    const lanes *b = s->copy;
    lanes sums[SUMS / 2][SPAN];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            sums[i][v] = a[i * row] * b[v];
    for (size_t p = 1; p < depth; p++) {
        a += step, b += vectors;
        for (size_t i = 0; i < rows; i++)
            for (size_t v = 0; v < vectors; v++)
                sums[i][v] += a[i * row] * b[v];
    }
    if (to->adds || s->last < LANES) {
        lanes kept[SUMS]; /* a copy: what is pointed to is not in registers */
        for (size_t i = 0; i < rows; i++)
            for (size_t v = 0; v < vectors; v++)
                kept[i * vectors + v] = sums[i][v];
        put(to, kept, rows, s);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            store(to->c + i * to->line, (int)v, sums[i][v]);
}

static size_t most_rows(size_t vectors)
{
    const size_t rows = SUMS / vectors;
    return rows < SUMS / 2 ? rows : SUMS / 2;
}

#define TILE(rows, vectors)                                                                        \
    case 10 * (rows) + (vectors):                                                                  \
        tile(to, from, s, rows, vectors);                                                          \
        break;

/* As many rows as most_rows allows, or fewer. */
__attribute__((noinline)) static void tile_of(const struct target *to, const struct rows *from,
                                              const struct strip *s, size_t rows)
{
    switch (10 * rows + s->vectors) {
        /* clang-format off */
#if NN__SIMD_BYTES == 64
        TILE(8, 2) TILE(7, 2) TILE(8, 1) TILE(7, 1)
#else
        TILE(3, 4) TILE(2, 4) TILE(1, 4) TILE(4, 3) TILE(3, 3) TILE(2, 3) TILE(1, 3)
#endif
        TILE(6, 2) TILE(5, 2) TILE(4, 2) TILE(3, 2) TILE(2, 2) TILE(1, 2)
        TILE(6, 1) TILE(5, 1) TILE(4, 1) TILE(3, 1) TILE(2, 1) TILE(1, 1)
        /* clang-format on */
    }
}

/* Rows [first, last) of a strip that comes next. */
static void fetch(const nn_real *next, size_t ldb, size_t first, size_t last)
{
    for (size_t p = first; p < last; p++) {
        __builtin_prefetch(next + p * ldb);
        __builtin_prefetch(next + p * ldb + 16);
    }
}

/* All m rows in groups of about the same length; next: the strip that follows, or NULL. */
static void rows_by_strip(const struct target *to, const struct rows *from, const struct strip *s,
                          size_t m, const nn_real *next, size_t ldb)
{
    const size_t most = most_rows(s->vectors), groups = (m + most - 1) / most;
    for (size_t g = 0; g < groups; g++) {
        const size_t first = m * g / groups, last = m * (g + 1) / groups;
        if (next != NULL)
            fetch(next, ldb, s->depth * g / groups, s->depth * (g + 1) / groups);
        tile_of(&(struct target){to->c + first * to->line, to->line, to->adds},
                &(struct rows){from->a + first * from->row, from->row, from->step}, s,
                last - first);
    }
}

/* The next strip of `left` columns, all of about the same width; returns how many it takes. */
static size_t strip_begin(struct strip *s, size_t depth, size_t left)
{
    const size_t vectors = (left + LANES - 1) / LANES, strips = (vectors + SPAN - 1) / SPAN;
    s->depth = depth;
    s->vectors = (vectors + strips - 1) / strips;
    const size_t whole = s->vectors * LANES, columns = left < whole ? left : whole;
    s->last = columns - (s->vectors - 1) * LANES;
    return columns;
}

/* ---- C = or += A B, A' B ---- */

/* A short vector is read whole, with numbers of the next row, where that is long enough for it. */
static void strip_copy(struct strip *s, const nn_real *b, size_t ldb, size_t width)
{
    const size_t whole = s->vectors - 1, reach = width < LANES ? 0 : s->depth - 1; /* rows */
    lanes *copy = s->copy;
    for (size_t p = 0; p < s->depth; p++, b += ldb) {
        for (size_t v = 0; v < whole; v++)
            *copy++ = load(b, (int)v);
        *copy++ = load_some(b + whole * LANES, p < reach ? LANES : s->last);
    }
}

void KERNEL(small_product)(nn_real *c, int ldc, int adds, const nn_real *a, int row, int step,
                           const nn_real *b, int ldb, int m, int n, int k)
{
    const size_t width = (size_t)n, line = (size_t)ldb;
    const struct rows from = {a, (size_t)row, (size_t)step};
    struct strip s;
    for (size_t j = 0, columns; j < width; j += columns) {
        columns = strip_begin(&s, (size_t)k, width - j);
        strip_copy(&s, b + j, line, width);
        rows_by_strip(&(struct target){c + j, (size_t)ldc, adds}, &from, &s, (size_t)m,
                      j + columns < width ? b + j + columns : NULL, line);
    }
}

/* ---- C = A B': the rows of B by strips of A', and the sums turned ---- */

typedef nn_real four __attribute__((vector_size(4 * sizeof(nn_real))));
typedef nn_real four_at
    __attribute__((vector_size(4 * sizeof(nn_real)), aligned(sizeof(nn_real)), may_alias));

/* Four rows of four. */
static inline void turn_four(nn_real *to, size_t ldt, const nn_real *from, size_t ldf)
{
    four in[4], near[2], far[2];
    for (size_t i = 0; i < 4; i++)
        in[i] = *(const four_at *)(const void *)(from + i * ldf);
    for (size_t i = 0; i < 2; i++) {
        near[i] = NN__PICK(in[2 * i], in[2 * i + 1], 0, 4, 1, 5);
        far[i] = NN__PICK(in[2 * i], in[2 * i + 1], 2, 6, 3, 7);
    }
    *(four_at *)(void *)to = NN__PICK(near[0], near[1], 0, 1, 4, 5);
    *(four_at *)(void *)(to + ldt) = NN__PICK(near[0], near[1], 2, 3, 6, 7);
    *(four_at *)(void *)(to + 2 * ldt) = NN__PICK(far[0], far[1], 0, 1, 4, 5);
    *(four_at *)(void *)(to + 3 * ldt) = NN__PICK(far[0], far[1], 2, 3, 6, 7);
}

/* to[j][i] = from[i][j] */
static void turn(nn_real *to, size_t ldt, const nn_real *from, size_t ldf, size_t rows,
                 size_t columns)
{
    const size_t whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
    for (size_t j = 0; j < whole_columns; j += 4)
        for (size_t i = 0; i < whole_rows; i += 4)
            turn_four(to + j * ldt + i, ldt, from + i * ldf + j, ldf);
    for (size_t j = 0; j < columns; j++)
        for (size_t i = j < whole_columns ? whole_rows : 0; i < rows; i++)
            to[j * ldt + i] = from[i * ldf + j];
}

void KERNEL(small_product_turned)(nn_real *c, int ldc, const nn_real *a, int lda, const nn_real *b,
                                  int ldb, int m, int n, int k)
{
    const size_t height = (size_t)m, width = (size_t)n, depth = (size_t)k, line = (size_t)ldc;
    struct strip s;
    nn_real sums[TURN * WIDTH];
    for (size_t i = 0, columns; i < height; i += columns) {
        columns = strip_begin(&s, depth, height - i);
        if (s.last < LANES)
            memset(s.copy, 0, depth * s.vectors * sizeof *s.copy);
        turn((nn_real *)(void *)s.copy, s.vectors * LANES, a + i * (size_t)lda, (size_t)lda,
             columns, depth);
        s.last = LANES;
        for (size_t j = 0; j < width; j += TURN) {
            const size_t rows = width - j < TURN ? width - j : TURN;
            const struct rows from = {b + j * (size_t)ldb, (size_t)ldb, 1};
            rows_by_strip(&(struct target){sums, WIDTH, 0}, &from, &s, rows, NULL, 0);
            turn(c + i * line + j, line, sums, WIDTH, rows, columns);
        }
    }
}
