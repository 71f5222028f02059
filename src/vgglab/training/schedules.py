"""The course of the learning rate over a phase, as schedules that Keras itself ships and loads."""

import keras

STAIRS = 10  # steps in which a warm-up rises where Keras has no smooth one
DROPS = ((0.5, 0.1), (0.75, 0.01))  # share of the phase -> factor on the rate (He et al., 2015, on CIFAR-10)

Rate = float | keras.optimizers.schedules.LearningRateSchedule


def make_schedule(name: str, rate: float, steps: int, warmup_steps: int = 0) -> Rate:
    """The learning rate of each step of a phase.

    Args:
        name: `constant`; `cosine`, which falls to 0 along half a cosine (Loshchilov and Hutter, 2016); `step`,
            which falls to a tenth at half of the phase, and to a hundredth at three quarters.
        rate: the highest learning rate.
        steps: steps of the whole phase.
        warmup_steps: steps in which the rate first rises from 0, at most `steps`.

    Example:
        >>> float(make_schedule("cosine", 0.1, steps=100)(50))
        0.05...
    """
    if name == "step":
        return _stairs(rate, steps, warmup_steps)
    if name == "constant" and not warmup_steps:
        return rate
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup_steps else rate,
        decay_steps=max(1, steps - warmup_steps),
        alpha=1.0 if name == "constant" else 0.0,
        warmup_target=rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )


def _stairs(rate: float, steps: int, warmup_steps: int) -> Rate:
    rises = [(warmup_steps * stair // STAIRS, rate * stair / STAIRS) for stair in range(1, STAIRS)]
    falls = [(round(steps * share), rate * factor) for share, factor in DROPS]
    changes = [*rises, (warmup_steps, rate), *falls] if warmup_steps else falls
    values = [rate / STAIRS if warmup_steps else rate, *(value for _, value in changes)]
    # Keras keeps a value up to and including its boundary; ours begin at theirs.
    boundaries = [max(0, step - 1) for step, _ in changes]
    return keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, values)
