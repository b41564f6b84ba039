"""CRM tasks for those who entered a stage whose play asks for one: at most one an entry, never for history.

A row is kept before the task is made. A call whose answer never came is not repeated, because the tasks
may be there: one missing task harms less than two on a customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.errors import CrmError, CrmRefused
from plugin.hubspot.client import Crm, TaskInput
from plugin.lifecycle.ruleset import Models
from plugin.records.outcomes import Evaluated
from plugin.records.schema import tasks
from plugin.records.store import Store

INTENDED, MADE, REFUSED = "intended", "made", "refused"
DAY_MS = 86_400_000


class Tasks:
    """Makes tasks for one portal."""

    def __init__(self, store: Store, crm: Crm, portal_id: int, models: Models, language: str) -> None:
        self.store = store
        self.crm = crm
        self.portal_id = portal_id
        self.models = models
        self.language = language

    def make(self, entered: Sequence[Evaluated], now: int) -> int:
        """Make the tasks that are due for these entries; returns how many were made."""
        wanted = [one for one in entered if self._play(one) is not None and one.body.get("since")]
        with self.store.write() as connection:
            fresh = [one for one in wanted if self._note(connection, one, now)]
        if not fresh:
            return 0
        try:
            self.crm.create_tasks([self._task(one, now) for one in fresh])
        except CrmRefused:
            self._settle(fresh, REFUSED)
            return 0
        except CrmError:
            return 0  # they may have been made: the rows stay as intended
        self._settle(fresh, MADE)
        return len(fresh)

    def _play(self, one: Evaluated) -> str | None:
        """The key of the stage's play, if it asks for a task."""
        key = self.models.primary.stage(one.body["stage"]).play
        play = self.models.plays.get(key)
        return key if play is not None and play.task else None

    def _note(self, connection: Connection, one: Evaluated, now: int) -> bool:
        """Keep a row for this entry; false if there is one."""
        entry = {
            "portal_id": self.portal_id,
            "object_type": one.key[0],
            "object_id": one.key[1],
            "stage": one.body["stage"],
            "entered_on": _day(one.body["since"]),
        }
        here = [tasks.c[name] == value for name, value in entry.items()]
        if connection.execute(sa.select(tasks.c.state).where(*here)).first() is not None:
            return False
        connection.execute(sa.insert(tasks), {**entry, "made_at": now, "state": INTENDED})
        return True

    def _task(self, one: Evaluated, now: int) -> TaskInput:
        stage = self.models.primary.stage(one.body["stage"])
        play = self.models.plays[stage.play]
        action = play.action.get(self.language) or play.action.get("en", "")
        return TaskInput(
            subject=f"{stage.label(self.language)}: {action}"[:250],
            body=str(one.body.get("reason") or ""),
            due_at=_due(now, play.due_days, one.body.get("next_stage_on")),
            object_type=one.key[0],
            object_id=one.key[1],
        )

    def _settle(self, made: Sequence[Evaluated], state: str) -> None:
        with self.store.write() as connection:
            for one in made:
                connection.execute(
                    sa.update(tasks)
                    .where(tasks.c.portal_id == self.portal_id, tasks.c.object_type == one.key[0])
                    .where(tasks.c.object_id == one.key[1], tasks.c.stage == one.body["stage"])
                    .where(tasks.c.entered_on == _day(one.body["since"]))
                    .values(state=state)
                )


def _due(now: int, days: int, changes_on: str | date | None) -> int:
    """Milliseconds: so many days from now, but no later than the day on which the stage changes by itself."""
    due = now + days * DAY_MS
    if not changes_on:
        return due
    change = (_day(changes_on) - date(1970, 1, 1)).days * DAY_MS
    return min(due, max(now, change))


def _day(value: str | date) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value
