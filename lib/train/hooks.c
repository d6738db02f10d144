/* Calling callbacks. */
#include "train/training.h"

static nn_hook *hook_of(const nn_callback_kind *kind, nn__hook_name name)
{
    switch (name) {
    case NN__TRAIN_BEGIN:
        return kind->train_begin;
    case NN__TRAIN_END:
        return kind->train_end;
    case NN__EPOCH_BEGIN:
        return kind->epoch_begin;
    case NN__EPOCH_END:
        return kind->epoch_end;
    case NN__TRAIN_BATCH_BEGIN:
        return kind->train_batch_begin;
    case NN__TRAIN_BATCH_END:
        return kind->train_batch_end;
    case NN__TEST_BEGIN:
        return kind->test_begin;
    case NN__TEST_END:
        return kind->test_end;
    case NN__TEST_BATCH_BEGIN:
        return kind->test_batch_begin;
    case NN__TEST_BATCH_END:
        return kind->test_batch_end;
    case NN__PREDICT_BEGIN:
        return kind->predict_begin;
    case NN__PREDICT_END:
        return kind->predict_end;
    case NN__PREDICT_BATCH_BEGIN:
        return kind->predict_batch_begin;
    case NN__PREDICT_BATCH_END:
        return kind->predict_batch_end;
    }
    return NULL;
}

nn_status nn__call_hooks(nn__training *training, nn__hook_name name, nn_event *event)
{
    for (size_t i = 0; training->fitting && i < training->callback_count; i++) {
        nn_callback *callback = training->callbacks[i];
        nn_hook *hook = hook_of(nn__callback_kind(callback), name);
        if (hook == NULL)
            continue;
        nn_status status = hook(callback, event);
        if (status > 0)
            return nn_fail(NN_EUSER, "callback %zu (%s) returned %d", i,
                           callback->object.kind->name, (int)status);
        NN_TRY(status);
    }
    return NN_OK;
}
