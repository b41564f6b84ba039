"""The control API under /sandbox/v1: plain JSON, no token; what a test or a demo does to the sandbox."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
from flask import Blueprint, Response, request

from plugin.clock import from_milliseconds
from plugin.sandbox import dump
from plugin.sandbox.kinds import kind_of
from plugin.sandbox.load import record_from_json, world_from_json
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import invalid
from plugin.sandbox.values import iso, moment_of
from plugin.sandbox.web import answer, mapping, nothing, payload, services
from plugin.sandbox.world import World

blueprint = Blueprint("control", __name__, url_prefix="/sandbox/v1")


def portal_argument() -> int | None:
    text = request.args.get("portal")
    return int(text) if text else None


@blueprint.post("/load")
def load() -> Response:
    """Load a world: one JSON object, or NDJSON with a record, or the portal's settings, on each line."""
    if "ndjson" not in request.mimetype:
        return answer(services().store.load(world_from_json(mapping())))
    world = World()
    for line in request.get_data(cache=False).splitlines():
        if line.strip():
            _take(world, orjson.loads(line))
    return answer(services().store.load(world))


def _take(world: World, item: dict[str, Any]) -> None:
    if item.get("object") == "portal":
        world.portal_id = int(item.get("portal_id", world.portal_id))
        world.time_zone = item.get("time_zone", world.time_zone)
        world.currency = item.get("currency", world.currency)
        return
    getattr(world, kind_of(str(item.get("object"))).plural).append(record_from_json(item))


@blueprint.post("/reset")
def reset() -> Response:
    """Forget every record, definition, token, event, fault and count; webhook settings stay."""
    here = services()
    here.webhooks.clear()
    here.store.reset()
    here.faults.clear()
    here.limits.reset()
    here.stats.reset()
    return nothing()


@blueprint.get("/dump")
def dump_records() -> Response:
    """Every live record with history and associations: NDJSON, or one array with `format=json`.

    With `history=kept` a property is listed only if its history has more than its first value.
    """
    found = dump.everything(services().store, portal_argument(), request.args.get("history") == "kept")
    if request.args.get("format") == "json":
        return answer(list(found))
    return Response((orjson.dumps(record) + b"\n" for record in found), mimetype="application/x-ndjson")


@blueprint.get("/webhooks")
def webhook_settings() -> Response:
    """The webhook settings and the state of delivery."""
    return answer(
        {"settings": asdict(services().store.outbox.settings), "state": services().webhooks.state()}
    )


@blueprint.post("/webhooks")
def configure_webhooks() -> Response:
    """Change webhook settings; what is not named stays."""
    here, body = services(), mapping()
    known = asdict(here.store.outbox.settings)
    if unknown := body.keys() - known.keys():
        raise invalid(f"Unknown webhook settings: {', '.join(sorted(unknown))}")
    here.store.configure_webhooks(here.store.outbox.settings.merged(body))
    here.webhooks.wake()
    return webhook_settings()


@blueprint.get("/drained")
def drained() -> Response:
    """Whether every event is delivered; `wait` seconds at most for it."""
    here = services()
    here.webhooks.drained(float(request.args.get("wait") or 0))
    return answer(here.webhooks.state())


@blueprint.get("/events")
def events() -> Response:
    """The journal: events after number `after`, with their state and attempts."""
    after, limit = int(request.args.get("after") or 0), int(request.args.get("limit") or 1000)
    with services().store.read() as conn:
        rows = conn.execute(
            "SELECT number, state, attempts, body FROM events WHERE number > ? ORDER BY number LIMIT ?",
            (after, limit),
        ).fetchall()
    found = [
        {"number": row[0], "state": row[1], "attempts": row[2], "event": orjson.loads(row[3])} for row in rows
    ]
    return answer({"results": found, "after": rows[-1][0] if rows else after})


@blueprint.post("/events")
def inject() -> Response:
    """Send ready-made events as they are, of any kind: an array of objects."""
    store, given = services().store, payload()
    if not isinstance(given, list):
        raise invalid("A list of events is expected")
    portal = store.portals.get(portal_argument())
    with store.write() as conn:
        kept = store.outbox.keep(conn, portal.id, given)
    store.on_events(kept)
    return answer({"queued": len(kept)})


@blueprint.get("/faults")
def active_faults() -> Response:
    """The storms now raging."""
    return answer({"results": services().faults.active()})


@blueprint.post("/faults")
def add_fault() -> Response:
    """Start a storm."""
    services().faults.add(mapping())
    return active_faults()


@blueprint.delete("/faults")
def clear_faults() -> Response:
    """End every storm."""
    services().faults.clear()
    return nothing()


@blueprint.get("/stats")
def stats() -> Response:
    """What was called since the last reset."""
    return answer(services().stats.report())


@blueprint.delete("/stats")
def reset_stats() -> Response:
    """Start counting anew."""
    services().stats.reset()
    return nothing()


@blueprint.get("/clock")
def clock() -> Response:
    """The sandbox's time."""
    now = services().store.now()
    return answer({"now": iso(now), "milliseconds": now})


@blueprint.post("/clock")
def move_clock() -> Response:
    """Move the clock on by `advance` seconds, or to the moment `now`."""
    here, body = services(), mapping()
    moment = moment_of(str(body["now"])) if "now" in body else None
    seconds = float(body.get("advance") or 0)
    if moment is not None:
        seconds = (from_milliseconds(moment) - here.clock.now()).total_seconds()
    here.advance(seconds)
    return clock()


@blueprint.get("/portals")
def portals() -> Response:
    """Every portal with its settings and static tokens."""
    store = services().store
    return answer({"results": [_portal_json(one) for one in store.portals.all()]})


def _portal_json(portal: Portal) -> dict[str, Any]:
    tokens = services().store.portals.tokens(portal.id)
    return asdict(portal) | {"tokens": [token.token for token in tokens if token.use == "static"]}


@blueprint.post("/portals")
def save_portal() -> Response:
    """Add a portal (with a `token`) or change the settings of one; without `id` the first one."""
    store, body = services().store, mapping()
    number = int(body.get("id") or store.portals.get().id)
    base = store.portals.get(number) if number in store.portals else Portal(id=number)
    saved = store.add_portal(base.merged(body), str(body.get("token") or ""))
    return answer(_portal_json(saved))


@blueprint.get("/app")
def app() -> Response:
    """The app as the developer project describes it; its secret, too, which opens nothing here."""
    return answer(asdict(services().store.app))


@blueprint.post("/app")
def save_app() -> Response:
    """Change the app: client_id, client_secret, app_id, redirect_urls, required_scopes, optional_scopes."""
    store, body = services().store, mapping()
    if unknown := body.keys() - asdict(store.app).keys():
        raise invalid(f"Unknown settings of the app: {', '.join(sorted(unknown))}")
    store.app = store.app.merged(body)
    store.outbox.app_id = store.app.app_id
    return app()


@blueprint.post("/uninstall")
def uninstall() -> Response:
    """A person in HubSpot removes the app: every OAuth token of the portal stops working."""
    store = services().store
    number = store.portals.get(portal_argument()).id
    with store.write() as conn:
        store.take_app_out(conn, number)
    return nothing()
