#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

/* ---- A system that fails on request: every call of `op` from number `call` on, or that one ---- */

enum op {
    OPEN,
    READ,
    PREAD,
    WRITE,
    STAT,
    STAT_AT,
    READLINK,
    ALLOCATE,
    CHMOD,
    FSYNC,
    CLOSE,
    RENAME,
    UNLINK,
    MKDIR,
    OPS
};

static struct {
    int op, call, error, forever;
    size_t most;      /* bytes moved by one read or write; 0: all */
    int to_full;      /* new files are /dev/full                   */
    int stat_is_zero; /* files seem to be empty                    */
} fault;
static int calls[OPS], files_open;

static int fails(int op)
{
    int n = calls[op]++;
    if (op != fault.op || n < fault.call || (n > fault.call && !fault.forever))
        return 0;
    errno = fault.error;
    return 1;
}

static size_t at_most(size_t size)
{
    return fault.most != 0 && size > fault.most ? fault.most : size;
}

static int bad_open(int folder, const char *path, int flags, unsigned mode)
{
    if (fails(OPEN))
        return -1;
    int file = fault.to_full && flags & O_CREAT ? open("/dev/full", O_WRONLY)
                                                : nn__posix_io.open(folder, path, flags, mode);
    files_open += file >= 0;
    return file;
}

static int64_t bad_read(int file, void *data, size_t size)
{
    return fails(READ) ? -1 : nn__posix_io.read(file, data, at_most(size));
}

static int64_t bad_pread(int file, void *data, size_t size, int64_t offset)
{
    return fails(PREAD) ? -1 : nn__posix_io.pread(file, data, at_most(size), offset);
}

static int64_t bad_write(int file, const void *data, size_t size)
{
    if (fails(WRITE))
        return fault.error == 0 ? 0 : -1;
    return nn__posix_io.write(file, data, at_most(size));
}

static int bad_stat(int file, struct stat *info)
{
    int result = fails(STAT) ? -1 : nn__posix_io.stat(file, info);
    if (fault.stat_is_zero)
        info->st_size = 0;
    return result;
}

static int bad_stat_at(int folder, const char *path, struct stat *info)
{
    return fails(STAT_AT) ? -1 : nn__posix_io.stat_at(folder, path, info);
}

static int64_t bad_readlink(const char *path, char *text, size_t size)
{
    return fails(READLINK) ? -1 : nn__posix_io.readlink(path, text, size);
}

static int bad_allocate(int file, int64_t size)
{
    return fails(ALLOCATE) ? fault.error : nn__posix_io.allocate(file, size);
}

static int bad_chmod(int file, unsigned mode)
{
    return fails(CHMOD) ? -1 : nn__posix_io.chmod(file, mode);
}

static int bad_fsync(int file) /* waits for no disk */
{
    (void)file;
    return fails(FSYNC) ? -1 : 0;
}

static int bad_close(int file) /* a failing close closes all the same */
{
    int result = nn__posix_io.close(file);
    files_open -= result == 0;
    return fails(CLOSE) ? -1 : result;
}

static int bad_rename(int folder, const char *from, const char *to)
{
    return fails(RENAME) ? -1 : nn__posix_io.rename(folder, from, to);
}

static int bad_unlink(int folder, const char *path)
{
    return fails(UNLINK) ? -1 : nn__posix_io.unlink(folder, path);
}

static int bad_mkdir(int folder, const char *path, unsigned mode)
{
    return fails(MKDIR) ? -1 : nn__posix_io.mkdir(folder, path, mode);
}

static void system_begin(int op, int call, int error, int forever)
{
    static const nn__io bad = {bad_open,    bad_read,     bad_pread,    bad_write, bad_stat,
                               bad_stat_at, bad_readlink, bad_allocate, bad_chmod, bad_fsync,
                               bad_close,   bad_rename,   bad_unlink,   bad_mkdir};
    memset(&fault, 0, sizeof fault);
    memset(calls, 0, sizeof calls);
    fault.op = op;
    fault.call = call;
    fault.error = error;
    fault.forever = forever;
    files_open = 0;
    nn__set_io(&bad);
}

/* Back to the real one; whatever was opened must be closed. */
static void system_end(void)
{
    nn__set_io(NULL);
    ck_assert_int_eq(files_open, 0);
}

/* ---- Helpers ---- */

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static const char *get(const char *path)
{
    static char text[4096];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return "(none)";
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static int entries(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static nn_status save(const char *path, const char *text, uint64_t promised)
{
    nn__writer *writer;
    size_t half = strlen(text) / 2;
    NN_TRY(nn__writer_begin(path, promised, &writer));
    nn_status status = nn__writer_write(writer, text, half);
    if (status == NN_OK)
        status = nn__writer_write(writer, text + half, strlen(text) - half);
    if (status == NN_OK)
        return nn__writer_commit(writer);
    nn__writer_abandon(writer);
    return status;
}

/* ---- Replacing a file ---- */

START_TEST(a_new_file_appears_and_an_old_one_is_replaced)
{
    const char *folder = test_folder(), *path = test_path("model");
    ck_assert_int_eq(save(path, "first", 5), NN_OK);
    ck_assert_str_eq(get(path), "first");
    ck_assert_int_eq(save(path, "a longer text", 0), NN_OK);
    ck_assert_str_eq(get(path), "a longer text");
    ck_assert_int_eq(save(path, "x", 1), NN_OK);
    ck_assert_str_eq(get(path), "x");
    ck_assert_int_eq(save(path, "", 0), NN_OK);
    ck_assert_str_eq(get(path), "");
    ck_assert_int_eq(entries(folder), 1);
}
END_TEST

START_TEST(a_name_without_folder_means_the_current_one)
{
    char before[4096];
    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    ck_assert_int_eq(chdir(test_folder()), 0);
    nn_status status = save("plain", "text", 4);
    ck_assert_int_eq(chdir(before), 0);
    ck_assert_int_eq(status, NN_OK);
    ck_assert_str_eq(get(test_path("plain")), "text");
}
END_TEST

START_TEST(an_abandoned_file_leaves_nothing)
{
    const char *folder = test_folder(), *path = test_path("model");
    nn__writer *writer;
    put(path, "old");
    ck_assert_int_eq(nn__writer_begin(path, 100, &writer), NN_OK);
    ck_assert_int_eq(nn__writer_write(writer, "new", 3), NN_OK);
    ck_assert_int_eq(entries(folder), 2);
    nn__writer_abandon(writer);
    nn__writer_abandon(NULL);
    ck_assert_int_eq(entries(folder), 1);
    ck_assert_str_eq(get(path), "old");
}
END_TEST

START_TEST(a_broken_promise_about_the_size_is_not_published)
{
    const char *folder = test_folder(), *path = test_path("model");
    put(path, "old");
    ck_assert_int_eq(save(path, "four", 5), NN_ESTATE);
    test_message_has("model: 4 bytes written, 5 promised");
    ck_assert_str_eq(get(path), "old");
    ck_assert_int_eq(entries(folder), 1);
}
END_TEST

/* Every call fails in turn, with every error, once and for ever: the file is the old or the new
 * one as the status says, and nothing else is left. */
START_TEST(every_failing_call_leaves_the_old_file_or_the_new_one)
{
    static const int ops[] = {OPEN,  WRITE, STAT_AT, READLINK, ALLOCATE,
                              CHMOD, FSYNC, CLOSE,   RENAME};
    static const int errors[] = {EINTR, EIO, ENOSPC, EDQUOT, EROFS, EACCES};
    const char *folder = test_folder(), *path = test_path("model");
    for (size_t o = 0; o < NN__COUNT(ops); o++)
        for (size_t e = 0; e < NN__COUNT(errors); e++)
            for (int call = 0; call < 4; call++)
                for (int forever = 0; forever < 2; forever++) {
                    put(path, "old");
                    system_begin(ops[o], call, errors[e], forever);
                    nn_status status = save(path, "new content", 11);
                    int reached = calls[ops[o]] > call;
                    system_end();
                    ck_assert_int_eq(entries(folder), 1);
                    if (status == NN_OK) {
                        ck_assert_str_eq(get(path), "new content");
                    } else {
                        int published = strstr(nn_error_message(), "written, but") != NULL;
                        ck_assert_int_eq(status, NN_EIO);
                        test_message_has(path);
                        test_message_has(strerror(errors[e]));
                        ck_assert_str_eq(get(path), published ? "new content" : "old");
                        ck_assert(!published || (ops[o] == FSYNC && call == 1));
                    }
                    int harmless = ops[o] == CHMOD || (ops[o] == CLOSE && call > 0) ||
                                   (errors[e] == EINTR && !forever && ops[o] <= WRITE) ||
                                   (errors[e] == EINTR && ops[o] == CLOSE) ||
                                   (ops[o] == ALLOCATE && errors[e] != EIO && errors[e] != ENOSPC &&
                                    errors[e] != EDQUOT);
                    ck_assert_msg((status != NN_OK) == (reached && !harmless),
                                  "operation %d, call %d, %s, for ever %d: %d", ops[o], call,
                                  strerror(errors[e]), forever, status);
                }
}
END_TEST

START_TEST(a_failed_sync_is_not_repeated)
{
    const char *path = (test_folder(), test_path("model"));
    system_begin(FSYNC, 0, EIO, 0);
    ck_assert_int_eq(save(path, "new", 3), NN_EIO);
    system_end();
    ck_assert_int_eq(calls[FSYNC], 1);
    ck_assert_int_eq(calls[RENAME], 0);
}
END_TEST

START_TEST(a_folder_that_cannot_be_synced_by_its_nature_is_no_failure)
{
    const char *path = (test_folder(), test_path("model"));
    static const int errors[] = {EINVAL, ENOTSUP};
    for (size_t i = 0; i < NN__COUNT(errors); i++) {
        system_begin(FSYNC, 1, errors[i], 0);
        ck_assert_int_eq(save(path, "new", 3), NN_OK);
        system_end();
    }
}
END_TEST

START_TEST(a_temporary_file_that_cannot_be_removed_does_not_touch_the_old_one)
{
    const char *path = (test_folder(), test_path("model"));
    nn__writer *writer;
    put(path, "old");
    system_begin(UNLINK, 0, EIO, 1);
    ck_assert_int_eq(nn__writer_begin(path, 0, &writer), NN_OK);
    nn__writer_abandon(writer);
    system_end();
    ck_assert_str_eq(get(path), "old");
}
END_TEST

START_TEST(short_and_interrupted_writes_are_continued)
{
    const char *path = (test_folder(), test_path("model"));
    system_begin(WRITE, 3, EINTR, 0);
    fault.most = 1;
    ck_assert_int_eq(save(path, "one byte at a time", 18), NN_OK);
    system_end();
    ck_assert_int_eq(calls[WRITE], 19);
    ck_assert_str_eq(get(path), "one byte at a time");
    system_begin(WRITE, 1, 0, 1); /* a write that moves nothing */
    ck_assert_int_eq(save(path, "text", 4), NN_EIO);
    system_end();
}
END_TEST

START_TEST(a_commit_after_a_failed_write_fails)
{
    const char *folder = test_folder(), *path = test_path("model");
    nn__writer *writer;
    put(path, "old");
    system_begin(WRITE, 0, ENOSPC, 0);
    ck_assert_int_eq(nn__writer_begin(path, 0, &writer), NN_OK);
    ck_assert_int_eq(nn__writer_write(writer, "a", 1), NN_EIO);
    ck_assert_int_eq(nn__writer_write(writer, "b", 1), NN_EIO);
    ck_assert_int_eq(nn__writer_commit(writer), NN_EIO);
    system_end();
    test_message_has(strerror(ENOSPC));
    ck_assert_str_eq(get(path), "old");
    ck_assert_int_eq(entries(folder), 1);
}
END_TEST

START_TEST(a_full_device_is_reported)
{
    const char *folder = test_folder(), *path = test_path("model");
    put(path, "old");
    system_begin(OPS, 0, 0, 0);
    fault.to_full = 1;
    ck_assert_int_eq(save(path, "new", 3), NN_EIO);
    system_end();
    test_message_has(strerror(ENOSPC));
    ck_assert_str_eq(get(path), "old");
    ck_assert_int_eq(entries(folder), 1);
}
END_TEST

START_TEST(the_file_size_limit_is_reported)
{
    const char *folder = test_folder(), *path = test_path("model");
    struct rlimit before, small;
    nn_status status[2];
    put(path, "old");
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 5;
    for (int promised = 0; promised < 2; promised++) {
        void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &small);
        status[promised] = save(path, "more than five bytes", promised ? 20 : 0);
        setrlimit(RLIMIT_FSIZE, &before);
        signal(SIGXFSZ, handler);
        test_message_has(strerror(EFBIG));
    }
    ck_assert_int_eq(status[0], NN_EIO);
    ck_assert_int_eq(status[1], NN_EIO);
    ck_assert_str_eq(get(path), "old");
    ck_assert_int_eq(entries(folder), 1);
}
END_TEST

START_TEST(the_mode_of_the_old_file_is_kept)
{
    const char *path = (test_folder(), test_path("model"));
    struct stat info;
    put(path, "old");
    chmod(path, 0604);
    ck_assert_int_eq(save(path, "new", 3), NN_OK);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(info.st_mode & 07777, 0604);
}
END_TEST

START_TEST(a_symbolic_link_stays_and_its_target_is_replaced)
{
    const char *folder = test_folder();
    char target[600], absolute[600], relative[600], loop[600];
    struct stat info;
    snprintf(target, sizeof target, "%s/sub/target", folder);
    snprintf(absolute, sizeof absolute, "%s/absolute", folder);
    snprintf(relative, sizeof relative, "%s/relative", folder);
    snprintf(loop, sizeof loop, "%s/loop", folder);
    mkdir(test_path("sub"), 0700);
    ck_assert_int_eq(symlink(target, absolute), 0);
    ck_assert_int_eq(symlink("absolute", relative), 0);
    ck_assert_int_eq(symlink("loop", loop), 0);
    ck_assert_int_eq(save(relative, "through two links", 0), NN_OK); /* target is new */
    ck_assert_str_eq(get(target), "through two links");
    ck_assert_int_eq(save(absolute, "again", 0), NN_OK);
    ck_assert_str_eq(get(target), "again");
    ck_assert(lstat(absolute, &info) == 0 && S_ISLNK(info.st_mode));
    ck_assert(lstat(relative, &info) == 0 && S_ISLNK(info.st_mode));
    ck_assert_int_eq(save(loop, "x", 0), NN_EIO);
    test_message_has(strerror(ELOOP));
    ck_assert_int_eq(entries(test_path("sub")), 1);
}
END_TEST

START_TEST(what_is_no_regular_file_is_never_replaced)
{
    char path[600];
    snprintf(path, sizeof path, "%s/pipe", test_folder());
    struct stat info;
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(save(path, "x", 1), NN_EIO);
    test_message_has("pipe: not a regular file");
    ck_assert(lstat(path, &info) == 0 && S_ISFIFO(info.st_mode));
    mkdir(test_path("folder"), 0700);
    ck_assert_int_eq(save(test_path("folder"), "x", 1), NN_EIO);
    ck_assert_int_eq(save(test_path("folder/"), "x", 1), NN_EIO);
    ck_assert_int_eq(save(test_path("folder/.."), "x", 1), NN_EIO);
    ck_assert_int_eq(save("", "x", 1), NN_EIO);
}
END_TEST

START_TEST(impossible_paths_are_named_with_the_reason)
{
    char longest[5000];
    char path[600];
    snprintf(path, sizeof path, "%s/file", test_folder());
    put(path, "a file");
    ck_assert_int_eq(save(test_path("file/model"), "x", 1), NN_EIO);
    test_message_has("file/model: ");
    test_message_has(strerror(ENOTDIR));
    ck_assert_int_eq(save(test_path("missing/model"), "x", 1), NN_EIO);
    test_message_has(strerror(ENOENT));
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_int_eq(save(longest, "x", 1), NN_EIO);
    longest[255] = '\0'; /* the longest name there is: the temporary one must not be longer */
    ck_assert_int_eq(save(test_path(longest), "x", 1), NN_OK);
    longest[255] = 'a';
    longest[256] = '\0';
    ck_assert_int_eq(save(test_path(longest), "x", 1), NN_EIO);
    ck_assert_int_eq(entries(test_path("")), 2);
}
END_TEST

START_TEST(files_left_by_a_killed_process_are_neither_used_nor_removed)
{
    const char *folder = test_folder();
    char name[64];
    snprintf(name, sizeof name, ".model.tmp.%ld.0", (long)getpid());
    put(test_path(name), "left behind");
    ck_assert_int_eq(save(test_path("model"), "new", 3), NN_OK);
    ck_assert_str_eq(get(test_path(name)), "left behind");
    ck_assert_int_eq(entries(folder), 2);
}
END_TEST

/* ---- Reading ---- */

START_TEST(a_whole_file_is_read_and_ends_with_nul)
{
    static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 100000};
    const char *path = (test_folder(), test_path("data"));
    char *text = malloc(100001), *data;
    size_t size;
    for (size_t i = 0; i < NN__COUNT(sizes); i++)
        for (int mode = 0; mode < 3; mode++) {
            memset(text, 'x', sizes[i]);
            text[sizes[i]] = '\0';
            put(path, text);
            system_begin(READ, 0, EINTR, 0);
            fault.most = mode == 1 ? 1000 : 0;
            fault.stat_is_zero = mode == 2;
            ck_assert_int_eq(nn__file_read(path, sizes[i], &data, &size), NN_OK);
            system_end();
            ck_assert_uint_eq(size, sizes[i]);
            ck_assert_str_eq(data, text);
            nn__free(data);
            if (sizes[i] == 0)
                continue;
            system_begin(OPS, 0, 0, 0);
            fault.stat_is_zero = mode == 2;
            ck_assert_int_eq(nn__file_read(path, sizes[i] - 1, &data, &size), NN_EFORMAT);
            system_end();
        }
    free(text);
}
END_TEST

START_TEST(what_cannot_be_read_is_named_with_the_reason)
{
    char *data = NULL, path[600];
    size_t size;
    nn__reader *reader;
    snprintf(path, sizeof path, "%s/data", test_folder());
    ck_assert_int_eq(nn__file_read(path, 10, &data, &size), NN_ENOTFOUND);
    test_message_has("/data: No such file or directory");
    ck_assert_int_eq(nn__reader_open(path, &reader), NN_ENOTFOUND);
    test_message_has("/data: No such file or directory");
    put(path, "text");
    ck_assert_int_eq(nn__file_read(test_path("data/x"), 10, &data, &size), NN_EIO);
    ck_assert_int_eq(nn__file_read(test_path(""), 1 << 20, &data, &size), NN_EIO);
    ck_assert_int_eq(nn__reader_open(test_path(""), &reader), NN_EIO);
    test_message_has("not a regular file");
    static const int ops[] = {OPEN, STAT, READ};
    for (size_t i = 0; i < NN__COUNT(ops); i++) {
        system_begin(ops[i], 0, EIO, 0);
        ck_assert_int_eq(nn__file_read(path, 10, &data, &size), NN_EIO);
        system_end();
        test_message_has(strerror(EIO));
    }
    system_begin(READ, 0, EINTR, 1);
    ck_assert_int_eq(nn__file_read(path, 10, &data, &size), NN_EIO);
    system_end();
    ck_assert_ptr_null(data);
}
END_TEST

START_TEST(a_reader_gives_exactly_what_is_asked_or_fails)
{
    const char *path = (test_folder(), test_path("data"));
    char part[16] = "";
    nn__reader *reader;
    put(path, "0123456789");
    system_begin(PREAD, 1, EINTR, 0);
    fault.most = 1;
    ck_assert_int_eq(nn__reader_open(path, &reader), NN_OK);
    ck_assert_uint_eq(nn__reader_size(reader), 10);
    ck_assert_str_eq(nn__reader_path(reader), path);
    ck_assert_int_eq(nn__reader_read(reader, 7, part, 3), NN_OK);
    ck_assert_str_eq(part, "789");
    ck_assert_int_eq(nn__reader_read(reader, 0, part, 10), NN_OK);
    ck_assert_str_eq(part, "0123456789");
    ck_assert_int_eq(nn__reader_read(reader, 10, part, 0), NN_OK);
    ck_assert_int_eq(nn__reader_read(reader, 7, part, 5), NN_EFORMAT);
    test_message_has("data: ends at byte 10, 2 more are missing");
    ck_assert_int_eq(nn__reader_read(reader, UINT64_MAX, part, 2), NN_EFORMAT);
    fault.op = PREAD;
    fault.call = 0;
    fault.error = EIO;
    fault.forever = 1;
    ck_assert_int_eq(nn__reader_read(reader, 0, part, 1), NN_EIO);
    nn__reader_close(reader);
    nn__reader_close(NULL);
    system_end();
}
END_TEST

/* ---- Text that grows ---- */

START_TEST(text_is_written_at_once_and_appended_on_request)
{
    const char *path = (test_folder(), test_path("log"));
    nn__text *text;
    ck_assert_int_eq(nn__text_open(path, 1, &text), NN_OK);
    ck_assert_int_eq(nn__text_continues(text), 0);
    ck_assert_int_eq(nn__text_write(text, "one\r\n"), NN_OK);
    ck_assert_str_eq(get(path), "one\r\n");
    ck_assert_int_eq(nn__text_close(text), NN_OK);
    ck_assert_int_eq(nn__text_open(path, 1, &text), NN_OK);
    ck_assert_int_eq(nn__text_continues(text), 1);
    ck_assert_int_eq(nn__text_write(text, "two\r\n"), NN_OK);
    ck_assert_int_eq(nn__text_close(text), NN_OK);
    ck_assert_str_eq(get(path), "one\r\ntwo\r\n");
    ck_assert_int_eq(nn__text_open(path, 0, &text), NN_OK);
    ck_assert_int_eq(nn__text_continues(text), 0);
    ck_assert_int_eq(nn__text_close(text), NN_OK);
    ck_assert_str_eq(get(path), "");
    ck_assert_int_eq(nn__text_close(NULL), NN_OK);
}
END_TEST

START_TEST(failures_of_text_are_named)
{
    const char *path = (test_folder(), test_path("log"));
    nn__text *text;
    ck_assert_int_eq(nn__text_open(test_path("missing/log"), 0, &text), NN_EIO);
    test_message_has("missing/log: No such file or directory");
    ck_assert_int_eq(nn__text_open(test_path(""), 0, &text), NN_EIO);
    if (access("/dev/full", W_OK) == 0) {
        ck_assert_int_eq(nn__text_open("/dev/full", 0, &text), NN_OK);
        ck_assert_int_eq(nn__text_write(text, "x"), NN_EIO);
        test_message_has("/dev/full: No space left on device");
        ck_assert_int_eq(nn__text_close(text), NN_OK);
    }
    system_begin(STAT, 0, EIO, 0);
    ck_assert_int_eq(nn__text_open(path, 0, &text), NN_EIO);
    system_end();
    system_begin(CLOSE, 0, EDQUOT, 0);
    ck_assert_int_eq(nn__text_open(path, 0, &text), NN_OK);
    ck_assert_int_eq(nn__text_close(text), NN_EIO);
    system_end();
    test_message_has("/log: ");
}
END_TEST

/* ---- Memory ---- */

static nn_status use_everything(const char *path)
{
    nn__reader *reader;
    nn__text *text;
    char *data;
    size_t size;
    NN_TRY(save(path, "new", 3));
    NN_TRY(nn__file_read(path, 10, &data, &size));
    nn__free(data);
    NN_TRY(nn__reader_open(path, &reader));
    nn__reader_close(reader);
    NN_TRY(nn__text_open(path, 1, &text));
    return nn__text_close(text);
}

START_TEST(every_failing_allocation_is_reported_and_leaks_nothing)
{
    const char *folder = test_folder(), *path = test_path("model");
    nn_status status = NN_ENOMEM;
    for (long n = 0; status != NN_OK; n++) {
        put(path, "old");
        system_begin(OPS, 0, 0, 0);
        test_memory_begin();
        test_memory_fail(n, 1);
        status = use_everything(path);
        ck_assert_int_eq(test_memory_live(), 0);
        test_memory_end();
        system_end();
        ck_assert_int_eq(status, n < 7 ? NN_ENOMEM : NN_OK);
        ck_assert_str_eq(get(path), n < 2 ? "old" : "new");
        ck_assert_int_eq(entries(folder), 1);
    }
}
END_TEST

START_TEST(folders_are_made_up_to_the_last_slash)
{
    struct stat info;
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("made//deep/er/file"));
    ck_assert_int_eq(nn__make_folders(path), NN_OK);
    ck_assert_int_eq(nn__make_folders(path), NN_OK); /* they exist */
    ck_assert(stat(path, &info) != 0);
    *strrchr(path, '/') = '\0';
    ck_assert(stat(path, &info) == 0 && S_ISDIR(info.st_mode));
    ck_assert_int_eq(nn__make_folders("file-without-a-folder"), NN_OK);
    ck_assert(stat("file-without-a-folder", &info) != 0);
    system_begin(MKDIR, 1, EACCES, 0);
    snprintf(path, sizeof path, "%s", test_path("made/x/y/z"));
    ck_assert_int_eq(nn__make_folders(path), NN_EIO);
    system_end();
    test_message_has("Permission denied");
}
END_TEST

Suite *files_suite(void)
{
    return TEST_SUITE(
        "files", a_new_file_appears_and_an_old_one_is_replaced,
        a_name_without_folder_means_the_current_one, an_abandoned_file_leaves_nothing,
        a_broken_promise_about_the_size_is_not_published,
        every_failing_call_leaves_the_old_file_or_the_new_one, a_failed_sync_is_not_repeated,
        a_folder_that_cannot_be_synced_by_its_nature_is_no_failure,
        a_temporary_file_that_cannot_be_removed_does_not_touch_the_old_one,
        short_and_interrupted_writes_are_continued, a_commit_after_a_failed_write_fails,
        a_full_device_is_reported, the_file_size_limit_is_reported,
        the_mode_of_the_old_file_is_kept, a_symbolic_link_stays_and_its_target_is_replaced,
        what_is_no_regular_file_is_never_replaced, impossible_paths_are_named_with_the_reason,
        files_left_by_a_killed_process_are_neither_used_nor_removed,
        a_whole_file_is_read_and_ends_with_nul, what_cannot_be_read_is_named_with_the_reason,
        a_reader_gives_exactly_what_is_asked_or_fails,
        text_is_written_at_once_and_appended_on_request, failures_of_text_are_named,
        every_failing_allocation_is_reported_and_leaks_nothing,
        folders_are_made_up_to_the_last_slash);
}
