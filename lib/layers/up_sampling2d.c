/*
 * UpSampling2D: a picture made size times larger, by repeating pixels (nearest) or by linear
 * interpolation between their middles (bilinear); lib/kernels/upsampling.c has the formulas. A task
 * is a band of rows of one picture, of y in forward and of x in backward.
 */
#include "layers/tiles.h"

NN__NO_TAIL_PADDING(nn_up_sampling2d_options, name);

static const char *const interpolations[] = {"nearest", "bilinear", NULL};

static const nn_option up_sampling2d_fields[] = {
    NN__OPTION(nn_up_sampling2d_options, PAIR, size, .fallback = 2, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_up_sampling2d_options, CHOICE, interpolation, .choices = interpolations),
    NN__OPTION(nn_up_sampling2d_options, STRING, name),
};

static nn_status up_sampling2d_infer(nn_infer *infer)
{
    const nn_up_sampling2d_options *o = infer->options;
    NN_TRY(nn__infer_picture(infer));
    const nn_shape *x = &infer->inputs[0];
    double h = (double)x->dims[0] * o->size[0], w = (double)x->dims[1] * o->size[1];
    if (h * w > (double)(1 << 28))
        return nn_infer_fail(infer, NN_ENOTSUP, "a picture of %.0fx%.0fx%d is too large", h, w,
                             x->dims[2]);
    infer->output = (nn_shape){3, {(int)h, (int)w, x->dims[2]}};
    return NN_OK;
}

struct up_sampling2d {
    nn__window window; /* its sh and sw are the factors        */
    int bilinear;
    int band, bands;         /* rows of a band, bands of a picture   */
    int height;              /* rows that are cut: y's or x's        */
    size_t line;             /* numbers in one of them               */
    size_t x_count, y_count; /* of a picture                         */
};

static struct up_sampling2d up_sampling2d_begin(const nn_pass *pass, const nn_shape *cut)
{
    const nn_up_sampling2d_options *o = pass->options;
    const nn_shape *x = pass->x_shape, *y = pass->y_shape;
    struct up_sampling2d u = {.bilinear = o->interpolation == NN_BILINEAR};
    u.window = (nn__window){.h = x->dims[0], .w = x->dims[1], .c = x->dims[2]};
    u.window.sh = o->size[0], u.window.sw = o->size[1];
    u.window.oh = y->dims[0], u.window.ow = y->dims[1];
    u.height = cut->dims[0];
    u.line = (size_t)cut->dims[1] * (size_t)cut->dims[2];
    u.band = nn__band_rows(u.height, u.line, pass->rows);
    u.bands = (int)nn__tiles((size_t)u.height, (size_t)u.band);
    u.x_count = nn__shape_count(x);
    u.y_count = nn__shape_count(y);
    return u;
}

/* The picture of a task, and its rows. */
static size_t up_sampling2d_rows(const struct up_sampling2d *u, int index, int *first, int *last)
{
    *first = index % u->bands * u->band;
    *last = *first + u->band < u->height ? *first + u->band : u->height;
    return (size_t)(index / u->bands);
}

static void up_sampling2d_forward_band(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct up_sampling2d *u = arg;
    int first, last;
    size_t n = up_sampling2d_rows(u, index, &first, &last);
    (void)worker;
    nn__kernels->upsample(pass->y + n * u->y_count + (size_t)first * u->line,
                          pass->x[0] + n * u->x_count, &u->window, u->bilinear, first, last);
}

static void up_sampling2d_forward(const nn_pass *pass)
{
    struct up_sampling2d u = up_sampling2d_begin(pass, pass->y_shape);
    nn_parallel(pass, pass->rows * u.bands, up_sampling2d_forward_band, &u);
}

static void up_sampling2d_backward_band(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct up_sampling2d *u = arg;
    int first, last;
    size_t n = up_sampling2d_rows(u, index, &first, &last);
    (void)worker;
    nn__kernels->upsample_gradient(pass->dx[0] + n * u->x_count + (size_t)first * u->line,
                                   pass->dy + n * u->y_count, &u->window, u->bilinear, first, last);
}

static void up_sampling2d_backward(const nn_pass *pass)
{
    struct up_sampling2d u = up_sampling2d_begin(pass, pass->x_shape);
    if (pass->dx[0] != NULL)
        nn_parallel(pass, pass->rows * u.bands, up_sampling2d_backward_band, &u);
}

const nn_layer_kind nn__up_sampling2d_layer = {
    .kind = NN__KIND(nn_layer_kind, "up_sampling2d", "UpSampling2D", nn_up_sampling2d_options,
                     up_sampling2d_fields),
    .infer = up_sampling2d_infer,
    .forward = up_sampling2d_forward,
    .backward = up_sampling2d_backward,
};

nn_layer *nn_up_sampling2d_new(const nn_up_sampling2d_options *options)
{
    return nn_layer_new(&nn__up_sampling2d_layer, options);
}
