/* F1Score; see f_score.c. */
#include "metrics/f_score.h"

NN__NO_TAIL_PADDING(nn_f1_score_options, name);

static const nn_option f1_score_fields[] = {
    NN__OPTION(nn_f1_score_options, CHOICE, average, .choices = nn__average_names),
    NN__OPTION(nn_f1_score_options, MAYBE, threshold),
    NN__OPTION(nn_f1_score_options, STRING, name),
};

static void f1_score_update(const nn_metric_pass *pass, void *state)
{
    const nn_f1_score_options *o = pass->options;
    nn__f_score_update(pass, &o->threshold, state);
}

static double f1_score_result(const void *options, const void *state)
{
    const nn_f1_score_options *o = options;
    return nn__f_score_result(state, o->average, 1);
}

static nn_status f1_score_check(const void *options, const char *name, const nn_shape *prediction)
{
    const nn_f1_score_options *o = options;
    (void)prediction;
    return nn__f_score_check_threshold(&o->threshold, name);
}

const nn_metric_kind nn__f1_score_metric = {
    .kind = NN__KIND(nn_metric_kind, "f1_score", "F1Score", nn_f1_score_options, f1_score_fields),
    .better = NN_MAX,
    .update = f1_score_update,
    .result = f1_score_result,
    .check = f1_score_check,
    .state_bytes = nn__f_score_state_bytes,
};

nn_metric *nn_f1_score_new(const nn_f1_score_options *options)
{
    return nn_metric_new(&nn__f1_score_metric, options);
}
