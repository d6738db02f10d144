"""Schedules: rates at steps, also at the boundaries and far behind them."""
import numpy as np
from keras.optimizers import schedules

import convert

CASES = [
    schedules.PiecewiseConstantDecay([3, 7, 8], [0.5, 0.25, 0.125, 0.0625]),
    schedules.ExponentialDecay(0.5, 10, 0.9),
    schedules.ExponentialDecay(0.5, 4, 0.75, staircase=True),
    schedules.PolynomialDecay(0.5, 12),
    schedules.PolynomialDecay(0.5, 12, end_learning_rate=0.125, power=2.0),
    schedules.PolynomialDecay(0.5, 5, end_learning_rate=0.0625, power=0.5, cycle=True),
    schedules.InverseTimeDecay(0.5, 10, 0.5),
    schedules.InverseTimeDecay(0.5, 4, 2.0, staircase=True),
    schedules.CosineDecay(0.5, 12),
    schedules.CosineDecay(0.5, 12, alpha=0.25),
    schedules.CosineDecay(0.125, 8, warmup_target=0.5, warmup_steps=5),
    schedules.CosineDecayRestarts(0.5, 6),
    schedules.CosineDecayRestarts(0.5, 4, t_mul=1.0, m_mul=0.75, alpha=0.125),
    schedules.CosineDecayRestarts(0.5, 3, t_mul=1.5, m_mul=0.9),
]
STEPS = np.array([*range(31), 59, 60, 61, 100, 1000])


def add_cases(file):
    for i, schedule in enumerate(CASES):

        def run(given):
            return {"rates": np.array([float(schedule(step)) for step in STEPS])}

        case = {"subject": "schedule", "schedule": convert.schedule(schedule)}
        name = f"{type(schedule).__name__}/{i}"
        file.add_run(name, case, run, {}, fixed={"steps": STEPS})
