/* Blocks, their lives, what may share memory, and where everything is placed. */
#include "model/plan.h"

#include <string.h>

enum { ALIGNMENT = 64 };

static size_t round_up(size_t bytes)
{
    return bytes > SIZE_MAX - ALIGNMENT ? SIZE_MAX
                                        : (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

int nn__plan_wants_gradient(const nn__plan *plan, int value)
{
    return plan->gradient[value] != NN__NO_BLOCK;
}

size_t nn__plan_sum_bytes(const nn__program *program, int value)
{
    size_t bytes = nn__mul(program->values[value].count, sizeof(nn_real));
    return round_up(nn__mul(bytes, (size_t)program->batch));
}

void nn__plan_free(nn__plan *plan)
{
    nn__free(plan->blocks);
    nn__free(plan->numbers);
    memset(plan, 0, sizeof *plan);
}

static nn_status plan_alloc(nn__plan *plan, const nn__program *program)
{
    size_t values = (size_t)program->value_count, steps = (size_t)program->step_count;
    size_t most = 2 * values + 4 * steps + (size_t)program->prediction_count;
    size_t numbers = most + steps;
    plan->blocks = nn__alloc_array(most, sizeof *plan->blocks, "the memory plan");
    plan->numbers = nn__alloc_array(numbers, sizeof *plan->numbers, "the memory plan");
    if (plan->blocks == NULL || plan->numbers == NULL)
        return NN_ENOMEM;
    for (size_t i = 0; i < numbers; i++)
        plan->numbers[i] = NN__NO_BLOCK;
    plan->value = plan->numbers;
    plan->gradient = plan->value + values;
    plan->kept = plan->gradient + values;
    plan->forward_partials = plan->kept + steps;
    plan->backward_partials = plan->forward_partials + steps;
    plan->sum = plan->backward_partials + steps;
    plan->loss_sum = plan->sum + steps;
    plan->backward = plan->loss_sum + (size_t)program->prediction_count;
    return NN_OK;
}

static int plan_block(nn__plan *plan, const char *what, int step, size_t bytes, int first, int last)
{
    plan->blocks[plan->block_count] = (nn__block){
        .bytes = round_up(bytes), .first = first, .last = last, .what = what, .step = step};
    return plan->block_count++;
}

static void block_live(nn__block *block, int time)
{
    if (time < block->first)
        block->first = time;
    if (time > block->last)
        block->last = time;
}

struct planning {
    const nn_model *model;
    const nn__program *program;
    nn__plan *plan;
    int loss_time; /* S                               */
    int *wanted;   /* [values]: something before it is trained; 0 in inference */
};

static int backward_time(const struct planning *p, int step)
{
    return 2 * p->loss_time - step;
}

static size_t value_bytes(const struct planning *p, int value)
{
    return nn__plan_sum_bytes(p->program, value);
}

/* The step that writes a value, or the input that it is, as blocks name them. */
static int value_owner(const struct planning *p, int value)
{
    return value < p->program->input_count ? -1 - value : p->program->values[value].producer;
}

/* Does backward of step s read what the flag (NN_KEEPS_X, NN_KEEPS_Y) says? */
static int keeps(const struct planning *p, int s, unsigned flag)
{
    const nn__step *step = &p->program->steps[s];
    return p->wanted[step->output] && (step->about.flags & flag) != 0;
}

/* ---- Values ---- */

/* May step s write its output over its first input? */
static int may_overwrite_x(const struct planning *p, int s)
{
    const nn__step *step = &p->program->steps[s];
    const nn__value *x = &p->program->values[step->inputs[0]];
    if (!(step->about.flags & NN_Y_OVER_X) || x->consumers != 1 ||
        x->count != p->program->values[step->output].count ||
        nn__program_predicts(p->program, step->inputs[0]))
        return 0;
    int x_is_kept = x->producer >= 0 && keeps(p, x->producer, NN_KEEPS_Y);
    return !x_is_kept && !keeps(p, s, NN_KEEPS_X);
}

static void plan_values(struct planning *p)
{
    const nn__program *program = p->program;
    nn__plan *plan = p->plan;
    for (int v = 0; v < program->input_count; v++)
        plan->value[v] = plan_block(plan, "x", -1 - v, value_bytes(p, v), 0, 0);
    for (int s = 0; s < program->step_count; s++) {
        const nn__step *step = &program->steps[s];
        for (int i = 0; i < step->input_count; i++) {
            nn__block *x = &plan->blocks[plan->value[step->inputs[i]]];
            block_live(x, s);
            if (keeps(p, s, NN_KEEPS_X))
                block_live(x, backward_time(p, s));
        }
        if (may_overwrite_x(p, s))
            plan->value[step->output] = plan->value[step->inputs[0]];
        else
            plan->value[step->output] =
                plan_block(plan, "y", s, value_bytes(p, step->output), s, s);
        if (keeps(p, s, NN_KEEPS_Y))
            block_live(&plan->blocks[plan->value[step->output]], backward_time(p, s));
    }
    for (int k = 0; k < program->prediction_count; k++)
        block_live(&plan->blocks[plan->value[program->predictions[k].value]], p->loss_time);
}

/* ---- Gradients ---- */

/* The block of a value's gradient: that of its only reader's dy where dx may be written over it. */
static void plan_gradient(struct planning *p, int s, int input)
{
    const nn__step *step = &p->program->steps[s];
    const int x = step->inputs[input];
    nn__plan *plan = p->plan;
    if (input == 0 && (step->about.flags & NN_DX_OVER_DY) && p->program->values[x].consumers == 1 &&
        !nn__program_predicts(p->program, x) &&
        p->program->values[x].count == p->program->values[step->output].count)
        plan->gradient[x] = plan->gradient[step->output];
    else
        plan->gradient[x] = plan_block(plan, "dy", value_owner(p, x), value_bytes(p, x),
                                       backward_time(p, s), backward_time(p, s));
}

/* The losses begin the gradients of the predictions; steps that read a prediction add theirs. */
static void plan_loss_gradients(struct planning *p)
{
    nn__plan *plan = p->plan;
    for (int k = 0; k < p->program->prediction_count; k++) {
        int value = p->program->predictions[k].value;
        int first = plan->gradient[value] == NN__NO_BLOCK;
        if (!p->wanted[value])
            continue;
        int block = plan_block(plan, first ? "dy" : "sum", value_owner(p, value),
                               value_bytes(p, value), p->loss_time, p->loss_time);
        if (first)
            plan->gradient[value] = block;
        else
            plan->loss_sum[k] = block;
    }
}

/* Backward, step by step: every wanted gradient is there when its step comes. */
static void plan_gradients(struct planning *p)
{
    const nn__program *program = p->program;
    nn__plan *plan = p->plan;
    plan_loss_gradients(p);
    for (int s = program->step_count - 1; s >= 0; s--) {
        const nn__step *step = &program->steps[s];
        size_t extra = 0;
        plan->backward[s] = p->wanted[step->output] && plan->gradient[step->output] != NN__NO_BLOCK;
        if (!plan->backward[s])
            continue; /* nothing is trained, or nothing behind it reaches the loss */
        block_live(&plan->blocks[plan->gradient[step->output]], backward_time(p, s));
        for (int i = 0; i < step->input_count; i++) {
            if (!p->wanted[step->inputs[i]])
                continue;
            if (plan->gradient[step->inputs[i]] == NN__NO_BLOCK)
                plan_gradient(p, s, i);
            else
                extra = nn__add(extra, nn__plan_sum_bytes(program, step->inputs[i]));
            block_live(&plan->blocks[plan->gradient[step->inputs[i]]], backward_time(p, s));
        }
        if (extra > 0)
            plan->sum[s] =
                plan_block(plan, "sum", s, extra, backward_time(p, s), backward_time(p, s));
    }
}

/* wanted[v]: something before v is trained. */
static void find_wanted(const struct planning *p)
{
    for (int s = 0; s < p->program->step_count; s++) {
        const nn__step *step = &p->program->steps[s];
        int wants = !step->is_activation && nn__node_trains(p->model, step->node);
        for (int i = 0; i < step->input_count; i++)
            wants = wants || p->wanted[step->inputs[i]];
        p->wanted[step->output] = wants;
    }
}

/* ---- What steps ask for ---- */

static void plan_step_memory(struct planning *p)
{
    nn__plan *plan = p->plan;
    for (int s = 0; s < p->program->step_count; s++) {
        const nn_infer *about = &p->program->steps[s].about;
        int back = backward_time(p, s), goes_back = plan->backward[s] == 1;
        if (about->kept > 0)
            plan->kept[s] = plan_block(plan, "kept", s, about->kept, s, goes_back ? back : s);
        if (about->partials > 0) {
            plan->forward_partials[s] = plan_block(plan, "partials", s, about->partials, s, s);
            if (goes_back)
                plan->backward_partials[s] =
                    plan_block(plan, "partials", s, about->partials, back, back);
        }
        if (round_up(about->scratch) > plan->scratch)
            plan->scratch = round_up(about->scratch);
    }
}

/* ---- Placing: largest first, each at the lowest place free during its life ---- */

static int blocks_meet(const nn__block *a, const nn__block *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest offset at which block fits between the placed ones that it meets. */
static size_t lowest_place(const nn__plan *plan, const int *placed, int count,
                           const nn__block *block)
{
    size_t offset = 0;
    for (int moved = 1; moved;) {
        moved = 0;
        for (int i = 0; i < count; i++) {
            const nn__block *other = &plan->blocks[placed[i]];
            if (blocks_meet(block, other) && offset < nn__add(other->offset, other->bytes) &&
                other->offset < nn__add(offset, block->bytes)) {
                offset = nn__add(other->offset, other->bytes);
                moved = 1;
            }
        }
    }
    return offset;
}

static int largest_left(const nn__plan *plan, const unsigned char *done)
{
    int best = -1;
    for (int i = 0; i < plan->block_count; i++)
        if (!done[i] && (best < 0 || plan->blocks[i].bytes > plan->blocks[best].bytes))
            best = i;
    return best;
}

static nn_status plan_place(nn__plan *plan)
{
    size_t count = (size_t)plan->block_count;
    int *placed = nn__alloc_array(count, sizeof *placed, "the memory plan");
    unsigned char *done = nn__alloc_array(count, 1, "the memory plan");
    nn_status status = placed != NULL && done != NULL ? NN_OK : NN_ENOMEM;
    for (int n = 0; n < plan->block_count && status == NN_OK; n++) {
        int i = largest_left(plan, done);
        nn__block *block = &plan->blocks[i];
        block->offset = lowest_place(plan, placed, n, block);
        size_t end = nn__add(block->offset, block->bytes);
        if (end > SIZE_MAX / 2)
            status = nn__fail_memory(end, "the memory plan");
        if (end > plan->bytes)
            plan->bytes = end;
        placed[n] = i;
        done[i] = 1;
    }
    nn__free(placed);
    nn__free(done);
    return status;
}

nn_status nn__plan_make(const nn_model *model, const nn__program *program, nn__plan *plan)
{
    struct planning p = {model, program, plan, program->step_count, NULL};
    memset(plan, 0, sizeof *plan);
    p.wanted = nn__alloc_array((size_t)program->value_count, sizeof *p.wanted, "the memory plan");
    nn_status status = p.wanted == NULL ? NN_ENOMEM : plan_alloc(plan, program);
    if (status == NN_OK) {
        if (program->training)
            find_wanted(&p);
        plan_values(&p);
        if (program->training)
            plan_gradients(&p);
        plan_step_memory(&p);
        status = plan_place(plan);
    }
    nn__free(p.wanted);
    if (status != NN_OK)
        nn__plan_free(plan);
    return status;
}
