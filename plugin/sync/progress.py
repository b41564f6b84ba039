"""How far a whole load has come: kept after every page, shown on terminals, pages and in the API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass
class Progress:
    """How far a backfill has come; moments in ms."""

    run: str
    started_at: int
    phases: list[str]
    phase: str = ""  # the object type being read; "" when all are read
    after: str | None = None  # the CRM's cursor; HubSpot makes it of the id of a record
    read: dict[str, int] = field(default_factory=dict)
    total: dict[str, int] = field(default_factory=dict)
    finished: bool = False
    basis: str = ""  # what is read of each record; a load that reads something else begins anew
    resumed_at: int = 0  # when the present run of it began, and how much was read before
    resumed_with: int = 0
    noted_at: int = 0  # when the last page was kept
    waits_until: int = 0  # the CRM is away; the load goes on at this moment
    before: str | None = None  # the cursor of the page before, and what was read of the phase up to there
    before_read: int = 0

    @property
    def records(self) -> int:
        """Records read so far."""
        return sum(self.read.values())

    @property
    def expected(self) -> int:
        """Records there were at the start."""
        return sum(self.total.values())

    @property
    def rate(self) -> float | None:
        """Records a second in the present run; None until there is something to divide."""
        seconds = (self.noted_at - (self.resumed_at or self.started_at)) / 1000
        done = self.records - self.resumed_with
        return done / seconds if seconds > 0 and done > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """How long the reading still takes at this rate; 0 when all is read, None when nobody can tell."""
        if not self.phase:
            return 0.0
        return max(0, self.expected - self.records) / self.rate if self.rate else None

    def turn_page(self, records: int, after: str | None) -> None:
        """A page of so many records was read; `after` is the next one's cursor, None: the phase is over."""
        seen = self.read.get(self.phase, 0)
        self.before, self.before_read = self.after, seen
        self.read[self.phase] = seen + records
        self.after = after
        if after is None:
            following = self.phases[self.phases.index(self.phase) + 1 :]
            self.phase = following[0] if following else ""
            self.before, self.before_read = None, 0

    def naming_nobody_of(self, erased: Callable[[str, Iterable[int]], set[int]]) -> Progress:
        """The same, so many pages back that no cursor names somebody who was erased.

        `erased` tells which ids of an object type were.
        """
        kept = replace(self, read=dict(self.read))
        if kept.before is not None and _names_any(kept.before, kept.phase, erased):
            kept.before, kept.before_read = None, 0
        if kept.after is not None and _names_any(kept.after, kept.phase, erased):
            kept.after, kept.read[kept.phase] = kept.before, kept.before_read
            kept.before, kept.before_read = None, 0
        return kept

    def where(self) -> str:
        """Where it stands, for people."""
        if not self.phase:
            return f"all {self.records:,} records are read"
        return f"{self.phase} {self.read.get(self.phase, 0):,} of {self.total.get(self.phase, 0):,}"


def _names_any(cursor: str, phase: str, erased: Callable[[str, Iterable[int]], set[int]]) -> bool:
    ids = [int(number) for number in re.findall(r"[0-9]{1,18}", cursor)]
    return bool(erased(phase, ids))


def progress_of(note: Mapping[str, Any]) -> Progress:
    """A kept note, of this version or of an earlier one, as what it says."""
    return Progress(**{name: note[name] for name in Progress.__dataclass_fields__ if name in note})


def as_status(note: Mapping[str, Any], computing: int) -> dict[str, Any]:
    """A load as the API shows it; `computing`: customers of it that still wait to be computed.

    `state` is reading, waiting (the CRM is away), fitting, computing or done; `records` of `expected` read,
    `per_second` records, `seconds_left` of the reading.
    """
    progress = progress_of(note)
    return {
        "state": _state(progress, computing),
        "finished": progress.finished,
        "phase": progress.phase or None,
        "phases": list(progress.phases),
        "records": progress.records,
        "expected": progress.expected,
        "read": dict(progress.read),
        "total": dict(progress.total),
        "per_second": None if progress.rate is None else round(progress.rate, 1),
        "seconds_left": None if progress.seconds_left is None else round(progress.seconds_left, 1),
        "customers_left": computing,
        "started_at": progress.started_at,
        "resumes_at": progress.waits_until or None,
    }


def _state(progress: Progress, computing: int) -> str:
    if progress.finished:
        return "computing" if computing else "done"
    if not progress.phase:
        return "fitting"
    return "waiting" if progress.waits_until else "reading"
