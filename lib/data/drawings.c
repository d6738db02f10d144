/*
 * Drawings: the generated set. Row i of (seed, part) is a picture of class i mod 10, drawn from
 * 4,096 words of the Philox stream of (seed, part) that belong to this row alone; what is drawn is
 * a function of these words. Integers only, no shift of a negative number and no value that
 * depends on the machine: the same bytes everywhere.
 *
 * A picture is painted in layers: an uneven background, clutter, the object, some clutter over it,
 * noise. An object is a list of outlines in a frame of -100..100 (y points down), turned, scaled,
 * sheared and mirrored by a 2x2 matrix. Coordinates on the canvas are in 1/256 pixel.
 */
#include "base/base.h"
#include "base/random.h"
#include "data/dataset.h"
#include "data/drawings_objects.h"
#include "data/pictures.h"

#include <string.h>

enum {
    SIDE = 32,
    UNIT = 256,           /* of coordinates, per pixel                              */
    LINES = 4,            /* lines per pixel on which coverage is counted           */
    FULL = UNIT * LINES,  /* a pixel's coverage where the outline covers it         */
    ROW_WORDS = 4096,     /* words of the random stream per row                     */
    TURN = 256,           /* angle steps of a full turn                             */
    ONE = 16384,          /* 1.0 of sines and matrices                              */
    ROUND = 24,           /* corners of an ellipse                                  */
    MOST_OUTLINES = 6,    /* painted together                                       */
    GRID = 8,             /* most cells per side of a texture                       */
    TEXTURE = 40,         /* its greatest strength, of 255                          */
    NOISE = 50,           /* greatest strength of the noise, of 255                 */
    SMALLEST = 10 * UNIT, /* half an object's side                                  */
    LARGEST = 14 * UNIT,
    ROOM = 82,      /* per cent of the way to the border that its centre may go */
    MOST_TURN = 20, /* 28 degrees either way                                  */
    BEHIND = 6,     /* most pieces of clutter under the object                */
    BEFORE = 2      /* and over it                                            */
};

/* ---- Integers ------------------------------------------------------------------------------- */

/* sin of a quarter turn in 64 steps, times ONE */
static const short quarter[TURN / 4 + 1] = {
    0,     402,   804,   1205,  1606,  2006,  2404,  2801,  3196,  3590,  3981,  4370,  4756,
    5139,  5520,  5897,  6270,  6639,  7005,  7366,  7723,  8076,  8423,  8765,  9102,  9434,
    9760,  10080, 10394, 10702, 11003, 11297, 11585, 11866, 12140, 12406, 12665, 12916, 13160,
    13395, 13623, 13842, 14053, 14256, 14449, 14635, 14811, 14978, 15137, 15286, 15426, 15557,
    15679, 15791, 15893, 15986, 16069, 16143, 16207, 16261, 16305, 16340, 16364, 16379, 16384};

static int sine(int angle)
{
    angle = (angle % TURN + TURN) % TURN;
    int half = angle % (TURN / 2);
    int value = half <= TURN / 4 ? quarter[half] : quarter[TURN / 2 - half];
    return angle < TURN / 2 ? value : -value;
}

static int cosine(int angle)
{
    return sine(angle + TURN / 4);
}

/* Uniform in low..high. */
static int between(nn__random *r, int low, int high)
{
    return low + (int)((uint64_t)nn__random_word(r) * (uint64_t)(high - low + 1) >> 32);
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* ---- Painting ------------------------------------------------------------------------------- */

typedef struct point {
    int x, y;
} point;

/* Corners of up to MOST_OUTLINES closed outlines: ends[i] is the end of outline i. */
typedef struct path {
    point points[MOST_POINTS * MOST_OUTLINES];
    int ends[MOST_OUTLINES];
    int count;
} path;

/* From an object's frame to the canvas: x0 + (a x + b y) / 100, y0 + (c x + d y) / 100 */
typedef struct matrix {
    int x0, y0, a, b, c, d;
} matrix;

typedef struct colour {
    int rgb[3];
} colour;

typedef struct canvas {
    int pixels[SIDE][SIDE][3]; /* 0..255 */
    int cover[SIDE][SIDE];     /* of the path being painted, 0..FULL; zero between paths */
} canvas;

static point transformed(const matrix *m, int x, int y)
{
    return (point){m->x0 + (m->a * x + m->b * y) / 100, m->y0 + (m->c * x + m->d * y) / 100};
}

static void path_add(path *p, const matrix *m, const outline *o)
{
    int n = p->count == 0 ? 0 : p->ends[p->count - 1];
    for (int i = 0; i < o->points; i++)
        p->points[n++] = transformed(m, o->xy[2 * i], o->xy[2 * i + 1]);
    for (int i = 0; o->points == 0 && i < ROUND; i++) {
        int angle = i * TURN / ROUND;
        p->points[n++] = transformed(m, o->xy[0] + o->xy[2] * cosine(angle) / ONE,
                                     o->xy[1] + o->xy[3] * sine(angle) / ONE);
    }
    p->ends[p->count++] = n;
}

/* Where the path's edges cross the line y, in order; returns how many. */
static int path_crossings(const path *p, int y, int *xs)
{
    int count = 0, first = 0;
    for (int k = 0; k < p->count; k++) {
        for (int i = first; i < p->ends[k]; i++) {
            point a = p->points[i], b = p->points[i + 1 < p->ends[k] ? i + 1 : first];
            if ((a.y <= y) == (b.y <= y))
                continue;
            int x = a.x + (y - a.y) * (b.x - a.x) / (b.y - a.y), at = count++;
            for (; at > 0 && xs[at - 1] > x; at--)
                xs[at] = xs[at - 1];
            xs[at] = x;
        }
        first = p->ends[k];
    }
    return count;
}

static void cover_span(int *row, int from, int to)
{
    from = clamp(from, 0, SIDE * UNIT);
    to = clamp(to, 0, SIDE * UNIT);
    for (int i = from / UNIT; i * UNIT < to; i++) {
        int left = from > i * UNIT ? from : i * UNIT;
        int right = to < (i + 1) * UNIT ? to : (i + 1) * UNIT;
        row[i] += right - left;
    }
}

/* Mixes `ink` into the pixels that the path covers; strength 0..256. */
static void paint(canvas *c, const path *p, const colour *ink, int strength)
{
    int top = SIDE * UNIT, bottom = 0, xs[MOST_POINTS * MOST_OUTLINES];
    for (int i = 0; i < p->ends[p->count - 1]; i++) {
        top = p->points[i].y < top ? p->points[i].y : top;
        bottom = p->points[i].y > bottom ? p->points[i].y : bottom;
    }
    top = clamp(top, 0, SIDE * UNIT) / UNIT;
    bottom = clamp(bottom, 0, SIDE * UNIT - 1) / UNIT;
    for (int h = top; h <= bottom; h++) {
        for (int line = 0; line < LINES; line++) {
            int y = h * UNIT + (2 * line + 1) * UNIT / (2 * LINES);
            int count = path_crossings(p, y, xs);
            for (int i = 0; i + 1 < count; i += 2)
                cover_span(c->cover[h], xs[i], xs[i + 1]);
        }
        for (int w = 0; w < SIDE; w++) {
            int part = c->cover[h][w] * strength / 256;
            for (int k = 0; part > 0 && k < 3; k++)
                c->pixels[h][w][k] += (ink->rgb[k] - c->pixels[h][w][k]) * part / FULL;
            c->cover[h][w] = 0;
        }
    }
}

/* ---- A picture ------------------------------------------------------------------------------ */

static colour random_colour(nn__random *r, int low, int high)
{
    colour c;
    for (int k = 0; k < 3; k++)
        c.rgb[k] = between(r, low, high);
    return c;
}

static int colour_distance(const colour *a, const colour *b)
{
    int sum = 0;
    for (int k = 0; k < 3; k++)
        sum += a->rgb[k] > b->rgb[k] ? a->rgb[k] - b->rgb[k] : b->rgb[k] - a->rgb[k];
    return sum;
}

/* A colour in low..high at least `distance` from another: the first of eight tries that is, else
 * the last. */
static colour contrasting(nn__random *r, const colour *other, int low, int high, int distance)
{
    colour c = random_colour(r, low, high);
    for (int i = 1; i < 8 && colour_distance(&c, other) < distance; i++)
        c = random_colour(r, low, high);
    return c;
}

/* Random offsets on a coarse grid, drawn out evenly over the picture: added to all pixels. */
static void add_texture(canvas *c, nn__random *r, int cells, int strength)
{
    int grid[GRID + 1][GRID + 1][3], span = (SIDE + cells - 1) / cells;
    for (int i = 0; i <= cells; i++) {
        for (int j = 0; j <= cells; j++) {
            int grey = between(r, -strength, strength);
            for (int k = 0; k < 3; k++)
                grid[i][j][k] = grey + between(r, -strength, strength) / 2;
        }
    }
    for (int h = 0; h < SIDE; h++) {
        int i = h / span, v = h % span * UNIT / span, line[GRID + 1][3];
        for (int j = 0; j <= cells; j++)
            for (int k = 0; k < 3; k++)
                line[j][k] = grid[i][j][k] * (UNIT - v) + grid[i + 1][j][k] * v;
        for (int j = 0, w = 0; j < cells; j++) {
            for (int u = 0; u < span && w < SIDE; u++, w++) {
                int right = u * UNIT / span;
                for (int k = 0; k < 3; k++)
                    c->pixels[h][w][k] +=
                        (line[j][k] * (UNIT - right) + line[j + 1][k] * right) / (UNIT * UNIT);
            }
        }
    }
}

/* A blot of 3 to 6 corners or a bar, anywhere. */
static void add_clutter(canvas *c, nn__random *r, int largest)
{
    path p = {.count = 1};
    int x = between(r, 0, SIDE * UNIT), y = between(r, 0, SIDE * UNIT),
        turn = between(r, 0, TURN - 1);
    int bar = between(r, 0, 1), corners = bar ? 4 : between(r, 3, 6);
    int length = between(r, UNIT, largest), width = between(r, UNIT / 3, UNIT);
    for (int i = 0; i < corners; i++) {
        int angle = turn + i * TURN / corners;
        int radius = bar ? 0 : between(r, length / 3, length);
        int along = i == 0 || i == 3 ? 2 * length : -2 * length, across = i < 2 ? width : -width;
        int px = bar ? along * cosine(turn) / ONE - across * sine(turn) / ONE
                     : radius * cosine(angle) / ONE;
        int py = bar ? along * sine(turn) / ONE + across * cosine(turn) / ONE
                     : radius * sine(angle) / ONE;
        p.points[i] = (point){x + px, y + py};
    }
    p.ends[0] = corners;
    colour ink = random_colour(r, 10, 245);
    paint(c, &p, &ink, between(r, 128, 256));
}

/* Where the object goes, how large it is, how it is turned, squeezed, slanted and mirrored. */
static matrix random_place(nn__random *r)
{
    int size = between(r, SMALLEST, LARGEST), turn = between(r, -MOST_TURN, MOST_TURN);
    int wide = size * between(r, 80, 110) / 100, high = size * between(r, 80, 110) / 100;
    int room = (SIDE * UNIT / 2 - size * 85 / 100) * ROOM / 100;
    int slanted = high * between(r, -ONE / 5, ONE / 5) / ONE, flip = between(r, 0, 1) ? 1 : -1;
    matrix m;
    m.x0 = SIDE * UNIT / 2 + between(r, -room, room);
    m.y0 = SIDE * UNIT / 2 + between(r, -room, room);
    m.a = flip * (wide * cosine(turn) / ONE);
    m.c = flip * (wide * sine(turn) / ONE);
    m.b = (slanted * cosine(turn) - high * sine(turn)) / ONE;
    m.d = (slanted * sine(turn) + high * cosine(turn)) / ONE;
    return m;
}

static void paint_object(canvas *c, const object *o, const matrix *m, const colour inks[2])
{
    for (int first = 0, last; first < o->count; first = last) {
        path p = {.count = 0};
        for (last = first; last < o->count && o->outlines[last].layer == o->outlines[first].layer;
             last++)
            path_add(&p, m, &o->outlines[last]);
        paint(c, &p, &inks[(int)o->outlines[first].colour], 256);
    }
}

/* Noise in each channel, part of it common to the three, and back to bytes. */
static void finish(const canvas *c, nn__random *r, int noise, unsigned char *bytes)
{
    for (int i = 0; i < SIDE * SIDE; i++) {
        const int *pixel = c->pixels[i / SIDE][i % SIDE];
        uint32_t word = nn__random_word(r);
        int common = (int)(word >> 24);
        for (int k = 0; k < 3; k++) {
            int sum = common + (int)(word >> 8 * k & 255) - 255;
            bytes[3 * i + k] = (unsigned char)clamp(pixel[k] + sum * noise / 256, 0, 255);
        }
    }
}

/* Row `row` of the stream into bytes[32][32][3]. Mostly the object is the lighter one. */
static void draw(canvas *c, uint64_t seed, int part, size_t row, unsigned char *bytes)
{
    nn__random r = nn__random_begin(seed, 0, nn__stream(NN__FOR_DRAWINGS, (uint32_t)part));
    r.next = (uint64_t)row * ROW_WORDS;
    int night = between(&r, 1, 5) > 1;
    int dark = 10, darkest_light = 90, lightest_dark = 165, light = 245;
    colour inks[2], ground = night ? random_colour(&r, dark, lightest_dark)
                                   : random_colour(&r, darkest_light, light);
    for (int i = 0; i < SIDE * SIDE; i++)
        memcpy(c->pixels[i / SIDE][i % SIDE], ground.rgb, sizeof ground.rgb);
    add_texture(c, &r, 1, TEXTURE);
    int cells = between(&r, 3, GRID);
    add_texture(c, &r, cells, between(&r, 0, TEXTURE));
    for (int i = between(&r, 1, BEHIND); i > 0; i--)
        add_clutter(c, &r, 5 * UNIT);
    int low = night ? darkest_light : dark, high = night ? light : lightest_dark;
    inks[0] = contrasting(&r, &ground, low, high, 130);
    inks[1] = contrasting(&r, &inks[0], low, high, 100);
    matrix place = random_place(&r);
    paint_object(c, &objects[row % CLASSES], &place, inks);
    for (int i = between(&r, 0, BEFORE); i > 0; i--)
        add_clutter(c, &r, 2 * UNIT);
    finish(c, &r, between(&r, 8, NOISE), bytes);
}

static const nn_dataset_kind drawings_kind = NN__PICTURES_KIND("drawings");

NN__NO_TAIL_PADDING(nn_drawings_options, one_hot);

nn_dataset *nn_drawings_new(const nn_drawings_options *options)
{
    static const nn_shape shape = {3, {SIDE, SIDE, 3}};
    nn_drawings_options o;
    if (nn__options_read(&o, sizeof o, options, "drawings") != NN_OK ||
        nn__dataset_choice(o.part, NN_TEST, "drawings", "part") != NN_OK ||
        nn__dataset_choice(o.one_hot, 1, "drawings", "one_hot") != NN_OK)
        return NULL;
    size_t rows = o.rows != 0 ? o.rows : o.part == NN_TRAIN ? 10000 : 2000;
    nn__pictures *pictures = nn__pictures_new(rows, &shape, CLASSES);
    if (pictures == NULL)
        return NULL;
    canvas c;
    memset(&c, 0, sizeof c);
    for (size_t row = 0; row < rows; row++) {
        draw(&c, o.seed, o.part, row, pictures->pixels + row * pictures->size);
        pictures->labels[row] = (unsigned char)(row % CLASSES);
    }
    return nn__pictures_dataset(pictures, &drawings_kind, &shape, o.one_hot, object_names);
}
