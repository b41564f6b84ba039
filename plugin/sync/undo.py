"""Takes back what was written, from the ledger: what each property held before, unless it was changed since.

Property by property: a value that is not the one we wrote stays as it is and is listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
from sqlalchemy.engine import Connection

from plugin.hubspot.client import Failed
from plugin.mapping.model import Mapping as FieldMapping
from plugin.records import outcomes
from plugin.records.work import RecordKey
from plugin.sync.change_sets import Entry
from plugin.sync.diff import Change, same
from plugin.sync.writeback import WriteBack

PERSON, LATER = "person", "later write"


@dataclass(frozen=True)
class Step:
    """One property: what we wrote last within the scope, what it held before, whether that was ours, too."""

    written: str
    before: str
    before_was_ours: bool
    later: str | None = None  # what we wrote after the scope


@dataclass
class Undone:
    """What an undo came to."""

    change_set: str
    records: int = 0  # in the scope
    restored: int = 0  # of which every property written is as before, and at least one was set back now
    already: int = 0  # stood as before already
    gone: int = 0  # no longer in the CRM
    refused: int = 0  # the CRM did not take the old values
    kept: list[dict[str, Any]] = field(default_factory=list)  # properties that were changed since

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def plan(past: Sequence[Entry], scope: set[int]) -> dict[str, Step]:
    """What is to be undone on one record, by property; `past` is all that was written to it, oldest first."""
    ours: dict[str, str] = {}  # the last value of ours, going through the past
    steps: dict[str, Step] = {}
    for entry in past:
        old, new = orjson.loads(entry.old), orjson.loads(entry.new)
        for name, value in new.items():
            known = steps.get(name)
            if entry.id in scope:
                before = known.before if known else old[name]
                was_ours = known.before_was_ours if known else before in ("", ours.get(name, ""))
                steps[name] = Step(value, before, was_ours)
            elif known:
                steps[name] = Step(known.written, known.before, known.before_was_ours, value)
            ours[name] = value
    return steps


def to_restore(
    key: RecordKey, steps: Mapping[str, Step], present: Mapping[str, str | None], names: Mapping[str, str]
) -> tuple[Change | None, list[dict[str, Any]]]:
    """What to write to one record, and what stays because it is no longer what we wrote.

    `present` is what stands there now; `names` are the standard names of our properties.
    """
    old: dict[str, str] = {}
    new: dict[str, str] = {}
    kept: list[dict[str, Any]] = []
    for name, step in steps.items():
        stands, standard = present.get(name) or "", names.get(name, name)
        if same(standard, stands, step.before):
            continue
        if same(standard, stands, step.written):
            old[name], new[name] = stands, step.before
        else:
            later = step.later is not None and same(standard, stands, step.later)
            row = {"property": name, "written": step.written, "stands": stands}
            by = LATER if later else PERSON
            kept.append({"object": key[0], "id": key[1], **row, "by": by})
    return (Change(key, old, new) if new else None), kept


def standard_names(mapping: FieldMapping) -> dict[str, str]:
    """The standard name of each of our properties, by its name in the CRM."""
    return {output.name: standard for standard, output in mapping.crm_outputs()}


class Restore(WriteBack):
    """Writes old values back: one change set of its own, in any mode, and the outcomes differ afterwards."""

    def __init__(self, *args: Any, change_set: str, steps: Mapping[RecordKey, Mapping[str, Step]]) -> None:
        super().__init__(*args)
        self.own_set = change_set
        self.steps = steps

    def _joined(self, _connection: Connection) -> str | None:
        return self.own_set

    def _ours(self, change: Change) -> Mapping[str, str]:
        """A value that a person had set before us is the person's again."""
        steps = self.steps[change.key]
        return {name: value if steps[name].before_was_ours else "" for name, value in change.new.items()}

    def _note(
        self, connection: Connection, whole: set[RecordKey], refused: Mapping[RecordKey, Sequence[Failed]]
    ) -> None:
        outcomes.set_write_state(connection, self.portal_id, whole | refused.keys(), outcomes.DIFFERS)
