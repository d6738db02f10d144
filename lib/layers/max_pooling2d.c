/*
 * MaxPooling2D: y[i][j][c] = the largest x[i sh + p - top][j sw + q - left][c] of the window.
 * Kept for backward: each winner's place, uint32 where[rows][oh][ow][c]. A task is one picture.
 */
#include "kernels/kernels.h"
#include "layers/max_pooling2d.h"

NN__NO_TAIL_PADDING(nn_max_pool2d_options, name);

enum { LARGEST = 32767 }; /* of a window's side: a place fits 31 bits */

static const nn_option max_pooling2d_fields[] = {
    NN__OPTION(nn_max_pool2d_options, PAIR, pool, .fallback = 2, .minimum = 1, .maximum = LARGEST),
    NN__OPTION(nn_max_pool2d_options, PAIR, strides, .minimum = 0, .maximum = LARGEST),
    NN__OPTION(nn_max_pool2d_options, CHOICE, padding, .choices = nn_padding_names),
    NN__OPTION(nn_max_pool2d_options, STRING, name),
};

static void max_pooling2d_strides(const nn_max_pool2d_options *o, nn__window *s)
{
    int own = o->strides[0] != 0 || o->strides[1] != 0;
    s->sh = own ? o->strides[0] : o->pool[0];
    s->sw = own ? o->strides[1] : o->pool[1];
}

nn__window nn__max_pooling2d_window(const nn_max_pool2d_options *o, const nn_shape *x)
{
    nn__window s = {.h = x->dims[0], .w = x->dims[1], .c = x->dims[2], .dh = 1, .dw = 1};
    s.kh = o->pool[0];
    s.kw = o->pool[1];
    max_pooling2d_strides(o, &s);
    s.oh = nn_window_output(s.h, s.kh, s.sh, 1, o->padding, &s.top);
    s.ow = nn_window_output(s.w, s.kw, s.sw, 1, o->padding, &s.left);
    return s;
}

static nn_status max_pooling2d_infer(nn_infer *infer)
{
    const nn_max_pool2d_options *o = infer->options;
    char text[NN__SHAPE_TEXT];
    if (infer->inputs[0].rank != 3)
        return nn_infer_fail(infer, NN_ESHAPE, "the input must be a picture, it is %s",
                             nn__shape_text(&infer->inputs[0], text, sizeof text));
    nn__window s = {0};
    max_pooling2d_strides(o, &s);
    if (s.sh < 1 || s.sw < 1)
        return nn_infer_fail(infer, NN_EINVAL, "strides are %dx%d, they must be at least 1", s.sh,
                             s.sw);
    s = nn__max_pooling2d_window(o, &infer->inputs[0]);
    if (s.oh < 1 || s.ow < 1)
        return nn_infer_fail(infer, NN_ESHAPE, "pool %dx%d exceeds the input %dx%d", s.kh, s.kw,
                             s.h, s.w);
    infer->output = (nn_shape){.rank = 3, .dims = {s.oh, s.ow, s.c}};
    if (infer->backward)
        infer->kept = nn__mul(nn__mul((size_t)infer->batch, nn__shape_count(&infer->output)),
                              sizeof(uint32_t));
    return NN_OK;
}

typedef struct max_pooling2d_run {
    nn__window window;
    size_t x_count, y_count; /* elements of a picture */
} max_pooling2d_run;

static max_pooling2d_run max_pooling2d_begin(const nn_pass *pass)
{
    const nn_max_pool2d_options *o = pass->options;
    max_pooling2d_run run = {.window = nn__max_pooling2d_window(o, &pass->x_shape[0])};
    run.x_count = nn__shape_count(&pass->x_shape[0]);
    run.y_count = nn__shape_count(pass->y_shape);
    return run;
}

static void max_pooling2d_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const max_pooling2d_run *run = arg;
    size_t row = (size_t)index;
    uint32_t *where = pass->kept;
    (void)worker;
    nn__kernels->max_pool(pass->y + row * run->y_count,
                          where != NULL ? where + row * run->y_count : NULL,
                          pass->x[0] + row * run->x_count, &run->window, 0, run->window.oh);
}

static void max_pooling2d_forward(const nn_pass *pass)
{
    max_pooling2d_run run = max_pooling2d_begin(pass);
    nn_parallel(pass, pass->rows, max_pooling2d_forward_task, &run);
}

static void max_pooling2d_backward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const max_pooling2d_run *run = arg;
    size_t row = (size_t)index;
    const uint32_t *where = pass->kept;
    (void)worker;
    nn__kernels->max_pool_gradient(pass->dx[0] + row * run->x_count, pass->dy + row * run->y_count,
                                   where + row * run->y_count, &run->window);
}

static void max_pooling2d_backward(const nn_pass *pass)
{
    if (pass->dx[0] == NULL)
        return;
    max_pooling2d_run run = max_pooling2d_begin(pass);
    nn_parallel(pass, pass->rows, max_pooling2d_backward_task, &run);
}

const nn_layer_kind nn__max_pooling2d_layer = {
    .kind = NN__KIND(nn_layer_kind, "max_pooling2d", "MaxPooling2D", nn_max_pool2d_options,
                     max_pooling2d_fields),
    .infer = max_pooling2d_infer,
    .forward = max_pooling2d_forward,
    .backward = max_pooling2d_backward,
};

nn_layer *nn_max_pool2d_new(const nn_max_pool2d_options *options)
{
    return nn_layer_new(&nn__max_pooling2d_layer, options);
}
