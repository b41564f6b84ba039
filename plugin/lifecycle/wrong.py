"""Faults in an expression, each at a character of its text."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp


class Wrong(Exception):
    """A fault in an expression, at a character of its text: an inner signal, turned into a Problem.

    `others` are faults beside it; `mended` is the text as it was most likely meant, `tree` what could be read
    in spite of it. Without a message it only follows from a fault elsewhere, and is not told.
    """

    def __init__(
        self,
        message: str,
        offset: int,
        *,
        others: Iterable[Wrong] = (),
        mended: str = "",
        tree: exp.Expr | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.offset, self.others = message, offset, tuple(others)
        self.mended, self.tree = mended, tree

    def all(self) -> list[Wrong]:
        """This one and those beside it."""
        return [self, *(wrong for other in self.others for wrong in other.all())]
