/*
 * One step of the optimizer: its rule, and what stands around every rule (NN_OPTIMIZER_FIELDS in
 * nn/optimizers.h: clipping, weight decay, averages, accumulation, schedules). The rule knows
 * nothing of it.
 *
 * Work goes over segments of the block of parameters: neighbouring weights that are treated alike
 * are one, frozen ones stand in none. Segments are cut into tasks of a fixed size, so what is summed
 * and in which order follows from the model alone.
 */
#ifndef NN__MODEL_UPDATE_H
#define NN__MODEL_UPDATE_H

#include "optimizers/optimizer.h"
#include "schedules/schedule.h"

struct nn_model;

enum { NN__UPDATE_CHUNK = 16384 }; /* numbers of a task */

typedef struct nn__segment {
    size_t first, count;
    double factor; /* of the learning rate            */
    int decays;    /* weight decay applies            */
    int frozen;    /* only its average follows        */
    int task;      /* its first task                  */
    double scale;  /* of its gradient in this step    */
} nn__segment;

/* What compile makes for the steps. Slots: the rule's, then the average, then the accumulator. */
typedef struct nn__updater {
    double weight_decay, clip_norm, clip_value, global_clip_norm, ema_momentum;
    int ema_frequency;
    int batches; /* of one update, at least 1                  */
    int rule_slots, slot_count;
    int average, accumulator;    /* numbers of slots; -1: there is none        */
    const nn_schedule *schedule; /* the optimizer's; NULL: none                */
    nn_real *slots;              /* slot_count blocks of parameter_values      */
    nn__segment *segments;       /* room for one of each weight                */
    double *sums;                /* room for one of each task                  */
} nn__updater;

/* For a built model and an optimizer that was checked. NN_EINVAL (two ways of clipping, a schedule
 * that is wrong), NN_ENOMEM. */
nn_status nn__updater_make(const struct nn_model *model, const nn_optimizer *optimizer,
                           nn__updater *updater);
void nn__updater_free(nn__updater *updater);

/* The name of a slot in files. */
const char *nn__slot_name(const struct nn_model *model, int slot);
/* The rate of the next batch. */
double nn__model_rate(const struct nn_model *model);
/* The end of a fit: averages take the place of the weights. */
void nn__model_take_averages(struct nn_model *model);

#endif
