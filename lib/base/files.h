/*
 * The one place that meets files. Messages are "PATH: the system's reason".
 */
#ifndef NN__BASE_FILES_H
#define NN__BASE_FILES_H

#include "base/base.h"

struct stat;

/* ---- The seam: every system call on files goes through this table. Calls return -1 and set errno
 * like the functions they are named after; `allocate` returns the error number, as posix_fallocate
 * does. A folder is a descriptor, or AT_FDCWD. */
typedef struct nn__io {
    int (*open)(int folder, const char *path, int flags, unsigned mode);
    int64_t (*read)(int file, void *data, size_t size);
    int64_t (*pread)(int file, void *data, size_t size, int64_t offset);
    int64_t (*write)(int file, const void *data, size_t size);
    int (*stat)(int file, struct stat *info);
    int (*stat_at)(int folder, const char *path, struct stat *info);
    int64_t (*readlink)(const char *path, char *text, size_t size);
    int (*allocate)(int file, int64_t size);
    int (*chmod)(int file, unsigned mode);
    int (*fsync)(int file);
    int (*close)(int file);
    int (*rename)(int folder, const char *from, const char *to);
    int (*unlink)(int folder, const char *path);
    int (*mkdir)(int folder, const char *path, unsigned mode);
} nn__io;

extern const nn__io nn__posix_io;
/* For tests: replaces the table, NULL for the built-in one. */
void nn__set_io(const nn__io *io);

/* ---- Reading ----
 * NN_ENOTFOUND: there is no such file. NN_EIO: the system's reason.
 */

/* The whole file and a NUL after it; the caller frees *data. Written only on success. NN_EFORMAT:
 * more than max_bytes. */
nn_status nn__file_read(const char *path, size_t max_bytes, char **data, size_t *size);

/* The beginning of a small file, at most size - 1 bytes and a NUL; returns the bytes, or -1 where it
 * cannot be read. Allocates nothing and leaves the thread's message alone. */
int nn__file_peek(const char *path, char *text, size_t size);

/* A regular file open for reading at any offset. */
typedef struct nn__reader nn__reader;
nn_status nn__reader_open(const char *path, nn__reader **reader);
uint64_t nn__reader_size(const nn__reader *reader);
const char *nn__reader_path(const nn__reader *reader);
/* Exactly `size` bytes from `offset` on; NN_EFORMAT where the file ends before. */
nn_status nn__reader_read(const nn__reader *reader, uint64_t offset, void *data, size_t size);
void nn__reader_close(nn__reader *reader); /* NULL is fine */

/* ---- Replacing a file as a whole ----
 * The new content goes to a temporary file in the same folder, is synced and renamed over the old
 * one; then the folder is synced. So a reader, a crash or a failure meets the old file or the new
 * one. Where path is a symbolic link, the file it leads to is replaced; the mode of the old file
 * is kept. Failures are NN_EIO and leave the old file untouched and no temporary file, with one
 * exception: where only the sync of the folder fails, the new file is in place, and the message
 * says so. A write beyond the process's file size limit raises SIGXFSZ unless the program ignores it.
 */
typedef struct nn__writer nn__writer;

/* bytes: the size of the new content, reserved at once where the file system can; 0: not known. */
nn_status nn__writer_begin(const char *path, uint64_t bytes, nn__writer **writer);
nn_status nn__writer_write(nn__writer *writer, const void *data, size_t size);
/* Both free the writer. Commit fails, and abandons, also where a write failed before or `bytes`
 * were promised and others written (NN_ESTATE). */
nn_status nn__writer_commit(nn__writer *writer);
void nn__writer_abandon(nn__writer *writer); /* NULL is fine */

/* ---- Text that grows, a log: every write reaches the system before it returns. ---- */
typedef struct nn__text nn__text;
/* Creates the file, or empties it unless `append`. NN_EIO. */
nn_status nn__text_open(const char *path, int append, nn__text **text);
/* 1 where the file held something when it was opened. */
int nn__text_continues(const nn__text *text);
nn_status nn__text_write(nn__text *text, const char *string);
nn_status nn__text_write_bytes(nn__text *text, const void *data, size_t size);
/* Frees text in every case. NULL is fine and NN_OK. */
nn_status nn__text_close(nn__text *text);

/* ---- Folders ----
 * Makes the folders that a path names before its last '/', those that are missing; NN_EIO. So
 * "a/b/" makes a and a/b, "a/b" makes a.
 */
nn_status nn__make_folders(const char *path);

#endif
