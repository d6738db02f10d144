/*
 * Subject "stopping": EarlyStopping and ReduceLROnPlateau as deep has them, in a fit whose validation
 * losses are given.
 *
 *   "epochs"        of the fit, if nothing stops it
 *   losses          [epochs that were run], val_loss
 *   rates           [epochs that were run]: the learning rate that an epoch logs
 *   best, stopped   [1]: 0-based; stopped is -1 where the fit was not (Keras says 0)
 *
 * The model's output is 0 and stays it; its loss is the size of the target, and the validation's
 * target is what the epoch's loss shall be.
 */
#include "golden.h"

typedef struct script {
    const double *losses;
    size_t count, epoch;
} script;

static int turn_page(nn_model *model, int epoch, nn_logs *logs, void *data)
{
    script *s = data;
    (void)model;
    (void)logs;
    s->epoch = (size_t)epoch;
    return 0;
}

static nn_status validation_row(void *user, size_t row, nn_real *x, nn_real *y, int *label)
{
    const script *s = user;
    (void)row;
    (void)label;
    if (s->epoch >= s->count)
        return nn_fail(NN_EUSER, "Keras stopped after %zu epochs", s->count);
    if (x != NULL)
        x[0] = 0;
    if (y != NULL)
        y[0] = (nn_real)s->losses[s->epoch];
    return NN_OK;
}

static nn_model *silent_model(void)
{
    nn_model *model = nn_sequential(
        nn_input(1), nn_dense(.units = 1, .no_bias = 1, .kernel_initializer = NN_ZEROS));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_adam(.learning_rate = 1e-3),
                                .loss = nn_mean_absolute_error()),
                     NN_OK);
    return model;
}

static void compare_epoch(golden_case *c, int epoch, const char *what)
{
    const double value = epoch;
    golden_compare_doubles(c, &value, 1, "%s", what);
}

static void compare_fit(golden_case *c, const nn_model *model, const nn_callback *early)
{
    const nn_history *history = nn_model_history(model);
    const size_t epochs = (size_t)nn_history_epochs(history);
    double *rates = golden_alloc(c, epochs, sizeof *rates);
    double *losses = golden_alloc(c, epochs, sizeof *losses);
    for (size_t e = 0; e < epochs; e++) {
        rates[e] = nn_history_value(history, (int)e, "learning_rate");
        losses[e] = nn_history_value(history, (int)e, "val_loss");
    }
    golden_compare_doubles(c, losses, epochs, "losses");
    golden_compare_doubles(c, rates, epochs, "rates");
    compare_epoch(c, nn_early_stopping_best_epoch(early), "best");
    compare_epoch(c, nn_early_stopping_stopped_epoch(early), "stopped");
}

void golden_stopping(golden_case *c)
{
    const nn__tensor_info *losses = golden_tensor(c, "losses");
    script s = {golden_doubles(c, losses), (size_t)losses->count, 0};
    nn_real zero = 0;
    nn_tensor *one = nn_tensor_borrow(NN_F32, &zero, NN_SHAPE(1, 1));
    nn_dataset *data = nn_arrays(one, one);
    nn_dataset *validation = nn_function_data(.function = validation_row, .rows = 1, .user = &s,
                                              .x = {1, {1}}, .y = {1, {1}});
    nn_model *model = silent_model();
    nn_callback *early = nn_early_stopping("val_loss", .patience = 10, .restore_best_weights = 1);
    nn_callback *plateau =
        nn_reduce_lr_on_plateau("val_loss", .patience = 3, .factor = 0.5, .min_lr = 1e-6);
    golden_check(
        c, nn_fit(model, data, .epochs = golden_int(c, "epochs"), .validation_data = validation,
                  .callbacks = nn_callbacks(nn_lambda(.on_epoch_begin = turn_page, .data = &s),
                                            early, plateau)));
    compare_fit(c, model, early);
    nn_model_free(model);
    nn_dataset_free(validation);
    nn_dataset_free(data);
    nn_tensor_free(one);
}
