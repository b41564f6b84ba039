"""What every API call passes: address length, faults, token, scopes, rate limits; and what is noted after."""

from __future__ import annotations

import uuid
from email.utils import format_datetime

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from plugin.sandbox import exports, imports
from plugin.sandbox.faults import Fault, problem
from plugin.sandbox.history import Source
from plugin.sandbox.httpd import hang_up
from plugin.sandbox.kinds import KINDS
from plugin.sandbox.portals import Portal, Token
from plugin.sandbox.problems import Problem, invalid
from plugin.sandbox.versions import INNER, Address
from plugin.sandbox.web import Call, answer, services

LONGEST_URL = 16_200
_READS = ("/search", "/batch/read")
_PLURALS = {alias: kind.plural for kind in KINDS for alias in (kind.name, kind.plural, kind.type_id)}
_NO_CREDENTIALS = (
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
    "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
)


def install(app: Flask) -> None:
    """Put the gate before and after every API endpoint."""
    app.before_request(_enter)
    app.after_request(_leave)
    app.register_error_handler(Problem, _refuse)
    app.register_error_handler(HTTPException, _http_error)
    for sort in (AttributeError, KeyError, TypeError, ValueError):
        app.register_error_handler(sort, _misshapen)


def _enter() -> Response | None:
    address: Address | None = request.environ.get("sandbox.address")
    if address is None or not request.path.startswith(INNER):
        return None
    here = services()
    source = Source("INTEGRATION", str(here.store.app.app_id))  # [?] sourceId as a string
    g.call = Call(request.environ["sandbox.path"], address.version, source)
    if request.method == "GET" and len(request.url) > LONGEST_URL:
        return Response("URI Too Long", 414, mimetype="text/plain")
    g.call.fault = here.faults.hit(request.method, g.call.path)
    if g.call.fault is not None and not g.call.fault.after:
        return _strike(g.call.fault)
    if address.family not in ("oauth", "webhooks", "webhooks-journal"):  # these look at their own credentials
        _authorise(g.call, address)
    return None


def _authorise(call: Call, address: Address) -> None:
    here = services()
    call.token = _token()
    call.portal = here.store.portals.get(call.token.portal)
    _check_scopes(call.token, address)
    imports.run_due(here.store, call.portal.id)
    exports.run_due(here.store, call.portal.id)
    if address.family == "objects" and address.rest.endswith("/search"):
        here.limits.search(call.portal)
        return
    here.stats.arrived(here.limits.moment)
    call.allowance = here.limits.call(call.portal, oauth=call.token.use == "access")
    here.stats.granted(call.allowance.limit - call.allowance.remaining)


def _token() -> Token:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    found = services().store.portals.token(text.strip()) if scheme.lower() == "bearer" else None
    if found is None or found.use not in ("static", "access") or _closed(found):
        raise Problem(401, _NO_CREDENTIALS, "INVALID_AUTHENTICATION")
    late = services().store.now() - (found.expires_at or 0)
    if found.expires_at is not None and late >= 0:
        text = f"The OAuth token used to make this call expired {late // 1000} second(s) ago."
        raise Problem(401, text, "EXPIRED_AUTHENTICATION", context={"expire time": [str(found.expires_at)]})
    return found


def _closed(token: Token) -> bool:
    return services().store.portals.get(token.portal).closed


def needed_scope(address: Address, method: str) -> str:
    """The scope that a call needs; "" for none."""
    act = "read" if method == "GET" or address.rest.endswith(_READS) else "write"
    first = address.rest.strip("/").split("/")[0]
    plural = _PLURALS.get(first, "")
    if address.family in ("objects", "associations") and plural not in ("", "tasks"):
        return f"crm.objects.{plural}.{act}"
    if address.family in ("properties", "pipelines") and plural not in ("", "tasks"):
        return f"crm.schemas.{plural}.{act}"
    if address.family == "lists":
        return f"crm.lists.{'read' if address.rest.endswith('/search') else act}"
    if address.family in ("imports", "exports"):
        return f"crm.{address.family.removesuffix('s')}"
    return "crm.objects.owners.read" if address.family == "owners" else ""


def _check_scopes(token: Token, address: Address) -> None:
    scope = needed_scope(address, request.method)
    if token.scopes is None or not scope or scope in token.scopes:
        return
    raise Problem(
        403,
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes "
        "here: https://developers.hubspot.com/scopes.",
        "MISSING_SCOPES",
        errors=[{"message": "One or more of the following scopes are required.",
                 "context": {"requiredGranularScopes": [scope]}}],
        extra={"links": {"scopes": "https://developers.hubspot.com/scopes"}},
    )  # fmt: skip


def _strike(fault: Fault) -> Response:
    """Make the fault happen: refuse, cut the connection, or hold it."""
    if fault.html:
        return Response(f"<html><h1>{fault.kind}</h1></html>", int(fault.kind), mimetype="text/html")
    if fault.kind not in ("reset", "hang"):
        return _refuse(problem(fault))
    if fault.kind == "hang":
        services().faults.stopping.wait(fault.hold)
    connection = request.environ.get("sandbox.connection")
    if connection is not None:
        hang_up(connection, reset=fault.kind == "reset")
    return Response(status=502)


def _leave(response: Response) -> Response:
    call: Call | None = g.get("call")
    if call is None:
        return response
    if call.fault is not None and call.fault.after:
        response = _strike(call.fault)
    response.headers["X-HubSpot-Correlation-Id"] = str(uuid.uuid4())
    response.headers["Date"] = format_datetime(services().clock.now(), usegmt=True)
    if call.allowance is not None:
        response.headers.update(call.allowance.headers())
    services().stats.call(request.method, call.path, response.status_code)
    return response


def _refuse(refusal: Exception) -> Response:
    assert isinstance(refusal, Problem)  # noqa: S101 - registered for this type only
    response = answer(refusal.body(), refusal.status)
    response.headers.update(refusal.headers)
    portal: Portal | None = getattr(g.get("call"), "portal", None)
    if refusal.status == 429 and portal is not None and "TEN" in str(refusal.extra.get("policyName")):
        response.headers["X-HubSpot-RateLimit-Remaining"] = "0"
        response.headers["X-HubSpot-RateLimit-Max"] = str(portal.burst_limit)
        response.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] = "10000"
    return response


def _misshapen(error: Exception) -> Response:
    """A body of another shape than the endpoint reads is a 400, as HubSpot's own parser makes it.

    The log keeps the trace, because a mistake of the sandbox itself would end here as well.
    """
    if request.method in ("GET", "DELETE") or not request.path.startswith((INNER, "/sandbox/")):
        raise error
    current_app.logger.warning("refused as misshapen: %s %s", request.method, request.path, exc_info=error)
    return _refuse(invalid(f"Invalid input JSON: {error}"))


def _http_error(error: Exception) -> Response:
    status = getattr(error, "code", None) or 500
    if request.environ.get("sandbox.address") is None:
        return Response(f"{status} {getattr(error, 'name', '')}\n", status, mimetype="text/plain")
    body = {"status": "error", "message": "resource not found" if status == 404 else str(error),
            "correlationId": str(uuid.uuid4()), "category": "OBJECT_NOT_FOUND"}  # fmt: skip
    response = answer(body, status)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(allowed)
    return response
