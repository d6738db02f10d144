/*
 * Status codes, error messages, the version, and the rules that every options struct follows.
 */
#ifndef NN_BASE_H
#define NN_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header; the Makefile reads it here. Versions of one major number share an
 * ABI once it is 1; before that, versions of one minor number do. */
#define NN_VERSION_MAJOR 0
#define NN_VERSION_MINOR 1
#define NN_VERSION_PATCH 0

/* NN_API marks what the shared library exports; NN_MUST_CHECK what loses something when its status
 * is ignored; NN_PRINTF lets the compiler check formats. */
#if defined(__GNUC__)
#define NN_API __attribute__((visibility("default")))
#define NN_MUST_CHECK __attribute__((warn_unused_result))
#define NN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define NN_API
#define NN_MUST_CHECK
#define NN_PRINTF(text, first)
#endif

/*
 * The element type of weights, activations and gradients: float in the library that is installed.
 * The test suite compiles the same sources once more with double, to check gradients.
 */
#ifdef NN_REAL_IS_DOUBLE
typedef double nn_real;
#else
typedef float nn_real;
#endif

/* ---- Status ---------------------------------------------------------------------------------
 * Every function that can fail returns an nn_status: 0 is success, failures are negative. The
 * numbers are stable. A function that returns an object returns NULL instead. In both cases
 * nn_error_message() says what was wrong.
 */
#define NN_STATUS_MAP(XX)                                                                          \
    XX(NN_OK, 0, "success")                                                                        \
    XX(NN_EINVAL, -1, "an argument or an option is outside its documented range")                  \
    XX(NN_ENOMEM, -2, "memory could not be allocated")                                             \
    XX(NN_ESHAPE, -3, "shapes or types do not fit each other")                                     \
    XX(NN_ESTATE, -4, "the call comes too early or too late in the life of its object")            \
    XX(NN_EIO, -5, "the operating system refused to open, read or write a file")                   \
    XX(NN_EFORMAT, -6, "the content of a file is damaged or is not what its format says")          \
    XX(NN_EMISMATCH, -7, "a file or an object belongs to another architecture")                    \
    XX(NN_ENOTFOUND, -8, "no file, weight or log entry of that name exists")                       \
    XX(NN_ENOTSUP, -9, "this version of the library does not know the option or the feature")      \
    XX(NN_EUSER, -10, "a function of the caller's returned a failure")

/* One of the values of NN_STATUS_MAP: NN_OK is 0, failures are negative. */
typedef enum nn_status {
#define NN_STATUS_ENUM(name, number, sentence) name = number,
    NN_STATUS_MAP(NN_STATUS_ENUM)
#undef NN_STATUS_ENUM
} nn_status;

/*
 * The reason of the last failure in the calling thread: one line without a line end, naming the
 * object and the numbers ("conv2d_1: kernel 7x7 exceeds the padded input 5x5"). Never NULL; ""
 * before the first failure. Successful calls leave it alone. Valid until the thread's next failing
 * call. Failures inside worker threads are handed to the thread that called the library.
 */
NN_API const char *nn_error_message(void);

/* What a status means, one sentence. Total: unknown numbers give "unknown status". */
NN_API const char *nn_status_text(int status);

/* ---- Version and build ---------------------------------------------------------------------- */

/* "0.1.0": the version of the library at run time. */
NN_API const char *nn_version(void);

/*
 * One line about this library on this machine, for bug reports and benchmark headers:
 *   libnn 0.1.0, kernels avx2, OpenBLAS 0.3.21 core Haswell, 2 threads
 * "kernels" is the instruction-set level (baseline, avx2, avx512) chosen at load time or forced by
 * the environment variable NN_CPU. Never NULL; valid for the life of the process.
 */
NN_API const char *nn_build_info(void);

/* The number of threads used where nobody asked for another: the processors this process may run
 * on (affinity), and no more than its control groups grant time for (a container's CPU limit,
 * rounded up; read once); at least 1, at most 64. Environment variables like OMP_NUM_THREADS are
 * not read. */
NN_API int nn_default_threads(void);

/* ---- What the host may bring along ----------------------------------------------------------
 * Both are for the whole process, and set before anything else of the library: NN_ESTATE while any
 * of its objects is alive. NULL puts the library's own back. NN_EINVAL: a function is NULL, or
 * struct_size is not set.
 */

/*
 * Memory. All memory of the library comes from alloc (of BLAS and of stdio, their own), from any
 * thread: bytes >= 1, at a multiple of alignment (64); NULL where there is none, and a block that is
 * not aligned counts as none. Its content does not matter. release gets each block back once.
 */
typedef struct nn_allocator {
    size_t struct_size;
    void *(*alloc)(void *user, size_t bytes, size_t alignment); /* a block, or NULL            */
    void (*release)(void *user, void *memory);                  /* takes a block back          */
    void *user;                                                 /* the caller's, handed through */
} nn_allocator;
NN_API nn_status nn_set_allocator(const nn_allocator *allocator);

/* One task of a run: index 0..tasks-1; worker is the number of the thread it is on, for the run. */
typedef void nn_pool_task(void *arg, int index, int worker);

/*
 * Threads. run calls task(arg, index, worker) once for each index 0..tasks-1, on as many threads as
 * it likes but at most `threads`, and returns when all are done. Tasks that run at the same time must
 * have different workers, each 0..threads-1. run is called from any thread, by several at once, and
 * from inside a task; it may always do all tasks itself as worker 0. Results have the same bits
 * whatever it does. For threads 1 it is not called. The library then starts no threads.
 */
typedef struct nn_thread_pool {
    size_t struct_size;
    void (*run)(void *user, int threads, int tasks, nn_pool_task *task, void *arg); /* see above */
    void *user; /* the caller's, handed through */
} nn_thread_pool;
NN_API nn_status nn_set_thread_pool(const nn_thread_pool *pool);

/* ---- Options --------------------------------------------------------------------------------
 * Keyword arguments: nn_conv2d(.filters = 32, .kernel = {3, 3}) is a macro over
 * nn_conv2d_new(const nn_conv2d_options *). The rules are the same for every options struct:
 *
 *  - struct_size comes first and is sizeof the struct the caller was compiled with. The macros set
 *    it; callers of the plain functions zero the struct and set it. 0 is NN_EINVAL; a longer
 *    struct (a newer caller) is accepted while the part this library does not know is zero, and is
 *    NN_ENOTSUP otherwise.
 *  - The other fields stand in the order of the Keras arguments, so nn_dense(100) works.
 *  - A field that is zero takes its Keras default, written beside the field. Where zero itself is
 *    another legal choice, the field is a double and NN_ZERO says zero.
 *  - Flags are int: 0 no, 1 yes.
 *  - Options and the strings in them are copied; the caller may free them after the call.
 *  - Constructors of layers, losses, metrics, optimizers and callbacks fail (NULL) only for lack
 *    of memory. Values are checked when the model is built or compiled, where names exist.
 */

/* Zero, for double options whose default is not zero. It is the negative zero, told from an
 * absent option (positive zero) by its sign bit. */
#define NN_ZERO (-0.0)

/* A double that may be absent: {0, 0} is absent, NN_SOME(x) is x. */
typedef struct nn_maybe {
    int present;  /* 1: value counts; 0: absent */
    int reserved; /* 0                          */
    double value; /* x, where it is present     */
} nn_maybe;
#ifndef __cplusplus
/* An nn_maybe that is there: .baseline = NN_SOME(0.5). C only. */
#define NN_SOME(x)                                                                                 \
    {                                                                                              \
        1, 0, (x)                                                                                  \
    }
#endif

/* A counted list of numbers, made by nn_numbers(a, b, ...). */
typedef struct nn_number_list {
    const double *items; /* the caller's; constructors copy them */
    size_t count;        /* how many                             */
} nn_number_list;
#ifndef __cplusplus
/* An nn_number_list of these numbers, each a double: .values = nn_numbers(0.1, 0.01). C only. */
#define nn_numbers(...)                                                                            \
    {                                                                                              \
        (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double)      \
    }
#endif

#ifdef __cplusplus
}
#endif
#endif
