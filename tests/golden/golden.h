/*
 * Golden files: what Keras answered, written by tests/golden/make_golden.py, and libnn's answers to
 * the same. Nothing here knows a single case: each describes itself, so that files made with other
 * shapes, options and seeds are run as they are.
 *
 * A file is safetensors. Its metadata names the versions of Keras and TensorFlow and holds "cases",
 * a JSON array. A case has
 *
 *   "name"     its tensors are called NAME/TENSOR
 *   "subject"  how it is run: one of the table in test_golden.c
 *   "errors"   {TENSOR: units}: a number of libnn's may be that many units of roundoff away (2^-24,
 *              in the double build 2^-53); where a tensor is not listed, it must be equal
 *   "single"   true: Keras itself is no better than float32 here; the unit is 2^-24 in both builds
 *   "floatx"   "float32": Keras computed in float32, so the double build leaves it out
 *
 * and what its subject says. Kinds and options stand as in model files: {"kind":..,"options":{..}}.
 */
#ifndef NN__TESTS_GOLDEN_H
#define NN__TESTS_GOLDEN_H

#include "formats/json.h"
#include "formats/safetensors.h"
#include "model/architecture.h"
#include "probe.h"

typedef struct golden_case {
    const char *path;
    const char *name;
    nn__safetensors *file;
    nn__json *json; /* all cases of the file              */
    uint32_t node;  /* this one's                         */
    double unit;    /* of roundoff */
    double worst;   /* the largest error, in allowed ones */
    void **memory;  /* freed with the case                */
    size_t blocks;
    char text[1024]; /* the name asked for last            */
} golden_case;

/* The cases of a file: opened, and closed with all that was asked of it. Failures end the test. */
golden_case golden_open(const char *path, size_t index);
void golden_close(golden_case *c);

/* A member of the case; NN__JSON_NONE where there is none. Numbers and flags are 0 where absent. */
uint32_t golden_member(const golden_case *c, const char *name);
int golden_int(const golden_case *c, const char *name);

/* Is there such a tensor? Its numbers, their count; a missing one ends the test. Lent. */
int golden_has(golden_case *c, const char *format, ...) NN_PRINTF(2, 3);
const nn__tensor_info *golden_tensor(golden_case *c, const char *format, ...) NN_PRINTF(2, 3);
double *golden_doubles(golden_case *c, const nn__tensor_info *tensor);
nn_real *golden_reals(golden_case *c, const nn__tensor_info *tensor);
int32_t *golden_classes(golden_case *c, const nn__tensor_info *tensor);
/* values as a tensor of that shape: classes where the tensor has integers. The caller frees it. */
nn_tensor *golden_borrow(const golden_case *c, const nn__tensor_info *tensor, void *values);
/* Zeroed memory that lives as long as the case. */
void *golden_alloc(golden_case *c, size_t count, size_t size);

/* Ends the test unless have[count] are the numbers of that tensor within its error. */
void golden_compare(golden_case *c, const nn_real *have, size_t count, const char *format, ...)
    NN_PRINTF(4, 5);
void golden_compare_doubles(golden_case *c, const double *have, size_t count, const char *format,
                            ...) NN_PRINTF(4, 5);
/* Ends the test where a call of libnn's failed. */
void golden_check(const golden_case *c, nn_status status);

/*
 * The graph {"nodes":[{"inputs","layer","trainable"}, ...],"output"} of the case as a model. With
 * sources 1, each input is a layer "source", "source_1", ... whose weight of that shape and so many
 * rows is the input, behind one input of one number: gradients by inputs are then those of weights.
 */
nn_model *golden_model(golden_case *c, int sources, int rows);
/* Sets the weights from the tensors weight/NAME; sources are left alone. */
void golden_set_weights(golden_case *c, nn_model *model);
int golden_is_source(const char *weight);

/* An object of a kind among kinds, from {"kind","options"}; the caller gives it to its owner. */
void *golden_object(const golden_case *c, uint32_t node, size_t size, const nn_kind *const *kinds);

/* A callback of the library's from {"kind","options"}: a CSVLogger writes to csv, a scheduler halves
 * the rate. */
nn_callback *golden_callback(const golden_case *c, uint32_t json, const char *csv);

/* The subjects, each in the file of its name. */
void golden_adapt(golden_case *c);
void golden_callbacks(golden_case *c);
void golden_fit(golden_case *c);
void golden_initializer(golden_case *c);
void golden_layer(golden_case *c);
void golden_loss(golden_case *c);
void golden_metric(golden_case *c);
void golden_optimizer(golden_case *c);
void golden_progress(golden_case *c);
void golden_schedule(golden_case *c);
void golden_stopping(golden_case *c);
void golden_streams(golden_case *c);
void golden_summary(golden_case *c);
void golden_trajectory(golden_case *c);

#endif
