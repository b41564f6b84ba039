"""What every endpoint shares: the services, the call being served, reading bodies and writing answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from flask import Response, current_app, g, request

from plugin.clock import Clock
from plugin.sandbox.faults import Fault, Faults
from plugin.sandbox.history import Source
from plugin.sandbox.limits import Allowance, Limits
from plugin.sandbox.portals import Portal, Token
from plugin.sandbox.problems import Problem, invalid
from plugin.sandbox.stats import Stats
from plugin.sandbox.store import Store
from plugin.sandbox.webhooks import Webhooks


@dataclass
class Services:
    """What the application is made of."""

    store: Store
    webhooks: Webhooks
    faults: Faults
    limits: Limits
    stats: Stats
    clock: Clock
    advance: Callable[[float], None]


@dataclass
class Call:
    """The API call being served; `portal` and `token` are None before and without authentication."""

    path: str
    version: str
    source: Source
    portal: Portal | None = None
    token: Token | None = None
    allowance: Allowance | None = None
    fault: Fault | None = None


def services() -> Services:
    """The services of the running application."""
    return cast(Services, current_app.extensions["sandbox"])


def call() -> Call:
    """The call being served."""
    return cast(Call, g.call)


def portal() -> Portal:
    """The portal that the call's token opens."""
    found = call().portal
    if found is None:
        raise Problem(401, "Authentication credentials not found.", "INVALID_AUTHENTICATION")
    return found


def payload() -> Any:
    """The JSON of the request's body; 400 when it is none."""
    try:
        return orjson.loads(request.get_data() or b"{}")
    except orjson.JSONDecodeError as error:
        raise invalid(f"Invalid input JSON on line 1, column 1: {error}") from None


def mapping() -> dict[str, Any]:
    """The JSON object in the request's body."""
    body = payload()
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON: an object is expected")
    return body


def inputs(limit: int) -> list[dict[str, Any]]:
    """The inputs of a batch request; 400 when there are none or more than `limit`."""
    found = mapping().get("inputs")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise invalid('Invalid input JSON: required field "inputs" is missing')
    services().stats.batch(call().path, len(found))
    if len(found) > limit:
        raise invalid(f"The maximum number of inputs supported in a batch request is {limit}")
    if not found:
        raise invalid("At least one input is required")
    return found


def id_of(body: Any, *names: str) -> str:
    """The id under these names in a request, for example `from.id`; 400 when it is missing."""
    found = body
    for name in (*names, "id"):
        found = found.get(name) if isinstance(found, dict) else None
    if found is None or found == "":
        raise invalid(f'Invalid input JSON: required field "{".".join((*names, "id"))}" is missing')
    return str(found)


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body), status, mimetype="application/json")


def nothing() -> Response:
    """204."""
    return Response(status=204)


def batch_answer(
    results: Sequence[Any], errors: Sequence[dict[str, Any]] = (), status: int = 200, count: int | None = None
) -> Response:
    """A batch answer: 207 with numErrors and errors when some inputs failed."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if errors:
        body |= {"numErrors": len(errors) if count is None else count, "errors": errors}
        status = 207
    return answer(body, status)


def paging(after: Any) -> dict[str, Any]:
    """The `paging` member of an answer that has a next page, else nothing."""
    if after is None:
        return {}
    link = f"{request.url_root.rstrip('/')}{call().path}?after={after}"
    return {"paging": {"next": {"after": str(after), "link": link}}}


def listed_argument(name: str) -> list[str] | None:
    """A query argument that is a list: repeated, comma-separated or both; None when it is absent."""
    given = request.args.getlist(name)
    if not given:
        return None
    return [part.strip() for text in given for part in text.split(",") if part.strip()]


def page_limit(default: int, most: int) -> int:
    """The `limit` argument; 400 above `most`."""
    text = request.args.get("limit") or str(default)
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise invalid(f"limit must be between 1 and {most}")
    return int(text)


def after_argument() -> int:
    """The `after` argument as a number; 0 when absent."""
    text = request.args.get("after") or "0"
    if not text.isdigit():
        raise invalid(f"Invalid after: {text}")
    return int(text)


def flag(name: str) -> bool:
    """A boolean query argument."""
    return request.args.get(name, "").lower() == "true"


def wanted_names(body: dict[str, Any], name: str) -> list[str] | None:
    """A list of names in a request body; None when absent or empty."""
    found = body.get(name)
    return [str(item) for item in found] if isinstance(found, list) and found else None
