/*
 * Numbers as text and back, the same in every locale.
 */
#ifndef NN__BASE_NUMBER_H
#define NN__BASE_NUMBER_H

#include <stddef.h>

enum { NN__NUMBER_TEXT = 32 };

/*
 * The shortest decimal text that reads back as the same double, exactly as Python's repr(float)
 * prints it: 0.001, 1e-06, 5.0, 1.2345678901234567, 1e+16, -0.0, nan, inf, -inf. Returns text.
 */
char *nn__number_text(double value, char text[NN__NUMBER_TEXT]);

/*
 * printf's %.*f, %.*e, %.*g (letter 'f', 'e', 'g', or their capitals), with a point in every locale
 * and "nan" without a sign. precision 0..NN__NUMBER_PRECISION. Returns text.
 */
enum { NN__NUMBER_PRECISION = 99, NN__NUMBER_FORMAT = 512 };
char *nn__number_format(double value, char letter, int precision, char text[NN__NUMBER_FORMAT]);

/*
 * Reads all of text[0..length-1]: a JSON number (correctly rounded), or nan, inf, -inf. Returns 1;
 * or 0, with *value unchanged, where the text is anything else or beyond the range of a double.
 */
int nn__number_parse(const char *text, size_t length, double *value);

#endif
