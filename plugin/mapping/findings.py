"""What is wrong or odd in a file, where exactly, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sized
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "note", "warning"]
#: The share of letters in common (difflib's ratio) from which a name is taken for the one that was meant.
NEAR = 0.7


@dataclass(frozen=True, order=True)
class Finding:
    """One fault (`error`: the file is refused), oddity (`warning`), or `note` that asks for nothing.

    Line and column count from 1; both are 0 where it is about no line of the file.
    """

    line: int
    column: int
    severity: Severity
    message: str
    cure: str

    def at(self, path: str) -> str:
        """`file:line:column: what is wrong. Cure: what to do.`, for editors; without a line `file: …`."""
        mark = "" if self.severity == "error" else f"{self.severity}: "
        cure = f" Cure: {self.cure}" if self.cure else ""
        place = f"{path}:{self.line}:{self.column}" if self.line else path
        return f"{place}: {mark}{self.message}{cure}"


def again(errors: Sized) -> str:
    """The cure of a file with so many faults."""
    lines = "line" if len(errors) == 1 else "lines"
    return f"Correct the named {lines} and run `lifecycle config check`."


def nearest(word: str, right: Iterable[str], limit: int = 1) -> tuple[str, ...]:
    """The right names that look most like the word; none if nothing is near. Case does not matter."""
    by_lower = {name.lower(): name for name in right}
    plain = word.lower().replace("-", "_")
    close = difflib.get_close_matches(plain, by_lower, n=limit, cutoff=0.6)
    return tuple(by_lower[name] for name in close if _is_near(plain, name))


def _is_near(word: str, name: str) -> bool:
    """Whether one may be a slip of the pen for the other: long words share many letters by chance."""
    if sorted(word) == sorted(name) or word.startswith(name) or name.startswith(word):
        return True
    return difflib.SequenceMatcher(None, name, word).ratio() >= NEAR


def did_you_mean(word: str, right: Iterable[str], kind: str = "names") -> str:
    """A cure: the nearest right name, else the whole list."""
    names = tuple(right)
    if close := nearest(word, names):
        return f"Did you mean {close[0]}?"
    listed = ", ".join(sorted(names)[:12]) + (", …" if len(names) > 12 else "")
    return f"There are: {listed}." if kind != "names" else f"The names are: {listed}."
