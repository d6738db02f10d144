/* LambdaCallback: a caller's function at each hook. */
#include "callbacks/callback.h"

static nn_status lambda_call(nn_callback *callback, nn_lambda_function *function, nn_event *event,
                             int index)
{
    const nn_lambda_options *options = callback->object.options;
    if (function == NULL)
        return NN_OK;
    int answer = function(event->model, index, event->logs, options->data);
    if (answer == 1)
        event->stop = 1;
    return answer == 1 ? NN_OK : (nn_status)answer;
}

#define LAMBDA_HOOK(name, index)                                                                   \
    static nn_status lambda_##name(nn_callback *callback, nn_event *event)                         \
    {                                                                                              \
        const nn_lambda_options *options = callback->object.options;                               \
        return lambda_call(callback, options->on_##name, event, index);                            \
    }
LAMBDA_HOOK(epoch_begin, event->epoch)
LAMBDA_HOOK(epoch_end, event->epoch)
LAMBDA_HOOK(train_begin, 0)
LAMBDA_HOOK(train_end, 0)
LAMBDA_HOOK(train_batch_begin, event->step)
LAMBDA_HOOK(train_batch_end, event->step)
LAMBDA_HOOK(test_begin, 0)
LAMBDA_HOOK(test_end, 0)
LAMBDA_HOOK(test_batch_begin, event->step)
LAMBDA_HOOK(test_batch_end, event->step)

NN__NO_TAIL_PADDING(nn_lambda_options, data);

const nn_callback_kind nn__lambda_callback = {
    .kind = {sizeof(nn_callback_kind), "lambda", "LambdaCallback", sizeof(nn_lambda_options), NULL,
             0},
    .epoch_begin = lambda_epoch_begin,
    .epoch_end = lambda_epoch_end,
    .train_begin = lambda_train_begin,
    .train_end = lambda_train_end,
    .train_batch_begin = lambda_train_batch_begin,
    .train_batch_end = lambda_train_batch_end,
    .test_begin = lambda_test_begin,
    .test_end = lambda_test_end,
    .test_batch_begin = lambda_test_batch_begin,
    .test_batch_end = lambda_test_batch_end,
};

nn_callback *nn_lambda_new(const nn_lambda_options *options)
{
    return nn_callback_new(&nn__lambda_callback, options);
}
