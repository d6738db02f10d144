/*
 * What training keeps in a model between calls: contexts, logs, history, the callbacks of the last
 * fit. Made at the first need, freed with the model.
 */
#ifndef NN__TRAIN_TRAINING_H
#define NN__TRAIN_TRAINING_H

#include <stdio.h>

#include "base/options.h"
#include "callbacks/callback.h"
#include "callbacks/state.h"
#include "model/context.h"
#include "train/history.h"
#include "train/logs.h"
#include "train/progress.h"

/* The sums of an output since the epoch began, and the names under which they are logged: "val_"
 * and the name, so that the name alone begins 4 characters later. */
typedef struct nn__tally {
    double loss_sum; /* of rows */
    char *loss_name; /* "val_loss" of the only output, "val_label_loss" of one of several */
    char **metric_names;
    void **metric_states;
    size_t metric_count;
} nn__tally;

typedef struct nn__training {
    nn_context *trainer;   /* NN__TRAIN and NN__EVALUATE, for fit                         */
    nn_context *evaluator; /* NN__EVALUATE, for evaluate where the trainer's is too small */
    nn_context *predictor; /* NN__PREDICT                                                 */
    int compiled;          /* the model's number of the compile that names are made for   */

    nn_logs *batch_logs; /* running means of the epoch                  */
    nn_logs *epoch_logs; /* with the validation's                       */
    nn_logs *result;     /* of evaluate and train_on_batch              */
    nn_history *history; /* of the last fit                             */

    size_t *order; /* rows of the dataset in the order of the epoch */
    size_t order_capacity;

    nn__tally *tallies; /* by output                  */
    int tally_count;
    size_t rows;        /* since the epoch began                          */
    double penalty_sum; /* of the regularizers, weighted by rows, likewise */

    int running;             /* 1: a fit, evaluate or predict of this model is going on */
    int fitting;             /* 1: it is a fit, whose callbacks' hooks are called       */
    nn_callback **callbacks; /* of the last fit                                         */
    size_t callback_count;
    nn_state **states; /* the callbacks' states as a file or an earlier fit left them */
    char **state_kinds;
    size_t state_count;

    nn__progress progress;
    nn__profile *profiles[NN__MODES]; /* the last of each */
} nn__training;

/* The model's training part, made where it is missing; NULL: NN_ENOMEM. */
nn__training *nn__training_of(nn_model *model);

/*
 * Every call that runs the model's own contexts stands between these two. begin: the training part,
 * or NULL where one is running already (NN_ESTATE, "what: ..."), as in a call from inside a hook.
 */
nn__training *nn__training_begin(nn_model *model, const char *what);
void nn__training_end(nn__training *training);

/* Collects the states of the current callbacks into training->states. */
nn_status nn__training_collect(nn__training *training);
/* Empties the list of states; adds one to it (takes state). */
void nn__training_forget_states(nn__training *training);
nn_status nn__training_add_state(nn__training *training, const char *kind, nn_state *state);

/* ---- weights.c: weights of rows ---- */

typedef struct nn__row_weights {
    const nn_tensor *sample; /* by the row's number in the dataset; NULL: none */
    nn_class_weight_list classes;
} nn__row_weights;

/* An f32 for each of the rows, finite; a list that fits the model's output. */
nn_status nn__sample_weight_check(const nn_tensor *weights, size_t rows, const char *what);
nn_status nn__class_weight_check(const nn_model *model, nn_class_weight_list list,
                                 const nn_tensor *sample_weight, const char *what);
/* The weights of the rows that were loaded, for the losses that follow. */
void nn__weigh_batch(nn_context *context, const nn__row_weights *weights, int rows);

/* ---- batches.c: rows of a dataset through a model ---- */

/* Does the dataset fit the model's inputs and, with targets, its losses? */
nn_status nn__check_data(const nn_model *model, const nn_dataset *data, int with_targets,
                         const char *what);
/* ---- loading.c: rows into the place where a batch is computed ---- */

/* A walk through a dataset, batch by batch. The first fields are set by who makes one, then come
 * open, read for each step in turn, and end, also after a failure. It stays where it is. */
typedef struct nn__loader {
    nn_context *context;
    nn__mode mode;
    const nn_dataset *data;
    const size_t *order; /* [rows of data] in which they come; NULL: as they are */
    int batch_size;

    int may_prefetch;   /* 1: the next batch may be read while this one is computed */
    int slow;           /* readings in a row that took long enough for that         */
    int reading;        /* the step that is read in the background; -1: none        */
    nn__background job; /* reading into `into`                                      */
    nn__rows into;
    int rows;
    nn_status status; /* of the first failure, with its message; under the global lock */
    char message[NN__MESSAGE];
} nn__loader;

/* NN_ENOMEM, where there is something to read ahead. */
nn_status nn__loader_open(nn__loader *loader, int no_prefetch);
int nn__loader_steps(const nn__loader *loader);
/* The rows of batch `step` are in the inputs of the mode and in outputs, their numbers in
 * context->indices; *rows is how many they are. */
nn_status nn__loader_read(nn__loader *loader, int step, int *rows);
/* Nothing reads any more. */
void nn__loader_end(nn__loader *loader);

/* Do classes 0 and 1 serve as values, the output being one number? */
int nn__classes_are_values(const nn_model *model, int k, const nn_dataset_info *info);
/* x[rows][...] and y[rows] or y[rows][...] from tensors, one per input and output. */
nn_status nn__load_tensors(nn_context *context, nn__mode mode, const nn_tensor *const *x,
                           const nn_tensor *const *y);
nn_status nn__load_targets(nn_context *context, const nn_tensor *const *y, int rows);

/* The sums behind losses and metrics: reset at the start of an epoch; add the batch just run; put
 * the means into logs under "loss" (of several outputs the weighted sum), the outputs' and the
 * metrics' names, in place of what was there; or, besides it, under "val_" names; all sorted. */
void nn__tally_reset(nn_model *model);
void nn__tally_add(nn_model *model, const nn_context *context);
nn_status nn__tally_log(const nn_model *model, nn_logs *logs, int validation);

/* One training step on the rows that were loaded: forward, loss, tally, backward, update. */
void nn__train_step(nn_context *context, int rows);

/* One weighted pass over a dataset in inference mode into the tally. steps gets the number of batches.
 * callbacks' test hooks see it through `event`. Ends the loader. */
nn_status nn__evaluate_data(nn__loader *loader, const nn__row_weights *weights, nn_event *event,
                            nn__progress *progress);

/* ---- profiles.c ---- */

/* From here to the end this mode of the context is profiled, where the option says so; where it says
 * nothing, what NN_PROFILE says is put there. NN_EINVAL, NN_ENOMEM. */
nn_status nn__profile_begin(nn_context *context, nn__mode mode, int *option, const char *what);
/* Prints it where that is asked for and the call went well. context may be NULL. */
void nn__profile_end(nn_context *context, nn__mode mode, int option, nn_status status);

/* ---- hooks.c ---- */

typedef enum nn__hook_name {
    NN__TRAIN_BEGIN,
    NN__TRAIN_END,
    NN__EPOCH_BEGIN,
    NN__EPOCH_END,
    NN__TRAIN_BATCH_BEGIN,
    NN__TRAIN_BATCH_END,
    NN__TEST_BEGIN,
    NN__TEST_END,
    NN__TEST_BATCH_BEGIN,
    NN__TEST_BATCH_END,
    NN__PREDICT_BEGIN,
    NN__PREDICT_END,
    NN__PREDICT_BATCH_BEGIN,
    NN__PREDICT_BATCH_END
} nn__hook_name;

/* Calls the hook of every callback of the running fit in list order; outside of a fit, none. */
nn_status nn__call_hooks(nn__training *training, nn__hook_name name, nn_event *event);

/* Takes a list of callbacks: on success they are the training's, the former ones freed; on failure
 * the list's are freed and the former ones stay. */
nn_status nn__training_take_callbacks(nn__training *training, nn_callback_list list);

/* The loss of the batch that was run: the outputs' means in the weighted sum. */
double nn__batch_loss(const nn_context *context);

/* NN_OK, or why the model is not compiled. */
nn_status nn__model_check_compiled(const nn_model *model, const char *what);

/* Frees a list that no fit takes. */
void nn__callbacks_drop(nn_callback_list list);

/* A context of the model's for those batches: *kept where it still fits, else a new one in its
 * place. NULL on failure. */
nn_context *nn__context_keep(nn_model *model, nn_context **kept, const int batches[NN__MODES]);

#endif
