/* Paths with fields in braces, as Python's str.format writes them: see nn/callbacks.h. */
#ifndef NN__CALLBACKS_PATTERN_H
#define NN__CALLBACKS_PATTERN_H

#include "base/base.h"

/* What fields stand for. */
typedef struct nn__pattern_values {
    int epoch;           /* as it is written                                       */
    int batch;           /* the same; below 0: {batch} is not a field               */
    const nn_logs *logs; /* NULL: every other name is a field, and its value is 0 */
} nn__pattern_values;

/* The caller frees *text. NN_EINVAL: "what: path "...": the reason". */
nn_status nn__pattern_text(const char *pattern, const nn__pattern_values *values, const char *what,
                           char **text);

#endif
