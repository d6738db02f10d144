/* A folder of pictures as a dataset. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "files/files.h"

typedef struct pictures {
    nn_files_pictures_options o;
    nn__listing files;    /* "directory/class/.../name"                             */
    nn__listing folders;  /* the classes' names                                     */
    const char **names;   /* [classes]: of folders                                  */
    int32_t *classes;     /* [files]                                                */
    nn__picture *decoded; /* [files], with in_memory                                */
    nn_real **resized;    /* [files], with in_memory: those of another size         */
    size_t size;          /* elements of a row */
} pictures;

/* ---- Reading ---- */

/* The file's picture in its own size; the caller frees its pixels, also where it fails. */
static nn_status picture_read(const pictures *p, size_t index, nn__picture *picture)
{
    const char *path = nn__listing_get(&p->files, index);
    unsigned char *data = NULL;
    size_t size = 0;
    *picture = (nn__picture){.channels = p->o.channels};
    NN__FILES_TRY(nn__input_read(path, &data, &size));
    nn_status status;
    if (size >= 8 && memcmp(data, "\x89PNG\r\n\x1A\n", 8) == 0)
        status = nn__png_decode(path, data, size, picture);
    else if (size >= 2 && memcmp(data, "\xFF\xD8", 2) == 0)
        status = nn__jpeg_decode(path, data, size, picture);
    else
        status = nn_fail(NN_EFORMAT, "%s: %zu bytes that are neither PNG nor JPEG", path, size);
    nn__files_free(data);
    return status;
}

static nn_status picture_x(const pictures *p, size_t index, nn_real *x)
{
    nn__picture picture;
    if (p->decoded != NULL && p->resized[index] != NULL) {
        memcpy(x, p->resized[index], p->size * sizeof *x);
        return NN_OK;
    }
    if (p->decoded != NULL) {
        nn__picture_resize(&p->decoded[index], p->o.height, p->o.width, p->o.divisor, x);
        return NN_OK;
    }
    nn_status status = picture_read(p, index, &picture);
    if (status == NN_OK)
        nn__picture_resize(&picture, p->o.height, p->o.width, p->o.divisor, x);
    nn__files_free(picture.pixels);
    return status;
}

static nn_status pictures_read(void *self, const size_t *indices, size_t count, nn_real *x,
                               nn_real *y, int32_t *classes)
{
    const pictures *p = self;
    size_t width = p->folders.count;
    for (size_t i = 0; i < count; i++) {
        size_t row = indices[i];
        NN__FILES_TRY(picture_x(p, row, x + i * p->size));
        for (size_t k = 0; y != NULL && k < width; k++)
            y[i * width + k] = (nn_real)(k == (size_t)p->classes[row]);
        if (classes != NULL)
            classes[i] = p->classes[row];
    }
    return NN_OK;
}

static int pictures_label(void *self, size_t row)
{
    const pictures *p = self;
    return p->classes[row];
}

static void pictures_release(void *self)
{
    pictures *p = self;
    for (size_t i = 0; p->decoded != NULL && i < p->files.count; i++)
        nn__files_free(p->decoded[i].pixels);
    for (size_t i = 0; p->resized != NULL && i < p->files.count; i++)
        nn__files_free(p->resized[i]);
    nn__files_free(p->decoded);
    nn__files_free(p->resized);
    nn__files_free(p->classes);
    nn__files_free(p->names);
    nn__listing_free(&p->files);
    nn__listing_free(&p->folders);
    nn__files_free(p);
}

/* ---- Finding the files ---- */

static int has_ending(const char *name, const char *ending)
{
    size_t length = strlen(name), size = strlen(ending);
    return length >= size && strcasecmp(name + length - size, ending) == 0;
}

/* Keeps the pictures of the items from `first` on. */
static nn_status files_filter(nn__listing *files, size_t first)
{
    size_t kept = first;
    for (size_t i = first; i < files->count; i++) {
        const char *path = nn__listing_get(files, i);
        if (has_ending(path, ".gif") || has_ending(path, ".bmp"))
            return nn_fail(NN_ENOTSUP, "%s: only PNG and JPEG are read", path);
        if (has_ending(path, ".png") || has_ending(path, ".jpg") || has_ending(path, ".jpeg"))
            files->at[kept++] = files->at[i];
    }
    files->count = kept;
    return NN_OK;
}

/* The pictures in a class's folder and in those below it, sorted; the list of folders grows while it
 * is worked through. */
static nn_status class_files(nn__listing *files, nn__listing *below, const char *directory,
                             const char *name)
{
    nn__listing path = {0};
    size_t first = files->count;
    nn_status status = nn__listing_add(below, directory, name);
    for (size_t i = 0; status == NN_OK && i < below->count; i++) {
        path.used = path.count = 0; /* a copy: the list's text moves as it grows */
        status = nn__listing_add(&path, NULL, nn__listing_get(below, i));
        if (status == NN_OK)
            status = nn__input_list(path.text, path.text, 0, files, below);
    }
    nn__listing_free(&path);
    if (status == NN_OK)
        status = files_filter(files, first);
    return status == NN_OK ? nn__listing_sort(files, first) : status;
}

/* The classes: the folders that were asked for, or all that are not hidden. */
static nn_status pictures_folders(pictures *p)
{
    const nn_name_list *asked = &p->o.class_names;
    for (size_t i = 0; i < asked->count; i++) {
        if (asked->items == NULL || asked->items[i] == NULL)
            return nn_fail(NN_EINVAL, "pictures: class name %zu is NULL", i);
        NN__FILES_TRY(nn__listing_add(&p->folders, NULL, asked->items[i]));
    }
    if (asked->count == 0) {
        NN__FILES_TRY(nn__input_list(p->o.directory, NULL, 1, NULL, &p->folders));
        NN__FILES_TRY(nn__listing_sort(&p->folders, 0));
        size_t kept = 0;
        for (size_t i = 0; i < p->folders.count; i++)
            if (nn__listing_get(&p->folders, i)[0] != '.')
                p->folders.at[kept++] = p->folders.at[i];
        p->folders.count = kept;
    }
    if (p->folders.count == 0)
        return nn_fail(NN_EINVAL, "%s: no sub-folder, so no class", p->o.directory);
    if (p->folders.count > INT_MAX)
        return nn_fail(NN_ENOTSUP, "%s: too many sub-folders", p->o.directory);
    p->names = nn__files_alloc(p->folders.count * sizeof *p->names);
    for (size_t i = 0; p->names != NULL && i < p->folders.count; i++)
        p->names[i] = nn__listing_get(&p->folders, i);
    return p->names != NULL ? NN_OK : NN_ENOMEM;
}

static nn_status pictures_find(pictures *p)
{
    size_t *ends = nn__files_alloc(p->folders.count * sizeof *ends), row = 0;
    nn_status status = ends != NULL ? NN_OK : NN_ENOMEM;
    for (size_t i = 0; status == NN_OK && i < p->folders.count; i++) {
        nn__listing below = {0};
        status = class_files(&p->files, &below, p->o.directory, p->names[i]);
        nn__listing_free(&below);
        ends[i] = p->files.count;
    }
    if (status == NN_OK && p->files.count == 0)
        status = nn_fail(NN_EINVAL, "%s: no picture in its %zu sub-folders", p->o.directory,
                         p->folders.count);
    if (status == NN_OK) {
        p->classes = nn__files_alloc(p->files.count * sizeof *p->classes);
        status = p->classes != NULL ? NN_OK : NN_ENOMEM;
    }
    for (size_t i = 0; status == NN_OK && i < p->folders.count; i++)
        for (; row < ends[i]; row++)
            p->classes[row] = (int32_t)i;
    nn__files_free(ends);
    return status;
}

/* ---- Loading once ---- */

/* Pictures of the right size stay bytes; the others are resized, which gives fractions. */
static nn_status pictures_load(pictures *p)
{
    size_t count = p->files.count;
    nn__picture *decoded = nn__files_alloc(count * sizeof *decoded);
    p->decoded = decoded;
    p->resized = decoded != NULL ? nn__files_alloc(count * sizeof *p->resized) : NULL;
    if (p->resized == NULL)
        return NN_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        NN__FILES_TRY(picture_read(p, i, &decoded[i]));
        if (decoded[i].height == p->o.height && decoded[i].width == p->o.width)
            continue;
        p->resized[i] = nn__files_alloc(p->size * sizeof(nn_real));
        if (p->resized[i] == NULL)
            return NN_ENOMEM;
        nn__picture_resize(&decoded[i], p->o.height, p->o.width, p->o.divisor, p->resized[i]);
        nn__files_free(decoded[i].pixels);
        decoded[i].pixels = NULL;
    }
    return NN_OK;
}

/* ---- Construction ---- */

static nn_status pictures_check(nn_files_pictures_options *o)
{
    if (o->directory == NULL)
        return nn_fail(NN_EINVAL, "pictures: directory must be given");
    if (o->channels == 0)
        o->channels = 3;
    if (o->channels != 1 && o->channels != 3)
        return nn_fail(NN_EINVAL, "pictures: channels is %d; it must be 1 or 3", o->channels);
    if (o->height < 0 || o->width < 0 || o->height > 32768 || o->width > 32768)
        return nn_fail(NN_EINVAL, "pictures: height and width are %d and %d; they must be 1..32768",
                       o->height, o->width);
    o->height = o->height != 0 ? o->height : 256;
    o->width = o->width != 0 ? o->width : 256;
    if ((o->one_hot | o->in_memory) & ~1)
        return nn_fail(NN_EINVAL, "pictures: %s is %d; it must be 0..1",
                       o->one_hot & ~1 ? "one_hot" : "in_memory",
                       o->one_hot & ~1 ? o->one_hot : o->in_memory);
    if (o->divisor == 0 && !signbit(o->divisor))
        o->divisor = 255;
    if (!isfinite(o->divisor) || o->divisor == 0)
        return nn_fail(NN_EINVAL, "pictures: divisor is %g; it must be finite and not zero",
                       o->divisor);
    return NN_OK;
}

static nn_status pictures_prepare(pictures *p)
{
    NN__FILES_TRY(pictures_folders(p));
    NN__FILES_TRY(pictures_find(p));
    return p->o.in_memory ? pictures_load(p) : NN_OK;
}

nn_dataset *nn_files_pictures_new(const nn_files_pictures_options *options)
{
    static const nn_dataset_kind kind = {sizeof kind, "pictures", pictures_read, pictures_label,
                                         pictures_release};
    nn_files_pictures_options o;
    if (nn__files_options(&o, sizeof o, options, "pictures") != NN_OK ||
        pictures_check(&o) != NN_OK)
        return NULL;
    pictures *p = nn__files_alloc(sizeof *p);
    if (p == NULL)
        return NULL;
    p->o = o;
    p->size = (size_t)o.height * (size_t)o.width * (size_t)o.channels;
    if (pictures_prepare(p) != NN_OK) {
        pictures_release(p);
        return NULL;
    }
    p->o.directory = NULL; /* the caller's, as the names are */
    p->o.class_names = (nn_name_list){NULL, 0};
    nn_dataset_info info = {.struct_size = sizeof info,
                            .rows = p->files.count,
                            .x = {3, {o.height, o.width, o.channels}},
                            .classes = (int)p->folders.count,
                            .has_targets = 1,
                            .class_names = p->names};
    if (o.one_hot)
        info.y = (nn_shape){1, {info.classes}};
    return nn_dataset_new(&kind, p, &info);
}
