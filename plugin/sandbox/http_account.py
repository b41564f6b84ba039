"""Endpoints about the account: its details, its owners, its limits, and the app's uninstalling."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from plugin.sandbox.kinds import KINDS
from plugin.sandbox.owners import owners
from plugin.sandbox.problems import not_found
from plugin.sandbox.values import iso
from plugin.sandbox.web import after_argument, answer, flag, nothing, page_limit, paging, portal, services

blueprint = Blueprint("account", __name__, url_prefix="/_api")


@blueprint.get("/account-info/details")
def details() -> Response:
    """The account: portal id, time zone, currency, where its pages are."""
    here = portal()
    shift = services().clock.now().astimezone(ZoneInfo(here.time_zone)).utcoffset() or timedelta()
    minutes = round(shift.total_seconds() / 60)
    sign, size = ("-" if minutes < 0 else "+"), abs(minutes)
    return answer(
        {
            "portalId": here.id,
            "accountType": here.account_type,
            "timeZone": here.time_zone,
            "companyCurrency": here.currency,
            "additionalCurrencies": [code for code in here.exchange_rates if code != here.currency],
            "utcOffset": f"{sign}{size // 60:02d}:{size % 60:02d}",
            "utcOffsetMilliseconds": minutes * 60_000,
            "uiDomain": here.ui_domain,
            "dataHostingLocation": "na1",
        }
    )


@blueprint.get("/account-info/api-usage/daily/private-apps")
def usage() -> Response:
    """Today's calls of private apps."""
    here = portal()
    body = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": here.daily_limit,
        "currentUsage": services().limits.used_today(here),
        "collectedAt": iso(services().store.now()),
        "fetchStatus": "SUCCESS",
        "resetsAt": None,
    }
    return answer({"results": [body]})


@blueprint.get("/owners")
def list_owners() -> Response:
    """The owners, a page at a time."""
    limit, after = page_limit(100, 500), after_argument()
    found = owners(
        services().store.documents, portal(), archived=flag("archived"), email=request.args.get("email", "")
    )
    page = [one for one in found if int(one["id"]) > after]
    following = page[limit - 1]["id"] if len(page) > limit else None
    return answer({"results": page[:limit]} | paging(following))


@blueprint.get("/owners/<owner_id>")
def get_owner(owner_id: str) -> Response:
    """One owner, by owner id or by user id."""
    name = "userId" if request.args.get("idProperty") == "userId" else "id"
    for one in owners(services().store.documents, portal(), archived=flag("archived")):
        if str(one[name]) == owner_id:
            return answer(one)
    raise not_found(f"Owner {owner_id} does not exist")


@blueprint.get("/limits/custom-properties")
def custom_property_limits() -> Response:
    """How many custom properties there are and may be."""
    here, schema = portal(), services().store.schema
    by_type: list[dict[str, Any]] = []
    for kind in KINDS:
        used = schema.custom_count(here, kind)
        by_type.append(
            {
                "objectTypeId": kind.type_id,
                "singularLabel": kind.name.capitalize(),
                "pluralLabel": kind.plural.capitalize(),
                "limit": here.custom_property_limit,
                "usage": used,
                "percentage": round(100 * used / max(1, here.custom_property_limit), 2),
            }
        )
    total, most = sum(one["usage"] for one in by_type), here.custom_property_limit * len(KINDS)
    overall = {
        "overallLimit": most,
        "overallUsage": total,
        "overallPercentage": round(100 * total / max(1, most), 2),
    }
    return answer(overall | {"byObjectType": by_type})


@blueprint.delete("/appinstalls/external-install")
def uninstall() -> Response:
    """Take the app out of the portal: its OAuth tokens stop working, a refresh says BAD_REFRESH_TOKEN."""
    store = services().store
    with store.write() as conn:
        store.take_app_out(conn, portal().id)
    return nothing()
