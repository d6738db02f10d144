/*
 * A decoded picture into a row of the network. Another size is interpolated between the nearest
 * pixels' centres: pixel i of n, out of m, stands at (i + 0.5) m / n - 0.5, and beyond the edge the
 * edge's pixels go on. In float, as TensorFlow's tf.image.resize computes it, which is Keras's
 * default.
 */
#include <math.h>
#include <string.h>

#include "files/files.h"

nn_status nn__picture_begin(nn__picture *picture, const char *name, size_t height, size_t width)
{
    size_t channels = (size_t)picture->channels;
    if (height == 0 || width == 0 || width > NN__PICTURE_MOST / channels / height)
        return nn_fail(NN_ENOTSUP, "%s: %zux%zu pixels; pictures have at most %d bytes", name,
                       height, width, NN__PICTURE_MOST);
    picture->height = (int)height;
    picture->width = (int)width;
    picture->pixels = nn__files_alloc(height * width * channels);
    return picture->pixels != NULL ? NN_OK : NN_ENOMEM;
}

/* The two pixels on either side of a place, and how far it is from the lower one. */
typedef struct between {
    size_t low, high;
    float part;
} between;

static between between_at(int i, int n, int m)
{
    float scale = (float)m / (float)n;
    float place = ((float)i + 0.5f) * scale - 0.5f, low = floorf(place);
    between b = {low > 0 ? (size_t)low : 0, 0, place - low};
    float high = ceilf(place);
    b.high = high < (float)(m - 1) ? (size_t)(high > 0 ? high : 0) : (size_t)m - 1;
    if (b.low > b.high)
        b.low = b.high;
    return b;
}

static void resize(const nn__picture *p, int height, int width, double divisor, nn_real *x)
{
    size_t channels = (size_t)p->channels, line = (size_t)p->width * channels;
    for (int h = 0; h < height; h++) {
        between v = between_at(h, height, p->height);
        const unsigned char *above = p->pixels + v.low * line, *below = p->pixels + v.high * line;
        for (int w = 0; w < width; w++) {
            between u = between_at(w, width, p->width);
            for (size_t c = 0; c < channels; c++) {
                size_t left = u.low * channels + c, right = u.high * channels + c;
                float top = above[left] + ((float)above[right] - above[left]) * u.part;
                float bottom = below[left] + ((float)below[right] - below[left]) * u.part;
                *x++ = (nn_real)((double)(top + (bottom - top) * v.part) / divisor);
            }
        }
    }
}

void nn__picture_resize(const nn__picture *p, int height, int width, double divisor, nn_real *x)
{
    if (p->height != height || p->width != width) {
        resize(p, height, width, divisor, x);
        return;
    }
    size_t count = (size_t)height * (size_t)width * (size_t)p->channels;
    for (size_t i = 0; i < count; i++)
        x[i] = (nn_real)((double)p->pixels[i] / divisor);
}
