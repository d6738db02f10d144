/*
 * Progress lines on a terminal, and a line per epoch. The case has "verbose", "steps", "epochs" and
 * "events": what Keras's ProgbarLogger was told, when, and what it printed:
 *
 *   ["begin", seconds, epoch, [], text]
 *   ["update", seconds, batches done, [[name, value], ...], text]
 *   ["end", seconds, batches, [[name, value], ...], text]
 */
#include "text.h"

#include "train/logs.h"
#include "train/progress.h"

static double now;

static double fake_clock(void)
{
    return now;
}

static void event(golden_case *c, nn__progress *progress, FILE *stream, uint32_t json)
{
    const char *kind = golden_item_text(c, json, 0);
    const int number = (int)golden_item_number(c, json, 2);
    nn_logs *logs = nn__logs_new();
    now = golden_item_number(c, json, 1);
    golden_set_logs(c, nn__json_item(c->json, json, 3), logs);
    if (strcmp(kind, "begin") == 0)
        nn__progress_begin(progress, stream, golden_int(c, "verbose"), number,
                           golden_int(c, "epochs"), golden_int(c, "steps"), 1);
    else if (strcmp(kind, "update") == 0)
        golden_check(c, nn__progress_update(progress, number, logs));
    else if (strcmp(kind, "end") == 0)
        golden_check(c, nn__progress_end(progress, logs));
    else
        ck_abort_msg("%s: %s: no event '%s'", c->path, c->name, kind);
    nn__logs_free(logs);
}

void golden_progress(golden_case *c)
{
    golden_text t;
    nn__progress progress = {0};
    uint32_t events = golden_member(c, "events");
    golden_text_open(&t);
    nn__set_clock(fake_clock);
    for (size_t i = 0; i < nn__json_count(c->json, events); i++) {
        char what[64];
        uint32_t json = nn__json_item(c->json, events, i);
        event(c, &progress, t.stream, json);
        snprintf(what, sizeof what, "event %zu", i);
        golden_text_is(c, &t, golden_item_text(c, json, 4), what);
    }
    nn__set_clock(NULL);
    nn__progress_free(&progress);
    golden_text_close(&t);
}
