/*
 * A number from a table: trains a dense network on a CSV file to tell the column TARGET from all
 * others. These are numbers, except the column CATEGORY, whose texts are classes: they are a second
 * input of the network. Without a file the program makes up a table of rents.
 *
 *   cc -std=c11 regression.c -o regression $(pkg-config --cflags --libs nn)
 *   ./regression [FILE TARGET [CATEGORY]]
 */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include <nn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The made-up table. */

/* A number 0..1 by chance; every run of the program gets the same ones. */
static double uniform(void)
{
    static uint64_t state = 2024;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) / 9007199254740992.0; /* 2^53 */
}

/*
 * Flats with their monthly rent in euros: so much for a square metre in each town, less far from the
 * centre, more in old and in new houses and in upper storeys. The rent is then made 5 % larger or
 * smaller, in the quadratic mean, by chance: twelve numbers from 0 to 1, less 6, are nearly normal
 * with deviation 1. True: *text, the caller's to free.
 */
static int make_up_rents(int rows, char **text, size_t *size)
{
    static const char *const towns[] = {"Ahlen", "Brede", "Corvey", "Dorum"};
    static const double rates[] = {8, 11, 9.5, 14};
    FILE *file = open_memstream(text, size);
    if (file == NULL)
        return 0;
    fprintf(file, "area,rooms,storey,year,distance,town,rent\n");
    for (int i = 0; i < rows; i++) {
        const int town = (int)(4 * uniform()), year = 1900 + (int)(125 * uniform());
        const int storey = (int)(6 * uniform()), rooms = 1 + (int)(5 * uniform());
        const double area = 12 + rooms * (14 + 12 * uniform()), distance = 12 * uniform();
        double rent = area * rates[town] * (1 - 0.03 * distance), chance = -6;
        rent *= year < 1930 ? 1.05 : year < 1990 ? 0.9 : 1.15;
        rent *= storey == 0 ? 0.93 : 1 + 0.01 * storey;
        for (int k = 0; k < 12; k++)
            chance += uniform();
        rent *= 1 + 0.05 * chance;
        fprintf(file, "%.0f,%d,%d,%d,%.1f,%s,%.0f\n", area, rooms, storey, year, distance,
                towns[town], rent);
    }
    return fclose(file) == 0;
}

/* ---- The program. */

typedef struct table {
    nn_dataset *numbers; /* x: the columns of numbers, y: the target                   */
    nn_dataset *target;  /* x: the target, y: the texts as classes, where there are any */
    nn_dataset *texts;   /* x: a number for each text, 1 at the row's own; NULL: none   */
    nn_dataset *rows;    /* x: numbers, and texts as a second input; y: the target      */
} table;

static nn_status one_hot(void *classes, size_t row, const nn_real *x, nn_real *mapped)
{
    int label = 0;
    nn_status status = nn_dataset_row(classes, row, NULL, &label);
    (void)x;
    for (int k = 0; k < nn_dataset_classes(classes); k++)
        mapped[k] = k == label;
    return status;
}

/* Reads the file of that path or, where text is not NULL, that. False: nn_error_message says why. */
static int read_table(table *t, const char *path, const char *text, size_t size, const char *target,
                      const char *category)
{
    const nn_name_list texts = {&category, category != NULL}; /* one column or none */
    t->numbers = nn_csv(path, .y = nn_names(target), .drop = texts, .data = text, .size = size);
    if (t->numbers == NULL)
        return 0;
    t->target = nn_csv(path, .x = nn_names(target), .y = texts, .data = text, .size = size,
                       .targets = category != NULL ? NN_CSV_LABELS : NN_CSV_VALUES);
    if (t->target == NULL)
        return 0;
    if (category != NULL) {
        const nn_shape shape = {1, {nn_dataset_classes(t->target)}};
        t->texts = nn_dataset_map(t->target, &shape, one_hot, t->target);
        if (t->texts == NULL)
            return 0;
    }
    const nn_dataset *inputs[] = {t->numbers, t->texts};
    t->rows =
        nn_zip(.inputs = {inputs, t->texts != NULL ? 2 : 1}, .targets = nn_datasets(t->numbers));
    return t->rows != NULL;
}

/* The columns of numbers are brought to mean 0 and variance 1, and the network's output from there to
 * the target's mean and variance: so loss and error have the target's unit. */
static nn_status train(nn_model *model, const table *t, const nn_dataset *data,
                       const nn_dataset *validation)
{
    nn_node x = nn_model_input(model, nn_dataset_shape(t->numbers)->dims[0]);
    x = nn_apply(nn_normalization(.name = "columns"), x);
    if (t->texts != NULL)
        x = nn_merge(nn_concatenate(), x,
                     nn_model_input(model, nn_dataset_shape(t->texts)->dims[0]));
    x = nn_apply(nn_dense(32, .activation = NN_RELU), x);
    x = nn_apply(nn_dense(32, .activation = NN_RELU), x);
    x = nn_apply(nn_dense(1), x);
    nn_model_output(model, nn_apply(nn_normalization(.name = "unit", .invert = 1), x));
    nn_compile(model, .optimizer = nn_adam(3e-3), .loss = nn_mean_squared_error(),
               .metrics = nn_metrics(nn_mean_absolute_error_metric(.name = "mae")));
    nn_status status = nn_normalization_adapt(model, "columns", t->numbers);
    if (status == NN_OK)
        status = nn_normalization_adapt(model, "unit", t->target);
    if (status == NN_OK)
        status = nn_fit(
            model, data, .epochs = 100, .verbose = NN_ONE_LINE, .validation_data = validation,
            .callbacks = nn_callbacks(
                nn_early_stopping(.monitor = "val_mae", .patience = 5, .restore_best_weights = 1)));
    return status;
}

/* A few rows that the network has not seen, and how far it is off on all of them. */
static nn_status report(nn_model *model, const nn_dataset *test, const char *target)
{
    const nn_logs *result;
    nn_tensor *predictions = NULL;
    nn_status status = nn_evaluate(model, test, .result = &result);
    if (status == NN_OK)
        status = nn_predict(model, test, .result = &predictions);
    if (status == NN_OK)
        printf("\n%14s %14s %14s\n", target, "predicted", "off by");
    for (size_t i = 0; i < 8 && i < nn_dataset_rows(test) && status == NN_OK; i++) {
        const double p = (double)((const nn_real *)nn_tensor_read(predictions))[i];
        nn_real y = 0;
        status = nn_dataset_row_target(test, i, &y);
        printf("%14.6g %14.6g %+14.3g\n", (double)y, p, p - (double)y);
    }
    if (status == NN_OK)
        printf("Mean absolute error on %zu test rows, in the unit of %s: %.4g\n",
               nn_dataset_rows(test), target, nn_logs_value(result, "mae"));
    nn_tensor_free(predictions);
    return status;
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "the made-up table";
    const char *target = argc > 2 ? argv[2] : "rent";
    const char *category = argc > 3 ? argv[3] : argc == 1 ? "town" : NULL;
    char *text = NULL;
    size_t size = 0;
    if (argc == 2 || argc > 4) {
        const int help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs("usage: regression [FILE TARGET [CATEGORY]]\n", help ? stdout : stderr);
        return !help;
    }
    if (argc == 1 && !make_up_rents(3000, &text, &size)) {
        perror("regression");
        return 1;
    }
    const char *shown = text; /* the first lines of the made-up table */
    for (int line = 0; line < 4 && text != NULL; line++)
        shown = strchr(shown, '\n') + 1;
    if (text != NULL)
        printf("A made-up table, which begins with\n%.*s\n", (int)(shown - text), text);
    table t = {0};
    nn_dataset *rest = NULL, *test = NULL, *data = NULL, *validation = NULL;
    nn_model *model = nn_model_new();
    nn_status status = read_table(&t, path, text, size, target, category) ? NN_OK : NN_EINVAL;
    if (status == NN_OK)
        status = nn_dataset_split(t.rows, 0.2, 1, &rest, &test);
    if (status == NN_OK)
        status = nn_dataset_split(rest, 0.2, 1, &data, &validation);
    if (status == NN_OK)
        status = train(model, &t, data, validation);
    if (status == NN_OK)
        status = report(model, test, target);
    if (status != NN_OK)
        fprintf(stderr, "regression: %s\n", nn_error_message());

    nn_model_free(model);
    nn_dataset_free(data);
    nn_dataset_free(validation);
    nn_dataset_free(rest);
    nn_dataset_free(test);
    nn_dataset_free(t.rows);
    nn_dataset_free(t.texts);
    nn_dataset_free(t.target);
    nn_dataset_free(t.numbers);
    free(text);
    return status == NN_OK ? 0 : 1;
}
