/*
 * Is backward the slope of forward? The layer stands in a model of its own,
 *
 *   input -> source, one for each of its inputs -> the layer -> projection
 *
 *   source      a layer whose y is its weight, so that x is set as a weight and dx is read as the
 *               gradient of one
 *   projection  L = sum over all of y t, t drawn from -1..1, in double: dL/dy = t
 *
 * so that inputs and weights are checked alike. For each number w, from five values of L,
 *
 *   D(h) = (L(w + h) - L(w - h)) / 2h,   R = (4 D(h) - D(2h)) / 3   (Richardson: good to h^4)
 *
 * y is rounded to eps = 2^-24 (float), so L is good to about eps A, A^2 = sum of (y t)^2, and R to
 * eps A / h: with h = 2^-6 four millionths of A, while what h^4 leaves out is less than that. Hence
 *
 *   slack = tolerance size + 8 eps A / h      size: the largest of |g|, |R|, and the weight's rms g
 *
 * and g is right where |g - R| <= slack. Else it is wrong if L is smooth there, which two numbers
 * tell: D(h) - D(2h), and what the slopes to the right and to the left differ by, twice that for h
 * less that for 2h; both vanish with h^2 where L is smooth and do not where a kink is near. Near a
 * kink h is made smaller, until the kink is outside; one that is exactly at w leaves g any value
 * between the slopes of its two sides.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/random.h"
#include "train/training.h"

enum { RUNGS = 3, NOISE = 8, DEFAULT_ROWS = 3 };
static const double steps[RUNGS] = {0x1p-6, 0x1p-9, 0x1p-12};

/* ---- The two kinds ---- */

typedef struct source_options {
    size_t struct_size;
    nn_shape shape;
    int rows;
    int fixed; /* 1: not checked, so no gradient is wanted */
    const char *name;
} source_options;

static const nn_option source_fields[] = {
    NN__OPTION(source_options, STRING, name),
};

static nn_status source_infer(nn_infer *infer)
{
    const source_options *o = infer->options;
    int dims[NN_MAX_RANK] = {o->rows};
    if (o->shape.rank < 1 || o->shape.rank >= NN_MAX_RANK)
        return nn_infer_fail(infer, NN_EINVAL, "%d dimensions, they must be 1..%d", o->shape.rank,
                             NN_MAX_RANK - 1);
    for (int i = 0; i < o->shape.rank; i++)
        dims[i + 1] = o->shape.dims[i];
    infer->output = o->shape;
    return nn_infer_weight(infer, "value", dims, o->shape.rank + 1,
                           (nn_initializer){.kind = NN_INIT_ZEROS}, !o->fixed);
}

static size_t source_bytes(const nn_pass *pass)
{
    return (size_t)pass->rows * nn__shape_count(pass->y_shape) * sizeof(nn_real);
}

static void source_forward(const nn_pass *pass)
{
    memcpy(pass->y, pass->weights[0], source_bytes(pass));
}

static void source_backward(const nn_pass *pass)
{
    if (pass->gradients[0] != NULL)
        memcpy(pass->gradients[0], pass->dy, source_bytes(pass));
}

static const nn_layer_kind source_kind = {
    .kind = NN__KIND(nn_layer_kind, "x", "Source", source_options, source_fields),
    .infer = source_infer,
    .forward = source_forward,
    .backward = source_backward,
};

typedef struct projection_options {
    size_t struct_size;
} projection_options;

static void projection_run(const nn_loss_pass *pass)
{
    size_t count = (size_t)pass->rows * (size_t)pass->width;
    memset(pass->losses, 0, (size_t)pass->rows * sizeof *pass->losses);
    if (pass->gradient != NULL)
        memcpy(pass->gradient, pass->targets, count * sizeof *pass->gradient);
}

static const nn_loss_kind projection_kind = {
    .kind = {sizeof(nn_loss_kind), "projection", "Projection", sizeof(projection_options), NULL, 0},
    .run = projection_run,
};

/* ---- The model around the layer ---- */

struct check {
    const nn_check_gradients_options *o;
    nn_model *model;
    nn_context *context;
    size_t count;      /* numbers of y            */
    nn_real *zeros;    /* the model's own input   */
    nn_real *y, *t;    /* [count]                 */
    nn_real *g;        /* of the weight in hand   */
    double base, size; /* L at hand, and A        */
    nn_gradient_report report;
    size_t wrong;
};

/* Distinct numbers from -1 to 1 in an order drawn from the seed, none of them 0. */
static void draw(nn_real *values, size_t count, uint64_t seed, uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (nn_real)(2 * ((double)i + 0.37) / (double)count - 1);
    nn__random random = nn__random_begin(seed, 0, nn__stream(NN__FOR_CHECKS, number));
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)nn__random_below(&random, i);
        nn_real kept = values[i - 1];
        values[i - 1] = values[j];
        values[j] = kept;
    }
}

/* Takes the layer. */
static nn_status check_graph(struct check *c, nn_layer *layer)
{
    const nn_check_gradients_options *o = c->o;
    nn_node *nodes = nn__alloc_array((size_t)o->input_count, sizeof *nodes, "a gradient check");
    c->model = nodes == NULL ? NULL : nn_model_new();
    if (c->model == NULL) {
        nn_layer_free(layer);
        nn__free(nodes);
        return NN_ENOMEM;
    }
    nn_node input = nn_model_input_new(c->model, (const int[]){1}, 1);
    for (int i = 0; i < o->input_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "x[%d]", i);
        source_options source = {.struct_size = sizeof source,
                                 .shape = o->inputs[i],
                                 .rows = o->rows,
                                 .fixed = o->no_inputs,
                                 .name = name};
        nodes[i] = nn_apply(nn_layer_new(&source_kind, &source), input);
    }
    nn_node y = nn_merge_new(layer, nodes, (size_t)o->input_count);
    nn__free(nodes);
    if (y.model != NULL)
        nn_model_output(c->model, y);
    nn_model_set_seed(c->model, o->seed);
    return nn_model_build(c->model);
}

static nn_status check_values(struct check *c)
{
    const nn_check_gradients_options *o = c->o;
    for (int i = 0; i < c->model->weight_count; i++) {
        nn__weight *weight = &c->model->weights[i];
        weight->regularizer = (nn_regularizer){.l1 = 0}; /* a penalty is no part of the layer */
        int input = i < o->input_count;                  /* the sources' weights come first */
        nn_real *values = c->model->values + weight->offset;
        if (input && o->x != NULL)
            memcpy(values, o->x[i], weight->count * sizeof *values);
        else if (input || (weight->trainable && !o->keep_weights))
            draw(values, weight->count, o->seed, (uint32_t)i);
    }
    draw(c->t, c->count, o->seed, (uint32_t)c->model->weight_count);
    return NN_OK;
}

static nn_status check_open(struct check *c, nn_layer *layer)
{
    size_t rows = (size_t)c->o->rows, most = 0;
    projection_options projection = {sizeof projection};
    NN_TRY(check_graph(c, layer));
    NN_TRY(nn_model_compile(&(nn_compile_options){
        .struct_size = sizeof(nn_compile_options),
        .model = c->model,
        .optimizer = nn_sgd_new(&(nn_sgd_options){.struct_size = sizeof(nn_sgd_options)}),
        .loss = nn_loss_new(&projection_kind, &projection)}));
    c->context = nn_context_new(&(nn_context_options){.struct_size = sizeof(nn_context_options),
                                                      .model = c->model,
                                                      .batch_size = c->o->rows,
                                                      .training = 1});
    if (c->context == NULL)
        return nn__last_status();
    for (int i = 0; i < c->model->weight_count; i++)
        if (c->model->weights[i].count > most)
            most = c->model->weights[i].count;
    c->count = rows * nn__shape_count(nn_model_output_shape(c->model));
    c->zeros = nn__alloc_array(rows, sizeof *c->zeros, "a gradient check");
    c->y = nn__alloc_array(c->count, sizeof *c->y, "a gradient check");
    c->t = nn__alloc_array(c->count, sizeof *c->t, "a gradient check");
    c->g = nn__alloc_array(most, sizeof *c->g, "a gradient check");
    return c->zeros && c->y && c->t && c->g ? check_values(c) : NN_ENOMEM;
}

static void check_close(struct check *c)
{
    nn_context_free(c->context);
    nn_model_free(c->model);
    nn__free(c->zeros);
    nn__free(c->y);
    nn__free(c->t);
    nn__free(c->g);
}

/* ---- Slopes ---- */

static double projection(const struct check *c)
{
    double sum = 0;
    for (size_t i = 0; i < c->count; i++)
        sum += (double)c->y[i] * (double)c->t[i];
    return sum;
}

/* L with *place at this value, which is rounded first; *step is the way to it from w. */
static double value_at(struct check *c, nn_real *place, nn_real w, double to, double *step)
{
    *place = (nn_real)to;
    *step = (double)*place - (double)w;
    if (nn_context_forward(c->context, c->zeros, c->o->rows, c->y) != NN_OK)
        return (double)NAN;
    *place = w;
    return projection(c);
}

/* What five values tell. */
struct slopes {
    double richardson;
    double bend;        /* D(h) - D(2h)                                             */
    double jump;        /* by how much the slopes of both sides differ, but for h^2 */
    double left, right; /* slopes of the sides                                      */
};

static struct slopes slopes_at(struct check *c, nn_real *place, double h)
{
    const nn_real w = *place;
    double central[2], difference[2], left[2], right[2];
    for (int i = 0; i < 2; i++) {
        double up, down, reach = (i + 1) * h;
        double above = value_at(c, place, w, (double)w + reach, &up);
        double below = value_at(c, place, w, (double)w - reach, &down);
        central[i] = (above - below) / (up - down);
        right[i] = (above - c->base) / up;
        left[i] = (below - c->base) / down;
        difference[i] = right[i] - left[i];
    }
    return (struct slopes){.richardson = (4 * central[0] - central[1]) / 3,
                           .bend = central[0] - central[1],
                           .jump = 2 * difference[0] - difference[1],
                           .left = left[0],
                           .right = right[0]};
}

static void report_worst(struct check *c, const nn__weight *weight, size_t index, double slope,
                         double size)
{
    nn_gradient_report *r = &c->report;
    double g = (double)c->g[index], error = fabs(g - slope) / size;
    if (!(error > r->worst) && !isnan(error) && r->weight[0] != '\0')
        return;
    r->worst = error;
    r->index = index;
    r->backward = g;
    r->slope = slope;
    snprintf(r->weight, sizeof r->weight, "%s", weight->name);
}

/* The distance of g from the interval between the two sides. */
static double outside(double g, double a, double b)
{
    double low = fmin(a, b), high = fmax(a, b);
    return g < low ? low - g : g > high ? g - high : 0;
}

/* One number of a weight. rms: of the weight's gradient; reach: its largest number. */
static void check_number(struct check *c, const nn__weight *weight, size_t index, double rms,
                         double reach)
{
    nn_real *place = c->model->values + weight->offset + index;
    const double g = (double)c->g[index];
    struct slopes s = {0};
    double slack = 0, size = 0, off = 0;
    for (int rung = 0; rung < RUNGS; rung++) {
        double h = steps[rung] * reach, eps = sizeof(nn_real) == 4 ? 0x1p-24 : 0x1p-53;
        s = slopes_at(c, place, h);
        size = fmax(fmax(fabs(g), fabs(s.richardson)), fmax(rms, DBL_MIN));
        slack = c->o->tolerance * size + NOISE * eps * c->size / h;
        off = fabs(g - s.richardson);
        if (off <= slack || (fabs(s.bend) <= slack && fabs(s.jump) <= 2 * slack))
            break;
    }
    c->report.checked++;
    if (!(off <= slack) && fabs(s.jump) > 2 * slack && outside(g, s.left, s.right) <= slack) {
        c->report.kinks++;
        return;
    }
    c->wrong += !(off <= slack);
    if (!(off <= slack) || c->wrong == 0)
        report_worst(c, weight, index, s.richardson, size);
}

static double rms_of(const nn_real *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)values[i] * (double)values[i];
    return sqrt(sum / (double)count);
}

static double largest_of(const nn_real *values, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)values[i]));
    return largest > 0 ? largest : 1;
}

/* ---- The whole ---- */

/* L, A and all gradients at the point. A layer that gives another y for the same x has no slope. */
static nn_status check_point(struct check *c)
{
    double size = 0;
    nn_real *t = c->t;
    NN_TRY(nn_context_forward(c->context, c->zeros, c->o->rows, c->y));
    c->base = projection(c);
    NN_TRY(nn_context_forward(c->context, c->zeros, c->o->rows, c->y));
    if (projection(c) != c->base || !isfinite(c->base))
        return nn_fail(NN_EMISMATCH, "check_gradients: two runs give two outputs, or one that is "
                                     "not finite");
    for (size_t i = 0; i < c->count; i++)
        size += pow((double)c->y[i] * (double)t[i], 2);
    c->size = sqrt(size);
    nn_tensor *targets = nn_tensor_borrow_const(
        NN_F32, t, (const int[]){c->o->rows, (int)(c->count / (size_t)c->o->rows)}, 2);
    if (targets == NULL)
        return NN_ENOMEM;
    nn_status status = nn_context_backward(c->context, targets, NULL);
    nn_tensor_free(targets);
    return status;
}

static nn_status check_all(struct check *c)
{
    nn_model *model = c->model;
    NN_TRY(check_point(c));
    for (int i = 0; i < model->weight_count; i++) {
        const nn__weight *weight = &model->weights[i];
        const nn_real *values = model->values + weight->offset;
        if (!weight->trainable)
            continue;
        memcpy(c->g, c->context->gradients + weight->offset, weight->count * sizeof *c->g);
        double rms = rms_of(c->g, weight->count), reach = largest_of(values, weight->count);
        for (size_t k = 0; k < weight->count; k++)
            check_number(c, weight, k, rms, reach);
    }
    const nn_gradient_report *r = &c->report;
    if (c->wrong == 0)
        return NN_OK;
    return nn_fail(NN_EMISMATCH,
                   "%s[%zu]: backward gives %.6g, the slope is %.6g (relative error %.2g); %zu of "
                   "%zu numbers are wrong",
                   r->weight, r->index, r->backward, r->slope, r->worst, c->wrong, r->checked);
}

static nn_status check_options(nn_check_gradients_options *o)
{
    if (o->layer == NULL)
        return nn_fail(NN_ENOMEM, "check_gradients: no memory for the layer");
    if (o->inputs == NULL || o->input_count < 0 || o->rows < 0 || !(o->tolerance >= 0))
        return nn_fail(NN_EINVAL,
                       "check_gradients: inputs is NULL, or input_count %d, rows %d or tolerance "
                       "%g is below 0",
                       o->input_count, o->rows, o->tolerance);
    o->input_count = o->input_count == 0 ? 1 : o->input_count;
    o->rows = o->rows == 0 ? DEFAULT_ROWS : o->rows;
    o->tolerance = o->tolerance > 0 ? o->tolerance : 1e-3;
    for (int i = 0; o->x != NULL && i < o->input_count; i++)
        if (o->x[i] == NULL)
            return nn_fail(NN_EINVAL, "check_gradients: x[%d] is NULL", i);
    return NN_OK;
}

nn_status nn_layer_check_gradients(const nn_check_gradients_options *options)
{
    nn_check_gradients_options o;
    struct check c = {.o = &o};
    NN_TRY(nn__options_read(&o, sizeof o, options, "check_gradients"));
    nn_status status = check_options(&o);
    if (status != NN_OK)
        nn__objects_drop(&o.layer, 1, nn__object_free);
    if (status == NN_OK)
        status = check_open(&c, o.layer);
    if (status == NN_OK)
        status = check_all(&c);
    check_close(&c);
    if (o.report != NULL)
        *o.report = c.report;
    return status;
}
