#include "layers/frame.h"

#include <string.h>

static void frame_crop(const nn__frame *f, nn_real *inner, const nn_real *outer)
{
    const size_t c = (size_t)f->inner->dims[2], width = (size_t)f->inner->dims[1] * c;
    const size_t line = (size_t)f->outer->dims[1] * c;
    outer += (size_t)f->top * line + (size_t)f->left * c;
    for (int i = 0; i < f->inner->dims[0]; i++, inner += width, outer += line)
        memcpy(inner, outer, width * sizeof *inner);
}

static void frame_pad(const nn__frame *f, nn_real *outer, const nn_real *inner)
{
    const size_t c = (size_t)f->inner->dims[2], width = (size_t)f->inner->dims[1] * c;
    const size_t line = (size_t)f->outer->dims[1] * c, left = (size_t)f->left * c;
    const size_t top = (size_t)f->top, rows = (size_t)f->inner->dims[0];
    memset(outer, 0, top * line * sizeof *outer);
    for (size_t i = 0; i < rows; i++, inner += width) {
        nn_real *row = outer + (top + i) * line;
        memset(row, 0, left * sizeof *row);
        memcpy(row + left, inner, width * sizeof *row);
        memset(row + left + width, 0, (line - left - width) * sizeof *row);
    }
    memset(outer + (top + rows) * line, 0,
           ((size_t)f->outer->dims[0] - top - rows) * line * sizeof *outer);
}

static void frame_forward_picture(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn__frame *f = arg;
    nn_real *y = pass->y + (size_t)index * nn__shape_count(pass->y_shape);
    const nn_real *x = pass->x[0] + (size_t)index * nn__shape_count(pass->x_shape);
    (void)worker;
    if (f->pads)
        frame_pad(f, y, x);
    else
        frame_crop(f, y, x);
}

static void frame_backward_picture(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn__frame *f = arg;
    nn_real *dx = pass->dx[0] + (size_t)index * nn__shape_count(pass->x_shape);
    const nn_real *dy = pass->dy + (size_t)index * nn__shape_count(pass->y_shape);
    (void)worker;
    if (f->pads)
        frame_crop(f, dx, dy);
    else
        frame_pad(f, dx, dy);
}

static void frame_shapes(const nn_pass *pass, nn__frame *frame)
{
    frame->inner = frame->pads ? pass->x_shape : pass->y_shape;
    frame->outer = frame->pads ? pass->y_shape : pass->x_shape;
}

void nn__frame_forward(const nn_pass *pass, nn__frame *frame)
{
    frame_shapes(pass, frame);
    nn_parallel(pass, pass->rows, frame_forward_picture, frame);
}

void nn__frame_backward(const nn_pass *pass, nn__frame *frame)
{
    frame_shapes(pass, frame);
    if (pass->dx[0] != NULL)
        nn_parallel(pass, pass->rows, frame_backward_picture, frame);
}
