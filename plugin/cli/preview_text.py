"""A preview for people: the counts, twenty records with what would be written, and one of them in full."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from plugin.cli import show
from plugin.lifecycle.reading import account_lines

LONGEST = 60  # signs of a value in the list of samples; the record in full shows all of them


def preview_text(result: dict[str, Any], before: str = "in the CRM") -> str:
    """The whole; `before` heads the stages that customers would move from."""
    tables = [show.table(title, names, rows) for title, names, rows in _tables(result, before) if rows]
    return "\n".join(
        [*_head(result), *tables, *_samples(result["samples"], before), *_record(result["record"])]
    )


def _head(result: dict[str, Any]) -> Iterator[str]:
    yield (
        f"Of {show.counted(result['customers'], 'customer')} {result['written']:,} would be written in "
        f"{show.counted(result['calls'], 'call')}; {result['unchanged']:,} stay as they are."
    )
    if result["failed"]:
        yield f"{result['failed']:,} could not be computed; `lifecycle parked list` will name them."
    yield show.lanes_text(result["lanes"])
    if result["account"]:
        yield from account_lines(result["account"])


def _tables(result: dict[str, Any], before: str) -> Iterator[tuple[str, list[str], list[list[Any]]]]:
    moves = [[one["from"] or "-", one["to"], one["customers"]] for one in result["moves"]]
    yield "Stages", [before, "computed", "customers"], moves
    for model, counts in result["secondary"].items():
        yield f"Stages of {model}", ["stage", "key", "customers"], _labelled(result, model, counts)
    levels = [[label, n] for label, _, n in _labelled(result, "levels", result["levels"])]
    yield "Risk levels", ["level", "customers"], levels
    for title, what in (("Risk flags", "flags"), ("Segments", "segments"), ("Tiers", "tiers")):
        yield (
            title,
            [title.lower().split()[-1][:-1], "key", "customers"],
            _labelled(result, what, result[what]),
        )
    yield "Properties", ["property", "customers"], [list(one) for one in result["properties"].items()]


def _labelled(result: dict[str, Any], what: str, counts: Mapping[str, int]) -> list[list[Any]]:
    """Label, key and customers of everything that somebody has; `lifecycle export` wants the key."""
    return [[result["labels"][what].get(key, key), key, n] for key, n in counts.items() if n]


def _samples(samples: list[dict[str, Any]], before: str) -> Iterator[str]:
    if not samples:
        return
    yield f"{show.counted(len(samples), 'sample')}: stage {before} → computed, why, and what would be written"
    for one in samples:
        move = one["to"] if one["from"] == one["to"] else f"{one['from'] or '-'} → {one['to']}"
        yield f"{_called(one)}: {move}"
        yield from _lines(one["reason"])
        yield from _lines("; ".join(f"{name} = {_brief(new)}" for name, new in _untold(one)))


def _called(sample: dict[str, Any]) -> str:
    return " ".join(str(sample[part]) for part in ("object", "id", "name") if sample[part])


def _untold(sample: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What would be written beside the stage and the reason, which stand above."""
    for name, (_, new) in sample["properties"].items():
        if new not in (sample["to"], sample["reason"]):
            yield name, new


def _lines(text: str) -> list[str]:
    width = max(shutil.get_terminal_size((100, 24)).columns, 40)
    return textwrap.wrap(text, width, initial_indent="    ", subsequent_indent="    ", break_long_words=False)


def _brief(value: str) -> str:
    if not value:
        return "(empty)"
    return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"


def _record(record: dict[str, Any] | None) -> Iterator[str]:
    """Every property of one record as it will stand; those that differ with what stands there now."""
    if record is None:
        return
    changed = record["properties"]
    rows = [
        [name, _now(changed, name, value), value or "(empty)"] for name, value in record["written"].items()
    ]
    title = f"One record in full: {_called(record)}"
    yield show.table(title, ["property", "stands there", "will be"], rows)


def _now(changed: Mapping[str, list[str]], name: str, value: str) -> str:
    return changed[name][0] or "(empty)" if name in changed else "the same" if value else "(empty)"
