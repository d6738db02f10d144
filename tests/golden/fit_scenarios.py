"""The scenarios of fit_traces.py: options of a fit, each with what it is there for.

Kinds and options have libnn's names, which are those of Keras's arguments. What is not said is as in
DEFAULTS: three batches of 8, 8 and 4 rows.
"""

PLATEAU = (
    "reduce_lr_on_plateau",
    {"monitor": "loss", "patience": 1, "min_delta": 10.0, "factor": 0.5, "verbose": 1},
)
STOPPING = (
    "early_stopping",
    {
        "monitor": "loss",
        "patience": 1,
        "min_delta": 0.2,
        "verbose": 1,
        "restore_best_weights": True,
    },
)
CSV = ("csv_logger", {})
HALVES = ("learning_rate_scheduler", {"verbose": 1})
FIRST, LAST = ("recorder", 0), ("recorder", 1)

DEFAULTS = dict(
    rows=20,
    validation_rows=10,
    batch_size=8,
    epochs=2,
    initial_epoch=0,
    validation_freq=1,
    verbose=0,
    validation_batch_size=None,
    loss="categorical_crossentropy",
    metrics=["accuracy"],
    weighted_metrics=[],
    optimizer=("sgd", {"learning_rate": 0.25, "momentum": 0.5}),
    callbacks=[LAST],
    actions=[],
    fits=1,
    tick=0.375,
)


# An action: the recorder, its hook, epoch, batch (None: any); then what it does there.
def stop_at(hook, epoch, batch=None, recorder=1):
    return dict(recorder=recorder, hook=hook, epoch=epoch, batch=batch, stop=True)


def sets(hook, name, value, recorder=0, epoch=None, batch=None):
    return dict(recorder=recorder, hook=hook, epoch=epoch, batch=batch, log=[name, value])


SCENARIOS = {
    "plain": dict(
        about="running means weighted by rows; the last batch has 16 rows",
        rows=80,
        batch_size=32,
        validation_rows=40,
    ),
    "even": dict(about="no short batch", rows=16, validation_rows=8),
    "short": dict(about="fewer rows than a batch", rows=5, validation_rows=3),
    "alone": dict(about="no validation, no metrics", validation_rows=0, metrics=[]),
    "batch_of_1": dict(about="a batch per row", rows=7, validation_rows=5, batch_size=1),
    "classes": dict(about="targets are class numbers", loss="sparse_categorical_crossentropy"),
    "values": dict(
        about="targets are numbers", loss="mean_squared_error", metrics=["mean_absolute_error"]
    ),
    "validation_batch": dict(
        about="validation has a batch size of its own", validation_batch_size=3
    ),
    "initial_epoch": dict(about="epochs count from initial_epoch", initial_epoch=2, epochs=4),
    "nothing": dict(
        about="initial_epoch is behind epochs: only the ends are called", initial_epoch=3, epochs=3
    ),
    "validation_freq": dict(
        about="validation after every second epoch", validation_freq=2, epochs=5
    ),
    "freq_from": dict(
        about="the same from epoch 1 on, counted from 0",
        validation_freq=2,
        initial_epoch=1,
        epochs=4,
        callbacks=[CSV, LAST],
    ),
    "freq_never": dict(
        about="validation would come after the last epoch", validation_freq=5, callbacks=[LAST, CSV]
    ),
    "class_weight": dict(
        about="weights of classes, none in validation",
        class_weight=[1, 2.5, 0],
        weighted_metrics=["accuracy"],
    ),
    "class_weight_of_classes": dict(
        about="the same for class numbers",
        class_weight=[0.5, 1, 3],
        loss="sparse_categorical_crossentropy",
    ),
    "sample_weight": dict(
        about="weights of rows, in validation, too",
        sample_weight=True,
        validation_sample_weight=True,
        weighted_metrics=["accuracy"],
    ),
    "sample_weight_training": dict(about="weights of rows in training only", sample_weight=True),
    "plateau": dict(
        about="learning_rate in logs: before and behind the callback that adds it",
        epochs=4,
        callbacks=[FIRST, PLATEAU, LAST],
        verbose=2,
    ),
    "csv_behind": dict(
        about="CSVLogger behind ReduceLROnPlateau has learning_rate",
        epochs=3,
        callbacks=[PLATEAU, CSV, LAST],
    ),
    "csv_before": dict(
        about="CSVLogger before it has none", epochs=3, callbacks=[CSV, PLATEAU, LAST]
    ),
    "scheduler": dict(
        about="LearningRateScheduler", epochs=3, callbacks=[FIRST, HALVES, LAST], verbose=2
    ),
    "both_rates": dict(
        about="two callbacks that log learning_rate", epochs=3, callbacks=[HALVES, PLATEAU, LAST]
    ),
    "stop_in_batch": dict(
        about="a stop in the middle of an epoch",
        epochs=3,
        verbose=2,
        actions=[stop_at("train_batch_end", 1, 1)],
    ),
    "stop_before_batch": dict(
        about="asked for before a batch: after it",
        epochs=3,
        actions=[stop_at("train_batch_begin", 0, 1)],
    ),
    "stop_before_epoch": dict(
        about="asked for before an epoch: after its first batch",
        epochs=3,
        actions=[stop_at("epoch_begin", 1)],
    ),
    "stop_before_training": dict(
        about="asked for before everything: after the first batch",
        epochs=3,
        actions=[stop_at("train_begin", None)],
    ),
    "stop_in_validation": dict(
        about="validation is finished", epochs=3, actions=[stop_at("test_batch_end", 0, 0)]
    ),
    "stop_after_epoch": dict(
        about="asked for at an epoch's end", epochs=3, actions=[stop_at("epoch_end", 1)]
    ),
    "stop_by_first": dict(
        about="later callbacks are still called",
        epochs=3,
        callbacks=[FIRST, PLATEAU, LAST],
        actions=[stop_at("epoch_end", 0, recorder=0)],
    ),
    "added": dict(
        about="what callbacks add to logs, and where it is seen",
        callbacks=[FIRST, PLATEAU, LAST],
        verbose=2,
        actions=[
            sets("epoch_end", "zeta", 0.5),
            sets("epoch_end", "alpha", 2.0, epoch=1),
            sets("train_batch_end", "of_batch", 3.0, batch=0),
            sets("test_end", "of_test", 4.0),
            sets("test_batch_end", "of_test_batch", 5.0),
            sets("epoch_begin", "of_begin", 6.0),
            sets("train_batch_begin", "of_batch_begin", 7.0),
            sets("epoch_end", "loss", 0.25, epoch=0),
        ],
    ),
    "early_stopping": dict(
        about="stops, restores the best weights", epochs=8, callbacks=[STOPPING, LAST], verbose=2
    ),
    "stopping_and_plateau": dict(
        about="the two of the deep network",
        epochs=6,
        verbose=2,
        callbacks=[STOPPING, PLATEAU, LAST],
    ),
    "terminate": dict(
        about="TerminateOnNaN: weights that float32 cannot hold",
        float_only=True,
        scale=2.0**40,
        callbacks=[("terminate_on_nan", {}), LAST],
        verbose=2,
        optimizer=("sgd", {"learning_rate": 1e30}),
        loss="mean_squared_error",
        metrics=[],
    ),
    "accumulation": dict(
        about="a group of batches reaches into the next epoch",
        epochs=3,
        optimizer=(
            "sgd",
            {"learning_rate": 0.25, "momentum": 0.5, "gradient_accumulation_steps": 2},
        ),
    ),
    "accumulation_rest": dict(
        about="the last group is not complete: no update",
        epochs=2,
        optimizer=("adam", {"learning_rate": 0.01, "gradient_accumulation_steps": 4}),
    ),
    "accumulation_stopped": dict(
        about="a stop inside a group",
        epochs=2,
        actions=[stop_at("train_batch_end", 1, 0)],
        optimizer=("sgd", {"learning_rate": 0.25, "gradient_accumulation_steps": 3}),
    ),
    "ema": dict(
        about="averages of the weights take their place before train_end",
        optimizer=("sgd", {"learning_rate": 0.25, "use_ema": True, "ema_momentum": 0.8}),
    ),
    "ema_overwrite": dict(
        about="and after every second step",
        epochs=3,
        optimizer=(
            "sgd",
            {
                "learning_rate": 0.25,
                "use_ema": True,
                "ema_momentum": 0.5,
                "ema_overwrite_frequency": 2,
            },
        ),
    ),
    "ema_stopping": dict(
        about="EarlyStopping restores weights, not averages",
        epochs=6,
        callbacks=[STOPPING, LAST],
        optimizer=("adam", {"learning_rate": 0.02, "use_ema": True, "ema_momentum": 0.9}),
    ),
    "ema_accumulation": dict(
        about="both",
        epochs=3,
        optimizer=(
            "sgd",
            {
                "learning_rate": 0.25,
                "use_ema": True,
                "ema_momentum": 0.5,
                "gradient_accumulation_steps": 2,
                "ema_overwrite_frequency": 3,
            },
        ),
    ),
    "batch_norm": dict(
        about="training in training mode, validation with moving averages", norm=True, epochs=3
    ),
    "penalty": dict(about="penalties are part of loss and val_loss", penalty=0.05),
    "again": dict(
        about="a second fit goes on with weights and optimizer; hooks and history begin anew",
        fits=2,
        optimizer=("adam", {"learning_rate": 0.01}),
    ),
    "again_from": dict(
        about="the same with averages and groups of batches",
        fits=2,
        optimizer=(
            "sgd",
            {
                "learning_rate": 0.25,
                "use_ema": True,
                "ema_momentum": 0.8,
                "gradient_accumulation_steps": 2,
            },
        ),
    ),
    "one_epoch": dict(about="no line 'Epoch 1/1'", epochs=1, verbose=2),
}
RANDOM = 6


def draw(rng):
    """A scenario of any options."""

    def maybe(value, share=0.4):
        return value if rng.uniform() < share else None

    optimizer = {
        "learning_rate": float(rng.choice([0.0625, 0.125, 0.25])),
        "momentum": float(rng.choice([0, 0.5])),
    }
    if maybe(1):
        optimizer |= {"use_ema": True, "ema_momentum": 0.5}
        if maybe(1):
            optimizer["ema_overwrite_frequency"] = int(rng.integers(1, 5))
    if maybe(1):
        optimizer["gradient_accumulation_steps"] = int(rng.integers(2, 5))
    rows, epochs = int(rng.integers(1, 60)), int(rng.integers(1, 6))
    chain = [
        [FIRST, LAST],
        [FIRST, PLATEAU, LAST],
        [CSV, FIRST, HALVES, LAST],
        [STOPPING, CSV, LAST],
    ]
    scenario = dict(
        about="drawn by the seed",
        rows=rows,
        validation_rows=int(rng.choice([0, 1, 7, 20])),
        batch_size=int(rng.integers((rows + 5) // 6, rows + 2)),
        epochs=epochs,
        initial_epoch=int(rng.integers(0, epochs)),
        validation_freq=int(rng.integers(1, 4)),
        norm=bool(rng.integers(2)),
        penalty=float(rng.choice([0, 0.0625])),
        callbacks=chain[int(rng.integers(len(chain)))],
        optimizer=("sgd", optimizer),
        verbose=int(rng.choice([0, 1, 2])),
        loss=str(rng.choice(["categorical_crossentropy", "sparse_categorical_crossentropy"])),
        validation_batch_size=maybe(int(rng.integers(5, 20))),
    )
    which = int(rng.integers(3))
    if which == 0:
        scenario |= dict(class_weight=[1, 0.5, 2], weighted_metrics=["accuracy"])
    elif which == 1:
        scenario |= dict(sample_weight=True, validation_sample_weight=bool(rng.integers(2)))
    if maybe(1):
        scenario["actions"] = [
            stop_at(str(rng.choice(["train_batch_end", "epoch_begin", "epoch_end"])), epochs - 1)
        ]
    return scenario
