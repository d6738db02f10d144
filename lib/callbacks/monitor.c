/*
 * The rule of improvement:
 *
 *   min   current + min_delta < reference
 *   max   current - min_delta > reference        strictly
 */
#include "callbacks/monitor.h"

#include <string.h>

#include "nn/train.h"

nn__monitor nn__monitor_make(const nn_model *model, const char *monitor, int mode, double min_delta)
{
    const char *name = monitor != NULL ? monitor : "val_loss";
    if (mode == NN_AUTO)
        mode = nn_model_better(model, name);
    if (mode == NN_AUTO)
        mode = strstr(name, "acc") != NULL ? NN_MAX : NN_MIN;
    return (nn__monitor){name, mode == NN_MAX, min_delta};
}

int nn__monitor_beats(const nn__monitor *monitor, double current, double reference)
{
    return monitor->max ? current - monitor->min_delta > reference
                        : current + monitor->min_delta < reference;
}

int nn__monitor_improves(const nn__monitor *monitor, const nn__best *best, double current)
{
    return !best->known || nn__monitor_beats(monitor, current, best->value);
}

int nn__monitor_available(const nn__monitor *monitor, nn__best *best, const nn_event *event,
                          const char *before, const char *after)
{
    if (nn_logs_has(event->logs, monitor->name))
        return 1;
    if (event->stream == NULL || event->verbose == NN_SILENT || best->warned)
        return 0;
    best->warned = 1;
    fprintf(event->stream, "%s metric `%s` which is not available. Available metrics are: ", before,
            monitor->name);
    for (size_t i = 0; i < nn_logs_count(event->logs); i++)
        fprintf(event->stream, "%s%s", i == 0 ? "" : ",", nn_logs_name(event->logs, i));
    fprintf(event->stream, "%s\n", after);
    return 0;
}

void nn__int_state(nn_state *state, const char *name, int *value)
{
    double number = *value;
    nn_state_number(state, name, &number);
    *value = (int)number;
}

void nn__best_state(nn__best *best, nn_state *state)
{
    nn__int_state(state, "best_known", &best->known);
    nn_state_number(state, "best", &best->value);
}
