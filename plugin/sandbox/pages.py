"""The sandbox's pages: look at records, edit a deal, and see the stage move.

Edits are a person's, so webhooks fire. Works without JavaScript; with it, what is shown is fetched anew every
second or two. No host but this one is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.clock import local_day
from plugin.sandbox.page_forms import Forms
from plugin.sandbox.page_values import STAGE, Reader, fetch, funnel, in_stage
from plugin.sandbox.problems import Problem
from plugin.sandbox.travel import DAY

if TYPE_CHECKING:
    from plugin.sandbox.store import Store

KINDS = {"contact": "Contacts", "company": "Companies", "deal": "Deals"}
TYPE_IDS = {"0-1": "contact", "0-2": "company", "0-3": "deal"}
PLURALS = {"contact": "contacts", "company": "companies", "deal": "deals"}
COLUMNS = {
    "contact": ("email", STAGE, "clm_stage_since", "clm_risk_level", "clm_value_to_date"),
    "company": ("domain", STAGE, "clm_stage_since", "clm_risk_level", "clm_value_to_date"),
    "deal": ("dealstage", "amount", "closedate"),
}
PAGE = 50
MOST_DAYS = 400
DEALS_SHOWN = 60


def register(app: Flask, store: Store) -> None:
    """Add the pages to the sandbox's application."""
    pages = Blueprint(
        "pages", __name__, template_folder="templates", static_folder="static", static_url_path="/page-static"
    )
    desk = _Desk(store)
    forms = Forms(store, desk.record)
    listed = f"/records/<any({', '.join(KINDS)}):kind>"
    routes: list[tuple[str, str, Callable[..., Any]]] = [
        ("GET", "/", desk.front),
        ("GET", "/funnel", desk.funnel),
        ("GET", listed, desk.listing),
        ("GET", f"{listed}/<int:record_id>", desk.record),
        ("GET", f"{listed}/<int:record_id>/live", desk.live),
        ("POST", f"{listed}/<int:record_id>/edit", forms.edit),
        ("POST", f"{listed}/<int:record_id>/delete", forms.delete),
        ("POST", "/records/contact/<int:record_id>/order", forms.order),
        ("POST", "/travel", desk.travel),
        ("GET", "/contacts/<int:portal>/record/<type_id>/<int:record_id>", desk.hubspot_address),
    ]
    for method, rule, view in routes:
        pages.add_url_rule(rule, view.__name__, view, methods=[method])
    pages.before_request(_same_origin)
    pages.register_error_handler(Problem, desk.refused)
    pages.after_request(_harden)
    pages.context_processor(desk.time)
    app.register_blueprint(pages)


def _same_origin() -> None:
    """A form of another site may not edit: browsers name a POST's origin (RFC 6454)."""
    if request.method == "GET":
        return
    origin = request.headers.get("Origin") or request.headers.get("Referer")
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)


def _harden(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "pages.static":
        response.headers["Cache-Control"] = "no-store"
    return response


class _Desk:
    """The views; each makes a fresh reader, so that new definitions and labels show at once."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def front(self) -> str:
        """The funnel, and where to begin."""
        return render_template("sandbox/front.html", kinds=KINDS, kind=None, **self._funnel())

    def funnel(self) -> str:
        """Only the funnel, for the page to fetch."""
        return render_template("sandbox/_funnel.html", **self._funnel())

    def _funnel(self) -> dict[str, Any]:
        reader = Reader(self.store)
        contacts, companies = funnel(self.store, "contact"), funnel(self.store, "company")
        kind = "company" if set(companies) - {""} and not set(contacts) - {""} else "contact"
        counts = companies if kind == "company" else contacts
        options = reader.definitions(kind).get(STAGE, {}).get("options", [])
        order = [str(o["value"]) for o in options]
        order += sorted(stage for stage in counts if stage and stage not in order)
        bars = [(s, reader.text(kind, STAGE, s), counts.get(s, 0)) for s in order]
        total = sum(counts.values())
        most = max((count for _, _, count in bars), default=0) or 1
        without = counts.get("", 0)
        return {
            "of": kind,
            "bars": bars,
            "total": total,
            "most": most,
            "without": without,
            "reader": reader,
        }

    def listing(self, kind: str) -> str:
        """A page of records, all or those that match a text or stand in a stage."""
        query, stage = request.args.get("q", "").strip(), request.args.get("stage")
        after = request.args.get("after", 0, int)
        if stage is None:
            rows = self.store.listed(kind, query=query, limit=PAGE, after=after)
        else:
            rows = in_stage(self.store, kind, stage, after, PAGE)
        return render_template(
            "sandbox/list.html",
            kinds=KINDS,
            kind=kind,
            rows=rows,
            columns=COLUMNS[kind],
            reader=Reader(self.store),
            query=query,
            stage=stage,
            after=rows[-1]["id"] if len(rows) == PAGE else None,
        )

    def record(self, kind: str, record_id: int, fault: str = "") -> str:
        """One record: what the product says, its deals, its values, its past, and forms to change it."""
        return render_template("sandbox/record.html", fault=fault, **self._record(kind, record_id))

    def live(self, kind: str, record_id: int) -> str:
        """The part of a record's page that is fetched again and again."""
        return render_template("sandbox/_record.html", **self._record(kind, record_id))

    def _record(self, kind: str, record_id: int) -> dict[str, Any]:
        found = self.store.record(kind, record_id)
        reader, properties = Reader(self.store), found["properties"]
        lifecycle = reader.lifecycle(kind, properties)
        return {
            "kinds": KINDS,
            "kind": kind,
            "record": found,
            "properties": properties,
            "title": reader.title(kind, properties),
            "lifecycle": lifecycle,
            "told": {item.name: item for item in lifecycle},
            "others": reader.others(kind, properties),
            "past": reader.past(kind, found["history"]),
            "related": self._related(found),
            "reader": reader,
            "today": local_day(self.store.clock.now(), reader.portal.time_zone),
            "stages": self.store.pipelines_of("deal"),
            "writable": reader.writable(kind) if kind != "deal" else [],
        }

    def _related(self, found: dict[str, Any]) -> dict[str, list[Any]]:
        """Associated records by kind; deals by close date, the newest first."""
        related: dict[str, list[Any]] = {}
        portal = self.store.portals.get().id
        with self.store.read() as conn:
            for kind, plural in PLURALS.items():
                ids = [int(link["id"]) for link in found["associations"].get(plural, [])]
                related[kind] = fetch(conn, portal, kind, ids)
        related["deal"].sort(key=lambda deal: deal.properties.get("closedate", "9"), reverse=True)
        related["deal"] = related["deal"][:DEALS_SHOWN]
        return related

    def refused(self, refusal: Exception) -> AnyResponse:
        """A record that is not there, or a refusal without a page of its own."""
        status = refusal.status if isinstance(refusal, Problem) else 500
        text = render_template(
            "sandbox/gone.html", kinds=KINDS, kind=None, reader=Reader(self.store), status=status
        )
        return make_response(text, status)

    def time(self) -> dict[str, Any]:
        """What every page shows of the clock, and whether it can be moved."""
        now = self.store.clock.now().astimezone(ZoneInfo(self.store.portals.get().time_zone))
        return {"now": f"{now.day} {now:%b %Y, %H:%M}", "travels": self.store.clock_file is not None}

    def travel(self) -> AnyResponse:
        """Move the time of everything that reads the clock file on by some days."""
        days = request.form.get("days", 0, int)
        if self.store.clock_file is None or not 0 < days <= MOST_DAYS:
            abort(400)
        self.store.clock_file.advance(days * DAY)
        back = urlsplit(request.headers.get("Referer", "/")).path
        return redirect(back if back.startswith("/") and not back.startswith("//") else "/", 303)

    def hubspot_address(self, portal: int, type_id: str, record_id: int) -> AnyResponse:
        """The address that HubSpot's own record links have."""
        if type_id not in TYPE_IDS:
            abort(404)
        return redirect(f"/records/{TYPE_IDS[type_id]}/{record_id}")
