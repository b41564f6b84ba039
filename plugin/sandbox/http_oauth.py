"""OAuth: the authorise page, codes, tokens and their refusals, introspection, revocation."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template_string, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.sandbox import http_journal
from plugin.sandbox.portals import Token, new_token
from plugin.sandbox.problems import Problem
from plugin.sandbox.web import answer, nothing, services

blueprint = Blueprint("oauth", __name__)
ACCESS_SECONDS = 1_800
_CODE_SECONDS = 600
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Connect an app</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; }</style>
<h1>Connect the app to your account?</h1><p>It asks for:</p>
<ul>{% for scope in scopes %}<li><code>{{ scope }}</code></li>{% endfor %}</ul>
<form method="get">
{% for name, value in fields %}<input type="hidden" name="{{ name }}" value="{{ value }}">{% endfor %}
<label>Account <select name="portal">
{% for one in portals %}<option{% if one == portal %} selected{% endif %}>{{ one }}</option>{% endfor %}
</select></label> <button name="approve" value="1">Connect app</button>
<button name="deny" value="1">Cancel</button></form></html>
"""


@blueprint.get("/oauth/authorize")
@blueprint.get("/oauth/<int:portal_id>/authorize")
def authorise(portal_id: int = 0) -> AnyResponse | str:
    """Ask the person, or with `approve=1` (and `portal=ID`) grant at once; back with code and state."""
    given, store = request.args, services().store
    required, optional = given.get("scope", "").split(), given.get("optional_scope", "").split()
    if fault := _wrong_link(given, required, optional):
        return Response(f"Authorization failed because {fault}", 400, mimetype="text/plain")
    chosen = given.get("portal") or str(portal_id or store.portals.get().id)
    if not chosen.isdecimal() or int(chosen) not in store.portals:
        return Response("You do not have access to this account", 403, mimetype="text/plain")
    portal = store.portals.get(int(chosen))
    if given.get("deny"):
        return _back({"error": "access_denied", "error_description": "The user denied the request"})
    if not given.get("approve"):
        fields = [(name, value) for name, value in given.items() if name != "portal"]
        listed = [one.id for one in store.portals.all() if portal_id in (0, one.id)]
        asked = [*required, *optional]
        return render_template_string(_PAGE, portal=portal.id, scopes=asked, fields=fields, portals=listed)
    if lacking := [scope for scope in required if scope in portal.withheld_scopes]:
        text = f"This account does not have access to: {', '.join(lacking)}"
        return Response(text, 403, mimetype="text/plain")
    granted = (*required, *(scope for scope in optional if scope not in portal.withheld_scopes))
    code = _issue("code", portal.id, _CODE_SECONDS, granted, given["redirect_uri"])
    return _back({"code": code.token})


def _wrong_link(given: Any, required: list[str], optional: list[str]) -> str:
    """What is wrong with an authorisation's address; "" if nothing. HubSpot tells the person, not the app."""
    app = services().store.app
    if given.get("client_id") != app.client_id:
        return "the client_id is not known"
    if not given.get("redirect_uri"):
        return "the redirect_uri is missing"
    if app.redirect_urls is not None and given["redirect_uri"] not in app.redirect_urls:
        return "the redirect URL does not match one that is registered for the app"
    if app.required_scopes is not None and set(required) != set(app.required_scopes):
        return "the scopes do not match the app's required scopes"
    if app.optional_scopes is not None and not set(optional) <= set(app.optional_scopes):
        return "there are optional scopes that the app does not list"
    return ""


def _back(answered: dict[str, str]) -> AnyResponse:
    """Send the person back to the app, with the state as it came."""
    given = request.args
    query = answered | ({"state": given["state"]} if "state" in given else {})
    joint = "&" if "?" in given["redirect_uri"] else "?"
    return redirect(f"{given['redirect_uri']}{joint}{urlencode(query)}")


def _issue(
    use: str, portal: int, seconds: int | None, scopes: tuple[str, ...] | None, redirect_uri: str = ""
) -> Token:
    store = services().store
    until = None if seconds is None else store.now() + seconds * 1000
    with store.write() as conn:
        token = Token(new_token(use), portal, use, until, scopes, redirect_uri)
        return store.portals.add_token(conn, token)


def _refusal(status: str, message: str) -> Problem:
    # The OAuth endpoints put their code into `status`; dated versions also answer `error`.
    body = {"status": status, "error": status.lower(), "error_description": message}
    return Problem(400, message, "", extra=body)


def _check_client(form: Any) -> None:
    app = services().store.app
    if form.get("client_id") != app.client_id:
        raise _refusal("BAD_CLIENT_ID", "missing or unknown client id")
    if form.get("client_secret") != app.client_secret:
        raise _refusal("BAD_CLIENT_SECRET", "missing or invalid client secret")


@blueprint.post("/_api/oauth/token")
def token() -> Response:
    """A code or a refresh token becomes an access token for 30 minutes."""
    form, store = _form(), services().store
    _check_client(form)
    grants = {"authorization_code": ("code", "code", "BAD_AUTH_CODE", "missing or unknown auth code"),
              "refresh_token": ("refresh_token", "refresh", "BAD_REFRESH_TOKEN",
                                "missing or invalid refresh token")}  # fmt: skip
    if form.get("grant_type") == "client_credentials":
        return http_journal.grant(form)
    if form.get("grant_type") not in grants:
        raise _refusal("BAD_GRANT_TYPE", "missing or unknown grant type")
    field, use, refusal, text = grants[form["grant_type"]]
    found = store.portals.token(form.get(field, ""))
    if (
        found is None
        or found.use != use
        or (found.expires_at is not None and found.expires_at <= store.now())
    ):
        raise _refusal(refusal, text)
    if store.portals.get(found.portal).closed:
        raise _refusal("BAD_HUB", "the account does not exist or is not active")
    if use == "code":
        if form.get("redirect_uri") != found.redirect_uri:
            raise _refusal("BAD_REDIRECT_URI", "missing or unknown redirect URI")
        with store.write() as conn:  # a code works once
            store.portals.drop_tokens(conn, [found.token])
    refresh = found if use == "refresh" else _issue("refresh", found.portal, None, found.scopes)
    access = _issue("access", found.portal, ACCESS_SECONDS, found.scopes)
    return answer(_granted(access, refresh))


def _is_over(token: Token) -> bool:
    return token.expires_at is not None and token.expires_at <= services().store.now()


def _granted(access: Token, refresh: Token) -> dict[str, Any]:
    return {
        "token_type": "bearer",
        "token_use": "access_token",
        "access_token": access.token,
        "refresh_token": refresh.token,
        "expires_in": ACCESS_SECONDS,
        "hub_id": access.portal,
        "user_id": 501,
        "scopes": list(access.scopes or ()),
    }


def _form() -> dict[str, str]:
    form = request.form.to_dict()
    if not form and request.mimetype == "application/json":
        form = request.get_json(silent=True) or {}
    return form


def _shown(found: Token) -> dict[str, Any]:
    store = services().store
    left = 0 if found.expires_at is None else (found.expires_at - store.now()) // 1000
    return {
        "token": found.token,
        "token_type": "access" if found.use == "access" else "refresh",
        "token_use": f"{found.use}_token",
        "active": True,
        "hub_id": found.portal,
        "hub_domain": f"portal-{found.portal}.example.com",
        "user": "ada@example.com",
        "user_id": 501,
        "app_id": store.app.app_id,
        "client_id": store.app.client_id,
        "scopes": list(found.scopes or ()),
        "expires_in": max(0, left),
        "is_private_distribution": False,
    }


@blueprint.post("/_api/oauth/token/introspect")
def introspect() -> Response:
    """What a token is worth."""
    form = _form()
    _check_client(form)
    found = services().store.portals.token(form.get("token", ""))
    if found is None or _is_over(found):
        return answer({"active": False, "token": form.get("token", "")})
    return answer(_shown(found))


@blueprint.get("/_api/oauth/access-tokens/<text>")
@blueprint.get("/_api/oauth/refresh-tokens/<text>")
def token_info(text: str) -> Response:
    """The same, as version 1 asked it."""
    found = services().store.portals.token(text)
    if found is None:
        raise Problem(404, "token not found", "OBJECT_NOT_FOUND")
    return answer(_shown(found))


@blueprint.post("/_api/oauth/token/revoke")
def revoke() -> Response:
    """Make a token worthless."""
    form = _form()
    _check_client(form)
    return _drop(form.get("token", ""))


@blueprint.delete("/_api/oauth/refresh-tokens/<text>")
def drop_refresh_token(text: str) -> Response:
    """The same, as version 1 asked it."""
    return _drop(text)


def _drop(text: str) -> Response:
    store = services().store
    with store.write() as conn:
        store.portals.drop_tokens(conn, [text])
    return nothing()
