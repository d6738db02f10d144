/*
 * What callbacks print and write, and what they do to the learning rate. The case has "callbacks",
 * and "epochs", through which they go without a fit: {"run", "epoch", "logs", "rate", "stop"}, where
 * a new run is a new training, rate is the learning rate after the epoch, and stop says whether one of
 * them ended the training. "text" is what all of them printed, "csv" the file of the CSVLogger.
 */
#include "text.h"

#include "callbacks/callback.h"
#include "callbacks/drive.h"

static double half(int epoch, double rate, void *data)
{
    (void)epoch;
    (void)data;
    return rate * 0.5;
}

nn_callback *golden_callback(const golden_case *c, uint32_t json, const char *csv)
{
    nn_callback *callback = golden_object(c, json, sizeof(nn_callback), nn__callback_kinds);
    callback->state = nn__alloc(nn__callback_kind(callback)->state_size, "a callback");
    ck_assert_ptr_nonnull(callback->state);
    if (callback->object.kind == &nn__csv_logger_callback.kind)
        ((nn_csv_logger_options *)callback->object.options)->path = nn__copy_string(csv, "a path");
    if (callback->object.kind == &nn__learning_rate_scheduler_callback.kind)
        ((nn_learning_rate_scheduler_options *)callback->object.options)->schedule = half;
    return callback;
}

static double number(const golden_case *c, uint32_t json, const char *name)
{
    double value = 0;
    ck_assert(nn__json_number(c->json, nn__json_member(c->json, json, name), &value));
    return value;
}

static void epoch(golden_case *c, drive *d, uint32_t json)
{
    int stops = 0;
    const int at = (int)number(c, json, "epoch");
    nn__json_bool(c->json, nn__json_member(c->json, json, "stop"), &stops);
    nn__logs_clear(d->logs);
    golden_set_logs(c, nn__json_member(c->json, json, "logs"), d->logs);
    if (drive_epoch(d, at) != stops)
        ck_abort_msg("%s: %s: after epoch %d stop is %d, in Keras %d", c->path, c->name, at, !stops,
                     stops);
    if ((float)nn_model_learning_rate(d->model) != (float)number(c, json, "rate"))
        ck_abort_msg("%s: %s: after epoch %d the rate is %.9g, in Keras %.9g", c->path, c->name, at,
                     nn_model_learning_rate(d->model), number(c, json, "rate"));
}

void golden_callbacks(golden_case *c)
{
    drive d;
    char path[1024];
    golden_text printed;
    snprintf(path, sizeof path, "%s/log.csv", test_folder());
    uint32_t list = golden_member(c, "callbacks"), epochs = golden_member(c, "epochs");
    uint32_t second = nn__json_item(c->json, list, 1);
    drive_open(&d, golden_callback(c, nn__json_item(c->json, list, 0), path),
               second == NN__JSON_NONE ? NULL : golden_callback(c, second, path));
    golden_text_open(&printed);
    d.event.stream = printed.stream;
    int run = -1;
    for (size_t i = 0; i < nn__json_count(c->json, epochs); i++) {
        uint32_t json = nn__json_item(c->json, epochs, i);
        if ((int)number(c, json, "run") != run) {
            if (run >= 0)
                drive_end(&d);
            drive_begin(&d);
            run = (int)number(c, json, "run");
        }
        epoch(c, &d, json);
    }
    drive_end(&d);
    golden_text_is(c, &printed, golden_string(c, "text"), "what is printed");
    const char *csv = golden_file_text(c, path);
    if (strcmp(csv, golden_string(c, "csv")) != 0)
        ck_abort_msg("%s: %s: the file is\n%s\nKeras writes\n%s", c->path, c->name, csv,
                     golden_string(c, "csv"));
    golden_text_close(&printed);
    drive_close(&d);
}
