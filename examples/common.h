/*
 * What the examples share and what is no part of a network: the command line, the choice of data,
 * Ctrl-C, the output folder, the plots. Reading a model does not need it.
 *
 * These are programs, not a library: the functions here end the process with one line on stderr
 * and status 1 where something is wrong.
 */
#ifndef EXAMPLES_COMMON_H
#define EXAMPLES_COMMON_H

#include <nn.h>
#include <stdio.h>

/* A published set of pictures: where it is looked for, how it is read, what stands in for it. */
typedef struct data_set {
    const char *name;      /* "CIFAR-10"                                      */
    const char *files;     /* what the folder holds, for --help               */
    const char *variable;  /* names the folder: "$CIFAR10_DIR"                */
    const char *usual;     /* the folder otherwise                            */
    const char *generated; /* the stand-in, in words                          */
    nn_dataset *(*read)(const char *folder, int part, size_t limit); /* one-hot; NULL: failed   */
    nn_dataset *(*generate)(int part, size_t rows);                  /* 0 rows: as many as usual */
} data_set;
extern const data_set cifar10_set;

/* One run of an example. The program sets name, about, set, out; optimizer and epochs (or sets them
 * after example_begin where they were not given); where it has them, learning_rate, models and
 * model. example_begin fills in the rest. Options change all but name, about, set and models. */
typedef struct example {
    const char *name;      /* of the program, in every message      */
    const char *about;     /* what it trains, for --help            */
    const data_set *set;   /* what it trains on                     */
    const char *models;    /* "conv2 or deep": the choices of --model; NULL: no such option */
    const char *model;     /* the one that is chosen                */
    const char *optimizer; /* "sgd", "adam" or "nadam"              */
    double learning_rate;  /* 0: the optimizer's own                */
    int epochs;            /* at most so many                       */
    int batch_size;        /* 32                                    */
    int threads;           /* 0: one per processor                  */
    int verbose;           /* an nn_verbose: NN_PROGRESS_BAR        */
    long long seed;        /* of weights, masks, shuffles and split */
    long long limit;       /* training pictures before the split; 0: all */
    double val_fraction;   /* of the training pictures: 0.2         */
    const char *data;      /* folder with the set; NULL: look for it */
    const char *out;       /* folder for what is written            */
    const char *save;      /* model file; NULL: in `out`            */
    const char *load;      /* model file to start from, or NULL     */
    char *csv;             /* path of history.csv                   */
    char *model_file;      /* path the model is saved to            */
    const char *data_name; /* the set's, or "the generated set"     */
    nn_dataset *pictures;  /* what train and validation are views of */
    nn_dataset *train, *validation, *test;
} example;

/* Reads the options, opens the data and splits it. Ends the program on --help and on mistakes. */
void example_begin(example *run, int argc, char **argv);

/* The optimizer that the options name. */
nn_optimizer *example_optimizer(const example *run);

/* For a compiled model: prints its summary, reads --load, makes the output folder and sees that it
 * can be written, lets Ctrl-C stop the fit. From here on files may be overwritten. */
void example_ready(example *run, nn_model *model);

/* After the fit: saves the model, plots the history, prints both accuracies, frees everything.
 * Returns the program's exit status. */
int example_finish(example *run, nn_model *model, nn_status fitted);

/* ---- The parts, for programs that need only some -------------------------------------------- */

typedef enum option_kind {
    OPTION_TEXT,
    OPTION_CHOICE,
    OPTION_INT,
    OPTION_WHOLE,
    OPTION_REAL
} option_kind;

typedef struct option {
    const char *name;     /* without the dashes             */
    const char *argument; /* for --help: "N", "DIR"         */
    option_kind kind;
    void *value;      /* const char *, int, long long or double, by kind */
    double low, high; /* range of a number; of OPTION_REAL low is outside it */
    const char *help; /* of OPTION_CHOICE the choices: "sgd, adam or nadam"  */
} option;

/* Reads `--name value` and `--name=value`. *operand (may be NULL: none allowed) takes the one
 * argument that is no option. usage is the first part of --help. */
void options_read(const char *program, const char *usage, const option *options, size_t count,
                  const char **operand, int argc, char **argv);

/* The test pictures of a set, from the folder that was asked for, that its variable names, or its
 * usual one, else generated; says in one line which. The caller frees them. */
nn_dataset *test_pictures(const char *program, const data_set *set, const char *asked);

/* Makes a folder and those above it, and sees that files can be written there. */
void make_output_folder(const char *program, const char *what, const char *folder);

/* The folder of a file of this path, "." where it names none; the caller frees it. */
char *folder_of(const char *path);

/* Ends the program where no file of this path can be written; what is the option's name. */
void check_output(const char *program, const char *what, const char *path);

/* Starts gnuplot, which reads its script from the result. NULL, with one line on stdout, where it
 * is not installed. gnuplot_close tells whether it drew (and prints one line where not). */
FILE *gnuplot_open(const char *program);
int gnuplot_close(const char *program, FILE *gnuplot);
/* Writes text as a gnuplot string in single quotes. */
void gnuplot_quote(FILE *gnuplot, const char *text);

/* The text that printf would print, of any length; the caller frees it. */
char *text_of(const char *format, ...) NN_PRINTF(1, 2);

/* One line on stderr, `program: text`, and the end with status 1. */
_Noreturn void fail(const char *program, const char *format, ...) NN_PRINTF(2, 3);

#endif
