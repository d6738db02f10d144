/*
 * Batch normalization followed by max pooling: the normalized picture lives in a worker's scratch,
 * some rows at a time, and only its pooled quarter is written to memory. Backward, the sums and dx find in
 * `where` which cells of a window dy reaches; it is spread over the picture nowhere. Only windows
 * that overlap, whose cells may get from several, have it spread in scratch.
 *
 *   forward   moments of x; per band: scratch = x s + t, y and where = pooled scratch
 *   backward  per part: sums of dy.  Again: dx = a dy + b x + d
 *
 * The same numbers are added in the same order as in the two layers by themselves, so the bits are
 * the same, ties and signs of gamma included.
 *
 * Kept: what batch normalization keeps, then where[rows][oh][ow][c].
 */
#include "fusions/fusions.h"
#include "layers/batch_normalization.h"
#include "layers/max_pooling2d.h"

enum { ALIGNMENT = 64, BAND = 4096 /* numbers of a band */ };

struct batch_norm_pool {
    nn__window window;
    size_t x_count, y_count; /* of a picture                      */
    uint32_t *where;         /* NULL where nothing is kept of it  */
};

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Pictures of a part; *first is the first of them. */
static size_t part_pictures(const nn__batch_norm_run *run, int part, size_t *first)
{
    size_t line, lines = nn__batch_norm_lines(run, part, &line);
    *first = line / run->lines;
    return lines / run->lines;
}

/* Windows' rows [row, row + rows) of picture n: x s + t in scratch, then pooled. */
static void apply_rows(const nn_pass *pass, const nn__batch_norm_run *run, size_t n, int row,
                       int rows, nn_real *scratch)
{
    const struct batch_norm_pool *f = run->owner;
    const size_t line = (size_t)f->window.w * run->c,
                 at = n * f->y_count + (size_t)row * (size_t)f->window.ow * run->c;
    const nn_real *x = pass->x[0] + n * f->x_count + (size_t)(row * f->window.sh) * line;
    nn__window w = f->window;
    if (rows < w.oh)
        w.h = rows * w.kh, w.oh = rows;
    nn__kernels->column_scale_shift(scratch, x, run->factors, run->factors + run->c,
                                    (size_t)w.h * (size_t)w.w, run->c);
    nn__kernels->max_pool(pass->y + at, f->where != NULL ? f->where + at : NULL, scratch, &w, 0,
                          w.oh);
}

/* So many rows of windows at a time, where they share no row of x, that theirs stay in the first cache. */
static int band_rows(const nn__window *w)
{
    const size_t numbers = (size_t)w->kh * (size_t)w->w * (size_t)w->c;
    if (w->sh != w->kh || w->top > 0 || w->oh * w->kh > w->h)
        return w->oh;
    return numbers > BAND / 2 ? 1 : (int)(BAND / numbers);
}

static void apply_part(const nn_pass *pass, void *arg, int part, int worker)
{
    const nn__batch_norm_run *run = arg;
    const struct batch_norm_pool *f = run->owner;
    const int oh = f->window.oh, band = band_rows(&f->window);
    size_t first, count = part_pictures(run, part, &first);
    for (size_t n = first; n < first + count; n++)
        for (int row = 0; row < oh; row += band)
            apply_rows(pass, run, n, row, band < oh - row ? band : oh - row,
                       nn_scratch(pass, worker));
}

static nn__pooled_dy pooled_part(const nn_pass *pass, const nn__batch_norm_run *run, int part,
                                 int worker)
{
    const struct batch_norm_pool *f = run->owner;
    size_t first;
    (void)worker;
    part_pictures(run, part, &first);
    return (nn__pooled_dy){pass->dy + first * f->y_count, f->where + first * f->y_count,
                           &f->window};
}

static const nn_real *spread_part(const nn_pass *pass, const nn__batch_norm_run *run, int part,
                                  int worker)
{
    const struct batch_norm_pool *f = run->owner;
    nn_real *scratch = nn_scratch(pass, worker);
    size_t first, count = part_pictures(run, part, &first);
    for (size_t i = 0; i < count; i++) {
        size_t at = (first + i) * f->y_count;
        nn__kernels->max_pool_gradient(scratch + i * f->x_count, pass->dy + at, f->where + at,
                                       &f->window);
    }
    return scratch;
}

/* The pass as batch normalization wants to see it, and its run with our places for y and dy. */
static nn__batch_norm_run begin(const nn_pass *pass, nn_pass *own, struct batch_norm_pool *f)
{
    const nn__fused_options *options = pass->options;
    *own = *pass;
    own->options = options->first;
    if (options->first_bytes == 0)
        own->kept = NULL; /* what there is belongs to the pooling */
    f->window = nn__max_pooling2d_window(options->second, &pass->x_shape[0]);
    f->x_count = nn__shape_count(&pass->x_shape[0]);
    f->y_count = nn__shape_count(pass->y_shape);
    f->where = NULL;
    if (pass->kept != NULL)
        f->where = (uint32_t *)(void *)((char *)pass->kept + options->first_bytes);
    nn__batch_norm_run run = nn__batch_norm_begin(own);
    run.owner = f;
    run.apply = apply_part;
    run.whole_dy_of_part = spread_part;
    if (f->window.sh == f->window.kh && f->window.sw == f->window.kw)
        run.dy_of_part = pooled_part;
    return run;
}

static void batch_norm_pool_forward(const nn_pass *pass)
{
    nn_pass own;
    struct batch_norm_pool f;
    nn__batch_norm_run run = begin(pass, &own, &f);
    nn__batch_norm_forward(&own, &run);
}

static void batch_norm_pool_backward(const nn_pass *pass)
{
    nn_pass own;
    struct batch_norm_pool f;
    nn__batch_norm_run run = begin(pass, &own, &f);
    nn__batch_norm_backward(&own, &run);
}

static const nn_layer_kind batch_norm_pool_step = {
    .kind = {.struct_size = sizeof(nn_layer_kind), .name = "batch_norm_pool"},
    .forward = batch_norm_pool_forward,
    .backward = batch_norm_pool_backward,
};

void nn__fuse_batch_norm_pool(nn__program *program)
{
    for (int s = 1; s < program->step_count; s++) {
        nn__step *pool = &program->steps[s];
        const nn__value *between = &program->values[pool->inputs[0]];
        if (pool->kind != &nn__max_pooling2d_layer || between->producer < 0 ||
            between->consumers != 1 || nn__program_predicts(program, pool->inputs[0]))
            continue;
        nn__step *norm = &program->steps[between->producer];
        if (norm->kind != &nn__batch_normalization_layer)
            continue;
        norm->kind = &batch_norm_pool_step;
        norm->fused = (nn__fused_options){.first = norm->options,
                                          .second = pool->options,
                                          .first_bytes = round_up(norm->about.kept)};
        norm->last_node = pool->last_node;
        norm->about.flags &= NN_KEEPS_X | NN_SLOPES_DX;
        norm->about.kept = norm->fused.first_bytes + pool->about.kept;
        norm->about.scratch = nn__batch_norm_part_bytes(&norm->about.output);
        norm->about.output = pool->about.output;
        nn__step_join(program, between->producer, s);
        s--;
    }
}
