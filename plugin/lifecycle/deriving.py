"""From what a mapping says of derived facts to checked ones: names, reads, motion, a trial of each function.

Raises every fault at once; nothing that passes here can stop a portal later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

import numpy as np
import polars as pl

from plugin.errors import ConfigError
from plugin.lifecycle.catalogue import FACTS, Fact, FactType, Slope, extra_fact
from plugin.lifecycle.derived import DAY, DTYPES, Derived, Function, said_of
from plugin.lifecycle.offered import offer
from plugin.mapping.findings import did_you_mean
from plugin.mapping.model import DerivedFact

#: How a fact moves between two changes of what it reads, by the mapping's word.
SLOPES: dict[str, Slope] = {"still": "still", "since": "up", "until": "down", "any": "any"}
_TRIES = 96
_TEXTS = (
    "x",
    "2024-05-01",
    "2024-05-01T10:00:00Z",
    "1714521600000",
    "12",
    "12,5",
    "-3.5",
    "true",
    " ",
    "日本",
)


@dataclass(frozen=True)
class DerivedFault:
    """One fault: the number of the entry under `derived_facts`, its key, what is wrong, what to do."""

    index: int
    key: str
    message: str
    cure: str


class DerivedError(ConfigError):
    """Derived facts that cannot be used as the mapping names them."""

    code = "derived_fact"
    default_cure = "Correct `derived_facts` or the package, and run `lifecycle config check`."

    def __init__(self, faults: list[DerivedFault]) -> None:
        self.faults = faults
        super().__init__("\n".join(f"{fault.message} Cure: {fault.cure}" for fault in faults) + "\n")


def derive(
    specs: Collection[DerivedFact],
    extras: Mapping[str, FactType],
    taken: Collection[str],
    functions: Mapping[str, Function] | None = None,
) -> Mapping[str, Derived]:
    """The derived facts by name, in the order listed; DerivedError tells every fault.

    `extras` are mapped properties that may be read, with what they are declared as; `taken` names that are
    something else (thresholds); `functions` stand in for installed packages' (tests).
    """
    found: dict[str, Derived] = {}
    faults: list[DerivedFault] = []
    facts = {**FACTS, **{n: extra_fact(n, kind) for n, kind in extras.items() if n not in FACTS}}
    for index, spec in enumerate(specs):
        name = f"The derived fact {spec.name!r}"
        mine = [*_naming(index, spec, facts, taken), *_reading(index, spec, facts)]
        offered = offer(spec.function, functions)
        if offered.function is None:
            mine.append(DerivedFault(index, "function", f"{name}: {offered.problem}.", offered.cure))
        known = {n: f for n, f in facts.items() if n in spec.reads}
        fact = Fact(spec.name, spec.type, spec.meaning, _breaks(spec, known), SLOPES[spec.moves], "derived")
        if not mine and offered.function is not None:
            derived = Derived(spec, offered.function, fact, offered.digest)
            mine += _trial(index, derived, known)
            found[spec.name] = derived
        facts.setdefault(spec.name, fact)
        faults += mine
    if faults:
        raise DerivedError(faults)
    return MappingProxyType(found)


def _breaks(spec: DerivedFact, reads: Mapping[str, Fact]) -> tuple[str, ...]:
    """The days on which it may jump: those of what it reads, and the day that days are counted from."""
    own = [f"since:{spec.name}"] if spec.moves == "since" else []
    return tuple(dict.fromkeys([b for fact in reads.values() for b in fact.breaks] + own))


def _naming(
    index: int, spec: DerivedFact, facts: Mapping[str, Fact], taken: Collection[str]
) -> list[DerivedFault]:
    found = []
    if spec.name in facts or spec.name in taken or spec.name == DAY:
        said = f"{spec.name!r} is the name of a fact, a threshold or another derived fact already."
        found.append(DerivedFault(index, "name", said, "Choose another name."))
    if spec.moves in ("since", "until") and spec.type != "number":
        said = f"The derived fact {spec.name!r} counts days (moves: {spec.moves}), so it is a number."
        found.append(
            DerivedFault(index, "type", said, "Write `type: number`; its function returns the date.")
        )
    return found


def _reading(index: int, spec: DerivedFact, facts: Mapping[str, Fact]) -> list[DerivedFault]:
    found = []
    me = f"The derived fact {spec.name!r} reads"
    for name in spec.reads:
        if name != DAY and name not in facts:
            said = f"{me} {name!r}, which is no fact and no property under `extras`."
            cure = (
                f"{did_you_mean(name, facts, 'facts')} A property of your own is listed under `extras` first."
            )
            found.append(DerivedFault(index, "reads", said, cure))
        elif spec.moves != "any" and (name == DAY or facts[name].slope != "still"):
            said = f"{me} {name}, which changes from day to day, but `moves` is {spec.moves}."
            cure = "Read what stands still, or write `moves: any` (every day is then looked at: slower)."
            found.append(DerivedFault(index, "moves", said, cure))
    return found


def _trial(index: int, derived: Derived, reads: Mapping[str, Fact]) -> list[DerivedFault]:
    """Call the function on made-up rows: whole, again, reversed, and by half."""
    rows = made_up(derived.spec.reads, reads)
    cure = (
        "It must give every row one value by that row alone, whatever a CRM may hold: "
        "null where something is null or cannot be read."
    )
    try:
        whole, again = derived.call(rows), derived.call(rows)
        back, half = derived.call(rows.reverse()), derived.call(rows.head(_TRIES // 2))
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        said = f"{derived.spec.function}, for the derived fact {derived.name!r}, {said_of(error)}"
        said += " when it was tried on made-up rows."
        return [DerivedFault(index, "function", said, cure)]
    if not whole.equals(again):
        problem = "gives another answer when it is asked again"
    elif not whole.equals(back.reverse()):
        problem = "gives another answer when the rows stand in another order"
    elif not whole.head(_TRIES // 2).equals(half):
        problem = "gives another answer when other rows are left out"
    else:
        return []
    said = f"{derived.spec.function}, for the derived fact {derived.name!r}, {problem}."
    return [DerivedFault(index, "function", said, cure)]


def made_up(reads: Collection[str], facts: Mapping[str, Fact]) -> pl.DataFrame:
    """Rows as a function gets them, with values of every kind and nulls, the same ones each time."""
    rng = np.random.default_rng(7)
    columns = {name: _values("date" if name == DAY else facts[name].type, rng) for name in reads}
    frame = pl.DataFrame(columns)
    unknown = [
        pl.when(pl.Series(rng.random(_TRIES) < (0.0 if name == DAY else 0.2)))
        .then(None)
        .otherwise(pl.col(name))
        for name in frame.columns
    ]
    return frame.select(expr.alias(name) for expr, name in zip(unknown, frame.columns, strict=True))


def _values(kind: FactType, rng: np.random.Generator) -> pl.Series:
    if kind == "text":
        return pl.Series(rng.choice(np.array(_TEXTS, dtype=object), _TRIES).tolist(), dtype=DTYPES[kind])
    if kind == "bool":
        return pl.Series(rng.random(_TRIES) < 0.5)
    if kind == "date":
        days = [date(2023, 1, 1) + timedelta(days=int(n)) for n in rng.integers(0, 1500, _TRIES)]
        return pl.Series(days, dtype=DTYPES[kind])
    scale = rng.choice([0.0, 1.0, 10.0, 400.0, -50.0], _TRIES)
    return pl.Series(np.floor(scale * rng.random(_TRIES) * 2) / 2, dtype=DTYPES[kind])
