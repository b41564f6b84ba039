"""How far predictions move if the parameters are off by what their covariance allows.

The covariance of the logarithms is taken apart into independent directions; a step along each moves the
predicted value by so much, and the squares add up: what a thousand draws of the parameters would give, by
four evaluations (the delta method with finite steps; tests hold it against draws).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from plugin.value.arrays import Floats

#: Parameters by their literature's names.
Params = Mapping[str, float]
#: A standard deviation of a logarithm is taken at most this far: beyond, nothing is known of the parameter.
_FARTHEST = 1.5
#: Steps are half a standard deviation: shorter ones miss the bend, longer ones see one side of it.
_STEP = 0.5
#: The most by which the parameters alone may spread a value (variance by squared mean).
_MOST = 4.0


def directions(covariance: Sequence[Sequence[float]] | Floats) -> Floats:
    """Independent steps of one standard deviation, one a row; empty where the covariance is not known."""
    given = np.asarray(covariance, np.float64)
    if not given.size or not np.isfinite(given).all():
        return np.empty((0, 0))
    spread, axes = np.linalg.eigh((given + given.T) / 2)
    length = np.sqrt(np.clip(spread, 0.0, _FARTHEST**2))
    steps: Floats = (axes * length).T
    return steps


def relative_variance(
    predict: Callable[[Params], Floats],
    params: Params,
    names: Sequence[str],
    covariance: Sequence[Sequence[float]] | Floats,
    here: Floats,
) -> Floats | float:
    """Variance of the prediction by its squared mean, per customer; 0 where the covariance is not known.

    `names` are the parameters in the covariance's order; others (k) stay as they are. `here` is what is
    predicted by the parameters themselves.
    """
    total: Floats | float = 0.0
    for step in directions(covariance):
        moved = predict(_moved(params, names, _STEP * step))
        total = total + ((moved / np.maximum(here, 1e-300) - 1) / _STEP) ** 2
    return np.minimum(total, _MOST)


def _moved(params: Params, names: Sequence[str], step: Floats) -> Params:
    factors = np.exp(step)
    return {**params, **{n: params[n] * float(f) for n, f in zip(names, factors, strict=True)}}
