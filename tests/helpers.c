/* The helpers of test.h. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

/* ---- Data: splitmix64 (Steele, Lea, Flood, OOPSLA 2014), its upper half ---- */

uint32_t test_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

int test_random_int(uint64_t *state, int low, int high)
{
    uint64_t span = (uint64_t)((int64_t)high - low) + 1;
    return (int)(low + (int64_t)((test_random(state) * span) >> 32));
}

nn_real test_random_real(uint64_t *state)
{
    return (nn_real)(test_random(state) / 2147483648.0 - 1.0);
}

void test_fill_integers(nn_real *x, size_t count, int range, uint64_t *state)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (nn_real)test_random_int(state, -range, range);
}

void test_fill_reals(nn_real *x, size_t count, uint64_t *state)
{
    for (size_t i = 0; i < count; i++)
        x[i] = test_random_real(state);
}

/* ---- Temporary folders ---- */

enum { MAX_FOLDERS = 256, MAX_PATH = 512 };

/* One folder for the run, made and removed by the runner; in it those of the tests. Check runs each
 * test in a child, which removes its own unless it fails; the runner removes the rest. */
static char base[64];
static pid_t runner;
static int home; /* the folder in which the runner began */
static char folders[MAX_FOLDERS][96];
static int folder_count;

static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char child[MAX_PATH];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        if (lstat(child, &info) == 0 && S_ISDIR(info.st_mode)) {
            chmod(child, 0700);
            remove_tree(child);
        } else
            unlink(child);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}

static void remove_folders(void)
{
    for (int i = 0; i < folder_count; i++) {
        chmod(folders[i], 0700);
        remove_tree(folders[i]);
    }
    folder_count = 0;
}

static void remove_all(void)
{
    remove_folders();
    if (runner == getpid())
        remove_tree(base);
}

int test_begin(void)
{
    snprintf(base, sizeof(base), "/tmp/libnn-test-XXXXXX");
    runner = getpid();
    home = open(".", O_RDONLY);
    return home >= 0 && mkdtemp(base) != NULL && atexit(remove_all) == 0 ? 0 : -1;
}

const char *test_folder(void)
{
    ck_assert_int_lt(folder_count, MAX_FOLDERS);
    char *folder = folders[folder_count];
    snprintf(folder, sizeof(folders[0]), "%s/XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    folder_count++;
    return folder;
}

const char *test_path(const char *name)
{
    static char paths[4][MAX_PATH];
    static int turn;
    char *path = paths[turn++ % 4];
    if (folder_count == 0)
        test_folder();
    snprintf(path, MAX_PATH, "%s/%s", folders[folder_count - 1], name);
    return path;
}

/* ---- Messages ---- */

void test_message_has(const char *part)
{
    ck_assert_msg(strstr(nn_error_message(), part) != NULL, "message \"%s\" lacks \"%s\"",
                  nn_error_message(), part);
}

/* ---- Memory: counts, and fails on request ---- */

static pthread_mutex_t memory_lock = PTHREAD_MUTEX_INITIALIZER;
static long memory_live, memory_total, fail_at;
static int fail_once;

/* Whether this allocation, the number memory_total, is one that must fail. */
static int is_failing(void)
{
    return fail_at >= 0 && (fail_once ? memory_total == fail_at : memory_total >= fail_at);
}

static void *count_alloc(size_t bytes)
{
    void *memory = NULL;
    pthread_mutex_lock(&memory_lock);
    if (!is_failing() && posix_memalign(&memory, 64, bytes) == 0)
        memory_live++;
    else
        memory = NULL;
    memory_total++;
    pthread_mutex_unlock(&memory_lock);
    return memory;
}

static void count_free(void *memory)
{
    pthread_mutex_lock(&memory_lock);
    if (memory != NULL)
        memory_live--;
    pthread_mutex_unlock(&memory_lock);
    free(memory);
}

void test_memory_begin(void)
{
    static const nn__allocator counting = {count_alloc, count_free};
    memory_live = memory_total = 0;
    fail_at = -1;
    nn__set_allocator(&counting);
}

void test_memory_fail(long n, int once)
{
    pthread_mutex_lock(&memory_lock);
    fail_at = n < 0 ? -1 : memory_total + n;
    fail_once = once;
    pthread_mutex_unlock(&memory_lock);
}

long test_memory_live(void)
{
    pthread_mutex_lock(&memory_lock);
    long live = memory_live;
    pthread_mutex_unlock(&memory_lock);
    return live;
}

long test_memory_total(void)
{
    pthread_mutex_lock(&memory_lock);
    long total = memory_total;
    pthread_mutex_unlock(&memory_lock);
    return total;
}

void test_memory_end(void)
{
    nn__set_allocator(NULL);
}

/* ---- Suites ---- */

void test_afresh(void)
{
    ck_assert_int_eq(fchdir(home), 0);
    remove_folders();
    nn__set_allocator(NULL);
}

Suite *test_suite(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, test_afresh, NULL);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}
