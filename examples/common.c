#include "common.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fail(const char *program, const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "%s: ", program);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

char *text_of(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (text == NULL)
        fail("libnn's examples", "no memory for a text of %d bytes", length);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

/* ---- Options -------------------------------------------------------------------------------- */

static void options_help(const char *usage, const option *options, size_t count)
{
    printf("%s\n", usage);
    for (size_t i = 0; i < count; i++)
        printf("  --%s %-*s  %s\n", options[i].name, (int)(18 - strlen(options[i].name)),
               options[i].argument, options[i].help);
    printf("  --%-20s this text\n", "help");
}

/* Is text one of the words of "sgd, adam or nadam"? */
static int choice_offered(const char *choices, const char *text)
{
    for (size_t length; *choices != '\0'; choices += length) {
        choices += strspn(choices, ", ");
        length = strcspn(choices, ", ");
        if (length == strlen(text) && strncmp(choices, text, length) == 0)
            return strcmp(text, "or") != 0;
    }
    return 0;
}

/* A number written in digits, whole or with point and exponent, and nothing else. */
static int parse_number(const char *text, int whole, double *real, long long *number)
{
    char *end;
    if (text[0] == '\0' || strspn(text, whole ? "-0123456789" : "-+.eE0123456789") != strlen(text))
        return 0;
    errno = 0;
    if (whole)
        *real = (double)(*number = strtoll(text, &end, 10));
    else
        *real = strtod(text, &end);
    return *end == '\0' && end != text && (whole ? errno == 0 : isfinite(*real));
}

static void option_set(const char *program, const option *o, const char *text)
{
    double real = 0;
    long long number = 0;
    switch (o->kind) {
    case OPTION_TEXT:
        if (text[0] == '\0')
            fail(program, "--%s '': must not be empty", o->name);
        *(const char **)o->value = text;
        return;
    case OPTION_CHOICE:
        if (text[0] == '\0' || !choice_offered(o->help, text))
            fail(program, "--%s '%s': must be %s", o->name, text, o->help);
        *(const char **)o->value = text;
        return;
    case OPTION_REAL:
        if (!parse_number(text, 0, &real, &number) || real <= o->low || real >= o->high)
            fail(program, "--%s '%s': must be a number above %g and below %g", o->name, text,
                 o->low, o->high);
        *(double *)o->value = real;
        return;
    case OPTION_INT:
    case OPTION_WHOLE:
        if (!parse_number(text, 1, &real, &number) || real < o->low || real > o->high)
            fail(program, "--%s '%s': must be a whole number from %.0f to %.0f", o->name, text,
                 o->low, o->high);
        if (o->kind == OPTION_INT)
            *(int *)o->value = (int)number;
        else
            *(long long *)o->value = number;
        return;
    }
}

void options_read(const char *program, const char *usage, const option *options, size_t count,
                  const char **operand, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i] + 2, *text = strchr(argv[i], '=');
        if (strncmp(argv[i], "--", 2) != 0) {
            if (operand == NULL || *operand != NULL || argv[i][0] == '-')
                fail(program, "'%s': not an option; --help lists them", argv[i]);
            *operand = argv[i];
            continue;
        }
        size_t length = text != NULL ? (size_t)(text - name) : strlen(name);
        const option *o = NULL;
        for (size_t k = 0; k < count; k++)
            if (strlen(options[k].name) == length && strncmp(options[k].name, name, length) == 0)
                o = &options[k];
        if (strcmp(name, "help") == 0) {
            options_help(usage, options, count);
            exit(0);
        }
        if (o == NULL)
            fail(program, "'%s': not an option; --help lists them", argv[i]);
        if (text == NULL && i + 1 == argc)
            fail(program, "--%s: needs a value (%s)", o->name, o->argument);
        option_set(program, o, text != NULL ? text + 1 : argv[++i]);
    }
}

static void example_options(example *run, int argc, char **argv)
{
    char *data = text_of("%s [%s, then\n%25s%s, else a generated set]", run->set->files,
                         run->set->variable, "", run->set->usual);
    char *own = run->models != NULL
                    ? text_of("--model %s", run->model)
                    : text_of("--optimizer %s --epochs %d", run->optimizer, run->epochs);
    const option options[] = {
        {"model", "NAME", OPTION_CHOICE, &run->model, 0, 0, run->models},
        {"data", "DIR", OPTION_TEXT, &run->data, 0, 0, data},
        {"epochs", "N", OPTION_INT, &run->epochs, 1, 100000, "train at most so long"},
        {"batch-size", "N", OPTION_INT, &run->batch_size, 1, 10000, "pictures per step"},
        {"optimizer", "NAME", OPTION_CHOICE, &run->optimizer, 0, 0, "sgd, adam or nadam"},
        {"learning-rate", "X", OPTION_REAL, &run->learning_rate, 0, 1000,
         "[0.001 for adam and nadam, 0.01 for sgd]"},
        {"seed", "N", OPTION_WHOLE, &run->seed, 0, 9e15,
         "of split, first weights, dropout masks and shuffles [0]"},
        {"threads", "N", OPTION_INT, &run->threads, 1, 64, "[one per processor]"},
        {"limit", "N", OPTION_WHOLE, &run->limit, 1, 1e9, "only the first N training pictures"},
        {"val-fraction", "X", OPTION_REAL, &run->val_fraction, 0, 1,
         "share of the training pictures kept for validation [0.2]"},
        {"out", "DIR", OPTION_TEXT, &run->out, 0, 0,
         "folder for history.csv, history.png and history.svg"},
        {"save", "FILE", OPTION_TEXT, &run->save, 0, 0,
         "the trained model [model.safetensors in --out]"},
        {"load", "FILE", OPTION_TEXT, &run->load, 0, 0,
         "start from a model file of this architecture"},
        {"verbose", "0|1|2", OPTION_INT, &run->verbose, 0, 2,
         "0 silent, 1 progress bar, 2 a line per epoch [1]"},
    };
    char *usage =
        text_of("usage: %s [OPTION]...\n%s.\nUnless told otherwise: %s --batch-size %d --out %s\n",
                run->name, run->about, own, run->batch_size, run->out);
    size_t skipped = run->models == NULL;
    options_read(run->name, usage, options + skipped, sizeof options / sizeof *options - skipped,
                 NULL, argc, argv);
    free(usage);
    free(own);
    free(data);
}

/* ---- Data ----------------------------------------------------------------------------------- */

static nn_dataset *cifar10_read(const char *folder, int part, size_t limit)
{
    return nn_cifar10(.directory = folder, .part = part, .one_hot = 1, .limit = limit);
}

static nn_dataset *cifar10_generate(int part, size_t rows)
{
    return nn_drawings(.rows = rows, .part = part, .one_hot = 1);
}

const data_set cifar10_set = {.name = "CIFAR-10",
                              .files = "CIFAR-10's binary files",
                              .variable = "$CIFAR10_DIR",
                              .usual = "data/cifar-10-batches-bin",
                              .generated = "generated drawings",
                              .read = cifar10_read,
                              .generate = cifar10_generate};

typedef struct place {
    const char *folder; /* NULL: no such set is here                */
    const char *source; /* in words, where the folder is named      */
} place;

static place data_place(const data_set *set, const char *asked)
{
    const char *variable = getenv(set->variable + 1);
    if (asked != NULL)
        return (place){asked, "--data"};
    if (variable != NULL && variable[0] != '\0')
        return (place){variable, set->variable};
    return (place){access(set->usual, F_OK) == 0 ? set->usual : NULL, set->usual};
}

static nn_dataset *data_open(const char *program, const data_set *set, place from, int part,
                             size_t limit)
{
    enum { GENERATED = 10000 };
    nn_dataset *data = from.folder != NULL ? set->read(from.folder, part, limit)
                                           : set->generate(part, limit < GENERATED ? limit : 0);
    if (data == NULL)
        fail(program, "%s: %s", from.folder != NULL ? from.source : "data", nn_error_message());
    return data;
}

nn_dataset *test_pictures(const char *program, const data_set *set, const char *asked)
{
    place from = data_place(set, asked);
    nn_dataset *data = data_open(program, set, from, NN_TEST, 0);
    if (from.folder != NULL)
        printf("Data: the test pictures of %s from %s\n", set->name, from.folder);
    else
        printf("Data: the test pictures of the generated set\n");
    return data;
}

static void example_data(example *run)
{
    place from = data_place(run->set, run->data);
    run->data_name = from.folder != NULL ? run->set->name : "the generated set";
    run->pictures = data_open(run->name, run->set, from, NN_TRAIN, (size_t)run->limit);
    run->test = data_open(run->name, run->set, from, NN_TEST, 0);
    if (nn_dataset_split(run->pictures, run->val_fraction, (uint64_t)run->seed, &run->train,
                         &run->validation) != NN_OK)
        fail(run->name, "--limit %zu, --val-fraction %g: %s", nn_dataset_rows(run->pictures),
             run->val_fraction, nn_error_message());
    if (from.folder != NULL)
        printf("Data: %s from %s (%s)", run->set->name, from.folder, from.source);
    else
        printf("Data: %s; no %s in --data, %s or data/", run->set->generated, run->set->name,
               run->set->variable);
    printf(": %zu pictures to train, %zu to validate, %zu to test\n", nn_dataset_rows(run->train),
           nn_dataset_rows(run->validation), nn_dataset_rows(run->test));
}

/* ---- Files ---------------------------------------------------------------------------------- */

static void check_readable(const char *program, const char *what, const char *path)
{
    struct stat about;
    FILE *file = stat(path, &about) == 0 && S_ISDIR(about.st_mode) ? NULL : fopen(path, "rb");
    if (file == NULL)
        fail(program, "--%s %s: cannot be read: %s", what, path, strerror(errno ? errno : EISDIR));
    fclose(file);
}

/* Can a file be made in this folder? Tries it. */
static void check_writable(const char *program, const char *what, const char *folder)
{
    char *path = text_of("%s/.writable-XXXXXX", folder);
    int file = mkstemp(path);
    if (file < 0)
        fail(program, "--%s %s: no file can be written there: %s", what, folder, strerror(errno));
    close(file);
    unlink(path);
    free(path);
}

char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return text_of(".");
    return text_of("%.*s", (int)(slash - path) + (slash == path), path);
}

void check_output(const char *program, const char *what, const char *path)
{
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        fail(program, "--%s %s: is a folder", what, path);
    char *folder = folder_of(path);
    check_writable(program, what, folder);
    free(folder);
}

void make_output_folder(const char *program, const char *what, const char *folder)
{
    for (size_t i = 1, length = strlen(folder); i <= length; i++) {
        if (folder[i] != '/' && folder[i] != '\0')
            continue;
        char *path = text_of("%.*s", (int)i, folder);
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            fail(program, "--%s %s: the folder cannot be made: %s", what, folder, strerror(errno));
        free(path);
    }
    check_writable(program, what, folder);
}

static void example_folders(example *run)
{
    make_output_folder(run->name, "out", run->out);
    check_output(run->name, "out", run->csv);
    check_output(run->name, "save", run->model_file);
}

/* ---- gnuplot -------------------------------------------------------------------------------- */

FILE *gnuplot_open(const char *program)
{
    fflush(stdout);
    if (system("command -v gnuplot >/dev/null 2>&1") != 0) {
        printf("%s: gnuplot is not installed, so there is no picture\n", program);
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN);
    return popen("gnuplot 2>/dev/null", "w");
}

int gnuplot_close(const char *program, FILE *gnuplot)
{
    int drawn = pclose(gnuplot) == 0;
    if (!drawn)
        printf("%s: gnuplot could not draw the picture\n", program);
    return drawn;
}

void gnuplot_quote(FILE *gnuplot, const char *text)
{
    fputc('\'', gnuplot);
    for (; *text != '\0'; text++)
        fprintf(gnuplot, *text == '\'' ? "''" : "%c", *text);
    fputc('\'', gnuplot);
}

/* The history as a table: epoch (from 1), loss, val_loss, accuracy, val_accuracy. */
static void plot_table(FILE *gnuplot, const nn_history *history)
{
    int numbers = 0;
    static const char *const names[] = {"loss", "val_loss", "accuracy", "val_accuracy"};
    fputs("$history << END\n", gnuplot);
    for (int i = 0; i < nn_history_epochs(history); i++) {
        fprintf(gnuplot, "%d", i + 1);
        for (int k = 0; k < 4; k++) {
            double value = nn_history_value(history, i, names[k]);
            fprintf(gnuplot, isfinite(value) ? " %.9g" : " ?", value);
            numbers += k < 2 && isfinite(value);
        }
        fputc('\n', gnuplot);
    }
    fputs("END\n", gnuplot);
    if (numbers == 0) /* a training that diverged: gnuplot finds no range */
        fputs("set yrange [0:1]\n", gnuplot);
}

static void plot_panels(FILE *gnuplot, const example *run, const char *terminal, const char *path)
{
    fprintf(gnuplot, "set terminal %s\nset output ", terminal);
    gnuplot_quote(gnuplot, path);
    fputs("\nset multiplot layout 1,2 margins 0.06,0.985,0.125,0.83 spacing 0.085,0 title ",
          gnuplot);
    char *title = text_of("%s%s%s on %s: %zu training pictures, %s, batch %d, seed %lld", run->name,
                          run->model ? " " : "", run->model ? run->model : "", run->data_name,
                          nn_dataset_rows(run->train), run->optimizer, run->batch_size, run->seed);
    gnuplot_quote(gnuplot, title);
    free(title);
    fputs(" noenhanced font ',15'\n"
          "set title 'Loss' font ',13'\nset ylabel 'cross-entropy'\nset key top right\n"
          "plot $history using 1:2 title 'training' ls 1, '' using 1:3 title 'validation' ls 2\n"
          "set title 'Accuracy'\nset ylabel 'share classified right'\nset key bottom right\n"
          "plot $history using 1:4 title 'training' ls 1, '' using 1:5 title 'validation' ls 2\n"
          "unset multiplot\nunset output\n",
          gnuplot);
}

/* Loss and accuracy side by side, training against validation, as history.png and history.svg. */
static void example_plot(const example *run, const nn_history *history)
{
    int epochs = nn_history_epochs(history), step = epochs <= 12 ? 1 : 2;
    FILE *gnuplot = gnuplot_open(run->name);
    if (gnuplot == NULL)
        return;
    while (epochs / step > 12)
        step = step == 2 ? 5 : 2 * step;
    char *png = text_of("%s/history.png", run->out), *svg = text_of("%s/history.svg", run->out);
    plot_table(gnuplot, history);
    fprintf(gnuplot,
            "set encoding utf8\nset datafile missing '?'\nset xlabel 'epoch'\n"
            "set xrange [%g:%g]\nset xtics %d,%d nomirror\nset ytics nomirror\nset border 3\n"
            "set grid lc rgb '#dddddd' lw 1 lt 1\nset offsets 0,0,graph 0.03,graph 0.03\n"
            "set style data linespoints\n"
            "set style line 1 lc rgb '#1f77b4' lw 2 pt 7 ps %g\n"
            "set style line 2 lc rgb '#d95f02' lw 2 pt 7 ps %g\n",
            epochs > 1 ? 1 - 0.02 * epochs : 0.5, epochs > 1 ? epochs * 1.02 : 1.5, step, step,
            epochs > 24 ? 0.4 : 0.7, epochs > 24 ? 0.4 : 0.7);
    plot_panels(gnuplot, run, "pngcairo size 1400,520 font 'Sans,11' background '#ffffff'", png);
    plot_panels(gnuplot, run, "svg size 1400,520 font 'Sans,13' background '#ffffff'", svg);
    if (gnuplot_close(run->name, gnuplot))
        printf("Wrote %s and history.svg\n", png);
    free(png);
    free(svg);
}

/* ---- A run ---------------------------------------------------------------------------------- */

/* The first Ctrl-C ends the fit after the batch, the second one the program. */
static nn_model *volatile running;

static void example_interrupted(int number)
{
    (void)number;
    nn_model_stop(running);
}

void example_begin(example *run, int argc, char **argv)
{
    run->batch_size = 32;
    run->val_fraction = 0.2;
    run->verbose = NN_PROGRESS_BAR;
    example_options(run, argc, argv);
    if (run->load != NULL)
        check_readable(run->name, "load", run->load);
    example_data(run);
    run->csv = text_of("%s/history.csv", run->out);
    run->model_file =
        run->save != NULL ? text_of("%s", run->save) : text_of("%s/model.safetensors", run->out);
}

nn_optimizer *example_optimizer(const example *run)
{
    if (strcmp(run->optimizer, "sgd") == 0)
        return nn_sgd(run->learning_rate);
    if (strcmp(run->optimizer, "adam") == 0)
        return nn_adam(run->learning_rate);
    return nn_nadam(run->learning_rate);
}

void example_ready(example *run, nn_model *model)
{
    if (nn_model_build(model) != NN_OK)
        fail(run->name, "%s", nn_error_message());
    if (run->load != NULL && nn_model_load_weights(model, run->load) != NN_OK)
        fail(run->name, "--load: %s", nn_error_message());
    if (run->load != NULL && run->learning_rate > 0 &&
        nn_model_set_learning_rate(model, run->learning_rate) != NN_OK)
        fail(run->name, "%s", nn_error_message());
    example_folders(run);
    if (nn_model_summary(model, stdout) != NN_OK)
        fail(run->name, "%s", nn_error_message());
    running = model;
    struct sigaction action = {.sa_handler = example_interrupted};
    action.sa_flags = (int)SA_RESETHAND | SA_RESTART;
    sigaction(SIGINT, &action, NULL);
}

static double example_accuracy(const example *run, nn_model *model, const nn_dataset *data)
{
    const nn_logs *result;
    if (nn_evaluate(model, data, .batch_size = 100, .result = &result) != NN_OK)
        fail(run->name, "%s", nn_error_message());
    return nn_logs_value(result, "accuracy");
}

int example_finish(example *run, nn_model *model, nn_status fitted)
{
    if (fitted != NN_OK)
        fail(run->name, "%s", nn_error_message());
    running = NULL;
    signal(SIGINT, SIG_DFL);
    if (nn_model_save(model, run->model_file) != NN_OK)
        fail(run->name, "--save: %s", nn_error_message());
    printf("Wrote %s and %s\n", run->model_file, run->csv);
    example_plot(run, nn_model_history(model));
    printf("Validation Accuracy: %.4f\n", example_accuracy(run, model, run->validation));
    printf("Test Accuracy: %.4f\n", example_accuracy(run, model, run->test));
    nn_model_free(model);
    nn_dataset_free(run->train);
    nn_dataset_free(run->validation);
    nn_dataset_free(run->pictures);
    nn_dataset_free(run->test);
    free(run->csv);
    free(run->model_file);
    return 0;
}
