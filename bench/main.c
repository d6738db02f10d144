#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/files.h"
#include "child.h"
#include "report.h"

/* ---- Options ---- */

static const struct part {
    const char *name;
    void (*run)(struct bench *bench);
    const char *help;
} parts[] = {
    {"peak", bench_peak, "vector multiply-adds, sgemm's share of them, and STREAM's triad"},
    {"gemm", bench_gemm, "products of matrices at the shapes of the three networks, one thread"},
    {"conv", bench_conv, "3x3 convolutions: forward, dW, dX, against bare products"},
    {"winograd", bench_winograd, "what Winograd's way is made of: its transforms and products"},
    {"dx", bench_dx, "the gradient of a convolution's input, gathered against scattered"},
    {"choice", bench_choice, "every way of 42 convolutions; two minutes, and not part of all"},
    {"rounding", bench_rounding,
     "errors of every way of ten convolutions, against double; no times"},
    {"layers", bench_layers, "every layer of conv2 and deep inside a training step"},
    {"train", bench_train, "training of conv1, conv2 and deep, start of a process, peak memory"},
    {"fusion", bench_fusion, "conv2 and deep with fusions against one step per layer"},
    {"scaling", bench_scaling, "training steps on up to 64 threads, predicted from their tasks"},
    {"profile", bench_profile, "where a step of training conv2 and deep goes, by layer and work"},
    {"infer", bench_infer, "inference of conv2 and deep"},
    {"drawings", bench_drawings, "accuracy on the generated set; minutes, and not part of all"},
};

struct options {
    const char *part; /* NULL: all */
    const char *json;
    const char *child;
    int threads;
    double seconds;
};

static void help(void)
{
    printf(
        "nn_bench [PART|all] [options]\n"
        "Medians over %d rounds, the least and the most in brackets; \"of sgemm\" is the part of\n"
        "this machine's own rate: the best round of sgemm 1024x1024x1024 on one thread, times\n"
        "the threads.\n",
        (int)ROUNDS);
    for (size_t i = 0; i < NN__COUNT(parts); i++)
        printf("  %-18s %s\n", parts[i].name, parts[i].help);
    printf("  %-18s the processors of this machine unless given, 1..%d\n", "--threads N",
           (int)NN__MAX_THREADS);
    printf("  %-18s also write the results there\n", "--json FILE");
    printf("  %-18s of measuring per result, up to 60 [0.2]; training takes four times that\n",
           "--seconds S");
    printf("  %-18s this text\n", "--help");
}

static double option_number(const char *name, const char *text, double low, double high)
{
    char *end;
    double value = strtod(text, &end);
    if (strspn(text, "0123456789.") != strlen(text) || *end != '\0' || value < low || value > high)
        bench_fail("%s '%s': must be a number from %g to %g", name, text, low, high);
    return value;
}

static void option_set(struct options *o, const char *name, const char *text)
{
    if (text[0] == '\0')
        bench_fail("%s '': must not be empty", name);
    if (strcmp(name, "--json") == 0) {
        o->json = text;
    } else if (strcmp(name, "--child") == 0) {
        o->child = text;
    } else if (strcmp(name, "--seconds") == 0) {
        o->seconds = option_number(name, text, 1e-3, 60);
    } else {
        double threads = option_number(name, text, 1, NN__MAX_THREADS);
        if (floor(threads) < threads)
            bench_fail("%s '%s': must be a whole number", name, text);
        o->threads = (int)threads;
    }
}

/* The name of an option that takes a value and that text is, or begins with before a "="; NULL. */
static const char *option_name(const char *text)
{
    static const char *const names[] = {"--threads", "--json", "--seconds", "--child"};
    const size_t length = strcspn(text, "=");
    for (size_t i = 0; i < NN__COUNT(names); i++)
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0)
            return names[i];
    return NULL;
}

static int part_is_asked_for(const struct part *part, const char *name)
{
    if (name == NULL || strcmp(name, "all") == 0)
        return part->run != bench_drawings && part->run != bench_choice;
    return strcmp(name, part->name) == 0;
}

static int is_part(const char *text)
{
    for (size_t i = 0; i < NN__COUNT(parts); i++)
        if (strcmp(text, parts[i].name) == 0)
            return 1;
    return strcmp(text, "all") == 0;
}

static struct options read_options(int argc, char **argv)
{
    struct options o = {.threads = nn_default_threads(), .seconds = 0.2};
    for (int i = 1; i < argc; i++) {
        const char *name = option_name(argv[i]), *value = strchr(argv[i], '=');
        if (strcmp(argv[i], "--help") == 0) {
            help();
            exit(0);
        }
        if (name != NULL) {
            if (value == NULL && i + 1 == argc)
                bench_fail("%s: needs a value", name);
            option_set(&o, name, value != NULL ? value + 1 : argv[++i]);
        } else if (is_part(argv[i]) && o.part == NULL) {
            o.part = argv[i];
        } else {
            bench_fail("'%s': not an option%s; --help lists them", argv[i],
                       is_part(argv[i]) ? " here, one part is enough" : "");
        }
    }
    return o;
}

/* Fails now rather than after all was measured where the file cannot be written. */
static void check_writable(const char *path)
{
    nn__writer *writer;
    bench_check(nn__writer_begin(path, 0, &writer));
    nn__writer_abandon(writer);
}

int main(int argc, char **argv)
{
    struct options o = read_options(argc, argv);
    if (o.child != NULL)
        child_main(&(struct bench){.threads = o.threads, .seconds = o.seconds}, o.child);
    if (o.json != NULL)
        check_writable(o.json);
    struct bench bench = {
        .threads = o.threads, .seconds = o.seconds, .rate = bench_rate(o.seconds)};
    report_begin(&bench);
    for (size_t i = 0; i < NN__COUNT(parts); i++)
        if (part_is_asked_for(&parts[i], o.part))
            parts[i].run(&bench);
    report_end(&bench, o.json);
    return 0;
}
