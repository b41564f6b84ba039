"""The API: how everything stands, and one customer's outcome; described at /api/openapi.json, /api/docs."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Response, render_template, request
from flask_smorest import Api, Blueprint, abort
from marshmallow import Schema, fields, validate

from plugin.jobs.status import status
from plugin.records import portals
from plugin.web import api_metrics
from plugin.web.customers import Customers


class StatusSchema(Schema):
    """Sums over all portals, and the same for each."""

    pending = fields.Int(metadata={"description": "Records and customers that wait, are due or outdated."})
    inbox = fields.Int(metadata={"description": "Events received and not yet applied."})
    parked = fields.Int(metadata={"description": "Pieces of work given up, each with cause and cure."})
    unwritten = fields.Int(metadata={"description": "Customers with differences that may be written now."})
    lag_seconds = fields.Float(metadata={"description": "How long the oldest waiting work has waited."})
    settled = fields.Bool(metadata={"description": "Nothing is pending, in the inbox or unwritten."})
    config_refused = fields.Dict(
        allow_none=True, metadata={"description": "Why the mapping file as it stands is not in force."}
    )
    portals = fields.List(fields.Dict(), metadata={"description": "The same for each portal."})


class CustomerQuery(Schema):
    """Which kind of record the id names, and of which portal."""

    object = fields.Str(validate=validate.OneOf(["contact", "company"]))
    portal = fields.Int(metadata={"description": "Needed only where several portals are served."})


class CustomerSchema(Schema):
    """The outcome as `lifecycle evaluate` prints it, with what was recorded before."""

    object = fields.Str()
    id = fields.Int()
    stage = fields.Str(metadata={"description": "The stage of the primary model."})
    stages = fields.Dict(metadata={"description": "The stage of every model."})
    since = fields.Str(allow_none=True, metadata={"description": "The day on which the stage began."})
    reason = fields.Str(metadata={"description": "Why, in words."})
    exited_from = fields.Str(allow_none=True)
    next_stage = fields.Str(allow_none=True, metadata={"description": "What comes if nothing happens."})
    next_stage_on = fields.Str(allow_none=True, metadata={"description": "On which day."})
    keep_until = fields.Str(allow_none=True, metadata={"description": "The last day to buy and stay."})
    risk_level = fields.Str(allow_none=True)
    risk_flags = fields.List(fields.Str())
    risk_reasons = fields.Dict()
    metrics = fields.Dict(metadata={"description": "The exact facts of the day."})
    written = fields.Dict(metadata={"description": "The value of each property in the CRM."})
    next_action = fields.Str(allow_none=True)
    segments = fields.List(fields.Str())
    no_predictions_because = fields.List(
        fields.Str(), metadata={"description": "Why predicted metrics are null; empty where they are not."}
    )
    predictions_rest_on = fields.List(
        fields.Str(),
        metadata={"description": "What the predicted metrics rest on; empty where they are null."},
    )
    history = fields.List(fields.Dict(), metadata={"description": "Recorded stage changes, oldest first."})
    path = fields.List(
        fields.Dict(), metadata={"description": "The stages since the first record: `on`, `stage`."}
    )


def register(app: Flask, customers: Customers, admin_token: str) -> None:
    """Add the API's routes to the application."""
    app.config.update(
        API_TITLE="Customer lifecycle",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = Api(app)
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    api.register_blueprint(_routes(customers, _needs(admin_token)))
    api.register_blueprint(api_metrics.blueprint(customers.context, _needs(admin_token)))

    @app.get("/api/docs")
    def docs() -> str:
        return render_template("docs.html", spec=api.spec.to_dict())


def _needs(admin_token: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: the caller must present the admin's token."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            right = hmac.compare_digest(given.strip().encode(), admin_token.encode())
            if not admin_token or not right or scheme.lower() != "bearer":  # RFC 9110: in any case
                return Response(
                    '{"message": "Send the header Authorization: Bearer ADMIN_TOKEN."}',
                    401,
                    {"WWW-Authenticate": "Bearer"},
                    mimetype="application/json",
                )
            return view(*args, **kwargs)

        return checked

    return decorate


def _routes(customers: Customers, needs_token: Callable[..., Any]) -> Blueprint:
    routes = Blueprint(
        "v1", __name__, url_prefix="/api/v1", description="How everything stands, and customers."
    )

    @routes.route("/status")
    @routes.doc(security=[{"token": []}])
    @needs_token
    @routes.response(200, StatusSchema)
    def get_status() -> dict[str, Any]:
        """How everything stands: what waits, what was given up, whether all is settled."""
        return status(customers.context)

    @routes.route("/customers/<int:object_id>")
    @routes.doc(security=[{"token": []}])
    @needs_token
    @routes.arguments(CustomerQuery, location="query")
    @routes.response(200, CustomerSchema)
    def get_customer(query: dict[str, Any], object_id: int) -> dict[str, Any]:
        """One customer's outcome with its reason, metrics, next transition and history."""
        return _customer(customers, query, object_id)

    return routes


def _customer(customers: Customers, query: dict[str, Any], object_id: int) -> dict[str, Any]:
    context = customers.context
    with context.store.read() as connection:
        served = {portal.portal_id: portal for portal in portals.served(connection)}
        only = next(iter(served)) if len(served) == 1 else 0
        portal = served.get(int(query.get("portal") or only))
        here = context.current(portal.portal_id if portal else 0)
        key = (query.get("object") or here.mapping.customer_objects()[0], object_id)
        found = customers.told(connection, portal, key) if portal else None
    if portal is None:
        abort(404, message="No such portal is served; name one with ?portal=ID.")
    if found is None:
        abort(404, message=f"There is no outcome for {key[0]} {object_id} yet.")
    return found or {}
