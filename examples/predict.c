/*
 * Classifies test pictures with a saved model: prints the accuracy, of all and class by class, and
 * draws a contact sheet with some right answers above and some wrong ones below.
 *
 *   predict build/out/cifar10_conv2/model.safetensors
 */
#include "common.h"

#include <stdlib.h>
#include <string.h>

enum {
    SIDE = 32, /* of a picture                              */
    ZOOM = 3,  /* drawn so many times as large              */
    TILE = SIDE * ZOOM,
    COLUMNS = 8,
    STEP_X = TILE + 36, /* from tile to tile                         */
    STEP_Y = TILE + 46, /* with two lines of text below               */
    HEAD = 52           /* height of a heading                       */
};

/* What the model says about the test pictures. */
typedef struct answers {
    const char *program, *file; /* its name, the model's file */
    nn_dataset *data;
    int rows, classes;
    nn_real *shares;   /* shares[rows][classes] */
    int *label, *said; /* [rows]                */
    int right;
} answers;

static void classify(answers *a, nn_model *model)
{
    const nn_shape *output = nn_model_output_shape(model);
    a->rows = (int)nn_dataset_rows(a->data);
    a->classes = nn_dataset_classes(a->data);
    if (output == NULL)
        fail(a->program, "%s: %s", a->file, nn_error_message());
    if (output->rank != 1 || output->dims[0] != a->classes)
        fail(a->program, "%s: does not answer with one number for each of %d classes", a->file,
             a->classes);
    size_t count = (size_t)a->rows * (size_t)a->classes;
    a->shares = malloc(count * sizeof *a->shares);
    a->label = malloc((size_t)a->rows * sizeof(int));
    a->said = malloc((size_t)a->rows * sizeof(int));
    if (a->shares == NULL || a->label == NULL || a->said == NULL)
        fail(a->program, "no memory for %zu numbers", count);
    if (nn_predict(model, a->data, .into = a->shares, .capacity = count, .batch_size = 100) !=
        NN_OK)
        fail(a->program, "%s: %s", a->file, nn_error_message());
    for (int i = 0; i < a->rows; i++) {
        const nn_real *share = a->shares + (size_t)i * (size_t)a->classes;
        a->said[i] = 0;
        for (int k = 1; k < a->classes; k++)
            if (share[k] > share[a->said[i]])
                a->said[i] = k;
        if (nn_dataset_row(a->data, (size_t)i, NULL, &a->label[i]) != NN_OK)
            fail(a->program, "%s", nn_error_message());
        a->right += a->said[i] == a->label[i];
    }
}

static void report(const answers *a)
{
    for (int k = 0; k < a->classes; k++) {
        int all = 0, right = 0;
        for (int i = 0; i < a->rows; i++) {
            all += a->label[i] == k;
            right += a->label[i] == k && a->said[i] == k;
        }
        if (all > 0)
            printf("  %-12s %5d of %5d   %.4f\n", nn_dataset_class_name(a->data, k), right, all,
                   (double)right / all);
    }
    printf("Test Accuracy: %.4f (%d of %d)\n", (double)a->right / a->rows, a->right, a->rows);
}

/* ---- The contact sheet ---------------------------------------------------------------------- */

typedef struct sheet {
    FILE *gnuplot;
    unsigned char *pixels; /* pixels[height][width][3], white */
    int width, height;
} sheet;

/* One picture into the pixels, each of its points ZOOM x ZOOM of them. */
static void sheet_paint(sheet *s, const answers *a, int row, int left, int top)
{
    nn_real x[SIDE * SIDE * 3];
    if (nn_dataset_row(a->data, (size_t)row, x, NULL) != NN_OK)
        fail(a->program, "%s", nn_error_message());
    for (int i = 0; i < TILE; i++)
        for (int j = 0; j < TILE; j++)
            for (int c = 0; c < 3; c++)
                s->pixels[((size_t)(top + i) * (size_t)s->width + (size_t)(left + j)) * 3 +
                          (size_t)c] =
                    (unsigned char)(x[(i / ZOOM * SIDE + j / ZOOM) * 3 + c] * 255 + (nn_real)0.5);
}

static void sheet_label(const sheet *s, int x, int y, const char *font, const char *colour,
                        char *text)
{
    fputs("set label ", s->gnuplot);
    gnuplot_quote(s->gnuplot, text);
    fprintf(s->gnuplot, " at %d,%d %s noenhanced front font '%s' textcolor rgb '%s'\n", x,
            s->height - y, x == STEP_X - TILE ? "left" : "center", font, colour);
    free(text);
}

/* A heading and up to count pictures that were answered right, or wrong. Returns the height. */
static int sheet_part(sheet *s, const answers *a, int right, int count, int top)
{
    int shown = 0, all = right ? a->right : a->rows - a->right, margin = STEP_X - TILE;
    const char *colour = right ? "#1b7837" : "#b2182b";
    if (s->pixels != NULL)
        sheet_label(s, margin, top + HEAD / 2, ",16", "#222222",
                    text_of("%s: %d of %d%s", right ? "Right" : "Wrong", all, a->rows,
                            right ? "" : " (answer and truth)"));
    for (int i = 0; i < a->rows && shown < count; i++) {
        if ((a->said[i] == a->label[i]) != right)
            continue;
        int left = margin + shown % COLUMNS * STEP_X, y = top + HEAD + shown / COLUMNS * STEP_Y;
        shown++;
        if (s->pixels == NULL)
            continue;
        sheet_paint(s, a, i, left, y);
        const double share = (double)a->shares[(size_t)i * (size_t)a->classes + (size_t)a->said[i]];
        sheet_label(s, left + TILE / 2, y + TILE + 11, ",10", colour,
                    text_of("%s %.0f %%", nn_dataset_class_name(a->data, a->said[i]), 100 * share));
        if (!right)
            sheet_label(s, left + TILE / 2, y + TILE + 27, ",10", "#444444",
                        text_of("is %s", nn_dataset_class_name(a->data, a->label[i])));
    }
    return HEAD + (shown + COLUMNS - 1) / COLUMNS * STEP_Y;
}

/* The pictures are one image, the words are labels over it. */
static void sheet_draw(sheet *s, const answers *a, int count, const char *path)
{
    s->width = COLUMNS * STEP_X + STEP_X - TILE;
    s->height = sheet_part(s, a, 1, count, 0) + sheet_part(s, a, 0, count, 0) + 12;
    size_t bytes = (size_t)s->width * (size_t)s->height * 3;
    s->pixels = malloc(bytes);
    if (s->pixels == NULL)
        fail(a->program, "no memory for a sheet of %d x %d", s->width, s->height);
    memset(s->pixels, 255, bytes);
    fprintf(s->gnuplot, "set terminal pngcairo size %d,%d font 'Sans,10'\nset output ", s->width,
            s->height);
    gnuplot_quote(s->gnuplot, path);
    fprintf(s->gnuplot,
            "\nunset key\nunset border\nunset tics\nset margins 0,0,0,0\nset xrange [0:%d]\n"
            "set yrange [0:%d]\n",
            s->width, s->height);
    sheet_part(s, a, 0, count, sheet_part(s, a, 1, count, 0));
    fprintf(s->gnuplot,
            "plot '-' binary array=(%d,%d) flipy center=(%g,%g) format='%%uchar' with rgbimage\n",
            s->width, s->height, s->width / 2.0, s->height / 2.0);
    fwrite(s->pixels, 1, bytes, s->gnuplot);
    free(s->pixels);
}

int main(int argc, char **argv)
{
    const char *file = NULL, *data = NULL, *out = NULL;
    int count = 16, threads = 0;
    const option options[] = {
        {"data", "DIR", OPTION_TEXT, &data, 0, 0, "CIFAR-10's binary files, as for the examples"},
        {"count", "N", OPTION_INT, &count, 1, 64,
         "so many right and wrong answers on the sheet [16]"},
        {"out", "FILE", OPTION_TEXT, &out, 0, 0, "the sheet, a PNG [predictions.png beside MODEL]"},
        {"threads", "N", OPTION_INT, &threads, 1, 64, "[one per processor]"},
    };
    options_read("predict",
                 "usage: predict MODEL [OPTION]...\n"
                 "Classifies the test pictures with a saved model and draws a contact sheet.\n",
                 options, sizeof options / sizeof *options, &file, argc, argv);
    if (file == NULL)
        fail("predict", "which model? predict MODEL; --help says more");

    char *folder = folder_of(file), *path = text_of("%s/predictions.png", folder);
    if (out == NULL)
        out = path;

    answers a = {.program = "predict", .file = file};
    nn_model *model;
    if (nn_model_load(file, &model) != NN_OK)
        fail("predict", "%s", nn_error_message());
    check_output("predict", "out", out);
    a.data = test_pictures("predict", &cifar10_set, data);
    nn_model_set_threads(model, threads);
    classify(&a, model);

    sheet s = {.gnuplot = gnuplot_open("predict")};
    if (s.gnuplot != NULL) {
        sheet_draw(&s, &a, count, out);
        if (gnuplot_close("predict", s.gnuplot))
            printf("Wrote %s\n", out);
    }
    report(&a);
    free(path);
    free(folder);
    free(a.shares);
    free(a.label);
    free(a.said);
    nn_dataset_free(a.data);
    nn_model_free(model);
    return 0;
}
