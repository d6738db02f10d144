/* JPEG through libjpeg, which leaves by longjmp: whatever lives across it is in jpeg_work. */
#include <stdio.h> /* before jpeglib.h, which needs it */

#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>
#include <string.h>

#include "files/files.h"

typedef struct jpeg_work {
    struct jpeg_error_mgr errors; /* first: libjpeg hands it back */
    struct jpeg_decompress_struct jpeg;
    jmp_buf left;
    const char *name;
    const unsigned char *data;
    size_t size;
    nn__picture *picture;
    nn_status status;
    char reason[JMSG_LENGTH_MAX];
} jpeg_work;

static void jpeg_on_error(j_common_ptr jpeg)
{
    jpeg_work *w = (jpeg_work *)jpeg->err;
    jpeg->err->format_message(jpeg, w->reason);
    longjmp(w->left, 1);
}

/* libjpeg goes on with grey pixels where data is damaged or missing; that is no picture. */
static void jpeg_on_message(j_common_ptr jpeg, int level)
{
    if (level >= 0)
        return;
    switch (jpeg->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC:
        jpeg_on_error(jpeg);
        break;
    default:
        break;
    }
}

static void jpeg_no_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void jpeg_run(jpeg_work *w)
{
    if (setjmp(w->left) != 0)
        return;
    jpeg_create_decompress(&w->jpeg);
    jpeg_mem_src(&w->jpeg, w->data, (unsigned long)w->size);
    jpeg_read_header(&w->jpeg, TRUE);
    if (w->jpeg.jpeg_color_space == JCS_CMYK || w->jpeg.jpeg_color_space == JCS_YCCK) {
        w->status = nn_fail(NN_ENOTSUP, "%s: a four-colour JPEG", w->name);
        return;
    }
    w->jpeg.out_color_space = w->picture->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    w->jpeg.dct_method = JDCT_IFAST; /* as TensorFlow does for Keras */
    w->status = nn__picture_begin(w->picture, w->name, w->jpeg.image_height, w->jpeg.image_width);
    if (w->status != NN_OK)
        return;
    jpeg_start_decompress(&w->jpeg);
    size_t line = (size_t)w->picture->width * (size_t)w->picture->channels;
    while (w->jpeg.output_scanline < w->jpeg.output_height) {
        JSAMPROW row = w->picture->pixels + w->jpeg.output_scanline * line;
        jpeg_read_scanlines(&w->jpeg, &row, 1);
    }
    jpeg_finish_decompress(&w->jpeg);
    w->reason[0] = '\0';
}

nn_status nn__jpeg_decode(const char *name, const unsigned char *data, size_t size,
                          nn__picture *picture)
{
    jpeg_work w = {.name = name, .data = data, .size = size, .picture = picture};
    if (size == 0)
        return nn_fail(NN_EFORMAT, "%s: 0 bytes", name);
    snprintf(w.reason, sizeof w.reason, "not decoded");
    w.jpeg.err = jpeg_std_error(&w.errors);
    w.errors.error_exit = jpeg_on_error;
    w.errors.emit_message = jpeg_on_message;
    w.errors.output_message = jpeg_no_output;
    jpeg_run(&w);
    jpeg_destroy_decompress(&w.jpeg);
    if (w.status != NN_OK)
        return w.status;
    return w.reason[0] == '\0' ? NN_OK : nn_fail(NN_EFORMAT, "%s: %s", name, w.reason);
}
