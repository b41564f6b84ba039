"""Expectations of a table of customers beside what an outcome says: named right, one by one, in one shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from plugin.errors import InputError
from plugin.lifecycle.ruleset import Models
from plugin.mapping.findings import did_you_mean
from plugin.testing.cases import Case
from plugin.testing.wire import as_facts

#: Names of an outcome that may be expected as facts, though rules cannot name them.
_SHOWN = ("rfm", "rfm_segment", "tier", "attitude", "since", "exited_from", "keep_until", "next_moment")


def check_names(case: Case, models: Models, table: str) -> None:
    """InputError where an expectation names what the rules do not have: it could never hold."""
    model = models.primary
    known = {
        f"{model.key} has no stage": [stage.key for stage in model.stages],
        "there is no flag": [flag.key for flag in models.flags],
        "there is no segment": [segment.key for segment in models.segments],
        "there is no risk level": [level.key for level in models.levels],
        "there is no fact": [*models.facts, *_SHOWN],
    }
    for (said, names), wanted in zip(known.items(), _named(case), strict=True):
        for name in wanted:
            if name not in names:
                cure = did_you_mean(name, names, said.rpartition(" ")[2] + "s")
                raise InputError(f"{table}: {case.name}: {said} {name!r}.", cure=cure)


def _named(case: Case) -> tuple[list[str], ...]:
    """The stages, flags, segments, risk levels and facts that are expected."""
    days = case.expect.values()
    ahead = [e[name] for e in days for name in ("stage", "next_stage") if e.get(name) is not None]
    return (
        [*(case.path or {}).values(), *map(str, ahead)],
        [name for e in days for name in e.get("flags") or ()],
        [name for e in days for name in e.get("segments") or ()],
        [str(e["risk_level"]) for e in days if e.get("risk_level") is not None],
        [name for e in days for name in e.get("facts") or {}],
    )


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
