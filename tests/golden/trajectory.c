/*
 * Subject "trajectory": a network over some hundred steps. Both sides draw the first weights, the
 * order of rows, dropout's masks and the pictures from libnn's streams (tests/golden/philox.py).
 *
 *   "model", "optimizer"         loss is categorical crossentropy
 *   "rows", "batch", "classes"   of the pictures
 *   "seeds"                      of the runs 0, 1, ..
 *   SIDE/RUN/loss                [steps]: of each batch
 *   SIDE/RUN/projections         [checks][weights][vectors]: after each steps / checks steps, every
 *                                weight times random vectors
 *
 * SIDE is keras (in float32) or exact (Keras in float64). The double build must follow exact so
 * closely that exact is also its own trajectory. libnn in float, by matrix products, must be as near
 * to that as Keras is: at most TWICE its distance.
 *
 * Where two numbers of a pooling window, or a number and zero, are nearer to each other than
 * rounding, a run may take the other branch, and from there on its distance is some hundred times
 * larger, whoever it is. So the distance is the geometric mean over steps and runs, in which such an
 * event counts as often as it happens and not as much as it weighs.
 *
 * The algorithms that libnn chooses by itself are held to a bound of their own, `loss_of_precision`,
 * for as long as it is rounding, and not yet the branches, that sets the runs apart.
 */
#include "golden.h"

#include "base/random.h"
#include "layers/conv2d.h"
#include "layers/layer.h"
#include "optimizers/optimizer.h"

enum { SIDE = 32, CHANNELS = 3, CELLS = 8, PIXELS = SIDE * SIDE * CHANNELS };
/* Purpose and numbers of the golden files' streams: philox.py, trajectories.py. */
enum { FOR_GOLDEN = 128, PATTERNS = 0, NOISE = 1, PROJECTIONS = 256 };

static const double TWICE = 2;
/* Double is 2^29 times finer than Keras's float32. The double build must be nearer by so much that
 * nothing but rounding, and what the steps make of it, can be left; one run shows it. */
static const double DOUBLE_BUILD = 1e-4;
enum { DOUBLE_RUNS = 1 };
/* Steps over which the automatic choice is held to its bound. */
enum { EARLY = 10 };

/* ---- Distances ---- */

typedef struct distance {
    double logs, most;
    size_t count;
} distance;

/* Differences below half a unit of double are that. */
static void add_distance(distance *d, const double *have, const double *want, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double apart = fabs(have[i] - want[i]), least = 0x1p-53 * fmax(1, fabs(want[i]));
        ck_assert_msg(isfinite(apart), "number %zu is %g, it should be %g", i, have[i], want[i]);
        d->logs += log(fmax(apart, least));
        d->most = fmax(d->most, apart);
    }
    d->count += count;
}

static double mean_distance(const distance *d)
{
    return exp(d->logs / (double)d->count);
}

/* ---- One run ---- */

typedef struct trajectory {
    golden_case *c;
    uint64_t seed;
    nn_model *model;
    int rows, batch;
    size_t steps, checks, vectors; /* as in the file                            */
    size_t stop;                   /* steps to run                              */
    size_t done, in_epoch;         /* steps                                     */
    double sum;                    /* of the losses of the rows of the epoch    */
    double *loss, *projections;
} trajectory;

static nn__random golden_stream(uint64_t seed, uint32_t number)
{
    return nn__random_begin(seed, 0, (uint32_t)FOR_GOLDEN << 24 | number);
}

/* In [-1, 1). */
static double golden_uniform(nn__random *random)
{
    return (double)(nn__random_word(random) >> 8) * 0x1p-23 - 1;
}

static void project(trajectory *t, double *out)
{
    const nn_model *m = t->model;
    for (int w = 0; w < m->weight_count; w++) {
        const nn_real *values = m->values + m->weights[w].offset;
        nn__random random = golden_stream(t->seed, PROJECTIONS + (uint32_t)w);
        for (size_t v = 0; v < t->vectors; v++) {
            double sum = 0;
            for (size_t i = 0; i < m->weights[w].count; i++)
                sum += (double)values[i] * golden_uniform(&random);
            *out++ = sum;
        }
    }
}

/* The loss of this batch alone, from the mean over the epoch so far. */
static int take_step(nn_model *model, int step, nn_logs *logs, void *data)
{
    trajectory *t = data;
    const double before = (double)step * t->batch;
    const double seen = fmin(before + t->batch, t->rows);
    const double sum = nn_logs_value(logs, "loss") * seen;
    const size_t every = t->steps / t->checks;
    t->loss[t->done++] = (sum - (step == 0 ? 0 : t->sum)) / (seen - before);
    t->sum = sum;
    if (t->done % every == 0)
        project(t,
                t->projections + (t->done / every - 1) * (size_t)model->weight_count * t->vectors);
    return t->done == t->stop;
}

/* x[rows][32][32][3]: noise over a coarse pattern of the class, i mod classes. */
static nn_real *pictures(golden_case *c, uint64_t seed, int rows, int classes)
{
    double *cells = golden_alloc(c, (size_t)(classes * CELLS * CELLS * CHANNELS), sizeof *cells);
    nn_real *x = golden_alloc(c, (size_t)rows * PIXELS, sizeof *x);
    nn__random pattern = golden_stream(seed, PATTERNS), noise = golden_stream(seed, NOISE);
    for (int i = 0; i < classes * CELLS * CELLS * CHANNELS; i++)
        cells[i] = golden_uniform(&pattern);
    for (size_t i = 0; i < (size_t)rows * PIXELS; i++) {
        const int class = (int)(i / PIXELS) % classes, channel = (int)(i % CHANNELS);
        const int h = (int)(i / (SIDE * CHANNELS)) % SIDE, w = (int)(i / CHANNELS) % SIDE;
        const int cell = (class * CELLS + h * CELLS / SIDE) * CELLS + w * CELLS / SIDE;
        x[i] = (nn_real)(float)(golden_uniform(&noise) / 2 + cells[cell * CHANNELS + channel] / 8);
    }
    return x;
}

static nn_dataset *data_of(const trajectory *t, nn_tensor *tensors[2])
{
    const int classes = golden_int(t->c, "classes");
    int32_t *y = golden_alloc(t->c, (size_t)t->rows, sizeof *y);
    for (int i = 0; i < t->rows; i++)
        y[i] = i % classes;
    tensors[0] = nn_tensor_borrow(NN_F32, pictures(t->c, t->seed, t->rows, classes),
                                  NN_SHAPE(t->rows, SIDE, SIDE, CHANNELS));
    tensors[1] = nn_tensor_borrow(NN_I32, y, NN_SHAPE(t->rows));
    return nn_arrays(tensors[0], tensors[1], .classes = classes, .one_hot = 1);
}

static int is_conv2d(const nn__node *node)
{
    return nn__layer_kind(node->layer) == &nn__conv2d_layer;
}

/* A copy of the case's model with first weights of this seed, rounded to float in both builds. */
static nn_model *model_of(golden_case *c, uint64_t seed, int algorithm)
{
    nn_model *described = golden_model(c, 0, 0), *model = nn_model_clone(described, seed);
    nn_model_free(described);
    golden_check(c, nn_model_build(model));
    for (int i = 0; i < model->node_count; i++)
        if (is_conv2d(&model->nodes[i]))
            ((nn_conv2d_options *)model->nodes[i].layer->object.options)->algorithm = algorithm;
    for (size_t i = 0; i < model->value_count; i++)
        model->values[i] = (nn_real)(float)model->values[i];
    return model;
}

/* The trajectory `run` of the case, over `stop` steps; its losses and projections. */
static trajectory run_trajectory(golden_case *c, size_t run, int algorithm, size_t stop)
{
    const nn__tensor_info *loss = golden_tensor(c, "exact/%zu/loss", run);
    const nn__tensor_info *checks = golden_tensor(c, "exact/%zu/projections", run);
    int64_t seed = 0;
    nn__json_integer(c->json, nn__json_item(c->json, golden_member(c, "seeds"), run), &seed);
    trajectory t = {.c = c,
                    .seed = (uint64_t)seed,
                    .model = model_of(c, (uint64_t)seed, algorithm),
                    .rows = golden_int(c, "rows"),
                    .batch = golden_int(c, "batch"),
                    .steps = (size_t)loss->count,
                    .checks = (size_t)checks->dims[0],
                    .vectors = (size_t)checks->dims[2],
                    .stop = stop < loss->count ? stop : (size_t)loss->count};
    ck_assert_uint_eq(checks->dims[1], (uint64_t)t.model->weight_count);
    t.loss = golden_alloc(c, t.steps, sizeof *t.loss);
    t.projections = golden_alloc(c, (size_t)checks->count, sizeof *t.projections);
    nn_tensor *tensors[2];
    nn_dataset *data = data_of(&t, tensors);
    nn_optimizer *optimizer =
        golden_object(c, golden_member(c, "optimizer"), sizeof *optimizer, nn__optimizer_kinds);
    golden_check(c, nn_compile(t.model, optimizer, nn_categorical_crossentropy()));
    golden_check(c, nn_fit(t.model, data, .batch_size = t.batch, .epochs = INT16_MAX,
                           .callbacks = nn_callbacks(
                               nn_lambda(.on_train_batch_end = take_step, .data = &t))));
    ck_assert_uint_eq(t.done, t.stop);
    nn_model_free(t.model);
    nn_dataset_free(data);
    nn_tensor_free(tensors[0]);
    nn_tensor_free(tensors[1]);
    return t;
}

/* ---- The automatic choice ---- */

/*
 * By how much F(4x4, 3x3) rounds more than a product of depth 9 c. The bound of a number is the
 * count of its roundings times the chain of its products over absolute values
 * (tests/layers/test_conv2d_winograd.c). For numbers of equal size, the chain of a direct output is
 * 9 c. Along one axis, the rows of |B'| sum to 10 10 10 6 6 10 and those of |G| to 1/4 1/2 1/2 7/24
 * 7/24 1; |A'| makes 16, 17, 24 and 48 of their products for the four outputs of a tile: the root of
 * the mean square is 29.3, of both axes 29.3^2. A number has 8 + 7 + 10 roundings in the transforms
 * and c in the sum. dx is the same with filters for channels. For the gradient of the kernel the chain
 * grows by 9.3^2, and has a sixteenth of the roundings, one for each tile.
 */
static double winograd_factor(int channels)
{
    return 29.3 * 29.3 / 9 * (25 + channels) / (9 * channels);
}

/* For any batch, forward or backward? */
static int takes_winograd(const nn_conv2d_options *options, const nn_shape *x)
{
    for (int what = NN__CONV_FORWARD; what <= NN__CONV_DX; what++)
        if (nn__conv2d_way(options, x, 1 << 20, what) == NN_CONV_WINOGRAD)
            return 1;
    return 0;
}

/* By how much the least precise layer rounds more than by matrix products. The direct convolution
 * of few channels has the roundings of a product. */
static double loss_of_precision(golden_case *c)
{
    double most = 1;
    nn_model *model = golden_model(c, 0, 0);
    for (int i = 0; i < model->node_count; i++) {
        const nn__node *node = &model->nodes[i];
        if (!is_conv2d(node))
            continue;
        const int channels = model->nodes[node->inputs[0]].output.dims[2];
        const int filters = node->output.dims[2];
        const nn_conv2d_options *options = node->layer->object.options;
        if (takes_winograd(options, &model->nodes[node->inputs[0]].output))
            most = fmax(most, winograd_factor(channels < filters ? channels : filters));
    }
    nn_model_free(model);
    return most;
}

/* ---- The case ---- */

typedef struct both {
    distance ours, keras;
} both;

static void add_both(both *d, golden_case *c, const double *have, size_t count, size_t run,
                     const char *what)
{
    const double *exact = golden_doubles(c, golden_tensor(c, "exact/%zu/%s", run, what));
    const double *keras = golden_doubles(c, golden_tensor(c, "keras/%zu/%s", run, what));
    add_distance(&d->ours, have, exact, count);
    add_distance(&d->keras, keras, exact, count);
}

static void check_both(golden_case *c, const both *d, double most, const char *what)
{
    const double ours = mean_distance(&d->ours), keras = mean_distance(&d->keras);
    if (getenv("NN_GOLDEN_NAMES") != NULL)
        printf("%s: %s: %s: libnn is %.2g away (at most %.2g), Keras %.2g (%.2g)\n", c->path,
               c->name, what, ours, d->ours.most, keras, d->keras.most);
    if (!(ours <= most * keras))
        ck_abort_msg("%s: %s: %s: libnn is %.3g away, Keras %.3g; %.3g times that is allowed",
                     c->path, c->name, what, ours, keras, most);
    c->worst = fmax(c->worst, ours / (most * keras));
}

void golden_trajectory(golden_case *c)
{
    const int is_double = sizeof(nn_real) == sizeof(double);
    const size_t seeds = nn__json_count(c->json, golden_member(c, "seeds"));
    const size_t runs = is_double && seeds > DOUBLE_RUNS ? DOUBLE_RUNS : seeds;
    const both none = {{0, 0, 0}, {0, 0, 0}};
    both losses = none, weights = none, early = none;
    for (size_t run = 0; run < runs; run++) {
        trajectory t = run_trajectory(c, run, NN_CONV_GEMM, SIZE_MAX);
        const size_t numbers = (size_t)golden_tensor(c, "exact/%zu/projections", run)->count;
        add_both(&losses, c, t.loss, t.steps, run, "loss");
        add_both(&weights, c, t.projections, numbers, run, "projections");
        if (!is_double) {
            t = run_trajectory(c, run, NN_CONV_AUTO, EARLY);
            add_both(&early, c, t.loss, t.stop, run, "loss");
        }
    }
    const double most = is_double ? DOUBLE_BUILD : TWICE;
    check_both(c, &losses, most, "losses");
    check_both(c, &weights, most, "weights");
    if (!is_double)
        check_both(c, &early, most * loss_of_precision(c),
                   "first losses, algorithms left to libnn");
}
