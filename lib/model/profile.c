#include "model/profile.h"

#include "model/context.h"

/* A row of the table. */
struct line {
    const char *layer, *step;
    int kind;     /* of the work that it begins with              */
    size_t bytes; /* of that, for a row of data (the optimizer: for an update); 0: not known */
};

struct nn__profile {
    nn_profile numbers;
    struct line *lines; /* [count] */
    nn_profile_entry *entries;
    int count, steps;

    nn__meter *outer;           /* what the thread was measured in before the start */
    uint64_t ticks, from_ticks; /* between starts and stops, and of the last start */
    double seconds, from_seconds;
    int running;
    nn__meter meters[]; /* [count][1 + threads] */
};

/* ---- Making one ---- */

/* Bytes of a step for one row of data: what it reads and what it writes, each number once. */
static size_t step_bytes(const nn__run *run, int s, int backward)
{
    const nn__program *program = &run->program;
    const nn__step *step = &program->steps[s];
    const size_t y = program->values[step->output].count;
    const int flags = (int)step->about.flags;
    size_t x = 0;
    for (int i = 0; i < step->input_count; i++)
        x += program->values[step->inputs[i]].count;
    size_t numbers = x + y;
    if (backward && flags & NN_KEEPS_X)
        numbers += x;
    if (backward && flags & NN_KEEPS_Y)
        numbers += y;
    return numbers * sizeof(nn_real) + step->about.kept / (size_t)program->batch;
}

static void step_lines(nn__profile *profile, const nn_context *context, const nn__run *run, int s)
{
    const nn__step *step = &run->program.steps[s];
    const nn__node *node = &context->model->nodes[step->node];
    struct line line = {.layer = node->name, .kind = NN_WORK_ELEMENTWISE};
    if (step->is_activation)
        line.step = nn_activation_names[step->activation];
    else if (step->kind != nn__layer_kind(node->layer))
        line.step = step->kind->kind.name;
    for (int backward = 0; backward < 2; backward++) {
        line.bytes = step_bytes(run, s, backward);
        profile->lines[1 + (backward ? 2 * profile->steps - s : s)] = line;
    }
}

/* Weights and slots are read and written, gradients read. */
static size_t update_bytes(const nn_model *model)
{
    size_t numbers = 0;
    for (int i = 0; i < model->weight_count; i++)
        if (model->weights[i].trainable && !model->nodes[model->weights[i].node].frozen)
            numbers += model->weights[i].count;
    return numbers * (3 + 2 * (size_t)model->updater.slot_count) * sizeof(nn_real);
}

static void other_lines(nn__profile *profile, const nn_context *context)
{
    size_t data = 0;
    for (int i = 0; i < context->model->input_count; i++)
        data += nn__context_input_width(context, i);
    const int steps = profile->steps;
    profile->lines[0] = (struct line){"data", NULL, NN_WORK_DATA, data * sizeof(nn_real)};
    profile->lines[1 + steps] = (struct line){"loss and metrics", NULL, NN_WORK_ELEMENTWISE, 0};
    profile->lines[2 * steps + 2] =
        (struct line){"optimizer", NULL, NN_WORK_OPTIMIZER, update_bytes(context->model)};
    profile->lines[2 * steps + 3] = (struct line){"other", NULL, NN_WORK_OTHER, 0};
}

/* One block: the profile, meters, lines, entries. */
nn__profile *nn__profile_new(const nn_context *context, int mode)
{
    const nn__run *run = &context->runs[mode];
    const size_t threads = (size_t)context->engine.threads;
    const size_t count = 2 * (size_t)run->program.step_count + 4, meters = count * (1 + threads);
    nn__profile *profile =
        nn__alloc(sizeof *profile + meters * sizeof(nn__meter) +
                      count * (sizeof(struct line) + NN_WORK_KINDS * sizeof(nn_profile_entry)),
                  "a profile");
    if (profile == NULL)
        return NULL;
    profile->lines = (struct line *)(profile->meters + meters);
    profile->entries = (nn_profile_entry *)(void *)(profile->lines + count);
    profile->numbers =
        (nn_profile){.profiled = mode, .threads = (int)threads, .entries = profile->entries};
    profile->count = (int)count;
    profile->steps = run->program.step_count;
    for (size_t row = 0; row < count; row++)
        profile->meters[row * (1 + threads)].workers = (int)threads;
    for (int s = 0; s < profile->steps; s++)
        step_lines(profile, context, run, s);
    other_lines(profile, context);
    return profile;
}

/* ---- Measuring ---- */

static nn__meter *profile_meters(nn__profile *profile, int row)
{
    return profile->meters + (size_t)row * (1 + (size_t)profile->numbers.threads);
}

void nn__profile_start(nn__profile *profile)
{
    if (profile == NULL)
        return;
    const int other = profile->count - 1;
    atomic_fetch_add(&nn__metering, 1);
    profile->running = 1;
    profile->from_ticks = nn__ticks_and_seconds(&profile->from_seconds);
    profile->outer = nn__meter_move(profile_meters(profile, other), NN_WORK_OTHER);
}

/* Adds the time since the start. */
static void profile_elapse(nn__profile *profile)
{
    double seconds;
    uint64_t ticks = nn__ticks_and_seconds(&seconds);
    profile->ticks += ticks - profile->from_ticks;
    profile->seconds += seconds - profile->from_seconds;
    profile->from_ticks = ticks;
    profile->from_seconds = seconds;
}

void nn__profile_stop(nn__profile *profile)
{
    if (profile == NULL)
        return;
    nn__meter_resume(profile->outer);
    profile_elapse(profile);
    profile->running = 0;
    atomic_fetch_sub(&nn__metering, 1);
}

void nn__profile_at(nn__profile *profile, int place, int rows)
{
    if (profile == NULL)
        return;
    const int row = place >= 0                  ? 1 + place
                    : place == NN__AT_DATA      ? 0
                    : place == NN__AT_OPTIMIZER ? profile->count - 2
                                                : profile->count - 1;
    const struct line *line = &profile->lines[row];
    nn__meter *meter = profile_meters(profile, row);
    if (rows > 0) {
        meter->calls[line->kind]++;
        meter->work[line->kind] += line->bytes * (size_t)rows;
    }
    nn__meter_move(meter, line->kind);
}

void nn__profile_count(nn__profile *profile, int rows)
{
    if (profile == NULL)
        return;
    profile->numbers.steps++;
    profile->numbers.rows += (uint64_t)rows;
}

/* ---- Numbers ---- */

/* All threads' together in a row; what they have not spent they have waited. Adds the ticks of the
 * calling thread, which is in one row at any moment, to *whole. */
static nn__meter row_sum(nn__profile *profile, int row, uint64_t *whole)
{
    const int threads = profile->numbers.threads;
    const nn__meter *meters = profile_meters(profile, row);
    nn__meter sum = {.ticks = {0}};
    uint64_t mine = 0, busy = 0;
    for (int kind = 0; kind < NN_WORK_KINDS; kind++) {
        for (int i = 0; i <= threads; i++) {
            sum.ticks[kind] += meters[i].ticks[kind];
            sum.work[kind] += meters[i].work[kind];
            sum.calls[kind] += meters[i].calls[kind];
        }
        mine += meters[0].ticks[kind];
        busy += kind != NN_WORK_WAITING ? sum.ticks[kind] : 0;
    }
    const uint64_t all = (uint64_t)threads * mine;
    sum.ticks[NN_WORK_WAITING] = all > busy ? all - busy : 0;
    /* Beside products, a layer's passes over its numbers are not those of step_bytes. */
    if (sum.calls[NN_WORK_GEMM] + sum.calls[NN_WORK_DIRECT] > 0)
        sum.work[NN_WORK_ELEMENTWISE] = 0;
    *whole += mine;
    return sum;
}

static int row_pass(const nn__profile *profile, int row)
{
    if (row == 0 || row == 1 + profile->steps || row >= profile->count - 2)
        return NN_PROFILE_NO_PASS;
    return row <= profile->steps ? NN_PROFILE_FORWARD : NN_PROFILE_BACKWARD;
}

const nn_profile *nn__profile_numbers(nn__profile *profile)
{
    nn_profile *numbers = &profile->numbers;
    if (profile->running)
        profile_elapse(profile);
    const double tick = profile->ticks > 0 ? profile->seconds / (double)profile->ticks : 0;
    nn_profile_entry *entry = profile->entries;
    uint64_t whole = 0;
    for (int row = 0; row < profile->count; row++) {
        const nn__meter sum = row_sum(profile, row, &whole);
        for (int kind = 0; kind < NN_WORK_KINDS; kind++)
            if (sum.ticks[kind] + sum.calls[kind] > 0)
                *entry++ = (nn_profile_entry){.row = row,
                                              .pass = row_pass(profile, row),
                                              .layer = profile->lines[row].layer,
                                              .step = profile->lines[row].step,
                                              .kind = kind,
                                              .seconds = (double)sum.ticks[kind] * tick,
                                              .work = (double)sum.work[kind],
                                              .calls = sum.calls[kind]};
    }
    numbers->seconds = (double)whole * tick;
    numbers->entry_count = (size_t)(entry - profile->entries);
    return numbers;
}
