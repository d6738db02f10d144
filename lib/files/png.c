/* PNG through libpng, which leaves by longjmp: whatever lives across it is in png_work. */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "files/files.h"

typedef struct png_work {
    const char *name;
    const unsigned char *data;
    size_t size, at;
    nn__picture *picture;
    png_structp png;
    png_infop info;
    nn_status status; /* of ours, before libpng was left */
    char reason[128]; /* libpng's                        */
} png_work;

static void png_on_error(png_structp png, png_const_charp text)
{
    png_work *w = png_get_error_ptr(png);
    snprintf(w->reason, sizeof w->reason, "%s", text);
    png_longjmp(png, 1);
}

static void png_on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void png_take(png_structp png, png_bytep to, size_t size)
{
    png_work *w = png_get_io_ptr(png);
    if (size > w->size - w->at)
        png_error(png, "it ends early");
    memcpy(to, w->data + w->at, size);
    w->at += size;
}

/* Whatever the file holds becomes 8 bits of grey or of red, green and blue. */
static void png_ask(png_work *w)
{
    int type = png_get_color_type(w->png, w->info);
    int is_grey = (type & PNG_COLOR_MASK_COLOR) == 0, wants_grey = w->picture->channels == 1;
    png_set_strip_16(w->png);
    png_set_packing(w->png);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(w->png);
    if (is_grey && png_get_bit_depth(w->png, w->info) < 8)
        png_set_expand_gray_1_2_4_to_8(w->png);
    png_set_strip_alpha(w->png);
    if (is_grey && !wants_grey)
        png_set_gray_to_rgb(w->png);
    if (!is_grey && wants_grey)
        png_set_rgb_to_gray(w->png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
}

static void png_run(png_work *w)
{
    if (setjmp(png_jmpbuf(w->png)) != 0)
        return;
    png_set_read_fn(w->png, w, png_take);
    png_set_user_limits(w->png, NN__PICTURE_MOST, NN__PICTURE_MOST);
    png_read_info(w->png, w->info);
    png_ask(w);
    int passes = png_set_interlace_handling(w->png);
    png_read_update_info(w->png, w->info);
    size_t height = png_get_image_height(w->png, w->info);
    size_t width = png_get_image_width(w->png, w->info);
    w->status = nn__picture_begin(w->picture, w->name, height, width);
    if (w->status != NN_OK)
        return;
    size_t line = width * (size_t)w->picture->channels;
    if (png_get_rowbytes(w->png, w->info) != line)
        png_error(w->png, "its lines have another length");
    for (int pass = 0; pass < passes; pass++)
        for (size_t row = 0; row < height; row++)
            png_read_row(w->png, w->picture->pixels + row * line, NULL);
    png_read_end(w->png, NULL);
    w->reason[0] = '\0';
}

nn_status nn__png_decode(const char *name, const unsigned char *data, size_t size,
                         nn__picture *picture)
{
    png_work w = {.name = name, .data = data, .size = size, .picture = picture};
    snprintf(w.reason, sizeof w.reason, "no memory to decode it");
    w.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &w, png_on_error, png_on_warning);
    w.info = w.png != NULL ? png_create_info_struct(w.png) : NULL;
    nn_status failure = w.info != NULL ? NN_EFORMAT : NN_ENOMEM;
    if (w.info != NULL)
        png_run(&w);
    png_destroy_read_struct(&w.png, &w.info, NULL);
    if (w.status != NN_OK)
        return w.status;
    return w.reason[0] == '\0' ? NN_OK : nn_fail(failure, "%s: %s", name, w.reason);
}
