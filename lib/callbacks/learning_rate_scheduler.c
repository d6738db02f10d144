/*
 * LearningRateScheduler, by the rules of Keras 3. Keras holds the rate as float32; here as there it is
 * rounded to float before the function sees it and before it is logged.
 */
#include <stdio.h>

#include "base/number.h"
#include "callbacks/callback.h"
#include "nn/train.h"

static nn_status learning_rate_scheduler_train_begin(nn_callback *callback, nn_event *event)
{
    const nn_learning_rate_scheduler_options *options = callback->object.options;
    (void)event;
    if (options->schedule == NULL)
        return nn_fail(NN_EINVAL, "learning_rate_scheduler: schedule must be given");
    return NN_OK;
}

static nn_status learning_rate_scheduler_epoch_begin(nn_callback *callback, nn_event *event)
{
    const nn_learning_rate_scheduler_options *options = callback->object.options;
    char text[NN__NUMBER_TEXT];
    double rate = (double)(float)nn_model_learning_rate(event->model);
    rate = options->schedule(event->epoch, rate, options->data);
    NN_TRY(nn_model_set_learning_rate(event->model, rate));
    if (options->verbose > 0 && event->stream != NULL)
        fprintf(event->stream, "\nEpoch %d: LearningRateScheduler setting learning rate to %s.\n",
                event->epoch + 1, nn__number_text(rate, text));
    return NN_OK;
}

static nn_status learning_rate_scheduler_epoch_end(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return nn_logs_set(event->logs, "learning_rate",
                       (double)(float)nn_model_learning_rate(event->model));
}

static const nn_option learning_rate_scheduler_table[] = {
    NN__OPTION(nn_learning_rate_scheduler_options, INT, verbose, .maximum = 2),
};
NN__NO_TAIL_PADDING(nn_learning_rate_scheduler_options, reserved);

const nn_callback_kind nn__learning_rate_scheduler_callback = {
    .kind = NN__KIND(nn_callback_kind, "learning_rate_scheduler", "LearningRateScheduler",
                     nn_learning_rate_scheduler_options, learning_rate_scheduler_table),
    .train_begin = learning_rate_scheduler_train_begin,
    .epoch_begin = learning_rate_scheduler_epoch_begin,
    .epoch_end = learning_rate_scheduler_epoch_end,
};

nn_callback *nn_learning_rate_scheduler_new(const nn_learning_rate_scheduler_options *options)
{
    return nn_callback_new(&nn__learning_rate_scheduler_callback, options);
}
