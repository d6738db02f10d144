/* The profiles of fit, evaluate and predict: who asks for one, and what becomes of it. */
#include <stdlib.h>
#include <string.h>

#include "train/training.h"

nn_status nn__profile_begin(nn_context *context, nn__mode mode, int *option, const char *what)
{
    nn__profile **kept = &context->model->training->profiles[mode];
    const char *wish = getenv("NN_PROFILE");
    if (*option < NN_PROFILE_OFF || *option > NN_PROFILE_KEEP)
        return nn_fail(NN_EINVAL, "%s: profile is %d, it must be 0..2", what, *option);
    if (*option == NN_PROFILE_OFF && wish != NULL && wish[0] != '\0' && strcmp(wish, "0") != 0)
        *option = NN_PROFILE_PRINT;
    if (*option == NN_PROFILE_OFF)
        return NN_OK;
    nn__profile *profile = nn__profile_new(context, (int)mode);
    if (profile == NULL)
        return NN_ENOMEM;
    nn__free(*kept);
    *kept = context->runs[mode].profile = profile;
    return NN_OK;
}

void nn__profile_end(nn_context *context, nn__mode mode, int option, nn_status status)
{
    nn__profile *profile = context != NULL ? context->runs[mode].profile : NULL;
    if (profile == NULL)
        return;
    context->runs[mode].profile = NULL;
    if (option == NN_PROFILE_PRINT && status == NN_OK && nn__profile_numbers(profile)->steps > 0)
        nn_profile_print(nn__profile_numbers(profile), stderr); /* or nobody reads it */
}

const nn_profile *nn_model_profile(const nn_model *model, nn_profiled what)
{
    const nn__training *training = model != NULL ? model->training : NULL;
    nn__profile *profile =
        training != NULL && (unsigned)what < NN__MODES ? training->profiles[what] : NULL;
    return profile != NULL ? nn__profile_numbers(profile) : NULL;
}
