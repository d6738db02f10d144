/*
 * Floor 0: what everything above may use and nothing here depends on. C library only.
 * memory, threads, files and the clock are met in this folder and nowhere else, one file each.
 */
#ifndef NN__BASE_BASE_H
#define NN__BASE_BASE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/base.h"
#include "nn/extend.h"
#include "nn/profile.h"

/* ---- status.c: the one place where failures are raised ---- */

/* nn_fail (public) raises; this forwards: returns from the caller when expression is a failure. */
#define NN_TRY(expression)                                                                         \
    do {                                                                                           \
        nn_status nn__status = (expression);                                                       \
        if (nn__status != NN_OK)                                                                   \
            return nn__status;                                                                     \
    } while (0)

/* The same in functions that clean up at a label: sets `status` (in scope) and jumps. */
#define NN_TRY_GOTO(label, expression)                                                             \
    do {                                                                                           \
        status = (expression);                                                                     \
        if (status != NN_OK)                                                                       \
            goto label;                                                                            \
    } while (0)

nn_status nn__fail_list(nn_status status, const char *format, va_list list) NN_PRINTF(2, 0);
/* The status of the thread's last failure, for functions that answer with NULL. */
nn_status nn__last_status(void);
/* NN_ENOMEM, "no memory for WHAT: N bytes"; allocates nothing. */
nn_status nn__fail_memory(size_t bytes, const char *what);

/* ---- memory.c: the one place that meets malloc ---- */

/* bytes (0 counts as 1), set to zero, aligned to 64; NULL with NN_ENOMEM raised, naming what. */
void *nn__alloc(size_t bytes, const char *what);
/* count * size, checked for overflow. */
void *nn__alloc_array(size_t count, size_t size, const char *what);
/* A larger copy of old (old_bytes of it kept, the rest zero); old is freed only on success. */
void *nn__grow(void *old, size_t old_bytes, size_t bytes, const char *what);
char *nn__copy_string(const char *text, const char *what);
/* a, b and c one after the other. */
char *nn__join_strings(const char *a, const char *b, const char *c, const char *what);
void nn__free(void *memory); /* NULL is fine */

/* How memory is got; tests put their own here to count and to fail. */
typedef struct nn__allocator {
    void *(*alloc)(size_t bytes); /* aligned to 64, or NULL */
    void (*free)(void *memory);
} nn__allocator;
/* Replaces the allocator, NULL for the built-in one; only while no library memory is alive. */
void nn__set_allocator(const nn__allocator *allocator);

/* NN_ESTATE, "what: ...", while memory of the library is alive: something of it may be in use. */
nn_status nn__check_unused(const char *what);

/* a * b and a + b that saturate at SIZE_MAX, which no allocation grants. */
size_t nn__mul(size_t a, size_t b);
size_t nn__add(size_t a, size_t b);

/* Elements of a shape; SIZE_MAX where that overflows. */
size_t nn__shape_count(const nn_shape *shape);
int nn__shape_equal(const nn_shape *a, const nn_shape *b);
/* "32x32x3" into text of `size` bytes; returns text. 96 bytes hold every shape. */
char *nn__shape_text(const nn_shape *shape, char *text, size_t size);
enum { NN__SHAPE_TEXT = 96 };
/* dims[0..rank-1] as a shape; NN_EINVAL naming what where rank or a dimension is out of range. */
nn_status nn__shape_make(nn_shape *shape, const int *dims, int rank, const char *what);

/* ---- clock.c ---- */
double nn__seconds(void);                  /* monotonic */
void nn__set_clock(double (*clock)(void)); /* tests; NULL for the real one */
/* A finer clock, of unknown rate: nanoseconds, or cycles of the processor. */
uint64_t nn__ticks(void);
uint64_t nn__ticks_and_seconds(double *seconds); /* both at one moment */
double nn__wall_seconds(void);                   /* since 1970 */
void nn__set_wall_clock(double (*clock)(void));

/* ---- process.c: who we are ---- */
enum { NN__HOST_NAME = 256 };
/* The machine's name, "unknown" where it cannot be told; a '/' in it becomes '_'. Returns name. */
char *nn__host_name(char name[NN__HOST_NAME]);
long nn__process_id(void);

/* ---- cpu.c: instruction sets and the floating-point mode ---- */
typedef enum nn__level { NN__BASELINE = 0, NN__AVX2 = 1, NN__AVX512 = 2 } nn__level;
/* The best level of this processor and system. */
nn__level nn__cpu_best(void);
/* The level in use: the best, or what NN_CPU forced when the library was loaded (never above the
 * best). */
nn__level nn__cpu_level(void);
const char *nn__level_name(nn__level level);
/* The processor's name ("AMD EPYC 7B13"), "unknown" where it cannot be told; returns name. */
enum { NN__CPU_NAME = 49 };
char *nn__cpu_name(char name[NN__CPU_NAME]);
/* Sets the default floating-point mode (round to nearest, no flush to zero) and returns what was
 * set before; the second call puts that back. */
unsigned nn__float_mode_enter(void);
void nn__float_mode_leave(unsigned saved);

/* ---- pool.c: the one place that meets threads ---- */

typedef nn_pool_task nn__pool_task;
/*
 * Runs task(arg, i, worker) for i = 0..tasks-1 on at most `threads` threads, the caller being
 * worker 0; returns when all are done. One pool for the process, grown on demand. Where it is busy
 * for another caller, this caller does all tasks itself: same bits, no waiting. The host's own pool
 * is used in its place where one was set.
 */
void nn__pool_run(int threads, int tasks, nn__pool_task *task, void *arg);
/* The same; turned 1: each thread takes its share of the tasks from its end. Where a job comes again
 * and again and reads more than a cache holds, every other time so: what was read last is there. */
void nn__pool_run_turned(int turned, int threads, int tasks, nn__pool_task *task, void *arg);
enum { NN__MAX_THREADS = 64 };

/*
 * A job in the background: between begin and finish its tasks are run by up to `threads` threads
 * that the pool has for this alone, while the caller goes on, with nn__pool_run, too. finish
 * helps with the tasks that are left (worker 0; the others are 1..threads) and returns when all are
 * done; drop leaves those that have not begun, and returns when none is running. One of the two
 * must be called, by the thread that began. The struct is the caller's and stays where it is.
 *
 * There is one such job in the process at a time. A second, with one thread, with the host's own pool
 * or without threads to be had, is done at finish by nn__pool_run. A task in the background that
 * itself calls nn__pool_run does all tasks alone.
 */
typedef struct nn__background {
    int threads, tasks;
    nn__pool_task *task;
    void *arg;
    int begun; /* 1: threads are at it; set by begin */
} nn__background;
void nn__pool_begin(nn__background *job);
void nn__pool_finish(nn__background *job);
void nn__pool_drop(nn__background *job);
/* May a job for so many threads run in the background at all? */
int nn__pool_has_background(int threads);

void nn__global_lock(void); /* one process-wide lock for the few global tables */
void nn__global_unlock(void);

/* ---- object.c, options.c: what layers, losses, metrics, optimizers and callbacks share ---- */

/* The head of every object made from a kind. Bad options are remembered here, in `status` and
 * `message`, and raised by nn__object_check when the object has a name. */
typedef struct nn__object {
    const nn_kind *kind;
    void *options; /* the object's copy, kind->options_size bytes, defaults filled in */
    nn_status status;
    int owned; /* 1 once a model has taken it */
    char *message;
} nn__object;

/* `size` bytes that begin with an nn__object; options (NULL: all absent) are copied by the rules of
 * nn/base.h. NULL only for lack of memory. */
void *nn__object_new(size_t size, const nn_kind *kind, const void *options);
/* The same kind and options, strings copied; NULL only for lack of memory. */
void *nn__object_copy(size_t size, const nn__object *from);
void nn__object_free(void *object); /* NULL is fine */
/* Frees the objects of a list that nobody takes: not those that are owned, each only once, NULLs
 * passed over. release frees one. */
void nn__objects_drop(const void *list, size_t count, void (*release)(void *object));
/* Raises what was wrong with the options as "name: reason". */
nn_status nn__object_check(const nn__object *object, const char *name);

/* A string field of an object's options by name; NULL where there is none. */
const char *nn__option_string(const nn__object *object, const char *field);
/* The address of a field of an object's options; NULL where there is none. */
void *nn__option_field(const nn__object *object, const char *field, const nn_option **option);

/* Table entries: NN__OPTION(nn_dense_options, INT, units, .rules = NN_REQUIRED, .minimum = 1, ...) */
#define NN__OPTION(struct_, type_, ...) NN__OPTION_ENTRY(struct_, type_, __VA_ARGS__, )
#define NN__OPTION_ENTRY(struct_, type_, field, ...)                                               \
    {                                                                                              \
        .name = #field, .type = NN_OPTION_##type_, .offset = offsetof(struct_, field), __VA_ARGS__ \
    }
#define NN__COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* The nn_kind head of a kind's table, from its options struct and its array of entries. */
#define NN__KIND(table_type, name_, class_, options_struct, entries)                               \
    {                                                                                              \
        sizeof(table_type), name_, class_, sizeof(options_struct), entries, NN__COUNT(entries)     \
    }
/* No tail padding: the size of an options struct tells its version. */
#define NN__NO_TAIL_PADDING(struct_, last)                                                         \
    _Static_assert(offsetof(struct_, last) + sizeof(((struct_ *)0)->last) == sizeof(struct_),      \
                   #struct_ " has tail padding")

#endif
