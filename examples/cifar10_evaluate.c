/*
 * Evaluates a saved model on the test pictures: loss and accuracy, the confusion matrix, and for
 * each class
 *
 *   precision  of the pictures that the model gave this class, the share that is of it
 *   recall     of the pictures of this class, the share that the model found
 *   f1-score   2 precision recall / (precision + recall)
 *   support    the number of pictures of this class
 *
 * laid out as scikit-learn's classification_report, with the means of the classes below: macro
 * takes all classes alike, weighted by their support. The matrix is drawn, too, as confusion.png
 * and confusion.svg.
 *
 *   cifar10_evaluate build/out/cifar10_conv2/model.safetensors
 */
#include "common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct evaluation {
    const char *file; /* of the model */
    const char *name; /* its name     */
    nn_dataset *data;
    int classes;
    uint64_t *counts; /* counts[true][predicted] */
    uint64_t rows, right;
    double loss;
} evaluation;

static uint64_t counted(const evaluation *e, int truth, int said)
{
    return e->counts[(size_t)truth * (size_t)e->classes + (size_t)said];
}

static void evaluate(evaluation *e, nn_model *model)
{
    const nn_logs *result;
    e->name = nn_model_name(model);
    e->classes = nn_dataset_classes(e->data);
    e->counts = calloc((size_t)e->classes * (size_t)e->classes, sizeof *e->counts);
    if (e->counts == NULL)
        fail("cifar10_evaluate", "no memory for %d x %d counts", e->classes, e->classes);
    if (isnan(nn_model_learning_rate(model))) /* saved without its loss */
        nn_compile(model, .optimizer = nn_sgd(), .loss = nn_categorical_crossentropy());
    if (nn_evaluate(model, e->data, .batch_size = 100, .result = &result) != NN_OK ||
        nn_confusion_matrix(model, e->data, e->counts, e->classes) != NN_OK)
        fail("cifar10_evaluate", "%s: %s", e->file, nn_error_message());
    e->loss = nn_logs_value(result, "loss");
    e->rows = nn_dataset_rows(e->data);
    for (int k = 0; k < e->classes; k++)
        e->right += counted(e, k, k);
}

/* ---- Text ----------------------------------------------------------------------------------- */

static int longest_name(const evaluation *e)
{
    int longest = (int)strlen("weighted avg");
    for (int k = 0; k < e->classes; k++) {
        int length = (int)strlen(nn_dataset_class_name(e->data, k));
        longest = length > longest ? length : longest;
    }
    return longest;
}

static void print_matrix(const evaluation *e, int width)
{
    printf("\nConfusion matrix: a row for each true class, a column for each answer\n\n%*s  ",
           width, "");
    for (int k = 0; k < e->classes; k++)
        printf(" %5d", k);
    putchar('\n');
    for (int i = 0; i < e->classes; i++) {
        printf("%*s %d", width, nn_dataset_class_name(e->data, i), i);
        for (int k = 0; k < e->classes; k++)
            printf(" %5llu", (unsigned long long)counted(e, i, k));
        putchar('\n');
    }
}

typedef struct scores {
    double precision, recall, f1;
} scores;

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static scores class_scores(const evaluation *e, int class, uint64_t *support)
{
    scores s;
    uint64_t said = 0;
    *support = 0;
    for (int k = 0; k < e->classes; k++) {
        said += counted(e, k, class);
        *support += counted(e, class, k);
    }
    s.precision = ratio((double)counted(e, class, class), (double)said);
    s.recall = ratio((double)counted(e, class, class), (double)*support);
    s.f1 = ratio(2 * s.precision * s.recall, s.precision + s.recall);
    return s;
}

static void add_scores(scores *sum, scores s, double share)
{
    sum->precision += share * s.precision;
    sum->recall += share * s.recall;
    sum->f1 += share * s.f1;
}

static void print_scores(int width, const char *name, scores s, uint64_t support)
{
    printf("%*s  %9.4f %9.4f %9.4f %9llu\n", width, name, s.precision, s.recall, s.f1,
           (unsigned long long)support);
}

static void print_report(const evaluation *e, int width)
{
    scores macro = {0}, weighted = {0};
    printf("\n%*s  %9s %9s %9s %9s\n\n", width, "", "precision", "recall", "f1-score", "support");
    for (int k = 0; k < e->classes; k++) {
        uint64_t support;
        scores s = class_scores(e, k, &support);
        add_scores(&macro, s, 1.0 / e->classes);
        add_scores(&weighted, s, (double)support / (double)e->rows);
        print_scores(width, nn_dataset_class_name(e->data, k), s, support);
    }
    printf("\n%*s  %9s %9s %9.4f %9llu\n", width, "accuracy", "", "",
           (double)e->right / (double)e->rows, (unsigned long long)e->rows);
    print_scores(width, "macro avg", macro, e->rows);
    print_scores(width, "weighted avg", weighted, e->rows);
}

/* ---- Picture -------------------------------------------------------------------------------- */

/* In percent of the true class, so that classes of different sizes compare. */
static double share(const evaluation *e, int truth, int said)
{
    uint64_t support;
    class_scores(e, truth, &support);
    return 100 * ratio((double)counted(e, truth, said), (double)support);
}

/* One row per cell: column, row, share of the row in percent, count, colour of the number. */
static void plot_cells(FILE *gnuplot, const evaluation *e)
{
    fputs("$cells << END\n", gnuplot);
    for (int i = 0; i < e->classes; i++)
        for (int k = 0; k < e->classes; k++)
            fprintf(gnuplot, "%d %d %.6g %llu %s\n", k, i, share(e, i, k),
                    (unsigned long long)counted(e, i, k),
                    share(e, i, k) > 45 ? "0xffffff" : "0x333333");
    fputs("END\n", gnuplot);
}

static void plot_names(FILE *gnuplot, const evaluation *e, const char *axis)
{
    fprintf(gnuplot, "set %stics scale 0 textcolor rgb '#222222' (", axis);
    for (int k = 0; k < e->classes; k++) {
        gnuplot_quote(gnuplot, nn_dataset_class_name(e->data, k));
        fprintf(gnuplot, " %d%s", k, k + 1 < e->classes ? ", " : ") noenhanced\n");
    }
}

static void plot_matrix(FILE *gnuplot, const evaluation *e, const char *terminal, const char *path)
{
    fprintf(gnuplot, "set terminal %s\nset output ", terminal);
    gnuplot_quote(gnuplot, path);
    char *title = text_of("%s: %llu of %llu test pictures right, accuracy %.4f", e->name,
                          (unsigned long long)e->right, (unsigned long long)e->rows,
                          (double)e->right / (double)e->rows);
    fputs("\nset title ", gnuplot);
    gnuplot_quote(gnuplot, title);
    free(title);
    fputs(" noenhanced font ',16' offset 0,0.5\n"
          "plot $cells using 1:2:(0.5):(0.5):3 with boxxyerror fillcolor palette,"
          " '' using 1:2:4:5 with labels textcolor rgb variable\n"
          "unset output\n",
          gnuplot);
}

static void plot(const evaluation *e, const char *out)
{
    FILE *gnuplot = gnuplot_open("cifar10_evaluate");
    if (gnuplot == NULL)
        return;
    char *png = text_of("%s/confusion.png", out), *svg = text_of("%s/confusion.svg", out);
    plot_cells(gnuplot, e);
    fprintf(gnuplot,
            "set encoding utf8\nunset key\nset size ratio 1\nset border lc rgb '#888888'\n"
            "set style fill solid border rgb '#ffffff'\n"
            "set xrange [-0.5:%g]\nset yrange [%g:-0.5]\nset cbrange [0:100]\n"
            "set palette defined (0 '#ffffff', 20 '#c6dbef', 50 '#6baed6', 100 '#08306b')\n"
            "set cblabel 'percent of the true class'\nset xlabel 'answer'\nset ylabel 'truth'\n",
            e->classes - 0.5, e->classes - 0.5);
    plot_names(gnuplot, e, "x");
    plot_names(gnuplot, e, "y");
    plot_matrix(gnuplot, e, "pngcairo size 1200,1040 font 'Sans,12' background '#ffffff'", png);
    plot_matrix(gnuplot, e, "svg size 1200,1040 font 'Sans,14' background '#ffffff'", svg);
    if (gnuplot_close("cifar10_evaluate", gnuplot))
        printf("Wrote %s and confusion.svg\n", png);
    free(png);
    free(svg);
}

int main(int argc, char **argv)
{
    const char *data = NULL, *out = NULL;
    int threads = 0;
    evaluation e = {.file = NULL};
    const option options[] = {
        {"data", "DIR", OPTION_TEXT, &data, 0, 0, "CIFAR-10's binary files, as for the examples"},
        {"out", "DIR", OPTION_TEXT, &out, 0, 0,
         "folder for confusion.png and confusion.svg [that of MODEL]"},
        {"threads", "N", OPTION_INT, &threads, 1, 64, "[one per processor]"},
    };
    options_read("cifar10_evaluate",
                 "usage: cifar10_evaluate MODEL [OPTION]...\n"
                 "Evaluates a saved model on the test pictures, class by class.\n",
                 options, sizeof options / sizeof *options, &e.file, argc, argv);
    if (e.file == NULL)
        fail("cifar10_evaluate", "which model? cifar10_evaluate MODEL; --help says more");

    char *beside = folder_of(e.file);
    nn_model *model;
    if (nn_model_load(e.file, &model) != NN_OK)
        fail("cifar10_evaluate", "%s", nn_error_message());
    make_output_folder("cifar10_evaluate", "out", out != NULL ? out : beside);
    e.data = test_pictures("cifar10_evaluate", &cifar10_set, data);
    nn_model_set_threads(model, threads);
    evaluate(&e, model);

    printf("Test Loss: %.4f\nTest Accuracy: %.4f (%llu of %llu)\n", e.loss,
           (double)e.right / (double)e.rows, (unsigned long long)e.right,
           (unsigned long long)e.rows);
    print_matrix(&e, longest_name(&e));
    print_report(&e, longest_name(&e));
    plot(&e, out != NULL ? out : beside);
    free(beside);
    free(e.counts);
    nn_dataset_free(e.data);
    nn_model_free(model);
    return 0;
}
