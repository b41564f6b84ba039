"""The sandbox's memory and what one does with it: look at records, create, change, merge, associate them.

This is the interface for pages, the control API and tests; the HTTP API works on `Core.unit` directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugin.sandbox import associations, dump, merges, records, writes
from plugin.sandbox.core import DEFAULT_TOKEN, Core
from plugin.sandbox.history import UI, Source
from plugin.sandbox.kinds import DEAL, Kind, kind_of
from plugin.sandbox.problems import not_found
from plugin.sandbox.writes import Draft, Edit

__all__ = ["DEFAULT_TOKEN", "Store"]


class Store(Core):
    """One sandbox's state; safe to use from many threads."""

    def listed(
        self, kind: str, *, portal: int | None = None, query: str = "", limit: int = 50, after: int = 0
    ) -> list[dict[str, Any]]:
        """Records for display: id, every property, createdAt, updatedAt; `query` matches any shown text."""
        return dump.listed(self, kind_of(kind), self.portals.get(portal), query.lower(), limit, after)

    def record(self, kind: str, record_id: int, *, portal: int | None = None) -> dict[str, Any]:
        """One record for display: id, properties, history (newest first), associations by plural name.

        An id that was merged away leads to the record it became; 404 (Problem) when there is none.
        """
        with self.read() as conn:
            number = self.portals.get(portal).id
            found = records.survivor(conn, number, kind_of(kind), record_id)
            if found is None or found.archived_at is not None:
                raise not_found()
            return dump.complete(conn, number, found)

    def edit(
        self,
        kind: str,
        record_id: int,
        values: dict[str, Any],
        *,
        source: Source = UI,
        portal: int | None = None,
    ) -> dict[str, Any]:
        """Write values as a person in HubSpot would; the record afterwards. Problem on bad values."""
        with self.unit(portal, source) as unit:
            record = unit.get(kind_of(kind), record_id)
            writes.update(unit, record.kind, [Edit(record, values)])
        return self.record(kind, record_id, portal=portal)

    def create_record(
        self,
        kind: str,
        values: dict[str, Any],
        links: Sequence[tuple[str, int]] = (),
        *,
        source: Source = UI,
        portal: int | None = None,
    ) -> dict[str, Any]:
        """Create a record, associated with `links` of (kind, id); the record afterwards."""
        of_kind = kind_of(kind)
        chosen: list[tuple[Kind, int, list[int]]] = [(kind_of(name), number, []) for name, number in links]
        with self.unit(portal, source) as unit:
            made = writes.create(unit, of_kind, [Draft(values, chosen)])[0]
        return self.record(kind, made.id, portal=portal)

    def create_deal(
        self, contact_id: int, values: dict[str, Any], *, source: Source = UI, portal: int | None = None
    ) -> dict[str, Any]:
        """Create a deal for a contact; the deal afterwards."""
        return self.create_record(DEAL.name, values, [("contact", contact_id)], source=source, portal=portal)

    def archive_record(
        self, kind: str, record_id: int, *, source: Source = UI, portal: int | None = None
    ) -> None:
        """Put a record into the bin."""
        with self.unit(portal, source) as unit:
            writes.archive(unit, unit.get(kind_of(kind), record_id))

    def restore_record(
        self, kind: str, record_id: int, *, source: Source = UI, portal: int | None = None
    ) -> None:
        """Take a record out of the bin."""
        with self.unit(portal, source) as unit:
            record = unit.fetch(kind_of(kind), [record_id]).get(record_id)
            if record is None or record.archived_at is None or record.merged_into is not None:
                raise not_found()
            writes.restore(unit, record)

    def merge_records(
        self, kind: str, primary_id: int, other_id: int, *, source: Source = UI, portal: int | None = None
    ) -> int:
        """Merge two records; the id of the new one."""
        with self.unit(portal, source) as unit:
            return merges.merge(unit, kind_of(kind), primary_id, other_id).id

    def associate(
        self,
        one: tuple[str, int],
        other: tuple[str, int],
        *,
        remove: bool = False,
        type_id: int | None = None,
        source: Source = UI,
        portal: int | None = None,
    ) -> None:
        """Associate two records, each (kind, id), or take the association away."""
        with self.unit(portal, source) as unit:
            here, there = (unit.get(kind_of(kind), number) for kind, number in (one, other))
            act = associations.unlink if remove else writes.link
            act(unit, here, there, [] if type_id is None else [type_id])

    def pipelines_of(self, kind: str = "deal", *, portal: int | None = None) -> list[dict[str, Any]]:
        """The pipelines with their stages, for a page's drop-down."""
        return self.pipelines.all(self.portals.get(portal), kind_of(kind))

    def definitions(self, kind: str, *, portal: int | None = None) -> list[dict[str, Any]]:
        """The property definitions, for labels and options."""
        return self.schema.listed(self.portals.get(portal), kind_of(kind))
