/* A step of the optimizer: see update.h. Nothing here allocates or fails. */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "model/context.h"

enum { CHUNK = NN__UPDATE_CHUNK, PIECE = 1024 };

/* ---- Segments ---- */

static nn__segment segment_of(const nn_model *model, const nn__weight *weight)
{
    const nn__updater *u = &model->updater;
    return (nn__segment){.first = weight->offset,
                         .count = weight->count,
                         .factor = weight->rate_factor,
                         .decays = u->weight_decay > 0 && !weight->no_decay,
                         .frozen = model->nodes[weight->node].frozen,
                         .scale = 1};
}

/* The segments as things stand now; returns their number. Where norms are asked for, every weight
 * is a segment of its own. */
static int lay_segments(const nn_model *model)
{
    const nn__updater *u = &model->updater;
    const int apart = u->clip_norm > 0 || u->global_clip_norm > 0;
    size_t end = SIZE_MAX; /* of the last weight in the last segment, padding included */
    int count = 0;
    for (int i = 0; i < model->weight_count; i++) {
        const nn__weight *weight = &model->weights[i];
        nn__segment segment = segment_of(model, weight);
        nn__segment *last = count > 0 ? &u->segments[count - 1] : NULL;
        if (!weight->trainable || (segment.frozen && u->average < 0))
            continue;
        if (last != NULL && !apart && weight->offset == end && last->decays == segment.decays &&
            last->frozen == segment.frozen && last->factor == segment.factor)
            last->count = weight->offset + weight->count - last->first;
        else
            u->segments[count++] = segment;
        end = nn__weight_end(weight);
    }
    return count;
}

static int number_tasks(nn__segment *segments, int count)
{
    int tasks = 0;
    for (int i = 0; i < count; i++) {
        segments[i].task = tasks;
        tasks += (int)((segments[i].count + CHUNK - 1) / CHUNK);
    }
    return tasks;
}

/* ---- One step ---- */

struct step {
    const nn_optimizer_kind *kind;
    const nn_model *model;
    nn_real *gradients; /* the context's: clipped and averaged in their place   */
    nn_update whole;    /* of the block                                         */
    int updates;        /* 0: this batch only adds to the accumulator           */
    int segment_count, tasks;
    nn_real keep, rest; /* of the average                                       */
    int overwrites;     /* the average becomes the weights                      */
};

/* A part of the block that one task works on. */
struct range {
    const nn__segment *segment;
    size_t first, count;
};

static struct range range_of(const struct step *s, int task)
{
    const nn__segment *segment = s->model->updater.segments;
    for (int i = 1; i < s->segment_count && segment[1].task <= task; i++)
        segment++;
    size_t at = (size_t)(task - segment->task) * CHUNK, left = segment->count - at;
    return (struct range){segment, segment->first + at, left < CHUNK ? left : CHUNK};
}

static nn_real *slot_at(const struct step *s, int slot, size_t first)
{
    return s->model->updater.slots + (size_t)slot * s->model->parameter_values + first;
}

/* The mean of the accumulated gradients, and the sum of their squares. */
static void gather_task(void *arg, int index, int worker)
{
    const struct step *s = arg;
    const nn__updater *u = &s->model->updater;
    const struct range r = range_of(s, index);
    (void)worker;
    if (r.segment->frozen) {
        u->sums[index] = 0;
        return;
    }
    if (u->batches > 1)
        nn__kernels->mean_gradient(s->gradients + r.first, slot_at(s, u->accumulator, r.first),
                                   (nn_real)u->batches, r.count);
    if (u->clip_norm > 0 || u->global_clip_norm > 0)
        u->sums[index] = nn__kernels->sum_of_squares(s->gradients + r.first, r.count);
}

/* Added as a fixed tree, into the first. */
static double sum_tasks(double *sums, int count)
{
    for (int stride = 1; stride < count; stride *= 2)
        for (int i = 0; i + stride < count; i += 2 * stride)
            sums[i] += sums[i + stride];
    return count > 0 ? sums[0] : 0;
}

/* Keras's rules: a norm that is NaN makes every gradient NaN; an infinite one does so globally. */
static void find_scales(const struct step *s)
{
    const nn__updater *u = &s->model->updater;
    if (u->global_clip_norm > 0) {
        double norm = sqrt(sum_tasks(u->sums, s->tasks)), limit = u->global_clip_norm;
        for (int i = 0; i < s->segment_count; i++)
            u->segments[i].scale = !isfinite(norm) ? (double)NAN : limit / fmax(norm, limit);
    }
    for (int i = 0; i < s->segment_count && u->clip_norm > 0; i++) {
        nn__segment *segment = &u->segments[i];
        int end = i + 1 < s->segment_count ? segment[1].task : s->tasks;
        double norm = sqrt(sum_tasks(u->sums + segment->task, end - segment->task));
        segment->scale = norm <= u->clip_norm ? 1 : u->clip_norm / norm;
    }
}

static void clip_range(const struct step *s, const struct range *r)
{
    nn_real *gradients = s->gradients + r->first;
    const nn__updater *u = &s->model->updater;
    if (u->clip_value > 0)
        nn__kernels->clip(gradients, (nn_real)u->clip_value, r->count);
    if (r->segment->scale != 1)
        nn__kernels->scale_offset(gradients, gradients, (nn_real)r->segment->scale, 0, r->count);
}

static void run_rule(const struct step *s, const struct range *r)
{
    nn_update part = s->whole;
    part.count = r->count;
    part.weights += r->first;
    part.gradients += r->first;
    for (int i = 0; i < s->model->updater.rule_slots; i++)
        part.slots[i] += r->first;
    if (r->segment->decays)
        nn__kernels->decay(part.weights, (nn_real)s->model->updater.weight_decay,
                           (nn_real)part.learning_rate, part.count);
    s->kind->update(&part);
}

/* The rule, and of its change of w only the factor's part: in pieces that fit on the stack. */
static void run_scaled_rule(const struct step *s, const struct range *r)
{
    nn_real old[PIECE];
    for (size_t at = 0; at < r->count; at += PIECE) {
        size_t left = r->count - at;
        struct range piece = {r->segment, r->first + at, left < PIECE ? left : PIECE};
        memcpy(old, s->whole.weights + piece.first, piece.count * sizeof *old);
        run_rule(s, &piece);
        nn__kernels->blend(s->whole.weights + piece.first, old, (nn_real)r->segment->factor,
                           piece.count);
    }
}

static void follow_average(const struct step *s, const struct range *r)
{
    nn_real *average = slot_at(s, s->model->updater.average, r->first);
    nn_real *weights = s->whole.weights + r->first;
    if (r->segment->frozen) {
        memcpy(average, weights, r->count * sizeof *average);
        return;
    }
    nn__kernels->average(average, weights, s->keep, s->rest, r->count);
    if (s->overwrites)
        memcpy(weights, average, r->count * sizeof *average);
}

static void step_task(void *arg, int index, int worker)
{
    const struct step *s = arg;
    const nn__updater *u = &s->model->updater;
    const struct range r = range_of(s, index);
    (void)worker;
    if (!r.segment->frozen && !s->updates) {
        nn__kernels->add(slot_at(s, u->accumulator, r.first), s->gradients + r.first, r.count);
    } else if (!r.segment->frozen) {
        clip_range(s, &r);
        if (r.segment->factor == 1)
            run_rule(s, &r);
        else
            run_scaled_rule(s, &r);
    }
    if (u->average >= 0)
        follow_average(s, &r);
}

static struct step begin_step(const nn_context *context)
{
    nn_model *model = context->model;
    const nn__updater *u = &model->updater;
    const uint64_t batches = (uint64_t)u->batches, done = model->step / batches;
    const uint64_t frequency = (uint64_t)u->ema_frequency;
    struct step s = {.kind = nn__optimizer_kind(model->optimizer),
                     .model = model,
                     .gradients = context->gradients,
                     .updates = (model->step + 1) % batches == 0,
                     .overwrites = frequency > 0 && (done + 1) % frequency == 0,
                     .keep = done == 0 ? 0 : (nn_real)u->ema_momentum,
                     .whole = {.struct_size = sizeof s.whole,
                               .options = model->optimizer->object.options,
                               .learning_rate = nn__model_rate(model),
                               .step = done + 1,
                               .scalars = model->scalars,
                               .count = model->parameter_values,
                               .weights = model->values,
                               .gradients = context->gradients}};
    s.rest = 1 - s.keep;
    for (int i = 0; i < u->rule_slots; i++)
        s.whole.slots[i] = slot_at(&s, i, 0);
    s.segment_count = lay_segments(model);
    s.tasks = number_tasks(u->segments, s.segment_count);
    return s;
}

void nn__context_step(nn_context *context)
{
    const nn__updater *u = &context->model->updater;
    const int threads = context->engine.threads;
    const nn__run *run = &context->runs[NN__TRAIN];
    nn__profile_at(run->profile, NN__AT_OPTIMIZER, 1);
    struct step s = begin_step(context);
    if (s.updates) {
        s.kind->begin(&s.whole);
        if (u->batches > 1 || u->clip_norm > 0 || u->global_clip_norm > 0)
            nn__pool_run(threads, s.tasks, gather_task, &s);
        find_scales(&s);
    }
    nn__pool_run(threads, s.tasks, step_task, &s);
    context->model->step++;
    nn__model_changed(context->model);
    nn__profile_at(run->profile, NN__AT_OTHER, 0);
}

void nn__model_take_averages(nn_model *model)
{
    const nn__updater *u = &model->updater;
    if (u->average < 0 || model->step == 0)
        return;
    const nn_real *averages = u->slots + (size_t)u->average * model->parameter_values;
    int count = lay_segments(model);
    for (int i = 0; i < count; i++) {
        const nn__segment *segment = &u->segments[i];
        if (!segment->frozen)
            memcpy(model->values + segment->first, averages + segment->first,
                   segment->count * sizeof *averages);
    }
    nn__model_changed(model);
}
