"""Log-likelihoods that are logarithms of sums, with exact gradient and Hessian, in chunks that fit a cache.

Each customer's likelihood is a sum of positive terms ("left after the last purchase", "still there" …).
With w the terms' shares in the sum, the gradient of its logarithm is Σ w g, and its Hessian
Σ w (h + g gᵀ) − ḡ ḡᵀ. Nothing is subtracted that could cancel.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plugin.value.arrays import Floats
from plugin.value.newton import Derivatives
from plugin.value.triples import Triples

_CHUNK = 8_192  # fits a cache, and is short of where BLAS would wake its threads

#: rows → terms (terms, rows), gradients {parameter: (terms, rows)}, Hessians {(p, q): (terms, rows)}
Terms = tuple[Floats, dict[int, Floats], dict[tuple[int, int], Floats]]


def summed(
    triples: Triples, size: int, terms: Callable[[slice], Terms], *, chunk: int = _CHUNK
) -> Derivatives:
    """Σ weight × log Σ exp(terms) over all rows, with derivatives by `size` parameters."""
    value, gradient, hessian = 0.0, np.zeros(size), np.zeros((size, size))
    for begin in range(0, len(triples.x), chunk):
        rows = slice(begin, begin + chunk)
        found = _chunk(triples.weight[rows], terms(rows), gradient, hessian)
        value += found
    return value, gradient, hessian


def _chunk(weight: Floats, terms: Terms, gradient: Floats, hessian: Floats) -> float:
    """Add one chunk's derivatives; the chunk's value."""
    logs, slopes, bends = terms
    top = logs.max(axis=0)
    share = np.exp(logs - top)
    total = share.sum(axis=0)
    share /= total
    weighted = share * weight
    # terms of one sum differ little: centring first keeps the digits
    centred = {p: slope - (share * slope).sum(axis=0) for p, slope in slopes.items()}
    for p, slope in slopes.items():
        gradient[p] += np.einsum("jn,jn->", weighted, slope)
        spread = weighted * centred[p]
        for q in (q for q in slopes if q >= p):
            bend = float(np.einsum("jn,jn->", spread, centred[q]))
            if (p, q) in bends:
                bend += float(np.einsum("jn,jn->", weighted, bends[p, q]))
            hessian[p, q] += bend
            if q != p:
                hessian[q, p] += bend
    return float(weight @ (top + np.log(total)))
