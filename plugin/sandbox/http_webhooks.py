"""The webhooks settings API of a legacy public app: opened by the developer's key, no account's token."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Blueprint, Response, request

from plugin.sandbox.app_webhooks import AppWebhooks
from plugin.sandbox.problems import Problem, invalid, missing_ids_error, not_found
from plugin.sandbox.values import iso
from plugin.sandbox.web import answer, mapping, nothing, services

blueprint = Blueprint("app_webhooks", __name__, url_prefix="/_api/webhooks/<int:app_id>")
AT_ONCE = 100


def _opened(app_id: int) -> AppWebhooks:
    app = services().store.app
    given = request.args.get("hapikey", "")
    if not hmac.compare_digest(given.encode(), app.developer_key.encode()):
        raise Problem(401, "The API key provided is invalid.", "INVALID_AUTHENTICATION")
    if app_id != app.app_id:
        raise not_found(f"App {app_id} does not exist")
    return AppWebhooks(services().store)


def _changed(kept: AppWebhooks, value: Any, status: int = 200) -> Response:
    services().webhooks.wake()
    return answer(value, status) if kept else nothing()


@blueprint.get("/settings")
def settings(app_id: int) -> Response:
    """The target and how many requests may be under way."""
    kept = _opened(app_id)
    if kept.settings is None:
        raise not_found("This app has no webhook settings")
    return answer(kept.settings)


@blueprint.put("/settings")
def save_settings(app_id: int) -> Response:
    """Replace them."""
    kept = _opened(app_id)
    return _changed(kept, kept.save_settings(mapping()))


@blueprint.delete("/settings")
def drop_settings(app_id: int) -> Response:
    """Send nothing any more."""
    kept = _opened(app_id)
    kept.settings = None
    kept.keep()
    return nothing()


@blueprint.get("/subscriptions")
def subscriptions(app_id: int) -> Response:
    """All of them; this list has no pages."""
    return answer({"results": _opened(app_id).subscriptions})


@blueprint.post("/subscriptions")
def create(app_id: int) -> Response:
    """Add one; inactive unless it says otherwise."""
    kept = _opened(app_id)
    return _changed(kept, kept.create(mapping()), 201)


@blueprint.get("/subscriptions/<number>")
def one(app_id: int, number: str) -> Response:
    """One of them."""
    return answer(_opened(app_id).get(number))


@blueprint.patch("/subscriptions/<number>")
def change(app_id: int, number: str) -> Response:
    """Switch it on or off."""
    kept, body = _opened(app_id), mapping()
    if body.keys() != {"active"}:
        raise invalid("Only active can be changed")
    return _changed(kept, kept.set_active(number, body["active"]))


@blueprint.delete("/subscriptions/<number>")
def delete(app_id: int, number: str) -> Response:
    """Remove it."""
    _opened(app_id).delete(number)
    return nothing()


@blueprint.post("/subscriptions/batch/update")
def batch_update(app_id: int) -> Response:
    """Switch many on or off; 207 where some are not there."""
    kept, inputs = _opened(app_id), mapping().get("inputs")
    if not isinstance(inputs, list) or not inputs or len(inputs) > AT_ONCE:
        raise invalid(f"inputs must hold 1 to {AT_ONCE} subscriptions")
    known = {one["id"] for one in kept.subscriptions}
    numbers = [str(one["id"]) for one in inputs]
    results = [
        kept.set_active(n, one["active"]) for n, one in zip(numbers, inputs, strict=True) if n in known
    ]
    missing = [number for number in numbers if number not in known]
    now = iso(services().store.now())
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if missing:
        body |= {"numErrors": 1, "errors": [missing_ids_error("subscription", missing)]}
    return _changed(kept, body, 207 if missing else 200)
