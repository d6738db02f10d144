#include "layers/depthwise.h"

#include <string.h>

nn__depthwise nn__depthwise_of(nn__window window, int multiplier)
{
    nn__depthwise d = {.window = window, .multiplier = multiplier, .c = (size_t)window.c};
    d.pixel = d.c * (size_t)multiplier;
    d.weights = (size_t)window.kh * (size_t)window.kw * d.pixel;
    d.line = (size_t)window.ow * d.pixel;
    d.x_count = (size_t)window.h * (size_t)window.w * d.c;
    d.y_count = (size_t)window.oh * d.line;
    return d;
}

nn_status nn__depthwise_infer(nn_infer *infer, nn__depthwise *d, const char *name,
                              nn_initializer initializer, nn_regularizer regularizer)
{
    const nn__window *w = &d->window;
    if (w->oh < 1 || w->ow < 1)
        return nn_infer_fail(infer, NN_ESHAPE, "kernel %dx%d exceeds the padded input %dx%d",
                             (w->kh - 1) * w->dh + 1, (w->kw - 1) * w->dw + 1, w->h, w->w);
    if ((double)w->kh * w->kw * w->c * d->multiplier > (double)(1 << 28))
        return nn_infer_fail(infer, NN_ENOTSUP,
                             "kernel %dx%d of %d channels and multiplier %d is too large", w->kh,
                             w->kw, w->c, d->multiplier);
    return nn__infer_regular(infer, name, (const int[]){w->kh, w->kw, w->c, d->multiplier}, 4,
                             initializer, regularizer);
}

/* from[n][c][m] as to[n][m][c]. */
static const nn_real *turned(const nn__depthwise *d, nn_real *to, const nn_real *from, size_t n,
                             nn_real *spare)
{
    if (d->multiplier == 1 || from == NULL)
        return from;
    memcpy(to, from, n * d->pixel * sizeof *to);
    nn__kernels->transpose_pixels(to, spare, n, d->c, (size_t)d->multiplier);
    return to;
}

void nn__depthwise_weights(nn__depthwise *d, const nn_real *weights, const nn_real *bias,
                           nn_real *memory, nn_real *spare)
{
    d->kernel = turned(d, memory, weights, d->weights / d->pixel, spare);
    d->bias = turned(d, memory + d->weights, bias, 1, spare);
}

/* A multiplication and an addition for each number of a window, at each output of the lines. */
static uint64_t depthwise_flops(const nn__depthwise *d, int lines)
{
    return 2 * (uint64_t)lines * d->line * (d->weights / d->pixel);
}

void nn__depthwise_forward(const nn__depthwise *d, nn_real *y, const nn_real *x, nn_real *spare,
                           int first, int last)
{
    const size_t pixels = (size_t)(last - first) * (size_t)d->window.ow;
    if (d->bias != NULL)
        nn__kernels->fill_rows(y, d->bias, pixels, d->pixel);
    else
        memset(y, 0, pixels * d->pixel * sizeof *y);
    int was = nn__work_begin(NN_WORK_DIRECT, depthwise_flops(d, last - first));
    nn__kernels->depthwise(y, x, d->kernel, &d->window, d->multiplier, first, last);
    nn__work_end(was);
    if (d->multiplier > 1)
        nn__kernels->transpose_pixels(y, spare, pixels, (size_t)d->multiplier, d->c);
}

void nn__depthwise_backward(const nn__depthwise *d, nn_real *dkernel, nn_real *dx, const nn_real *x,
                            nn_real *dy, nn_real *spare, int first, int last)
{
    if (d->multiplier > 1)
        nn__kernels->transpose_pixels(dy, spare, (size_t)(last - first) * (size_t)d->window.ow,
                                      d->c, (size_t)d->multiplier);
    const int ways = (dkernel != NULL) + (dx != NULL);
    int was = nn__work_begin(NN_WORK_DIRECT, (uint64_t)ways * depthwise_flops(d, last - first));
    if (dkernel != NULL)
        nn__kernels->depthwise_dkernel(dkernel, x, dy, &d->window, d->multiplier, first, last);
    if (dx != NULL)
        nn__kernels->depthwise_dx(dx, dy, d->kernel, &d->window, d->multiplier, first, last);
    nn__work_end(was);
}

void nn__depthwise_gradient(const nn_pass *pass, const nn__depthwise *d, nn_real *gradient,
                            nn_real *parts, nn_real *spare)
{
    nn__sum_groups(pass, gradient, parts, d->weights);
    if (d->multiplier > 1)
        nn__kernels->transpose_pixels(gradient, spare, d->weights / d->pixel, (size_t)d->multiplier,
                                      d->c);
}
