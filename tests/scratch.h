/* A context's scratch between guards, to see that layers keep to the bytes that they asked for. */
#ifndef NN__TESTS_SCRATCH_H
#define NN__TESTS_SCRATCH_H

#include "model/context.h"
#include "test.h"

typedef struct test_scratch {
    nn__engine kept;
    size_t asked; /* bytes of a worker: the most that a step asked for */
    size_t step;  /* from one worker's scratch to the next one's       */
    unsigned char *memory;
} test_scratch;

enum { TEST_GUARD_BYTE = 0xA5 };

/* From here on the run of this mode works in guarded scratch: `guard` bytes before each worker's and
 * after the last. */
static inline test_scratch test_scratch_begin(nn_context *context, nn__mode mode, size_t guard)
{
    test_scratch s = {.kept = context->engine};
    const nn__program *program = &context->runs[mode].program;
    for (int i = 0; i < program->step_count; i++)
        if (program->steps[i].about.scratch > s.asked)
            s.asked = program->steps[i].about.scratch;
    s.step = (s.asked + guard + 63) / 64 * 64;
    size_t bytes = guard + s.step * (size_t)s.kept.threads;
    s.memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    memset(s.memory, TEST_GUARD_BYTE, bytes);
    context->engine.scratch = (char *)s.memory + guard;
    context->engine.scratch_bytes = s.step;
    return s;
}

/* Fails where a guard is written to. */
static inline void test_scratch_end(nn_context *context, test_scratch *s, const char *what)
{
    const unsigned char *begin = (const unsigned char *)context->engine.scratch;
    for (int worker = 0; worker < s->kept.threads; worker++)
        for (size_t i = s->asked; i < s->step; i++)
            if (begin[(size_t)worker * s->step + i] != TEST_GUARD_BYTE)
                ck_abort_msg("%s: byte %zu of the scratch is written, %zu were asked for", what, i,
                             s->asked);
    for (const unsigned char *byte = s->memory; byte < begin; byte++)
        if (*byte != TEST_GUARD_BYTE)
            ck_abort_msg("%s: a byte before the scratch is written", what);
    context->engine = s->kept;
    free(s->memory);
}

#endif
