/*
 * Matrices in panels of COLUMNS columns side by side, one panel after the other, the last one filled up
 * with zeros: packing, unpacking, and products with them, where some panels at a time by some rows are
 * summed in registers. So lie the kernels of the direct convolution and Winograd's transformed ones.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/lanes.h"

enum {
    COLUMNS = NN__PANEL_COLUMNS,
    VECTORS = COLUMNS / LANES > 0 ? COLUMNS / LANES : 1, /* of a panel         */
    PANELS = VECTORS == 1 ? 2 : 1,                       /* at a time, at most */
    HELD = PANELS * VECTORS,                             /* vectors of a row   */
    /* Vectors that are summed at a time: enough that a sum does not wait for itself, and no more than
     * registers hold; and how many rows that makes. */
    FEWEST = NN__SIMD_BYTES == 64 ? 12 : 8,
    SUMS = NN__SIMD_BYTES == 64 ? 16 : 12,
    LEAST = FEWEST / HELD > 0 ? FEWEST / HELD : 1,
    MOST = SUMS / HELD > 0 ? SUMS / HELD : 1
};

#define INLINE static inline __attribute__((always_inline))

void KERNEL(pack_columns)(nn_real *panel, const nn_real *matrix, size_t depth, size_t f)
{
    for (size_t first = 0; first < f; first += COLUMNS)
        for (size_t e = 0; e < depth; e++, panel += COLUMNS) {
            size_t count = f - first < COLUMNS ? f - first : COLUMNS;
            memset(panel, 0, COLUMNS * sizeof *panel);
            memcpy(panel, matrix + e * f + first, count * sizeof *panel);
        }
}

void KERNEL(unpack_columns)(nn_real *matrix, const nn_real *panel, size_t depth, size_t f)
{
    for (size_t first = 0; first < f; first += COLUMNS)
        for (size_t e = 0; e < depth; e++, panel += COLUMNS) {
            size_t count = f - first < COLUMNS ? f - first : COLUMNS;
            memcpy(matrix + e * f + first, panel, count * sizeof *panel);
        }
}

/* ---- Products ---- */

/* What is to be summed: y has `line` numbers from row to row; number p of row i of a is at
 * a[i * row + p * step]; panels of b follow each other. */
struct operands {
    nn_real *y;
    size_t line;
    const nn_real *a;
    size_t row, step;
    const nn_real *b;
    size_t depth;
};

/* y[rows][panels COLUMNS] = or, with `adds`, += a[rows][depth] b */
INLINE void tile(const struct operands *o, int adds, size_t rows, size_t panels)
{
    const size_t panel = o->depth * COLUMNS, row = o->row, step = o->step, depth = o->depth;
    const nn_real *a = o->a, *b = o->b;
    nn_real *y = o->y;
    lanes sums[MOST][HELD];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < panels * VECTORS; v++)
            sums[i][v] = a[i * row] * load(b + v / VECTORS * panel, (int)(v % VECTORS));
    for (size_t p = 1; p < depth; p++) {
        a += step, b += COLUMNS;
        for (size_t i = 0; i < rows; i++)
            for (size_t v = 0; v < panels * VECTORS; v++)
                sums[i][v] += a[i * row] * load(b + v / VECTORS * panel, (int)(v % VECTORS));
    }
    for (size_t i = 0; i < rows; i++, y += o->line)
        for (size_t v = 0; v < panels * VECTORS; v++)
            store(y, (int)v, adds ? load(y, (int)v) + sums[i][v] : sums[i][v]);
}

#define TILE(rows)                                                                                 \
    case rows:                                                                                     \
        if ((rows) <= MOST)                                                                        \
            tile(&o, adds, rows, panels);                                                          \
        break;

/* All rows by some panels, in groups of about the same length. */
INLINE void strip(struct operands o, int adds, size_t rows, size_t panels)
{
    size_t groups = rows < LEAST ? 1 : rows / LEAST;
    if (rows > groups * MOST)
        groups = (rows + MOST - 1) / MOST;
    for (size_t g = 0, first = 0, last; g < groups; g++, first = last) {
        last = rows * (g + 1) / groups;
        switch (last - first) {
            TILE(8) TILE(7) TILE(6) TILE(5) TILE(4) TILE(3) TILE(2) TILE(1)
        }
        o.y += (last - first) * o.line, o.a += (last - first) * o.row;
    }
}

void KERNEL(panel_product)(nn_real *y, int adds, const nn_real *a, size_t row, size_t step,
                           const nn_real *b, size_t rows, size_t depth, size_t columns)
{
    struct operands o = {y, columns, a, row, step, b, depth};
    size_t j = 0;
    for (; j + PANELS * COLUMNS <= columns; j += PANELS * COLUMNS) {
        o.y = y + j, o.b = b + j * depth;
        strip(o, adds, rows, PANELS);
    }
    for (; j < columns; j += COLUMNS) {
        o.y = y + j, o.b = b + j * depth;
        strip(o, adds, rows, 1);
    }
}
