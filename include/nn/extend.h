/*
 * Own kinds. Every layer, loss, metric, optimizer, callback and dataset is a const table of
 * functions; the built-in ones use the same tables. This header is for whoever writes one, inside
 * or outside the library; docs/guide/07-own-layers.md walks through a layer in a program, and
 * docs/adding-a-layer.md through one in the library.
 *
 * Rule for all: whatever can fail, fails before the run. `infer` is a layer's last call that may
 * fail; forward, backward, run and update return void and allocate nothing.
 */
#ifndef NN_EXTEND_H
#define NN_EXTEND_H

#include "base.h"
#include "callbacks.h"
#include "dataset.h"
#include "layers.h"
#include "losses.h"
#include "metrics.h"
#include "model.h"
#include "optimizers.h"
#include "schedules.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Option tables --------------------------------------------------------------------------
 * One list of fields serves to fill in defaults, check ranges, print, save and load. Fields of the
 * options struct that stand in no table are copied as they are and are not saved.
 */

/* The type of a field. */
typedef enum nn_option_type {
    NN_OPTION_INT = 1,          /* int                                                    */
    NN_OPTION_PAIR = 2,         /* int[2]; absent when both are 0                         */
    NN_OPTION_DOUBLE = 3,       /* double; NN_ZERO is zero                                */
    NN_OPTION_FLAG = 4,         /* int, 0 or 1                                            */
    NN_OPTION_CHOICE = 5,       /* int, an index into choices                             */
    NN_OPTION_STRING = 6,       /* const char *, may be NULL                              */
    NN_OPTION_INITIALIZER = 7,  /* nn_initializer; fallback is the default's kind         */
    NN_OPTION_MAYBE = 8,        /* nn_maybe                                               */
    NN_OPTION_SHAPE = 9,        /* nn_shape                                               */
    NN_OPTION_REGULARIZER = 10, /* nn_regularizer                                         */
    NN_OPTION_NUMBERS = 11,     /* nn_number_list; copied                                 */
    NN_OPTION_SCHEDULE = 12     /* nn_schedule *, may be NULL; taken                      */
} nn_option_type;

/* Rules of a field, to be added up. */
enum {
    NN_REQUIRED = 1, /* absent is NN_EINVAL                   */
    NN_WHOLE = 2,    /* a double without a fraction           */
    NN_ABOVE = 4,    /* greater than minimum, not equal to it */
    NN_BELOW = 8     /* less than maximum, not equal to it    */
};

/* One field of an options struct. */
typedef struct nn_option {
    const char *name;           /* of the field, in files and messages                        */
    int type;                   /* an nn_option_type */
    int rules;                  /* NN_REQUIRED | ...                                          */
    size_t offset;              /* in the options struct                                      */
    double fallback;            /* what an absent number becomes                              */
    double minimum;             /* range of numbers; checked where minimum < maximum          */
    double maximum;             /* see minimum */
    const char *const *choices; /* NN_OPTION_CHOICE: names by number, ended by NULL           */
} nn_option;

/* The names of the activations by number, ended by NULL: the choices of an activation option. */
NN_API extern const char *const nn_activation_names[];
/* The names of nn_padding by number, ended by NULL. */
NN_API extern const char *const nn_padding_names[];

/* What every kind begins with. Tables are const and live as long as the program. */
typedef struct nn_kind {
    size_t struct_size;       /* of the whole table that this stands in               */
    const char *name;         /* "conv2d": in files; the root of given names          */
    const char *class_name;   /* "Conv2D": Keras's name, in summaries                 */
    size_t options_size;      /* of the options struct, whose struct_size comes first */
    const nn_option *options; /* the fields                                           */
    size_t option_count;      /* how many fields */
} nn_kind;

/* Own kinds that a file may name, made by nn_kinds(&my_layer_kind.kind, ...). */
typedef struct nn_kind_list {
    const nn_kind *const *items; /* the tables; lent */
    size_t count;                /* how many */
} nn_kind_list;

/*
 * nn_model_load for files with own kinds, as custom_objects in Keras: a name is looked up in the
 * list of its sort, then among the library's. The kind's table says how its options are read; fields
 * that stand in no table are zero in the model that is read. As nn_model_load; NN_EINVAL also where
 * an entry is NULL or of another sort (its struct_size is not that of its list's tables).
 */
typedef struct nn_load_options {
    size_t struct_size;
    const char *path;        /* must be given */
    nn_model **model;        /* written only on success          */
    nn_kind_list layers;     /* .layers = nn_kinds(&mine.kind)   */
    nn_kind_list optimizers; /* tables that begin an nn_optimizer_kind */
    nn_kind_list losses;     /* an nn_loss_kind */
    nn_kind_list metrics;    /* an nn_metric_kind */
} nn_load_options;
NN_API nn_status nn_model_load_as(const nn_load_options *options) NN_MUST_CHECK;

#ifndef __cplusplus
/* An nn_kind_list of these tables. C only. */
#define nn_kinds(...)                                                                              \
    {                                                                                              \
        (const nn_kind *const[]){__VA_ARGS__},                                                     \
            sizeof((const nn_kind *const[]){__VA_ARGS__}) / sizeof(const nn_kind *)                \
    }
#define nn_load(...) nn_model_load_as(NN_OPTIONS(nn_load_options, __VA_ARGS__))
#endif

/* ---- Layers ---------------------------------------------------------------------------------
 * x is a layer's input, y its output, dx and dy the gradients of the loss by them. All shapes are
 * without the row dimension; memory is row-major with rows first.
 */

/* What `infer` is asked, and what it answers. Answers start at zero. */
typedef struct nn_infer {
    size_t struct_size;
    const char *name;       /* of the layer in its model, for messages                    */
    const void *options;    /* the layer's options, defaults filled in, ranges checked    */
    int training;           /* planned for training, or for inference                     */
    int batch;              /* the most rows of a run                                     */
    int input_count;        /* how many inputs the layer is applied to */
    int activation;         /* answer: the activation that follows the layer's own y      */
    const nn_shape *inputs; /* input_count of them                                        */
    nn_shape output;        /* answer: shape of y                                         */
    unsigned flags;         /* answer: NN_KEEPS_X | ...                                   */
    int reserved;           /* 0 */
    size_t kept;            /* answer: bytes from forward to backward, for all rows       */
    size_t partials;        /* answer: bytes during forward or backward, for all tasks    */
    size_t scratch;         /* answer: bytes per worker during forward or backward        */
    void *engine;           /* the library's                                              */
    int trainable;          /* 0: the layer is frozen, its gradients will not be wanted   */
    int backward;           /* 1: backward will be run; 0: in inference, and where nothing
                        here or before is trained: then nothing need be kept       */
    size_t prepared;        /* answer: bytes that forward makes of the weights alone; in
                        inference they stay from run to run, see nn_pass           */
} nn_infer;

/* Answers of infer about what a layer needs and can do, to be added up. */
enum {
    NN_KEEPS_X = 1,    /* backward reads x                                                 */
    NN_KEEPS_Y = 2,    /* backward reads y                                                 */
    NN_Y_OVER_X = 4,   /* forward may write y over the first x (same size)                 */
    NN_DX_OVER_DY = 8, /* backward may write the first dx over dy (same size)              */
    NN_IDENTITY = 16,  /* y is x as it stands, under its own shape: nothing is run         */
    NN_EPILOGUE = 32,  /* applies pass->activation itself, forward and backward; else the
                            activation is a step of its own. Backward then reads y.          */
    NN_SLOPES_DX = 64  /* with NN_KEEPS_X: backward multiplies the first dx by the slope of
                            pass->x_activation, as that is told from its output, the first x   */
};

/* The layer has this weight; called by infer, in the order of pass->weights, the same in every
 * call. trainable 0 is state: saved, but not changed by the optimizer. Names are copied. */
NN_API nn_status nn_infer_weight(nn_infer *infer, const char *name, const int *dims, int rank,
                                 nn_initializer initializer, int trainable);

/* The weight that was declared last is penalized so. Called after nn_infer_weight. */
NN_API nn_status nn_infer_regularize(nn_infer *infer, nn_regularizer regularizer);

/* Ends infer with a failure: the message is "name: " and the formatted text. Returns status. */
NN_API nn_status nn_infer_fail(nn_infer *infer, nn_status status, const char *format, ...)
    NN_PRINTF(3, 4);

/* Rows of a window (see nn_padding): output positions, 0 or less where it does not fit, and the
 * positions added before. The one place of these formulas. */
NN_API int nn_window_output(int n, int kernel, int stride, int dilation, int padding, int *before);

/* One run of a layer. Pointers are aligned to 64 bytes where they begin a block of the plan. */
typedef struct nn_pass {
    size_t struct_size;
    const void *options;       /* the layer's, as infer got them */
    int rows;                  /* rows in this run, 1..batch                                */
    int training;              /* training or inference                                     */
    int trainable;             /* 0: the layer is frozen, its gradients are not wanted       */
    int activation;            /* with NN_EPILOGUE: to be applied to y, and in backward its slope
                           to dy; NN_LINEAR: none, or in backward, dy has it already */
    int input_count;           /* how many inputs */
    uint32_t node;             /* number of the layer in its model                           */
    const nn_shape *x_shape;   /* input_count of them                                        */
    const nn_shape *y_shape;   /* of y, without rows */
    const nn_real *const *x;   /* input_count inputs x[rows][...]                            */
    nn_real *y;                /* y[rows][...]; read-only in backward                        */
    nn_real *dy;               /* backward: gradient of y; may be overwritten                */
    nn_real *const *dx;        /* backward: to be overwritten; NULL where not wanted         */
    nn_real *const *weights;   /* in the order of nn_infer_weight                            */
    nn_real *const *gradients; /* backward: to be overwritten; NULL for state and when frozen */
    void *kept;                /* the bytes that infer asked for, from forward to backward   */
    void *partials;            /* those for all tasks                                        */
    uint64_t seed;             /* of the model                                               */
    uint64_t step;             /* number of the optimizer step                               */
    uint64_t first_row;        /* number of x's first row in the whole batch: 0 while
                           batches are not cut                                        */
    void *engine;              /* the library's                                              */
    void *prepared;            /* forward in inference: the bytes that infer asked for to keep
                           what is made of the weights; NULL in training              */
    int renew;                 /* 1: weights may have changed since prepared was filled      */
    int alone;                 /* 1: so little work that nn_parallel wakes nobody            */
    int x_activation;          /* backward, with NN_SLOPES_DX: dx is multiplied by its slope; else
                           NN_LINEAR                                                 */
} nn_pass;

/* A task of nn_parallel: index 0..tasks-1, on worker 0..workers-1. */
typedef void nn_task(const nn_pass *pass, void *arg, int index, int worker);

/*
 * Runs task(pass, arg, i, worker) for i = 0..tasks-1 on the pass's workers and the calling thread;
 * returns when all are done. Which worker takes which task is open, so the cut into tasks must
 * follow from shapes alone and tasks must not share what they write. worker is 0..workers-1.
 */
NN_API void nn_parallel(const nn_pass *pass, int tasks, nn_task *task, void *arg);

/* The scratch of a worker: infer's `scratch` bytes. */
NN_API void *nn_scratch(const nn_pass *pass, int worker);

/* How many inputs a layer takes. */
enum {
    NN_ONE_INPUT = 0,         /* one                                         */
    NN_NO_INPUT = 1,          /* none: it is an input itself                 */
    NN_TWO_OR_MORE_INPUTS = 2 /* two or more; infer may ask for an exact number */
};

/* The table of a layer. */
typedef struct nn_layer_kind {
    nn_kind kind; /* name and options */
    int inputs;   /* how many it takes: NN_ONE_INPUT (0), ...; checked before infer is asked */
    int reserved; /* 0 */
    nn_status (*infer)(nn_infer *infer);   /* checks shapes, declares weights, answers */
    void (*forward)(const nn_pass *pass);  /* NULL where infer answers NN_IDENTITY */
    void (*backward)(const nn_pass *pass); /* dx and gradients from dy; NULL as forward */
} nn_layer_kind;

/* A layer of that kind; options are copied (NULL: all absent). */
NN_API nn_layer *nn_layer_new(const nn_layer_kind *kind, const void *options);

/* ---- Losses --------------------------------------------------------------------------------- */

/* One run of a loss over p[rows][width]. */
typedef struct nn_loss_pass {
    size_t struct_size;
    const void *options;    /* the loss's, defaults filled in */
    int rows;               /* rows of this batch */
    int width;              /* elements of a prediction                                       */
    nn_real *prediction;    /* p[rows][width]; with `fused`, z on entry and act(z) on return  */
    const nn_real *targets; /* y[rows][width]; NULL where targets are classes                 */
    const int32_t *classes; /* y[rows], each 0..width-1; NULL where they are values           */
    double *losses;         /* out: the loss of each row                                      */
    nn_real *gradient;      /* out: scale * dL(row)/dp (dL/dz); NULL where not wanted. May be
                                 the same memory as prediction only when fused is 0.            */
    double scale;           /* 1 / rows, or the share of an accumulated batch                 */
    int fused;              /* 1: prediction is the input z of the activation fuses_with      */
    int last_axis;          /* elements of the prediction's last axis, which divides width. A
                                 loss over the last axis is averaged over the rest of a row     */
} nn_loss_pass;

/* The table of a loss. */
typedef struct nn_loss_kind {
    nn_kind kind;      /* name and options */
    int takes_classes; /* 1: targets are classes; 0: values shaped like the prediction      */
    int fuses_with;    /* the activation it can be run together with; NN_LINEAR for none    */
    /* May the loss follow this output? NULL: always. name is the output layer's. */
    nn_status (*check)(const void *options, const char *name, const nn_shape *prediction);
    void (*run)(const nn_loss_pass *pass); /* losses, and the gradient where it is wanted */
} nn_loss_kind;

/* A loss of that kind; options are copied (NULL: all absent). */
NN_API nn_loss *nn_loss_new(const nn_loss_kind *kind, const void *options);

/* ---- Metrics -------------------------------------------------------------------------------- */

/* A batch: p[rows][width], and y as the loss takes it. */
typedef struct nn_metric_pass {
    size_t struct_size;
    const void *options;       /* the metric's, defaults filled in */
    int rows;                  /* rows of this batch               */
    int width;                 /* elements of a prediction         */
    const nn_real *prediction; /* p[rows][width]                              */
    const nn_real *targets;    /* y[rows][width], or NULL                     */
    const int32_t *classes;    /* y[rows], or NULL; with a loss that ignores a class, any of them */
    const double *weights;     /* how much each row counts; NULL: 1            */
    int last_axis;             /* elements of the prediction's last axis       */
    int reserved;              /* 0 */
} nn_metric_pass;

/*
 * The engine zeroes the state at the start of an epoch, calls update for each batch, and result
 * whenever the value is shown, so result leaves the state alone. If the state's size depends on the
 * options or on the width, state_bytes tells it and state_size is not read; an update that finds
 * zeros in it starts anew. An option named "name" is the metric's name in logs.
 */
typedef struct nn_metric_kind {
    nn_kind kind;      /* name and options */
    int better;        /* NN_MAX or NN_MIN: which way callbacks call better                    */
    int reserved;      /* 0 */
    size_t state_size; /* bytes of the accumulating state; zeroed at the start of an epoch     */
    void (*update)(const nn_metric_pass *pass, void *state);  /* adds a batch to the state */
    double (*result)(const void *options, const void *state); /* the value so far */
    /* Can it judge this output, with these options? NULL: always. name is the metric's. */
    nn_status (*check)(const void *options, const char *name, const nn_shape *prediction);
    size_t (*state_bytes)(const void *options, int width); /* NULL: state_size */
} nn_metric_kind;

/* A metric of that kind; options are copied (NULL: all absent). */
NN_API nn_metric *nn_metric_new(const nn_metric_kind *kind, const void *options);

/* ---- Optimizers -----------------------------------------------------------------------------
 * Parameters, gradients and slots lie in equal order in one block each; update is called for
 * disjoint ranges of them, in parallel.
 */

/* The most that an optimizer may have. */
enum {
    NN_MAX_SLOTS = 4,        /* numbers kept per parameter       */
    NN_MAX_SCALARS = 4,      /* numbers kept for all of them     */
    NN_MAX_COEFFICIENTS = 12 /* numbers from begin to update     */
};

/* One step: what begin fills in, and a range of the parameters for update. */
typedef struct nn_update {
    size_t struct_size;
    const void *options;                       /* the optimizer's, defaults filled in */
    double learning_rate;                      /* of this step */
    uint64_t step;                             /* t, from 1                                   */
    double *scalars;                           /* kept from step to step, start at initial    */
    nn_real coefficients[NN_MAX_COEFFICIENTS]; /* begin's answers to update                   */
    size_t count;                              /* update: elements of this range              */
    nn_real *weights;             /* update: weights[count], to be changed now, not later */
    const nn_real *gradients;     /* update: gradients[count] */
    nn_real *slots[NN_MAX_SLOTS]; /* update: slots[i][count], to be changed */
} nn_update;

/* The table of an optimizer. */
typedef struct nn_optimizer_kind {
    nn_kind kind;                  /* name and options */
    const char *const *slots;      /* names of slots, ended by NULL                           */
    const char *const *scalars;    /* names of scalars, ended by NULL; or NULL                */
    const double *scalars_initial; /* their first values                                      */
    int (*slot_count)(const void *options);  /* how many of the slots it needs; NULL: all       */
    void (*begin)(nn_update *update);        /* once per step: coefficients, scalars            */
    void (*update)(const nn_update *update); /* the rule, on one range; in parallel */
    double (*slot_initial)(const void *options, int slot); /* first value; NULL: all 0         */
} nn_optimizer_kind;

/*
 * Every optimizer's options hold a double learning_rate, described in its table. Where they also
 * hold fields under the names of NN_OPTIMIZER_FIELDS, with the types of those, and the table lists
 * them, clipping, weight decay, averages, accumulation and schedules work for it, too: they stand
 * around the rule, which does not notice.
 */
NN_API nn_optimizer *nn_optimizer_new(const nn_optimizer_kind *kind, const void *options);

/* ---- Schedules ------------------------------------------------------------------------------ */

/* The table of a schedule. */
typedef struct nn_schedule_kind {
    nn_kind kind; /* name and options */
    /* What ranges of single fields cannot say; NULL: nothing. name begins messages. */
    nn_status (*check)(const void *options, const char *name);
    double (*rate)(const void *options, double step); /* step >= 0, whole */
} nn_schedule_kind;

/* A schedule of that kind; options are copied (NULL: all absent). Never NULL: see nn/schedules.h. */
NN_API nn_schedule *nn_schedule_new(const nn_schedule_kind *kind, const void *options);

/* ---- Callbacks ------------------------------------------------------------------------------ */

/* Where a hook stands. Numbers are 0-based. */
typedef struct nn_event {
    size_t struct_size;
    nn_model *model; /* that is trained, evaluated or asked */
    int epoch;       /* its number */
    int epochs;      /* number of the last epoch plus 1                                    */
    int step;        /* batch within the epoch                                             */
    int steps;       /* batches per epoch                                                  */
    nn_logs *logs;   /* running means in batch_end and test_end; the epoch's in epoch_end and, of
                        the last one and without what callbacks added, in train_end; else empty */
    void *stream;    /* stdio FILE * for messages that were asked for                      */
    int stop;        /* set to 1: end the training after this batch or epoch               */
    int verbose;     /* the fit's nn_verbose; NN_SILENT: no warnings either                */
} nn_event;

/* Writes a callback's state or reads it back: one function serves both directions. */
typedef struct nn_state nn_state;
/* 1 where the state is being read back, 0 where it is written. */
NN_API int nn_state_reading(const nn_state *state);
/* A number by name; reading leaves *value alone where the name is unknown. */
NN_API void nn_state_number(nn_state *state, const char *name, double *value);
/* count elements by name; reading a different count leaves them alone and returns 0, else 1. */
NN_API int nn_state_array(nn_state *state, const char *name, nn_real *values, size_t count);

/* A function of a callback. */
typedef nn_status nn_hook(nn_callback *callback, nn_event *event);

/* Hooks may be NULL. One that fails ends the fit with NN_EUSER, or with its own negative status
 * where it has set the message with nn_fail. */
typedef struct nn_callback_kind {
    nn_kind kind;      /* name and options */
    size_t state_size; /* bytes of nn_callback_state, zeroed                                  */
    void (*release)(nn_callback *callback); /* frees what the state holds; NULL: nothing      */
    void (*state)(nn_callback *callback, nn_state *state); /* after train_begin; NULL: none    */
    nn_hook *train_begin;                                  /* before the first epoch */
    nn_hook *train_end;                                    /* after the last epoch */
    nn_hook *epoch_begin;                                  /* before an epoch */
    nn_hook *epoch_end;                                    /* after it and its validation */
    nn_hook *train_batch_begin;                            /* before a batch of training */
    nn_hook *train_batch_end;                              /* after it */
    nn_hook *test_begin;          /* before an evaluation or a validation */
    nn_hook *test_end;            /* after it */
    nn_hook *test_batch_begin;    /* before a batch of it */
    nn_hook *test_batch_end;      /* after that */
    nn_hook *predict_begin;       /* before a predict */
    nn_hook *predict_end;         /* after it */
    nn_hook *predict_batch_begin; /* before a batch of it */
    nn_hook *predict_batch_end;   /* after that */
} nn_callback_kind;

/* A callback of that kind; options are copied (NULL: all absent). */
NN_API nn_callback *nn_callback_new(const nn_callback_kind *kind, const void *options);
/* The table it was made with. */
NN_API const nn_callback_kind *nn_callback_kind_of(const nn_callback *callback);
/* The copied options, defaults filled in; lent. */
NN_API const void *nn_callback_options(const nn_callback *callback);
/* The memory of state_size bytes, zeroed at first; lent. */
NN_API void *nn_callback_state(nn_callback *callback);

/* NN_MIN for a loss, the direction of the model's metric of that name (after "val_", if it begins
 * so), NN_AUTO for any other log. */
NN_API int nn_model_better(const nn_model *model, const char *log);

/* All weights of a built model as one block, as EarlyStopping keeps them: how many elements. */
NN_API size_t nn_model_snapshot_count(const nn_model *model);
/* Copies them out, to values[nn_model_snapshot_count]. */
NN_API void nn_model_snapshot(const nn_model *model, nn_real *values);
/* Puts them back. */
NN_API void nn_model_restore(nn_model *model, const nn_real *values);

/* ---- Datasets ------------------------------------------------------------------------------- */

/* What a dataset is made of. */
typedef struct nn_dataset_info {
    size_t struct_size;
    size_t rows;     /* how many; at least 1 */
    nn_shape x;      /* shape of one x                                                     */
    nn_shape y;      /* shape of one target of values; rank 0 where targets are classes    */
    int classes;     /* number of classes, 0 where there are none                          */
    int has_targets; /* 0: x only                                                          */
    const char *const *class_names; /* by number; NULL; must outlive the dataset               */
} nn_dataset_info;

/* The table of a dataset. */
typedef struct nn_dataset_kind {
    size_t struct_size;
    const char *name; /* for messages */
    /* Rows indices[0..count-1] into x[count][...], and into y[count][...] or classes[count]
     * whichever the info says (the other is NULL; both where targets are not wanted). Called by
     * several threads at once for separate rows, also ahead of the batch (nn/dataset.h). Indices are
     * below rows. */
    nn_status (*read)(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                      int32_t *classes);
    /* The class of a row, or NULL where y is not classes. */
    int (*label)(void *self, size_t row);
    void (*release)(void *self); /* frees self; NULL: nothing */
} nn_dataset_kind;

/* A dataset of that kind; info is copied. Takes self, also when it fails. NULL: NN_EINVAL,
 * NN_ENOMEM. */
NN_API nn_dataset *nn_dataset_new(const nn_dataset_kind *kind, void *self,
                                  const nn_dataset_info *info);

/* ---- Checking gradients ---------------------------------------------------------------------
 * Is backward the slope of forward? For those who write a layer.
 */

/* What was found. */
typedef struct nn_gradient_report {
    double worst;     /* the largest relative error: |backward - slope| over the largest of both
                             and of the root mean square of the weight's gradient; of numbers that are
                             wrong, where there are any                                            */
    double backward;  /* there: what backward gives,                                           */
    double slope;     /* and what forward's differences give                                   */
    size_t index;     /* there: element of the weight or input                                 */
    size_t checked;   /* numbers looked at                                                     */
    size_t kinks;     /* of them, how many lie on a kink and are right there                   */
    char weight[128]; /* there: "scale/scale"; "x[0]/value" is the first input                 */
} nn_gradient_report;

/*
 * Runs a layer by itself, in training mode, and compares all gradients that its backward gives, by
 * inputs and weights, with slopes of sum(y t), t drawn from -1..1: central differences of forward,
 * summed in double, Richardson's extrapolation. Works in the library's float: steps begin at 2^-6 of
 * the largest number, and a gradient may be off by tolerance times its size plus what float's
 * rounding of y makes of the slope. Where forward has a kink nearby, steps are made smaller; exactly
 * on a kink (ReLU at 0) any value between the slopes of its two sides is right. A jump has no slope
 * and passes.
 *
 * NN_EMISMATCH: a gradient is wrong; the message names weight, element and both numbers. Also where
 * two runs give different outputs. Else NN_EINVAL, NN_ENOMEM, or the layer's own failure. Takes the
 * layer. Runs forward 12 times for each number, so keep shapes small; rows more than one, not a
 * multiple of the layer's groups.
 */
typedef struct nn_check_gradients_options {
    size_t struct_size;
    nn_layer *layer;            /* must be given                                          */
    const nn_shape *inputs;     /* shapes of the inputs, without rows; must be given      */
    int input_count;            /* 0 is 1                                                 */
    int rows;                   /* 0 is 3                                                 */
    uint64_t seed;              /* of what is drawn: inputs, weights, t, the layer's masks */
    const nn_real *const *x;    /* values x[input][rows][...]; NULL: distinct ones from -1 to 1 */
    double tolerance;           /* 0 is 1e-3                                              */
    int no_inputs;              /* 1: inputs are not checked (indices, for instance)      */
    int keep_weights;           /* 1: weights as initialized; 0: distinct ones from -1 to 1 */
    nn_gradient_report *report; /* filled in also where a gradient is wrong; or NULL      */
} nn_check_gradients_options;
NN_API nn_status nn_layer_check_gradients(const nn_check_gradients_options *options) NN_MUST_CHECK;

#ifndef __cplusplus
#define nn_check_gradients(...)                                                                    \
    nn_layer_check_gradients(NN_OPTIONS(nn_check_gradients_options, __VA_ARGS__))
#endif

/* ---- Failing --------------------------------------------------------------------------------
 * Sets the thread's message and returns status: the one place where errors are raised, so the one
 * place for a breakpoint. For functions of these tables.
 */
NN_API nn_status nn_fail(nn_status status, const char *format, ...) NN_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif
