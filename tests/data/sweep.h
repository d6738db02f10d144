/* Runs a constructor with the 1st, 2nd, ... allocation failing, until it succeeds: every failure
 * must give nothing, say so and leave no memory behind. */
#ifndef NN__TESTS_DATA_SWEEP_H
#define NN__TESTS_DATA_SWEEP_H

#include "test.h"

static inline void sweep_allocations(nn_dataset *(*make)(void *arg), void *arg, long least)
{
    long live = test_memory_live(), n = 0;
    for (;; n++) {
        ck_assert_int_lt(n, 1000);
        test_memory_fail(n, 1);
        nn_dataset *dataset = make(arg);
        test_memory_fail(-1, 1);
        if (dataset != NULL) {
            nn_dataset_free(dataset);
            break;
        }
        test_message_has("memory");
        ck_assert_int_eq(test_memory_live(), live);
    }
    ck_assert_int_ge(n, least);
    ck_assert_int_eq(test_memory_live(), live);
}

#endif
