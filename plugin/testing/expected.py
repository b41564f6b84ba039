"""Expectations of a table of customers beside what an outcome says: named right, one by one, in one shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from plugin.lifecycle.ruleset import Models
from plugin.mapping.findings import did_you_mean
from plugin.mapping.positions import Path
from plugin.testing.cases import Case
from plugin.testing.table_values import Fault
from plugin.testing.wire import as_facts

#: Names of an outcome that may be expected as facts, though rules cannot name them.
_SHOWN = ("rfm", "rfm_segment", "tier", "attitude", "since", "exited_from", "keep_until", "next_moment")


def name_faults(case: Case, models: Models, number: int) -> Iterator[Fault]:
    """Every expectation of the customer of that number, from 0, that names what the rules do not have."""
    model = models.primary
    known = {
        "stage": (f"{model.key} has no stage", [stage.key for stage in model.stages]),
        "flags": ("there is no flag", [flag.key for flag in models.flags]),
        "segments": ("there is no segment", [segment.key for segment in models.segments]),
        "risk_level": ("there is no risk level", [level.key for level in models.levels]),
        "facts": ("there is no fact", [*models.facts, *_SHOWN]),
    }
    for kind, name, path in _named(case):
        said, names = known[kind]
        if name and name not in names:
            cure = did_you_mean(name, names, said.rpartition(" ")[2] + "s")
            yield Fault(("customers", number, *path), f"{case.name}: {said} {name!r}.", cure)


def _named(case: Case) -> Iterator[tuple[str, str, Path]]:
    """(kind, name, path within the customer) of every stage, flag, segment, risk level and fact expected."""
    for on, stage in (case.path or {}).items():
        yield "stage", stage, ("path", on.isoformat())
    for on, expected in case.expect.items():
        at: Path = ("expect", on.isoformat())
        for key, kind in (("stage", "stage"), ("next_stage", "stage"), ("risk_level", "risk_level")):
            if expected.get(key) is not None:
                yield kind, str(expected[key]), (*at, key)
        for key in ("flags", "segments"):
            yield from ((key, name, (*at, key, n)) for n, name in enumerate(expected.get(key) or ()))
        yield from (("facts", name, (*at, "facts", name, "<key>")) for name in expected.get("facts") or {})


def singly(expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The expectations, of facts one each."""
    for what, wanted in expected.items():
        if what == "facts":
            yield from ((f"fact {name}", value) for name, value in wanted.items())
        else:
            yield what, wanted


def expectations(case: Case) -> int:
    """How much is expected of a customer: the path counts as one."""
    return (case.path is not None) + sum(len([*singly(e)]) for e in case.expect.values())


def got(row: Mapping[str, Any], facts: Mapping[str, Any], what: str, wanted: Any) -> Any:
    """What the outcome says of one expectation; of flags and segments all, in the order named."""
    if what.startswith("fact "):
        name = what.removeprefix("fact ")
        return as_facts(facts, [name])[name]
    if what in ("flags", "segments"):
        had = row["risk_flags" if what == "flags" else "segments"]
        return sorted(had)
    return row[what]


def plain(wanted: Any) -> Any:
    """An expectation as outcomes are told: days as text, lists in order."""
    if isinstance(wanted, date):
        return wanted.isoformat()
    if isinstance(wanted, Mapping):
        return {str(k): plain(v) for k, v in wanted.items()}
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return sorted(wanted)
    return wanted
