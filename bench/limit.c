#include "limit.h"

#include "nn/extend.h"

typedef struct limit_options {
    size_t struct_size;
    int steps;
    int reserved;
} limit_options;

static nn_status limit_batch_end(nn_callback *callback, nn_event *event)
{
    const limit_options *options = nn_callback_options(callback);
    int *done = nn_callback_state(callback);
    if (++*done >= options->steps)
        event->stop = 1;
    return NN_OK;
}

static const nn_callback_kind limit_kind = {
    .kind = {.struct_size = sizeof(nn_callback_kind),
             .name = "limit",
             .class_name = "Limit",
             .options_size = sizeof(limit_options)},
    .state_size = sizeof(int),
    .train_batch_end = limit_batch_end,
};

nn_callback *limit_new(int steps)
{
    return nn_callback_new(&limit_kind,
                           &(limit_options){.struct_size = sizeof(limit_options), .steps = steps});
}
