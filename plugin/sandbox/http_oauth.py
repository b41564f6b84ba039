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
_PAGE = """<!doctype html><title>Connect an app</title>
<h1>Connect the app to account {{ portal }}?</h1><p>It asks for: {{ scopes }}</p>
<form method="get">
{% for name, value in fields %}<input type="hidden" name="{{ name }}" value="{{ value }}">{% endfor %}
<label>Account <select name="portal">
{% for one in portals %}<option{% if one == portal %} selected{% endif %}>{{ one }}</option>{% endfor %}
</select></label> <button name="approve" value="1">Connect app</button></form>
"""


@blueprint.get("/oauth/authorize")
@blueprint.get("/oauth/<int:portal_id>/authorize")
def authorise(portal_id: int = 0) -> AnyResponse | str:
    """Ask the person, or with `approve=1` (and `portal=ID`) grant at once; back with code and state."""
    given, store = request.args, services().store
    if given.get("client_id") != store.app.client_id:
        return Response("Unknown client_id", 400)
    if not given.get("redirect_uri"):
        return Response("redirect_uri is missing", 400)
    number = int(given.get("portal") or portal_id or store.portals.get().id)
    scopes = tuple(f"{given.get('scope', '')} {given.get('optional_scope', '')}".split())
    if not given.get("approve"):
        fields = [(name, value) for name, value in given.items() if name != "portal"]
        listed = [one.id for one in store.portals.all()]
        text = " ".join(scopes)
        return render_template_string(_PAGE, portal=number, scopes=text, fields=fields, portals=listed)
    code = _issue("code", number, _CODE_SECONDS, scopes, given["redirect_uri"])
    answered = {"code": code.token} | ({"state": given["state"]} if "state" in given else {})
    joint = "&" if "?" in given["redirect_uri"] else "?"
    return redirect(f"{given['redirect_uri']}{joint}{urlencode(answered)}")


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
    if found is None or found.use != use or (found.expires_at or store.now() + 1) <= store.now():
        raise _refusal(refusal, text)
    if use == "code":
        if form.get("redirect_uri") != found.redirect_uri:
            raise _refusal("BAD_REDIRECT_URI", "missing or unknown redirect URI")
        with store.write() as conn:  # a code works once
            store.portals.drop_tokens(conn, [found.token])
    refresh = found if use == "refresh" else _issue("refresh", found.portal, None, found.scopes)
    access = _issue("access", found.portal, ACCESS_SECONDS, found.scopes)
    return answer(_granted(access, refresh))


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
    if found is None or (found.expires_at or services().store.now() + 1) <= services().store.now():
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
