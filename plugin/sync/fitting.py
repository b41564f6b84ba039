"""Takes out of changes, before they are sent, what the portal would refuse: one bad value fails all rows.

A fault of the property itself (removed, read-only, retyped) is told apart from one record's bad value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from plugin.hubspot.client import Failed
from plugin.records.refused import Refused
from plugin.records.work import RecordKey
from plugin.sync.diff import Change
from plugin.sync.refusals import Refusals


@dataclass
class Fit:
    """What may be sent, and why the rest may not."""

    changes: list[Change] = field(default_factory=list)
    unfit: dict[RecordKey, list[Failed]] = field(default_factory=dict)  # one record's own bad values
    faulty: dict[tuple[str, str], Refused] = field(default_factory=dict)  # (object type, property)
    emptied: set[RecordKey] = field(default_factory=set)  # nothing was left of these to be sent


class Fitting:
    """Holds changes against the portal's definitions."""

    def __init__(self, refusals: Refusals) -> None:
        self.refusals = refusals

    def fit(self, changes: Sequence[Change]) -> Fit:
        """Split the changes; a call is made only where a value looks wrong or nothing is known."""
        fit = Fit()
        for change in changes:
            out = [name for name, value in change.new.items() if self._is_out(fit, change, name, value)]
            left = without(change, out)
            if left.new:
                fit.changes.append(left)
            else:
                fit.emptied.add(change.key)
        return fit

    def _is_out(self, fit: Fit, change: Change, name: str, value: str) -> bool:
        kind = change.key[0]
        if (kind, name) in fit.faulty:
            return True
        fault = self.refusals.definitions.fault(kind, name, value)
        if fault is None:
            return False
        failed = Failed(change.key[1], fault[0], fault[1], name)
        report = self.refusals.of_properties(kind, [failed], ()).get(name)
        if report is not None:
            fit.faulty[kind, name] = report
        else:
            fit.unfit.setdefault(change.key, []).append(failed)
        return True


def without(change: Change, names: Sequence[str]) -> Change:
    """The change less these properties."""
    if not names:
        return change
    old, new = ({n: v for n, v in part.items() if n not in names} for part in (change.old, change.new))
    return Change(change.key, old, new)
