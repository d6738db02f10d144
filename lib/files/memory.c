/* Memory and lists. A block is a tensor of bytes: so it comes from wherever libnn's does. */
#include <string.h>

#include "files/files.h"
#include "formats/sort.h"

enum { LINE = 64 }; /* before the block: its tensor */

void *nn__files_alloc(size_t bytes)
{
    size_t lines = bytes / LINE + 2;
    if (lines > INT32_MAX) {
        nn_fail(NN_ENOMEM, "memory: %zu bytes are more than one block", bytes);
        return NULL;
    }
    nn_tensor *tensor = nn_tensor_new(NN_U8, (const int[]){(int)lines, LINE}, 2);
    if (tensor == NULL)
        return NULL;
    nn_tensor **head = nn_tensor_data(tensor);
    *head = tensor;
    return (char *)head + LINE;
}

void *nn__files_grow(void *old, size_t old_bytes, size_t bytes)
{
    void *block = nn__files_alloc(bytes);
    if (block == NULL)
        return NULL;
    if (old != NULL)
        memcpy(block, old, old_bytes);
    nn__files_free(old);
    return block;
}

void nn__files_free(void *block)
{
    if (block == NULL)
        return;
    nn_tensor **head = (nn_tensor **)((char *)block - LINE);
    nn_tensor_free(*head);
}

nn_status nn__files_options(void *copy, size_t size, const void *options, const char *what)
{
    size_t given = 0;
    if (options != NULL)
        memcpy(&given, options, sizeof given);
    if (given < sizeof given)
        return nn_fail(NN_EINVAL, "%s: struct_size is not set", what);
    const unsigned char *tail = options;
    for (size_t i = size; i < given; i++)
        if (tail[i] != 0)
            return nn_fail(NN_ENOTSUP, "%s: an option of a newer version is set", what);
    memset(copy, 0, size);
    memcpy(copy, options, given < size ? given : size);
    memcpy(copy, &size, sizeof size);
    return NN_OK;
}

/* ---- Listings ---- */

const char *nn__listing_get(const nn__listing *listing, size_t index)
{
    return listing->text + listing->at[index];
}

nn_status nn__listing_add(nn__listing *l, const char *folder, const char *name)
{
    size_t before = folder != NULL ? strlen(folder) + 1 : 0, bytes = before + strlen(name) + 1;
    if (l->room - l->used < bytes) {
        size_t room = 2 * l->room + bytes + 1024;
        char *text = nn__files_grow(l->text, l->used, room);
        if (text == NULL)
            return NN_ENOMEM;
        l->text = text;
        l->room = room;
    }
    if (l->count == l->at_room) {
        size_t room = 2 * l->at_room + 64;
        size_t *at = nn__files_grow(l->at, l->count * sizeof *at, room * sizeof *at);
        if (at == NULL)
            return NN_ENOMEM;
        l->at = at;
        l->at_room = room;
    }
    char *text = l->text + l->used;
    if (folder != NULL) {
        memcpy(text, folder, before - 1);
        text[before - 1] = '/';
    }
    memcpy(text + before, name, bytes - before);
    l->at[l->count++] = l->used;
    l->used += bytes;
    return NN_OK;
}

typedef struct sorting {
    const nn__listing *listing;
    size_t first;
} sorting;

static int listing_compare(const void *items, uint32_t a, uint32_t b)
{
    const sorting *s = items;
    const char *x = nn__listing_get(s->listing, s->first + a);
    const char *y = nn__listing_get(s->listing, s->first + b);
    const char *x_name = strrchr(x, '/'), *y_name = strrchr(y, '/');
    size_t x_folder = x_name != NULL ? (size_t)(x_name - x) : 0;
    size_t y_folder = y_name != NULL ? (size_t)(y_name - y) : 0;
    int order = memcmp(x, y, x_folder < y_folder ? x_folder : y_folder);
    if (order != 0 || x_folder != y_folder)
        return order != 0 ? order : x_folder < y_folder ? -1 : 1;
    return strcmp(x + x_folder, y + y_folder);
}

nn_status nn__listing_sort(nn__listing *l, size_t first)
{
    sorting s = {l, first};
    size_t count = l->count - first;
    if (count < 2)
        return NN_OK;
    if (count > UINT32_MAX)
        return nn_fail(NN_ENOTSUP, "pictures: %zu files are too many", count);
    uint32_t *order = nn__files_alloc(count * sizeof *order);
    size_t *sorted = order != NULL ? nn__files_alloc(count * sizeof *sorted) : NULL;
    if (sorted == NULL) {
        nn__files_free(order);
        return NN_ENOMEM;
    }
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    nn__sort(order, count, listing_compare, &s);
    for (size_t i = 0; i < count; i++)
        sorted[i] = l->at[first + order[i]];
    memcpy(l->at + first, sorted, count * sizeof *sorted);
    nn__files_free(sorted);
    nn__files_free(order);
    return NN_OK;
}

void nn__listing_free(nn__listing *listing)
{
    nn__files_free(listing->text);
    nn__files_free(listing->at);
    *listing = (nn__listing){0};
}
