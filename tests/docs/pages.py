"""How a page of documentation shows tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(cell(one) for one in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """One line without bars."""
    return " ".join(text.split()).replace("|", "\\|") or "–"


def code(text: str) -> str:
    """A name as code; a dash where there is none."""
    return f"`{text}`" if text else "–"
