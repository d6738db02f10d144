/*
 * The one place that meets malloc. Every block begins at a multiple of 64 bytes, a cache line; large
 * ones at a huge page, and ask for huge pages: a few faults instead of thousands at first touch.
 */
#define _DEFAULT_SOURCE /* madvise */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/options.h"

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

static void *memory_alloc(size_t bytes)
{
    void *block = NULL;
    int large = bytes >= HUGE_PAGE;
    if (bytes > SIZE_MAX / 2 || posix_memalign(&block, large ? HUGE_PAGE : ALIGNMENT, bytes) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (large)
        madvise(block, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); /* a wish, no more */
#endif
    return block;
}

static const nn__allocator builtin = {memory_alloc, free};
static const nn__allocator *allocator = &builtin;

static atomic_long live; /* blocks */

void nn__set_allocator(const nn__allocator *replacement)
{
    allocator = replacement != NULL ? replacement : &builtin;
}

/* ---- The host's own ---- */

static nn_allocator own;

/* A block that is not aligned would make the kernels fault or crawl; it counts as none. */
static void *own_alloc(size_t bytes)
{
    void *block = bytes > SIZE_MAX / 2 ? NULL : own.alloc(own.user, bytes, ALIGNMENT);
    if ((uintptr_t)block % ALIGNMENT == 0)
        return block;
    own.release(own.user, block);
    return NULL;
}

static void own_free(void *memory)
{
    own.release(own.user, memory);
}

nn_status nn__check_unused(const char *what)
{
    long blocks = atomic_load(&live);
    if (blocks == 0)
        return NN_OK;
    return nn_fail(NN_ESTATE, "%s: it is set while %ld blocks of the library are alive", what,
                   blocks);
}

nn_status nn_set_allocator(const nn_allocator *replacement)
{
    static const nn__allocator to_own = {own_alloc, own_free};
    nn_allocator given = {0};
    if (replacement != NULL)
        NN_TRY(nn__options_read(&given, sizeof given, replacement, "allocator"));
    if (replacement != NULL && (given.alloc == NULL || given.release == NULL))
        return nn_fail(NN_EINVAL, "allocator: alloc or release is NULL");
    NN_TRY(nn__check_unused("allocator"));
    own = given;
    nn__set_allocator(replacement != NULL ? &to_own : NULL);
    return NN_OK;
}

size_t nn__mul(size_t a, size_t b)
{
    return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

size_t nn__add(size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

void *nn__alloc(size_t bytes, const char *what)
{
    if (bytes == 0)
        bytes = 1;
    void *block = allocator->alloc(bytes);
    if (block == NULL) {
        nn__fail_memory(bytes, what);
        return NULL;
    }
    atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return memset(block, 0, bytes);
}

void *nn__alloc_array(size_t count, size_t size, const char *what)
{
    return nn__alloc(nn__mul(count, size), what);
}

void *nn__grow(void *old, size_t old_bytes, size_t bytes, const char *what)
{
    void *block = nn__alloc(bytes, what);
    if (block == NULL)
        return NULL;
    if (old != NULL)
        memcpy(block, old, old_bytes);
    nn__free(old);
    return block;
}

char *nn__copy_string(const char *text, const char *what)
{
    size_t bytes = strlen(text) + 1;
    char *copy = nn__alloc(bytes, what);
    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

char *nn__join_strings(const char *a, const char *b, const char *c, const char *what)
{
    size_t first = strlen(a), second = strlen(b), third = strlen(c);
    char *text = nn__alloc(first + second + third + 1, what);
    if (text == NULL)
        return NULL;
    memcpy(text, a, first);
    memcpy(text + first, b, second);
    memcpy(text + first + second, c, third + 1);
    return text;
}

void nn__free(void *memory)
{
    if (memory == NULL)
        return;
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    allocator->free(memory);
}
