"""What a person changes on the sandbox's pages: written as HubSpot's own page would, so webhooks fire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask import make_response, redirect, request
from werkzeug.wrappers import Response

from plugin.sandbox.page_values import Reader
from plugin.sandbox.problems import Problem

if TYPE_CHECKING:
    from plugin.sandbox.store import Store

#: Fields of a form that are no properties.
OWN_FIELDS = {"back", "property", "value"}


class Forms:
    """The views that change records; `show(kind, id, fault)` is the record's page."""

    def __init__(self, store: Store, show: Callable[[str, int, str], str]) -> None:
        self.store = store
        self.show = show

    def edit(self, kind: str, record_id: int) -> Response:
        """Write what differs; a field left as it was is not written, so no webhook fires for it."""
        stood = self.store.record(kind, record_id)["properties"]
        given = {name: text.strip() for name, text in request.form.items() if name not in OWN_FIELDS}
        if name := request.form.get("property"):
            given[name] = request.form.get("value", "").strip()
        if "closedate" in given:
            given["closedate"] = self._close_date(given["closedate"], stood.get("closedate", ""))
        values = {name: text for name, text in given.items() if text != stood.get(name, "")}
        return self._done(kind, record_id, lambda: values and self.store.edit(kind, record_id, values))

    def _close_date(self, day: str, stood: str) -> str:
        """Noon of the day in the portal's time zone; the old moment if the day is the same."""
        reader = Reader(self.store)
        if not day or reader.day(stood) == day:
            return stood if day else ""
        try:
            noon = datetime.fromisoformat(day).replace(hour=12, tzinfo=reader.zone)
        except ValueError:
            return day  # the CRM says what is wrong with it
        return noon.isoformat()

    def order(self, record_id: int) -> Response:
        """A won deal for a contact, so many days ago."""
        days = max(0, request.form.get("days_ago", 0, int))
        closed = self.store.clock.now() - timedelta(days=min(days, 36_500))
        values = {
            "dealname": request.form.get("dealname", "").strip() or "Order by hand",
            "amount": request.form.get("amount", "").strip(),
            "pipeline": "default",
            "dealstage": "closedwon",
            "closedate": closed.isoformat(timespec="milliseconds"),
        }
        return self._done("contact", record_id, lambda: self.store.create_deal(record_id, values))

    def delete(self, kind: str, record_id: int) -> Response:
        """Put the record into the bin."""
        self.store.archive_record(kind, record_id)
        back = request.form.get("back", "")
        return redirect(back if _local(back) else f"/records/{kind}", 303)

    def _done(self, kind: str, record_id: int, act: Callable[[], object]) -> Response:
        """Do it and go back; a refusal is shown on the record's page."""
        try:
            act()
        except Problem as refusal:
            return make_response(self.show(kind, record_id, refusal.message), refusal.status)
        back = request.form.get("back", "")
        return redirect(back if _local(back) else f"/records/{kind}/{record_id}", 303)


def _local(address: str) -> bool:
    return address.startswith("/records/") and "\\" not in address
