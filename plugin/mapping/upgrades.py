"""Older versions of the file's format, brought up to the present one in memory; the file stays as it is.

A step changes the document of one version into the next, moving values together with their places, so that
messages still point at the line that the user wrote. `STEPS[0]` leads from version 1 to 2, and so on; the
present version is one more than there are steps. There has been one format so far, so the chain is empty.
When a key is renamed or a value changes its meaning, append a step here; never change an older one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from plugin.mapping.positions import Document, Path

Step = Callable[[Document], None]
STEPS: tuple[Step, ...] = ()


def upgrade(document: Document, steps: Sequence[Step] = STEPS) -> int | None:
    """Bring the document to the present version; gives the version that it had, None for one unknown."""
    given = document.value.get("version") if isinstance(document.value, dict) else None
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= len(steps) + 1:
        return None
    for step in steps[given - 1 :]:
        step(document)
    document.value["version"] = len(steps) + 1
    return given


def move(document: Document, old: Path, new: Path) -> None:
    """Put what stands at `old` to `new`, with its places; nothing happens where `old` is not in the file."""
    holder = _at(document.value, old[:-1])
    if not isinstance(holder, dict) or old[-1] not in holder:
        return
    target = document.value
    for key in new[:-1]:
        target = target.setdefault(key, {})
    target[new[-1]] = holder.pop(old[-1])
    for path in [p for p in document.places if p[: len(old)] == old]:
        document.places[(*new, *path[len(old) :])] = document.places.pop(path)


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
