"""The array types of this room, and the look-up tables that spare repeated work."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]

#: Beyond this many cells a table of pairs would cost more memory than sorting costs time.
_TABLE = 8_000_000


def distinct_pairs(first: Ints, second: Ints) -> tuple[Ints, Ints, Ints]:
    """The distinct (first, second) pairs and, per row, the number of its pair. Values ≥ 0."""
    if not len(first):
        return first, second, np.empty(0, np.int64)
    width = int(second.max()) + 1
    key = first * width + second
    size = (int(first.max()) + 1) * width
    if size > _TABLE:
        found, number = np.unique(key, return_inverse=True)
    else:
        present = np.zeros(size, dtype=bool)
        present[key] = True
        found = np.flatnonzero(present)
        number = (np.cumsum(present, dtype=np.int32) - 1)[key]
    return found // width, found % width, number


def log_sum(terms: Floats) -> Floats:
    """log Σ exp over the first axis, in log space; −inf entries are terms that do not occur."""
    top = terms.max(axis=0)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        found: Floats = safe + np.log(np.exp(terms - safe).sum(axis=0))
    return found
