/*
 * The sums of Winograd's F(4x4, 3x3) along one side of a tile, for vectors of one type: B' of six
 * inputs, A' of six products, and A of four gradients; winograd.c has the rest of it. Included once
 * for each type, with NUMBERS that type and SUMS(name) the functions' names.
 */

/* t[6] = B' d[6], each with a stride. */
static inline void SUMS(times_b)(NUMBERS *t, int stride, const NUMBERS *d, int step)
{
    const NUMBERS d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step],
                  d5 = d[5 * step];
    const NUMBERS even = d4 - 4 * d2, odd = d3 - 4 * d1, near = d4 - d2, wide = 2 * (d3 - d1);
    t[0] = 4 * d0 - 5 * d2 + d4;
    t[stride] = even + odd;
    t[2 * stride] = even - odd;
    t[3 * stride] = near + wide;
    t[4 * stride] = near - wide;
    t[5 * stride] = 4 * d1 - 5 * d3 + d5;
}

/* t[4] = A' m[6] */
static inline void SUMS(times_a)(NUMBERS *t, int stride, const NUMBERS *m, int step)
{
    const NUMBERS even = m[step] + m[2 * step], odd = m[step] - m[2 * step];
    const NUMBERS far = m[3 * step] + m[4 * step], wide = m[3 * step] - m[4 * step];
    t[0] = m[0] + even + far;
    t[stride] = odd + 2 * wide;
    t[2 * stride] = even + 4 * far;
    t[3 * stride] = odd + 8 * wide + m[5 * step];
}

/* t[6] = A d[4] */
static inline void SUMS(times_a_back)(NUMBERS *t, int stride, const NUMBERS *d, int step)
{
    const NUMBERS even = d[0] + d[2 * step], odd = d[step] + d[3 * step],
                  far = d[0] + 4 * d[2 * step], wide = 2 * d[step] + 8 * d[3 * step];
    t[0] = d[0];
    t[stride] = even + odd;
    t[2 * stride] = even - odd;
    t[3 * stride] = far + wide;
    t[4 * stride] = far - wide;
    t[5 * stride] = d[3 * step];
}

#undef NUMBERS
#undef SUMS
