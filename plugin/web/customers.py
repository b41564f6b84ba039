"""What is told about one customer: the same to the API and to the record card."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from threading import Lock
from typing import Any

from sqlalchemy.engine import Connection

from plugin.jobs import meaning
from plugin.jobs.context import Context
from plugin.lifecycle.parameters import Parameters
from plugin.records import frames, lookup, outcomes, portals
from plugin.records.lookup import Kept
from plugin.records.portals import Portal
from plugin.records.store import Row
from plugin.records.work import RecordKey

Steps = list[dict[str, str]]
_PATHS_KEPT = 2_000
_KEPT_MS = 300_000  # no longer: another process erases people, and this one is not told
_MANY_DEALS = 500  # beyond, a rebuilt path would take longer than who looks at a card should wait


@dataclass
class Customers:
    """Looks customers up in the store. Rebuilt paths are kept for minutes, while the outcome stays."""

    context: Context
    _paths: dict[tuple[int, RecordKey], tuple[str, Steps, int]] = field(default_factory=dict)
    _parameters: dict[int, Parameters] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def told(self, connection: Connection, portal: Portal, key: RecordKey) -> dict[str, Any] | None:
        """The outcome as `lifecycle evaluate` prints it, the recorded changes and the path so far.

        None where this portal has no such customer.
        """
        kept = self.kept(connection, portal, key)
        return self.whole(connection, portal, key, kept) if kept else None

    def kept(self, connection: Connection, portal: Portal, key: RecordKey) -> Kept | None:
        """The outcome as it is stored; of one who is gone nothing is remembered here, either."""
        self._forget_old()
        found = lookup.kept(connection, portal.portal_id, key)
        if found is None:
            with self._lock:
                self._paths.pop((portal.portal_id, key), None)
        return found

    def whole(self, connection: Connection, portal: Portal, key: RecordKey, kept: Kept) -> dict[str, Any]:
        """The same, of an outcome that is already at hand."""
        past = outcomes.history_of(connection, portal.portal_id, key)
        return {
            **kept.body,
            "no_predictions_because": meaning.no_predictions_because(
                self.parameters(connection, portal), kept.body
            ),
            "predictions_rest_on": meaning.predictions_rest_on(
                self.parameters(connection, portal), kept.body
            ),
            "history": [{**row, "on_day": _text(row["on_day"])} for row in past],
            "path": self._path(connection, portal, key, kept, past),
        }

    def parameters(self, connection: Connection, portal: Portal) -> Parameters | None:
        """The portal's parameters; a version never changes, so each is read once."""
        found = self._parameters.get(portal.portal_id)
        if found is None or found.version != portal.parameters_version:
            found = portals.current_parameters(connection, portal)
            if found is not None:
                self._parameters[portal.portal_id] = found
        return found

    def _path(
        self, connection: Connection, portal: Portal, key: RecordKey, kept: Kept, past: list[Row]
    ) -> Steps:
        """The days on which the stage changed, since the first record, rebuilt from the mirror."""
        place = (portal.portal_id, key)
        stamp = f"{kept.evaluated_at} {kept.day} {kept.body['stage']} {kept.body['since']}"
        stored = self._paths.get(place)
        if stored is None or stored[0] != stamp:
            stored = (stamp, self._rebuilt(connection, portal, key, kept, past), self.context.now())
            with self._lock:
                self._paths.pop(place, None)  # the oldest stand first
                while len(self._paths) >= _PATHS_KEPT:
                    self._paths.pop(next(iter(self._paths)))
                self._paths[place] = stored
        return stored[1]

    def _forget_old(self) -> None:
        oldest = self.context.now() - _KEPT_MS
        with self._lock:
            for place in list(takewhile(lambda one: self._paths[one][2] <= oldest, self._paths)):
                del self._paths[place]

    def _rebuilt(
        self, connection: Connection, portal: Portal, key: RecordKey, kept: Kept, past: list[Row]
    ) -> Steps:
        parameters = self.parameters(connection, portal)
        if parameters is None:
            return []
        context = self.context.current(portal.portal_id)
        records = frames.load(connection, portal.portal_id, context.mapping, [key])
        if records.deals.height > _MANY_DEALS:
            return _recorded(past, context.models.primary.key)
        steps = meaning.path(records, context.mapping, context.models, parameters, kept.day, key)
        return [{"on": day.isoformat(), "stage": stage} for day, stage in steps]


def _recorded(past: list[Row], model: str) -> Steps:
    """The changes as they were recorded; they begin with the installation."""
    return [
        {"on": row["on_day"].isoformat(), "stage": row["to_stage"]}
        for row in past
        if row["model"] == model and row["on_day"]
    ]


def _text(day: Any) -> str | None:
    return day.isoformat() if day else None
