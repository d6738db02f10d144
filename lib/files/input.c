/* Files and folders. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "files/files.h"

enum { FIRST = 1 << 16 }; /* bytes of the first buffer for a file of unknown size */

static nn_status input_fail(const char *path, int error)
{
    char reason[128];
    if (strerror_r(error, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "system error %d", error);
    return nn_fail(error == ENOENT ? NN_ENOTFOUND : NN_EIO, "%s: %s", path, reason);
}

/* The rest of the file into a buffer that doubles from `room` on. */
static nn_status input_fill(FILE *file, const char *path, size_t room, unsigned char **data,
                            size_t *size)
{
    size_t have = 0;
    unsigned char *buffer = nn__files_alloc(room);
    while (buffer != NULL) {
        have += fread(buffer + have, 1, room - have, file);
        if (have < room)
            break;
        unsigned char *larger = nn__files_grow(buffer, have, 2 * room);
        if (larger == NULL)
            nn__files_free(buffer);
        buffer = larger;
        room *= 2;
    }
    if (buffer == NULL)
        return NN_ENOMEM;
    if (ferror(file)) {
        int error = errno;
        nn__files_free(buffer);
        return input_fail(path, error);
    }
    *data = buffer;
    *size = have;
    return NN_OK;
}

nn_status nn__input_read(const char *path, unsigned char **data, size_t *size)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return input_fail(path, errno);
    size_t room = stat(path, &info) == 0 && info.st_size > 0 ? (size_t)info.st_size + 1 : FIRST;
    nn_status status = input_fill(file, path, room, data, size);
    fclose(file);
    return status;
}

/* One entry of a folder; full is room for "path/name". */
static nn_status input_entry(const char *full, const char *inside, const char *name, int links,
                             nn__listing *files, nn__listing *folders)
{
    struct stat info;
    if (lstat(full, &info) != 0)
        return input_fail(full, errno);
    int is_link = S_ISLNK(info.st_mode);
    if (is_link && stat(full, &info) != 0)
        return input_fail(full, errno);
    if (S_ISREG(info.st_mode) && files != NULL)
        return nn__listing_add(files, inside, name);
    if (S_ISDIR(info.st_mode) && folders != NULL && (links || !is_link))
        return nn__listing_add(folders, inside, name);
    return NN_OK;
}

nn_status nn__input_list(const char *path, const char *inside, int links, nn__listing *files,
                         nn__listing *folders)
{
    nn_status status = NN_OK;
    nn__listing full = {0};
    DIR *folder = opendir(path);
    if (folder == NULL)
        return input_fail(path, errno);
    while (status == NN_OK) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            status = errno != 0 ? input_fail(path, errno) : NN_OK;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        full.used = full.count = 0;
        status = nn__listing_add(&full, path, entry->d_name);
        if (status == NN_OK)
            status = input_entry(full.text, inside, entry->d_name, links, files, folders);
    }
    closedir(folder);
    nn__listing_free(&full);
    return status;
}
