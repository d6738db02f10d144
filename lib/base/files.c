#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILES_PATH = 4096,       /* bytes of a path, its NUL included                          */
    FILES_NAME = 256,        /* bytes of a file's name                                     */
    FILES_LINKS = 40,        /* symbolic links followed                                    */
    FILES_NAMES = 100,       /* temporary names tried                                      */
    FILES_INTERRUPTS = 1000, /* interrupted calls repeated before giving up                */
    FILES_FIRST = 4096,      /* bytes of the first buffer for a file of unknown size       */
    FILES_CALL = 1 << 30     /* bytes moved by one call: systems refuse or cut longer ones */
};

/* ---- The seam ---- */

static int posix_open(int folder, const char *path, int flags, unsigned mode)
{
    return openat(folder, path, flags, (mode_t)mode);
}

static int64_t posix_read(int file, void *data, size_t size)
{
    return read(file, data, size);
}

static int64_t posix_pread(int file, void *data, size_t size, int64_t offset)
{
    return pread(file, data, size, (off_t)offset);
}

static int64_t posix_write(int file, const void *data, size_t size)
{
    return write(file, data, size);
}

static int posix_stat(int file, struct stat *info)
{
    return fstat(file, info);
}

static int posix_stat_at(int folder, const char *path, struct stat *info)
{
    return fstatat(folder, path, info, AT_SYMLINK_NOFOLLOW);
}

static int64_t posix_readlink(const char *path, char *text, size_t size)
{
    return readlink(path, text, size);
}

static int posix_allocate(int file, int64_t size)
{
    return posix_fallocate(file, 0, (off_t)size);
}

static int posix_chmod(int file, unsigned mode)
{
    return fchmod(file, (mode_t)mode);
}

static int posix_rename(int folder, const char *from, const char *to)
{
    return renameat(folder, from, folder, to);
}

static int posix_unlink(int folder, const char *path)
{
    return unlinkat(folder, path, 0);
}

static int posix_mkdir(int folder, const char *path, unsigned mode)
{
    return mkdirat(folder, path, (mode_t)mode);
}

const nn__io nn__posix_io = {
    .open = posix_open,
    .read = posix_read,
    .pread = posix_pread,
    .write = posix_write,
    .stat = posix_stat,
    .stat_at = posix_stat_at,
    .readlink = posix_readlink,
    .allocate = posix_allocate,
    .chmod = posix_chmod,
    .fsync = fsync,
    .close = close,
    .rename = posix_rename,
    .unlink = posix_unlink,
    .mkdir = posix_mkdir,
};

static const nn__io *files_io = &nn__posix_io;

void nn__set_io(const nn__io *io)
{
    files_io = io != NULL ? io : &nn__posix_io;
}

/* ---- What all parts share ---- */

static nn_status files_fail(nn_status status, const char *path, int error, const char *prefix)
{
    char reason[128];
    if (strerror_r(error, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "system error %d", error);
    return nn_fail(status, "%s: %s%s", path, prefix, reason);
}

static nn_status files_read_fail(const char *path, int error)
{
    return files_fail(error == ENOENT ? NN_ENOTFOUND : NN_EIO, path, error, "");
}

/* 1 where the failed call was only interrupted by a signal and may be repeated. */
static int files_again(int *interrupts)
{
    return errno == EINTR && ++*interrupts <= FILES_INTERRUPTS;
}

static int files_open(int folder, const char *path, int flags)
{
    int interrupts = 0, file;
    do
        file = files_io->open(folder, path, flags | O_CLOEXEC, 0666);
    while (file < 0 && files_again(&interrupts));
    return file;
}

/* All of data; 0, or the error number. */
static int files_write(int file, const void *data, size_t size)
{
    const char *p = data;
    int interrupts = 0;
    while (size > 0) {
        int64_t n = files_io->write(file, p, size < FILES_CALL ? size : FILES_CALL);
        if (n > 0) {
            p += n;
            size -= (size_t)n;
            interrupts = 0;
        } else if (n == 0) {
            return EIO;
        } else if (!files_again(&interrupts)) {
            return errno;
        }
    }
    return 0;
}

/* ---- Reading ---- */

/* Fills data[0..*size-1] as far as the file goes; *size becomes what came. 0, or the error number.
 * offset < 0: from where the file stands. */
static int files_fill(int file, int64_t offset, char *data, size_t *size)
{
    size_t done = 0;
    int interrupts = 0;
    while (done < *size) {
        size_t part = *size - done < FILES_CALL ? *size - done : FILES_CALL;
        int64_t n = offset < 0 ? files_io->read(file, data + done, part)
                               : files_io->pread(file, data + done, part, offset + (int64_t)done);
        if (n < 0 && !files_again(&interrupts))
            return errno;
        if (n == 0)
            break;
        if (n > 0) {
            done += (size_t)n;
            interrupts = 0;
        }
    }
    *size = done;
    return 0;
}

/* The rest of an open file into a buffer that doubles from `capacity` on. */
static nn_status files_read_rest(int file, const char *path, size_t max_bytes, size_t capacity,
                                 char **data, size_t *size)
{
    size_t have = 0;
    char *buffer = nn__alloc(capacity, path);
    if (buffer == NULL)
        return NN_ENOMEM;
    for (;;) {
        size_t part = capacity - 1 - have;
        int error = files_fill(file, -1, buffer + have, &part);
        have += part;
        nn_status status = NN_OK;
        if (error != 0)
            status = files_read_fail(path, error);
        else if (have > max_bytes)
            status = nn_fail(NN_EFORMAT, "%s: more than %zu bytes", path, max_bytes);
        if (status != NN_OK) {
            nn__free(buffer);
            return status;
        }
        if (have < capacity - 1)
            break;
        char *larger = nn__grow(buffer, capacity, nn__mul(capacity, 2), path);
        if (larger == NULL) {
            nn__free(buffer);
            return NN_ENOMEM;
        }
        buffer = larger;
        capacity *= 2;
    }
    *data = buffer;
    *size = have;
    return NN_OK;
}

nn_status nn__file_read(const char *path, size_t max_bytes, char **data, size_t *size)
{
    struct stat info;
    nn_status status;
    int file = files_open(AT_FDCWD, path, O_RDONLY);
    if (file < 0)
        return files_read_fail(path, errno);
    if (files_io->stat(file, &info) != 0)
        status = files_read_fail(path, errno);
    else if (info.st_size > 0 && (uint64_t)info.st_size > max_bytes)
        status = nn_fail(NN_EFORMAT, "%s: %lld bytes, more than %zu", path, (long long)info.st_size,
                         max_bytes);
    else /* room for the NUL and for one byte that shows whether the file has grown */
        status =
            files_read_rest(file, path, max_bytes,
                            info.st_size > 0 ? (size_t)info.st_size + 2 : FILES_FIRST, data, size);
    files_io->close(file);
    return status;
}

int nn__file_peek(const char *path, char *text, size_t size)
{
    size_t used = 0;
    int64_t got = 0;
    int file = files_open(AT_FDCWD, path, O_RDONLY);
    if (file < 0)
        return -1;
    while (used < size - 1 && (got = files_io->read(file, text + used, size - 1 - used)) > 0)
        used += (size_t)got;
    files_io->close(file);
    text[used] = '\0';
    return got < 0 ? -1 : (int)used;
}

struct nn__reader {
    int file;
    uint64_t size;
    char *path;
};

nn_status nn__reader_open(const char *path, nn__reader **reader)
{
    struct stat info;
    nn_status status = NN_ENOMEM;
    nn__reader *r = nn__alloc(sizeof *r, "file");
    if (r == NULL)
        return NN_ENOMEM;
    r->file = -1;
    r->path = nn__copy_string(path, "path");
    if (r->path == NULL)
        goto fail;
    r->file = files_open(AT_FDCWD, path, O_RDONLY);
    if (r->file < 0 || files_io->stat(r->file, &info) != 0) {
        status = files_read_fail(path, errno);
        goto fail;
    }
    if (!S_ISREG(info.st_mode)) {
        status = nn_fail(NN_EIO, "%s: not a regular file", path);
        goto fail;
    }
    r->size = (uint64_t)info.st_size;
    *reader = r;
    return NN_OK;
fail:
    nn__reader_close(r);
    return status;
}

uint64_t nn__reader_size(const nn__reader *reader)
{
    return reader->size;
}

const char *nn__reader_path(const nn__reader *reader)
{
    return reader->path;
}

nn_status nn__reader_read(const nn__reader *reader, uint64_t offset, void *data, size_t size)
{
    size_t came = size;
    if (offset > INT64_MAX - size)
        return nn_fail(NN_EFORMAT, "%s: no byte %llu", reader->path, (unsigned long long)offset);
    int error = files_fill(reader->file, (int64_t)offset, data, &came);
    if (error != 0)
        return files_read_fail(reader->path, error);
    if (came < size)
        return nn_fail(NN_EFORMAT, "%s: ends at byte %llu, %zu more are missing", reader->path,
                       (unsigned long long)(offset + came), size - came);
    return NN_OK;
}

void nn__reader_close(nn__reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->file >= 0)
        files_io->close(reader->file);
    nn__free(reader->path);
    nn__free(reader);
}

/* ---- Replacing a file ---- */

struct nn__writer {
    int folder, file;        /* descriptors, -1 where not open                              */
    int error;               /* of the first write that failed                              */
    int temporary;           /* 1 while a file of that name is ours                         */
    uint64_t bytes, written; /* promised, done                                              */
    char *path;              /* as the caller named it, for messages                        */
    const char *name;        /* the last part of target                                     */
    char target[FILES_PATH]; /* what path leads to; at first folder/name, then split in two */
    char temp[FILES_NAME];
};

/* target becomes path with the symbolic links of its last part followed; 0, or the error number. */
static int writer_resolve(char *target, const char *path)
{
    char link[FILES_PATH];
    if (strlen(path) >= FILES_PATH)
        return ENAMETOOLONG;
    strcpy(target, path);
    for (int i = 0; i < FILES_LINKS; i++) {
        int64_t n = files_io->readlink(target, link, sizeof link - 1);
        if (n < 0) /* no link, or nothing of that name yet */
            return errno == EINVAL || errno == ENOENT ? 0 : errno;
        const char *slash = strrchr(target, '/');
        size_t keep = link[0] == '/' || slash == NULL ? 0 : (size_t)(slash - target) + 1;
        if (keep + (size_t)n >= FILES_PATH)
            return ENAMETOOLONG;
        memcpy(target + keep, link, (size_t)n);
        target[keep + (size_t)n] = '\0';
    }
    return ELOOP;
}

/* Cuts target into folder and name and opens the folder. */
static int writer_open_folder(nn__writer *w)
{
    char *slash = strrchr(w->target, '/');
    const char *folder = slash == NULL ? "." : slash == w->target ? "/" : w->target;
    w->name = slash == NULL ? w->target : slash + 1;
    if (w->name[0] == '\0' || strcmp(w->name, ".") == 0 || strcmp(w->name, "..") == 0)
        return EISDIR;
    if (slash != NULL)
        *slash = '\0';
    w->folder = files_open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
    return w->folder < 0 ? errno : 0;
}

/* A new file ".name.tmp.PROCESS.NUMBER" in the folder. */
static int writer_open_temporary(nn__writer *w)
{
    for (int i = 0; i < FILES_NAMES; i++) {
        snprintf(w->temp, sizeof w->temp, ".%.180s.tmp.%ld.%d", w->name, (long)getpid(), i);
        w->file = files_open(w->folder, w->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
        if (w->file >= 0) {
            w->temporary = 1;
            return 0;
        }
        if (errno != EEXIST)
            return errno;
    }
    return EEXIST;
}

/* Takes over the old file's mode; whether the file system can keep it does not matter. Reserves
 * the space, so that a full disk shows at once; a system that cannot reserve goes on without. */
static int writer_prepare(nn__writer *w, const struct stat *old)
{
    if (old != NULL)
        files_io->chmod(w->file, (unsigned)old->st_mode & 07777);
    if (w->bytes == 0 || w->bytes > INT64_MAX)
        return 0;
    int error = files_io->allocate(w->file, (int64_t)w->bytes);
    return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO ? error : 0;
}

nn_status nn__writer_begin(const char *path, uint64_t bytes, nn__writer **writer)
{
    struct stat info;
    nn_status status = NN_ENOMEM;
    int error;
    nn__writer *w = nn__alloc(sizeof *w, "file writer");
    if (w == NULL)
        return NN_ENOMEM;
    w->folder = w->file = -1;
    w->bytes = bytes;
    w->path = nn__copy_string(path, "path");
    if (w->path == NULL)
        goto fail;
    if ((error = writer_resolve(w->target, path)) != 0 || (error = writer_open_folder(w)) != 0)
        goto fail_io;
    int exists = files_io->stat_at(w->folder, w->name, &info) == 0;
    if (!exists && errno != ENOENT) {
        error = errno;
        goto fail_io;
    }
    if (exists && !S_ISREG(info.st_mode)) {
        status = nn_fail(NN_EIO, "%s: not a regular file", path);
        goto fail;
    }
    if ((error = writer_open_temporary(w)) != 0 ||
        (error = writer_prepare(w, exists ? &info : NULL)) != 0)
        goto fail_io;
    *writer = w;
    return NN_OK;
fail_io:
    status = files_fail(NN_EIO, path, error, "");
fail:
    nn__writer_abandon(w);
    return status;
}

nn_status nn__writer_write(nn__writer *writer, const void *data, size_t size)
{
    if (writer->error == 0)
        writer->error = files_write(writer->file, data, size);
    if (writer->error != 0)
        return files_fail(NN_EIO, writer->path, writer->error, "");
    writer->written += size;
    return NN_OK;
}

/* Content, then name. After a failed fsync the pages count as clean although they may be lost, so
 * it is never repeated. An interrupted close has closed. */
static int writer_publish(nn__writer *w)
{
    if (files_io->fsync(w->file) != 0)
        return errno;
    int closed = files_io->close(w->file);
    w->file = -1;
    if (closed != 0 && errno != EINTR)
        return errno;
    if (files_io->rename(w->folder, w->temp, w->name) != 0)
        return errno;
    w->temporary = 0;
    return 0;
}

nn_status nn__writer_commit(nn__writer *writer)
{
    nn_status status = NN_OK;
    int error = writer->error;
    if (error == 0 && writer->bytes != 0 && writer->written != writer->bytes)
        status = nn_fail(NN_ESTATE, "%s: %llu bytes written, %llu promised", writer->path,
                         (unsigned long long)writer->written, (unsigned long long)writer->bytes);
    else if (error != 0 || (error = writer_publish(writer)) != 0)
        status = files_fail(NN_EIO, writer->path, error, "");
    else if (files_io->fsync(writer->folder) != 0 && errno != EINVAL && errno != ENOTSUP)
        status = files_fail(NN_EIO, writer->path, errno, "written, but its folder not synced: ");
    nn__writer_abandon(writer);
    return status;
}

void nn__writer_abandon(nn__writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->file >= 0)
        files_io->close(writer->file);
    if (writer->temporary)
        files_io->unlink(writer->folder, writer->temp);
    if (writer->folder >= 0)
        files_io->close(writer->folder);
    nn__free(writer->path);
    nn__free(writer);
}

/* ---- Text that grows ---- */

struct nn__text {
    int file, continues;
    char *path;
};

nn_status nn__text_open(const char *path, int append, nn__text **text)
{
    struct stat info;
    nn_status status = NN_ENOMEM;
    nn__text *t = nn__alloc(sizeof *t, "log file");
    if (t == NULL)
        return NN_ENOMEM;
    t->file = -1;
    t->path = nn__copy_string(path, "path");
    if (t->path == NULL)
        goto fail;
    t->file = files_open(AT_FDCWD, path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC));
    if (t->file < 0 || files_io->stat(t->file, &info) != 0) {
        status = files_fail(NN_EIO, path, errno, "");
        goto fail;
    }
    t->continues = info.st_size > 0;
    *text = t;
    return NN_OK;
fail:
    if (t->file >= 0)
        files_io->close(t->file);
    nn__free(t->path);
    nn__free(t);
    return status;
}

int nn__text_continues(const nn__text *text)
{
    return text->continues;
}

nn_status nn__text_write_bytes(nn__text *text, const void *data, size_t size)
{
    int error = files_write(text->file, data, size);
    return error == 0 ? NN_OK : files_fail(NN_EIO, text->path, error, "");
}

nn_status nn__text_write(nn__text *text, const char *string)
{
    return nn__text_write_bytes(text, string, strlen(string));
}

nn_status nn__text_close(nn__text *text)
{
    nn_status status = NN_OK;
    if (text == NULL)
        return NN_OK;
    if (files_io->close(text->file) != 0 && errno != EINTR)
        status = files_fail(NN_EIO, text->path, errno, "");
    nn__free(text->path);
    nn__free(text);
    return status;
}

/* ---- Folders ---- */

nn_status nn__make_folders(const char *path)
{
    char folder[FILES_PATH];
    size_t length = strlen(path);
    if (length >= sizeof folder)
        return files_fail(NN_EIO, path, ENAMETOOLONG, "");
    memcpy(folder, path, length + 1);
    for (size_t i = 1; i < length; i++) {
        if (folder[i] != '/' || folder[i - 1] == '/')
            continue;
        folder[i] = '\0';
        if (files_io->mkdir(AT_FDCWD, folder, 0777) != 0 && errno != EEXIST)
            return files_fail(NN_EIO, folder, errno, "");
        folder[i] = '/';
    }
    return NN_OK;
}
