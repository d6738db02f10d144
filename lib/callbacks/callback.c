#include "callbacks/callback.h"

const nn_kind *const nn__callback_kinds[] = {
#define NN__KIND_OF(name) &nn__##name##_callback.kind,
#include "callbacks/kinds.def"
#undef NN__KIND_OF
    NULL,
};

nn_callback *nn_callback_new(const nn_callback_kind *kind, const void *options)
{
    nn_callback *callback = nn__object_new(sizeof(nn_callback), &kind->kind, options);
    if (callback == NULL)
        return NULL;
    callback->state = nn__alloc(kind->state_size, kind->kind.name);
    if (callback->state == NULL) {
        nn__object_free(callback);
        return NULL;
    }
    return callback;
}

void nn_callback_free(nn_callback *callback)
{
    if (callback == NULL)
        return;
    if (nn__callback_kind(callback)->release != NULL)
        nn__callback_kind(callback)->release(callback);
    nn__free(callback->state);
    nn__object_free(callback);
}

const nn_callback_kind *nn_callback_kind_of(const nn_callback *callback)
{
    return nn__callback_kind(callback);
}

const void *nn_callback_options(const nn_callback *callback)
{
    return callback->object.options;
}

void *nn_callback_state(nn_callback *callback)
{
    return callback->state;
}
