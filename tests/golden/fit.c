/*
 * Subject "fit": what callbacks see, the history, the text, the weights. Rows are not shuffled.
 *
 *   "model", "optimizer", "loss", "metrics", "weighted_metrics", "class_weight"
 *   "batch_size", "epochs", "initial_epoch", "validation_freq", "validation_batch_size", "verbose"
 *   "fits"        how often it is called, with new callbacks each time
 *   "callbacks"   {"kind","options"}; a "recorder" notes every hook; its options are its number
 *   "actions"     what recorders do besides: {"recorder","hook","epoch","batch", and "stop":true or
 *                 "log":[name, value]}; epoch and batch are null for every one
 *   "trace"       a note for each call of a recorder: "NUMBER HOOK INDEX NAMES OF LOGS; "; the
 *                 values of all notes, one after the other, are the tensor "trace"
 *   "history"     [[name, [values]], ...] of the last fit, and "epoch", its epochs
 *   "tick"        seconds of the fake clock for each note
 *   "text"        what was printed on a terminal; "csv": what the CSVLogger wrote
 *   "float_only"  true: not for the double build
 *
 * Given are x, y, sample_weight, the same behind validation/, and "before": the weights that "weights"
 * names, one after the other. Wanted are "trace" and "after". Numbers of both sides may differ as float32 sums do.
 */
#define _XOPEN_SOURCE 700 /* pseudo terminals */

#include "text.h"

#include <ctype.h>
#include <fcntl.h>
#include <pthread.h>
#include <termios.h>
#include <unistd.h>

#include "base/base.h"
#include "callbacks/callback.h"
#include "losses/loss.h"
#include "metrics/metric.h"
#include "optimizers/optimizer.h"

/* How far numbers may be apart, absolutely and relatively; and numbers of four digits in texts. */
static const double tolerance = 2e-5, text_tolerance = 1.5e-4;

static int is_near(double have, double want, double allowed)
{
    return have == want || (isnan(have) && isnan(want)) ||
           fabs(have - want) <= allowed * fmax(1, fabs(want));
}

/* ---- Recorders ---- */

/* Where the trace is. The case that runs is the only one of its process. */
static struct trace {
    golden_case *c;
    uint32_t actions;
    const char *left; /* of the notes                 */
    size_t entry, value, value_count;
    const double *values;
    double now, tick;
} trace;

static double fake_clock(void)
{
    return trace.now;
}

typedef struct recorder_options {
    size_t struct_size;
    int number, reserved;
} recorder_options;

/* Does the action's epoch or batch say this one, or null? */
static int action_is_at(uint32_t action, const char *name, int number)
{
    int64_t wanted = number;
    nn__json_integer(trace.c->json, nn__json_member(trace.c->json, action, name), &wanted);
    return wanted == number;
}

static void recorder_act(int number, const char *hook, int epoch, int index, nn_event *event)
{
    const nn__json *json = trace.c->json;
    for (size_t i = 0; i < nn__json_count(json, trace.actions); i++) {
        uint32_t action = nn__json_item(json, trace.actions, i);
        uint32_t log = nn__json_member(json, action, "log");
        if (strcmp(nn__json_string(json, nn__json_member(json, action, "hook")), hook) != 0 ||
            !action_is_at(action, "recorder", number) || !action_is_at(action, "epoch", epoch) ||
            !action_is_at(action, "batch", index))
            continue;
        if (nn__json_member(json, action, "stop") != NN__JSON_NONE)
            event->stop = 1;
        if (log != NN__JSON_NONE)
            golden_check(trace.c, nn_logs_set(event->logs, golden_item_text(trace.c, log, 0),
                                              golden_item_number(trace.c, log, 1)));
    }
}

/* The note's text is that of the trace, and its values are near. */
static void recorder_compare(const char *note, const nn_logs *logs)
{
    const golden_case *c = trace.c;
    const size_t length = strlen(note), wanted = strcspn(trace.left, ";");
    if (length != wanted || strncmp(note, trace.left, wanted) != 0)
        ck_abort_msg("%s: %s: call %zu is '%s', in Keras '%.*s'", c->path, c->name, trace.entry,
                     note, (int)wanted, trace.left);
    trace.left += wanted + strlen("; ");
    for (size_t i = 0; i < nn_logs_count(logs); i++, trace.value++) {
        ck_assert_uint_lt(trace.value, trace.value_count);
        if (!is_near(nn_logs_at(logs, i), trace.values[trace.value], tolerance))
            ck_abort_msg("%s: %s: call %zu, '%s': %s is %.9g, in Keras %.9g", c->path, c->name,
                         trace.entry, note, nn_logs_name(logs, i), nn_logs_at(logs, i),
                         trace.values[trace.value]);
    }
    trace.entry++;
}

static nn_status recorder_note(nn_callback *callback, nn_event *event, const char *hook, int index)
{
    const recorder_options *options = nn_callback_options(callback);
    int *epoch = nn_callback_state(callback);
    golden_text note;
    golden_text_open(&note);
    fprintf(note.stream, "%d %s %d", options->number, hook, index);
    for (size_t i = 0; i < nn_logs_count(event->logs); i++)
        fprintf(note.stream, " %s", nn_logs_name(event->logs, i));
    fflush(note.stream);
    recorder_compare(note.text, event->logs);
    golden_text_close(&note);
    if (strcmp(hook, "epoch_begin") == 0)
        *epoch = index;
    trace.now += trace.tick;
    recorder_act(options->number, hook, *epoch, index, event);
    return NN_OK;
}

#define HOOK(name, index)                                                                          \
    static nn_status recorder_##name(nn_callback *callback, nn_event *event)                       \
    {                                                                                              \
        return recorder_note(callback, event, #name, index);                                       \
    }
HOOK(train_begin, -1)
HOOK(train_end, -1)
HOOK(epoch_begin, event->epoch)
HOOK(epoch_end, event->epoch)
HOOK(train_batch_begin, event->step)
HOOK(train_batch_end, event->step)
HOOK(test_begin, -1)
HOOK(test_end, -1)
HOOK(test_batch_begin, event->step)
HOOK(test_batch_end, event->step)
#undef HOOK

static nn_callback *recorder(int number)
{
    static const nn_callback_kind kind = {
        .kind = {sizeof(nn_callback_kind), "recorder", "Recorder", sizeof(recorder_options), NULL,
                 0},
        .state_size = sizeof(int),
        .train_begin = recorder_train_begin,
        .train_end = recorder_train_end,
        .epoch_begin = recorder_epoch_begin,
        .epoch_end = recorder_epoch_end,
        .train_batch_begin = recorder_train_batch_begin,
        .train_batch_end = recorder_train_batch_end,
        .test_begin = recorder_test_begin,
        .test_end = recorder_test_end,
        .test_batch_begin = recorder_test_batch_begin,
        .test_batch_end = recorder_test_batch_end,
    };
    recorder_options options = {.struct_size = sizeof options, .number = number};
    nn_callback *callback = nn_callback_new(&kind, &options);
    ck_assert_ptr_nonnull(callback);
    *(int *)nn_callback_state(callback) = -1;
    return callback;
}

/* ---- A terminal ---- */

/* A pseudo terminal whose text is collected by a thread. Where the system has none, as a bare chroot,
 * the text goes nowhere and is not compared. */
typedef struct terminal {
    int master; /* -1: there is no terminal */
    FILE *stream;
    golden_text seen;
    pthread_t reader;
} terminal;

static void *terminal_read(void *arg)
{
    terminal *t = arg;
    char bytes[4096];
    ssize_t count;
    while ((count = read(t->master, bytes, sizeof bytes)) > 0)
        fwrite(bytes, 1, (size_t)count, t->seen.stream);
    return NULL;
}

static void terminal_open(terminal *t)
{
    struct termios plain;
    golden_text_open(&t->seen);
    t->master = posix_openpt(O_RDWR | O_NOCTTY);
    int slave = t->master >= 0 && grantpt(t->master) == 0 && unlockpt(t->master) == 0
                    ? open(ptsname(t->master), O_RDWR | O_NOCTTY)
                    : -1;
    if (slave < 0) {
        if (t->master >= 0)
            close(t->master);
        t->master = -1;
        t->stream = fopen("/dev/null", "w");
        ck_assert_ptr_nonnull(t->stream);
        return;
    }
    ck_assert_int_eq(tcgetattr(slave, &plain), 0);
    plain.c_oflag &= ~(tcflag_t)OPOST; /* a line end stays one */
    ck_assert_int_eq(tcsetattr(slave, TCSANOW, &plain), 0);
    t->stream = fdopen(slave, "w");
    ck_assert_ptr_nonnull(t->stream);
    ck_assert_int_eq(pthread_create(&t->reader, NULL, terminal_read, t), 0);
}

/* What was printed, NULL where there was no terminal; ends the printing. */
static const char *terminal_text(terminal *t)
{
    fclose(t->stream);
    if (t->master < 0)
        return NULL;
    pthread_join(t->reader, NULL);
    close(t->master);
    fflush(t->seen.stream);
    return t->seen.text == NULL ? "" : t->seen.text;
}

/* ---- Texts with numbers in them ---- */

static int in_number(char letter)
{
    return isalnum((unsigned char)letter) || strchr(".+-", letter) != NULL;
}

/* The texts are the same, but that numbers need only be near. */
static void compare_texts(const golden_case *c, const char *have, const char *want, double allowed,
                          const char *what)
{
    size_t i = 0, k = 0;
    while (have[i] != '\0' && have[i] == want[k]) {
        i++;
        k++;
        if (have[i] == want[k])
            continue;
        while (i > 0 && k > 0 && in_number(have[i - 1]) && have[i - 1] == want[k - 1]) {
            i--;
            k--;
        }
        char *have_end, *want_end;
        double a = strtod(have + i, &have_end), b = strtod(want + k, &want_end);
        if (have_end == have + i || want_end == want + k || !is_near(a, b, allowed))
            break;
        i = (size_t)(have_end - have);
        k = (size_t)(want_end - want);
    }
    if (have[i] != '\0' || want[k] != '\0')
        ck_abort_msg("%s: %s: %s is\n%s\nin Keras\n%s\nfrom here on: '%.20s', '%.20s'", c->path,
                     c->name, what, have, want, have + i, want + k);
}

/* ---- Model and data ---- */

static nn_metric **make_metrics(golden_case *c, size_t *count)
{
    static const char *const lists[] = {"metrics", "weighted_metrics"};
    uint32_t plain = golden_member(c, lists[0]), weighted = golden_member(c, lists[1]);
    nn_metric **metrics = golden_alloc(
        c, nn__json_count(c->json, plain) + nn__json_count(c->json, weighted), sizeof *metrics);
    *count = 0;
    for (int which = 0; which < 2; which++) {
        uint32_t list = which == 0 ? plain : weighted;
        for (size_t i = 0; i < nn__json_count(c->json, list); i++) {
            nn_metric *metric = golden_object(c, nn__json_item(c->json, list, i), sizeof(nn_metric),
                                              nn__metric_kinds);
            metrics[(*count)++] = which == 0 ? metric : nn_weighted(metric);
        }
    }
    return metrics;
}

/* The next weight that "weights" names; its values follow those of the weights before it. */
static const nn__weight *next_weight(const golden_case *c, nn_model *model, size_t index)
{
    const nn__weight *weight =
        nn__model_weight(model, golden_item_text(c, golden_member(c, "weights"), index));
    ck_assert_msg(weight != NULL, "%s: %s: weight %zu is missing", c->path, c->name, index);
    return weight;
}

static void set_weights(golden_case *c, nn_model *model)
{
    const nn_real *values = golden_reals(c, golden_tensor(c, "before"));
    for (size_t i = 0; i < nn_model_weight_count(model); i++) {
        const nn__weight *weight = next_weight(c, model, i);
        golden_check(c, nn_model_set_weight(model, weight->name, values, weight->count));
        values += weight->count;
    }
}

static nn_model *make_model(golden_case *c)
{
    size_t count;
    nn_model *model = golden_model(c, 0, 0);
    set_weights(c, model);
    nn_metric **metrics = make_metrics(c, &count);
    golden_check(c,
                 nn_compile(model,
                            .optimizer = golden_object(c, golden_member(c, "optimizer"),
                                                       sizeof(nn_optimizer), nn__optimizer_kinds),
                            .loss = golden_object(c, golden_member(c, "loss"), sizeof(nn_loss),
                                                  nn__loss_kinds),
                            .metrics = {metrics, count}));
    return model;
}

/* The numbers of a tensor of the case, as a tensor that borrows them. */
static nn_tensor *make_tensor(golden_case *c, const nn__tensor_info *info)
{
    int dims[NN_MAX_RANK];
    void *data =
        info->dtype == NN__I64 ? (void *)golden_classes(c, info) : (void *)golden_reals(c, info);
    for (int i = 0; i < info->rank; i++)
        dims[i] = (int)info->dims[i];
    nn_tensor *tensor =
        nn_tensor_borrow(info->dtype == NN__I64 ? NN_I32 : NN_F32, data, dims, info->rank);
    ck_assert_ptr_nonnull(tensor);
    return tensor;
}

/* Rows with targets, and their weights or NULL. */
typedef struct fit_data {
    nn_tensor *x, *y, *weights;
    nn_dataset *rows;
} fit_data;

static fit_data make_data(golden_case *c, const char *prefix)
{
    fit_data data = {0};
    if (!golden_has(c, "%sx", prefix))
        return data;
    data.x = make_tensor(c, golden_tensor(c, "%sx", prefix));
    data.y = make_tensor(c, golden_tensor(c, "%sy", prefix));
    if (golden_has(c, "%ssample_weight", prefix))
        data.weights = make_tensor(c, golden_tensor(c, "%ssample_weight", prefix));
    data.rows = nn_arrays(data.x, data.y);
    ck_assert_msg(data.rows != NULL, "%s", nn_error_message());
    return data;
}

static void free_data(fit_data *data)
{
    nn_dataset_free(data->rows);
    nn_tensor_free(data->x);
    nn_tensor_free(data->y);
    nn_tensor_free(data->weights);
}

static nn_callback_list make_callbacks(golden_case *c, const char *csv)
{
    uint32_t list = golden_member(c, "callbacks");
    const size_t count = nn__json_count(c->json, list);
    nn_callback **callbacks = golden_alloc(c, count, sizeof *callbacks);
    for (size_t i = 0; i < count; i++) {
        uint32_t json = nn__json_item(c->json, list, i);
        const char *kind = nn__json_string(c->json, nn__json_member(c->json, json, "kind"));
        int64_t number = 0;
        nn__json_integer(c->json, nn__json_member(c->json, json, "options"), &number);
        callbacks[i] =
            strcmp(kind, "recorder") == 0 ? recorder((int)number) : golden_callback(c, json, csv);
    }
    return (nn_callback_list){callbacks, count};
}

static nn_class_weight_list make_class_weights(golden_case *c)
{
    uint32_t list = golden_member(c, "class_weight");
    const size_t count = nn__json_count(c->json, list);
    double *weights = golden_alloc(c, count, sizeof *weights);
    for (size_t i = 0; i < count; i++)
        weights[i] = golden_item_number(c, list, i);
    return (nn_class_weight_list){count == 0 ? NULL : weights, count};
}

/* ---- Comparing ---- */

/* A number of the history in the entry of that epoch. */
static void compare_history_name(const golden_case *c, const nn_history *history, uint32_t json)
{
    const char *name = golden_item_text(c, json, 0);
    uint32_t values = nn__json_item(c->json, json, 1);
    size_t seen = 0;
    for (int i = 0; i < nn_history_epochs(history); i++) {
        if (!nn_logs_has(nn_history_logs(history, i), name))
            continue;
        double have = nn_history_value(history, i, name);
        if (seen >= nn__json_count(c->json, values) ||
            !is_near(have, golden_item_number(c, values, seen), tolerance))
            ck_abort_msg("%s: %s: '%s' in entry %d of the history is %.9g", c->path, c->name, name,
                         i, have);
        seen++;
    }
    ck_assert_msg(seen == nn__json_count(c->json, values), "%s: %s: the history has %zu '%s'",
                  c->path, c->name, seen, name);
}

/* The first `known` names of the list came up before these logs: a new one is the next of the list. */
static void compare_history_order(const golden_case *c, const nn_logs *logs, uint32_t list,
                                  size_t *known)
{
    for (size_t k = 0; k < nn_logs_count(logs); k++) {
        const char *name = nn_logs_name(logs, k);
        size_t at = 0;
        while (at < nn__json_count(c->json, list) && at <= *known &&
               strcmp(golden_item_text(c, nn__json_item(c->json, list, at), 0), name) != 0)
            at++;
        ck_assert_msg(at < nn__json_count(c->json, list) && at <= *known,
                      "%s: %s: the history has '%s' at another place", c->path, c->name, name);
        *known += at == *known;
    }
}

/* The same names, in the order in which they come up, and their values. */
static void compare_history(const golden_case *c, const nn_history *history)
{
    uint32_t list = golden_member(c, "history");
    size_t known = 0;
    ck_assert_uint_eq((size_t)nn_history_epochs(history),
                      nn__json_count(c->json, golden_member(c, "epoch")));
    for (size_t i = 0; i < nn__json_count(c->json, list); i++)
        compare_history_name(c, history, nn__json_item(c->json, list, i));
    for (int i = 0; i < nn_history_epochs(history); i++)
        compare_history_order(c, nn_history_logs(history, i), list, &known);
}

static void compare_weights(golden_case *c, nn_model *model)
{
    const double *want = golden_doubles(c, golden_tensor(c, "after"));
    for (size_t i = 0; i < nn_model_weight_count(model); i++) {
        const nn__weight *weight = next_weight(c, model, i);
        nn_real *have = golden_alloc(c, weight->count, sizeof *have);
        golden_check(c, nn_model_get_weight(model, weight->name, have, weight->count));
        for (size_t k = 0; k < weight->count; k++)
            if (!is_near((double)have[k], want[k], tolerance))
                ck_abort_msg("%s: %s: %s[%zu] is %.9g, in Keras %.9g", c->path, c->name,
                             weight->name, k, (double)have[k], want[k]);
        want += weight->count;
    }
}

/* ---- The whole ---- */

static void trace_begin(golden_case *c)
{
    const nn__tensor_info *values = golden_tensor(c, "trace");
    trace = (struct trace){.c = c,
                           .left = golden_string(c, "trace"),
                           .actions = golden_member(c, "actions"),
                           .value_count = (size_t)values->count,
                           .values = golden_doubles(c, values)};
    nn__json_number(c->json, golden_member(c, "tick"), &trace.tick);
    nn__set_clock(fake_clock);
}

static void trace_end(void)
{
    const golden_case *c = trace.c;
    nn__set_clock(NULL);
    if (trace.left[0] != '\0')
        ck_abort_msg("%s: %s: after %zu calls of hooks, Keras goes on: %s", c->path, c->name,
                     trace.entry, trace.left);
}

static void fit(golden_case *c, nn_model *model, const char *csv, terminal *t)
{
    fit_data train = make_data(c, ""), validation = make_data(c, "validation/");
    for (int i = 0; i < golden_int(c, "fits"); i++) {
        trace.now = 100;
        golden_check(
            c, nn_fit(model, train.rows, .no_shuffle = 1, .batch_size = golden_int(c, "batch_size"),
                      .epochs = golden_int(c, "epochs"),
                      .initial_epoch = golden_int(c, "initial_epoch"),
                      .verbose = golden_int(c, "verbose"), .callbacks = make_callbacks(c, csv),
                      .validation_data = validation.rows,
                      .validation_batch_size = golden_int(c, "validation_batch_size"),
                      .validation_freq = golden_int(c, "validation_freq"), .stream = t->stream,
                      .class_weight = make_class_weights(c), .sample_weight = train.weights,
                      .validation_sample_weight = validation.weights));
    }
    free_data(&train);
    free_data(&validation);
}

void golden_fit(golden_case *c)
{
    terminal t;
    char csv[1024];
    if (golden_int(c, "float_only") && sizeof(nn_real) != sizeof(float))
        return;
    snprintf(csv, sizeof csv, "%s/log.csv", test_folder());
    nn_model *model = make_model(c);
    trace_begin(c);
    terminal_open(&t);
    fit(c, model, csv, &t);
    trace_end();
    const char *text = terminal_text(&t);
    if (text != NULL)
        compare_texts(c, text, golden_string(c, "text"), text_tolerance, "the text");
    else
        printf("%s: no pseudo terminals here: the text is not compared\n", c->name);
    golden_text_close(&t.seen);
    compare_texts(c, golden_file_text(c, csv), golden_string(c, "csv"), tolerance, "the CSV file");
    compare_history(c, nn_model_history(model));
    compare_weights(c, model);
    nn_model_free(model);
}
