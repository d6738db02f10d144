/*
 * Concatenate: the inputs one after the other along an axis. With everything before the axis as
 * `lines` and the axis with everything behind it as runs of numbers,
 *   y[line] = x0[line] x1[line] ...,  dx_k[line] = its run of dy[line]
 * A task is a piece of the lines.
 */
#include <limits.h>
#include <string.h>

#include "layers/pointwise.h"

NN__NO_TAIL_PADDING(nn_concatenate_options, name);

static const nn_option concatenate_fields[] = {
    NN__OPTION(nn_concatenate_options, INT, axis, .fallback = -1),
    NN__OPTION(nn_concatenate_options, STRING, name),
};

/* The axis from 0, or -1 where a sample of that rank has none. */
static int concatenate_axis(const nn_concatenate_options *o, int rank)
{
    int axis = o->axis < 0 ? rank + o->axis : o->axis - 1;
    return axis >= 0 && axis < rank ? axis : -1;
}

static int shapes_join(const nn_shape *a, const nn_shape *b, int axis)
{
    nn_shape other = *b;
    if (a->rank == b->rank)
        other.dims[axis] = a->dims[axis];
    return nn__shape_equal(a, &other);
}

static nn_status concatenate_infer(nn_infer *infer)
{
    const nn_concatenate_options *o = infer->options;
    const nn_shape *first = &infer->inputs[0];
    const int axis = concatenate_axis(o, first->rank);
    char have[NN__SHAPE_TEXT], want[NN__SHAPE_TEXT];
    if (axis < 0)
        return nn_infer_fail(infer, NN_EINVAL, "axis %d is not an axis of a sample: -%d..-1, 1..%d",
                             o->axis, first->rank, first->rank);
    infer->output = *first;
    for (int k = 1; k < infer->input_count; k++) {
        const nn_shape *x = &infer->inputs[k];
        if (!shapes_join(first, x, axis))
            return nn_infer_fail(infer, NN_ESHAPE,
                                 "input %d is %s, input 0 is %s: axis %d only may differ", k,
                                 nn__shape_text(x, have, sizeof have),
                                 nn__shape_text(first, want, sizeof want), axis + 1);
        if (x->dims[axis] > INT_MAX - infer->output.dims[axis])
            return nn_infer_fail(infer, NN_ESHAPE, "axis %d has more than %d positions", axis + 1,
                                 INT_MAX);
        infer->output.dims[axis] += x->dims[axis];
    }
    return NN_OK;
}

struct concatenate {
    int axis;
    size_t lines, step; /* of all rows; of a task */
    int backward;
};

static size_t run_of(const nn_shape *shape, int axis)
{
    size_t run = 1;
    for (int i = axis; i < shape->rank; i++)
        run *= (size_t)shape->dims[i];
    return run;
}

static void concatenate_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct concatenate *c = arg;
    const size_t first = (size_t)index * c->step, whole = run_of(pass->y_shape, c->axis);
    const size_t last = c->lines - first < c->step ? c->lines : first + c->step;
    size_t at = 0;
    (void)worker;
    for (int k = 0; k < pass->input_count; k++) {
        const size_t run = run_of(&pass->x_shape[k], c->axis);
        for (size_t line = first; line < last; line++)
            if (!c->backward)
                memcpy(pass->y + line * whole + at, pass->x[k] + line * run, run * sizeof(nn_real));
            else if (pass->dx[k] != NULL)
                memcpy(pass->dx[k] + line * run, pass->dy + line * whole + at,
                       run * sizeof(nn_real));
        at += run;
    }
}

static void concatenate_run(const nn_pass *pass, int backward)
{
    struct concatenate c = {.axis = concatenate_axis(pass->options, pass->y_shape->rank),
                            .backward = backward};
    size_t whole = run_of(pass->y_shape, c.axis);
    c.lines = nn__pass_count(pass, pass->y_shape) / whole;
    c.step = NN__PIECE / whole + 1;
    nn_parallel(pass, (int)((c.lines - 1) / c.step + 1), concatenate_task, &c);
}

static void concatenate_forward(const nn_pass *pass)
{
    concatenate_run(pass, 0);
}

static void concatenate_backward(const nn_pass *pass)
{
    concatenate_run(pass, 1);
}

const nn_layer_kind nn__concatenate_layer = {
    .kind = NN__KIND(nn_layer_kind, "concatenate", "Concatenate", nn_concatenate_options,
                     concatenate_fields),
    .inputs = NN_TWO_OR_MORE_INPUTS,
    .infer = concatenate_infer,
    .forward = concatenate_forward,
    .backward = concatenate_backward,
};

nn_layer *nn_concatenate_new(const nn_concatenate_options *options)
{
    return nn_layer_new(&nn__concatenate_layer, options);
}
