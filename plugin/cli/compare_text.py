"""What another mapping file changes for customers, on a terminal: now, then, and the difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plugin.cli import show
from plugin.cli.preview_text import COUNTED, SHOWN, account_text, moves_table
from plugin.cli.sample_text import sample_lines
from plugin.cli.threshold_text import threshold_text

Counts = dict[str, int]


def compare_text(result: dict[str, Any], samples: int = SHOWN) -> str:
    """Who would move, what would be counted otherwise, a few customers; the CRM in one line at the end."""
    parts = [_moved(result), *_age(result["compared"]), *_account(result), *_tables(result)]
    parts += [*_samples(result, samples), *map(show.wrapped, show.prediction_lines(result["predictions"]))]
    return "\n".join([*parts, *threshold_text(result["thresholds"]), _written(result)])


def _moved(result: dict[str, Any]) -> str:
    moved = sum(one["customers"] for one in result["moves"])
    kept = result["customers"] - moved
    return f"{show.counted(moved, 'customer')} would move to another stage, {kept:,} stay in theirs."


def _age(compared: dict[str, Any]) -> Iterator[str]:
    if compared["late"]:
        yield show.wrapped(
            f"Of {show.counted(compared['late'], 'customer')} what is kept here is not of today: part of the "
            "difference is time's, not the file's. `lifecycle backfill`, or a running server, brings it up "
            "to date."
        )


def _account(result: dict[str, Any]) -> Iterator[str]:
    """What is read and left out, where the file changes that."""
    if result["account"] != result["compared"]["account"]:
        yield from account_text(result)


def _tables(result: dict[str, Any]) -> Iterator[str]:
    if result["moves"]:
        yield moves_table(result, "now", "then")
    same = []
    for title, column, what, before, after in _groups(result):
        rows = _differing(result["labels"].get(what, {}), before, after)
        if rows:
            yield show.table(title, [column, "key", "now", "then", "difference"], rows)
        elif any(before.values()):
            same.append(title[0].lower() + title[1:])
    if same:
        yield show.wrapped(f"The same as now: {', '.join(same)}.")
    if changed := result["compared"]["changed"]:
        rows = [[name, n] for name, n in changed.items()]
        yield show.table("Properties with another value", ["property", "customers"], rows)


def _groups(result: dict[str, Any]) -> Iterator[tuple[str, str, str, Counts, Counts]]:
    """Title, column, name of the labels, counts now and then."""
    now = result["compared"]
    yield "Stages", "stage", "stages", now["stages"], result["stages"]
    for name in {**now["secondary"], **result["secondary"]}:
        before, after = (one["secondary"].get(name, {}) for one in (now, result))
        yield f"Stages of {name}", "stage", name, before, after
    for title, column, what in COUNTED:
        yield title, column, what, now[what], result[what]


def _differing(labels: dict[str, str], before: Counts, after: Counts) -> list[list[Any]]:
    """Label, key, both counts and the difference of whatever is counted otherwise."""
    keys = dict.fromkeys((*labels, *before, *after))
    pairs = [(key, before.get(key, 0), after.get(key, 0)) for key in keys]
    return [[labels.get(key, key), key, old, new, f"{new - old:+,}"] for key, old, new in pairs if old != new]


def _samples(result: dict[str, Any], wanted: int) -> Iterator[str]:
    samples = result["samples"][:wanted]
    if not samples:
        return
    more = f" (`--samples {len(result['samples'])}` shows more)" if len(result["samples"]) > wanted else ""
    yield ""
    yield show.wrapped(
        f"{show.counted(len(samples), 'sample')}, chosen to differ{more}: the stage, why, and every "
        "value that would be another one, now → then."
    )
    yield from sample_lines(
        samples,
        result["named"],
        lambda name, pair: f"{name}: {pair[0] or '(empty)'} → {pair[1] or '(empty)'}",
    )


def _written(result: dict[str, Any]) -> str:
    """What a write would be: everything that is not in the CRM yet, whether this file changes it or not."""
    everybody, written = show.counted(result["customers"], "customer"), result["written"]
    altered = result["compared"]["altered"]
    if not result["compared"]["standing"]:
        whole = written == result["customers"] > 1
        who = f"all {everybody}" if whole else f"{written:,} of {everybody}"
        said = f"nothing of ours stands there yet, so {who} would be written"
    else:
        said = f"of {everybody} {written:,} would be written"
    said += f", whether this file changes them or not (it changes {altered:,})" if written > altered else ""
    calls = f", in {show.counted(result['calls'], 'call')}; `lifecycle preview --config FILE` shows what."
    return show.wrapped(f"Into the CRM: {said}{calls}")
