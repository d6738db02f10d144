/* FBetaScore; see f_score.c. */
#include "metrics/f_score.h"

NN__NO_TAIL_PADDING(nn_fbeta_score_options, name);

static const nn_option fbeta_score_fields[] = {
    NN__OPTION(nn_fbeta_score_options, CHOICE, average, .choices = nn__average_names),
    NN__OPTION(nn_fbeta_score_options, DOUBLE, beta, .fallback = 1, .maximum = 1e6,
               .rules = NN_ABOVE),
    NN__OPTION(nn_fbeta_score_options, MAYBE, threshold),
    NN__OPTION(nn_fbeta_score_options, STRING, name),
};

static void fbeta_score_update(const nn_metric_pass *pass, void *state)
{
    const nn_fbeta_score_options *o = pass->options;
    nn__f_score_update(pass, &o->threshold, state);
}

static double fbeta_score_result(const void *options, const void *state)
{
    const nn_fbeta_score_options *o = options;
    return nn__f_score_result(state, o->average, o->beta);
}

static nn_status fbeta_score_check(const void *options, const char *name,
                                   const nn_shape *prediction)
{
    const nn_fbeta_score_options *o = options;
    (void)prediction;
    return nn__f_score_check_threshold(&o->threshold, name);
}

const nn_metric_kind nn__fbeta_score_metric = {
    .kind = NN__KIND(nn_metric_kind, "fbeta_score", "FBetaScore", nn_fbeta_score_options,
                     fbeta_score_fields),
    .better = NN_MAX,
    .update = fbeta_score_update,
    .result = fbeta_score_result,
    .check = fbeta_score_check,
    .state_bytes = nn__f_score_state_bytes,
};

nn_metric *nn_fbeta_score_new(const nn_fbeta_score_options *options)
{
    return nn_metric_new(&nn__fbeta_score_metric, options);
}
