/* What drawings.c draws: the outlines of ten objects in a frame of -100..100, y pointing down. */
#ifndef NN__DATA_DRAWINGS_OBJECTS_H
#define NN__DATA_DRAWINGS_OBJECTS_H

#include "base/base.h"

enum { MOST_POINTS = 24 }; /* of an outline */

/* One outline: a polygon, or an ellipse {x, y, rx, ry} where points is 0. Outlines with the same
 * layer are painted together, and where two overlap there is a hole. */
typedef struct outline {
    signed char layer;  /* painted in order 0, 1, 2, ... */
    signed char colour; /* 0 the object's, 1 its second  */
    signed char points;
    signed char xy[2 * MOST_POINTS];
} outline;

typedef struct object {
    int count;
    const outline *outlines;
} object;

static const outline house[] = {
    {0, 0, 4, {-72, -12, 72, -12, 72, 88, -72, 88}},
    {1, 1, 3, {-98, -8, 0, -92, 98, -8}},
    {2, 1, 4, {-22, 28, 16, 28, 16, 88, -22, 88}},
};
static const outline tree[] = {
    {0, 1, 4, {-14, 50, 14, 50, 14, 96, -14, 96}},
    {1, 0, 11, {0,  -96, 46, -36, 26, -36, 66, 14,  42,  14,  86,
                62, -86, 62, -42, 14, -66, 14, -26, -36, -46, -36}},
};
static const outline boat[] = {
    {0, 0, 4, {-95, 36, 95, 36, 62, 86, -62, 86}},
    {1, 1, 4, {-5, -94, 5, -94, 5, 36, -5, 36}},
    {2, 1, 3, {10, -86, 82, 24, 10, 24}},
    {3, 1, 3, {-10, -62, -10, 24, -66, 24}},
};
static const outline car[] = {
    {0, 0, 8, {-98, 0, -62, -4, -36, -48, 38, -48, 66, -4, 98, 10, 98, 46, -98, 46}},
    {1, 1, 4, {-44, -6, -28, -36, 0, -36, 0, -6}},
    {2, 1, 4, {10, -36, 32, -36, 50, -6, 10, -6}},
    {3, 1, 0, {-52, 48, 26, 26}},
    {4, 1, 0, {54, 48, 26, 26}},
};
static const outline fish[] = {
    {0, 0, 3, {34, 0, 97, -48, 97, 48}},
    {1, 0, 0, {-20, 0, 76, 44}},
    {2, 1, 4, {-16, -44, 20, -70, 26, -32, 0, -36}},
    {3, 1, 0, {-60, -10, 10, 10}},
};
static const outline cup[] = {
    {0, 0, 0, {46, -2, 48, 44}},
    {0, 0, 0, {46, -2, 26, 22}},
    {1, 0, 4, {-76, -66, 50, -66, 36, 82, -62, 82}},
    {2, 1, 4, {-74, -40, 47, -40, 45, -14, -71, -14}},
};
static const outline star[] = {
    {0, 0, 10, {0, -98, 25,  -34, 95,  -31, 40,  13,  59,  81,
                0, 42,  -59, 81,  -40, 13,  -95, -31, -25, -34}},
    {1, 1, 0, {0, 0, 18, 18}},
};
static const outline key[] = {
    {0, 0, 0, {-54, 0, 44, 44}},
    {0, 0, 0, {-54, 0, 22, 22}},
    {1, 0, 12, {-14, -11, 98, -11, 98, 42, 80, 42, 80,  11, 66,  11,
                66,  34,  48, 34,  48, 11, 20, 11, -14, 11, -14, 0}},
};
static const outline umbrella[] = {
    {0, 1, 8, {-6, -94, 6, -94, 6, 78, 30, 78, 30, 92, -6, 92, -6, 40, -6, 0}},
    {1, 0, 19, {-95, 5,   -90, -23, -77, -48, -56, -68, -29, -81, 0,   -85, 29,
                -81, 56,  -68, 77,  -48, 90,  -23, 95,  5,   78,  -8,  60,  5,
                32,  -10, 0,   4,   -32, -10, -60, 5,   -78, -8,  -90, 2}},
};
static const outline mushroom[] = {
    {0, 1, 6, {-24, 10, 24, 10, 22, 50, 36, 90, -36, 90, -22, 50}},
    {1, 0, 13, {-88, 15, -84, -11, -72, -37, -52, -58, -27, -72, 0,  -76, 27,
                -72, 52, -58, 72,  -37, 84,  -11, 88,  15,  40,  24, -40, 24}},
    {2, 1, 0, {-34, -22, 13, 13}},
    {3, 1, 0, {24, -34, 16, 16}},
};

#define OBJECT(name)                                                                               \
    {                                                                                              \
        (int)NN__COUNT(name), name                                                                 \
    }
static const object objects[] = {OBJECT(house),    OBJECT(tree),    OBJECT(boat), OBJECT(car),
                                 OBJECT(fish),     OBJECT(cup),     OBJECT(star), OBJECT(key),
                                 OBJECT(umbrella), OBJECT(mushroom)};
static const char *const object_names[] = {"house", "tree", "boat", "car",      "fish",
                                           "cup",   "star", "key",  "umbrella", "mushroom"};
enum { CLASSES = (int)NN__COUNT(objects) };

#endif
