"""A preview for people: the counts, what stays empty and why, a few customers, and one of them in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plugin.cli import show
from plugin.cli.sample_text import called, sample_lines
from plugin.cli.threshold_text import threshold_text
from plugin.lifecycle.reading import account_lines
from plugin.sync.lanes import AUTO_ABOVE, OFF

SHOWN = 5  # samples on a terminal, unless more are asked for
#: Tables that count label and key: title, column, where the counts and their labels stand.
COUNTED = (
    ("Risk levels", "level", "levels"),
    ("Risk flags", "flag", "flags"),
    ("Segments", "segment", "segments"),
    ("Tiers", "tier", "tiers"),
)
RFM = (
    "RFM compares the buyers here with one another, in fifths: who buys less than others may be called "
    "“hibernating” and still buy as usual. The stage goes by each customer's own rhythm."
)


def preview_text(result: dict[str, Any], samples: int = SHOWN) -> str:
    """The whole."""
    parts = [*_head(result), *_tables(result), *_empty(result), *threshold_text(result["thresholds"])]
    parts += [*_samples(result, samples), *_record(result["record"])]
    return "\n".join(parts)


def _head(result: dict[str, Any]) -> Iterator[str]:
    yield show.wrapped(
        f"Of {show.counted(result['customers'], 'customer')} {result['written']:,} would be written in "
        f"{show.counted(result['calls'], 'call')}; {result['unchanged']:,} stay as they are."
    )
    if result["failed"]:
        yield f"{result['failed']:,} could not be computed; `lifecycle parked list` will name them."
    if result["customers"] > AUTO_ABOVE or result["lanes"]["read"]["because"] != OFF:
        yield show.wrapped(show.lanes_text(result["lanes"]))
    yield from account_text(result)


def account_text(result: dict[str, Any]) -> Iterator[str]:
    """What was read, what of it makes a purchase, and what was left out."""
    if not result["account"]:
        return
    first, *more = account_lines(result["account"])
    yield show.wrapped(first)
    if result["orders"] != result["purchases"]:
        yield show.wrapped(
            f"{show.counted(result['orders'], 'order')} of these customers count as "
            f"{show.counted(result['purchases'], 'purchase')}: orders of one day are one purchase."
        )
    yield from map(show.wrapped, more)


def _tables(result: dict[str, Any]) -> Iterator[str]:
    yield _counts(result, "Stages", "stage", "stages", result["stages"])
    if any(one["from"] for one in result["moves"]):
        yield moves_table(result, "in the CRM", "computed")
    for model, counts in result["secondary"].items():
        yield _counts(result, f"Stages of {model}", "stage", model, counts)
    for title, column, what in COUNTED:
        if any(result[what].values()):
            yield _counts(result, title, column, what, result[what])
        if what == "segments" and any(key.startswith("rfm_") for key, n in result[what].items() if n):
            yield show.wrapped(RFM)
    if result["properties"]:
        rows = [list(one) for one in result["properties"].items()]
        yield show.table("Properties that would be written", ["property", "customers"], rows)


def _counts(result: dict[str, Any], title: str, column: str, what: str, counts: Mapping[str, int]) -> str:
    """Label, key and customers of everything that somebody has; `lifecycle export` wants the key."""
    rows = [[result["labels"][what].get(key, key), key, n] for key, n in counts.items() if n]
    return show.table(title, [column, "key", "customers"], rows)


def moves_table(result: dict[str, Any], before: str, after: str) -> str:
    """From which stage to which, by label and key."""
    rows = [
        [_stage(result, one["from"]), _stage(result, one["to"]), one["customers"]] for one in result["moves"]
    ]
    return show.table("Moves", [before, after, "customers"], rows)


def _stage(result: dict[str, Any], key: str) -> str:
    label = result["labels"]["stages"].get(key, key)
    return label if label == key else f"{label} ({key})" if key else "(none)"


def _empty(result: dict[str, Any]) -> Iterator[str]:
    """What nobody has, and why; predictions that are only there for some."""
    for one in result["empty"]:
        because = f" ({one['because']})" if one["because"] else ""
        yield show.wrapped(f"Empty for all {result['customers']:,}: {', '.join(one['properties'])}{because}.")
    if any(one["published"] for one in result["predictions"].values()):
        yield from map(show.wrapped, show.prediction_lines(result["predictions"]))


def _samples(result: dict[str, Any], wanted: int) -> Iterator[str]:
    samples = result["samples"][:wanted]
    if not samples:
        return
    money = (result["account"] or {}).get("revenue", {}).get("currency")
    more = len(result["samples"]) > len(samples)
    yield ""
    yield show.wrapped(
        f"{show.counted(len(samples), 'sample')}, chosen to differ"
        + (f" (`--samples {len(result['samples'])}` shows more)" if more else "")
        + ": the stage, why, and the values as they would be written"
        + (f", money in {money}" if money else "")
        + ". Long texts are cut here; the record below is whole."
    )
    yield from sample_lines(samples, result["named"], lambda name, pair: f"{name} = {pair[1] or '(empty)'}")


def _record(record: dict[str, Any] | None) -> Iterator[str]:
    """Every property of one record as it will stand; those that differ with what stands there now."""
    if record is None:
        return
    changed, why = record["properties"], record["why_empty"]
    rows = [
        [name, _now(changed, name, value), value or _nothing(why.get(name, ""))]
        for name, value in record["written"].items()
    ]
    there = any(old for old, _ in changed.values()) or len(changed) < sum(
        map(bool, record["written"].values())
    )
    columns = ["property", "stands there", "will be"]
    if not there:  # nothing stands in the CRM yet: a column of "(empty)" says nothing
        columns, rows = ["property", "will be"], [[name, value] for name, _, value in rows]
    yield show.table(f"One record in full: {called(record)}", columns, rows)


def _nothing(why: str) -> str:
    return f"(empty: {why})" if why else "(empty)"


def _now(changed: Mapping[str, list[str]], name: str, value: str) -> str:
    return changed[name][0] or "(empty)" if name in changed else "the same" if value else "(empty)"
