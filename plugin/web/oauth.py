"""Installation by OAuth as a person meets it: to HubSpot and back, then a page that says what was made.

No address given by the caller is ever followed: people are sent to the CRM's own address, and the way back is
PUBLIC_URL's. Which portal was opened is HubSpot's word, never the browser's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from plugin.errors import AppRefused, CrmError, InputError, LifecycleError, StoreError
from plugin.hubspot import scopes
from plugin.hubspot.client.oauth import App
from plugin.hubspot.protocol.oauth import Grant, Introspection, authorise_url
from plugin.jobs.context import Context
from plugin.records import accounts
from plugin.records.accounts import Sealed
from plugin.vault import Vault
from plugin.web import states

CALLBACK = "/oauth/callback"
_LONGEST_CODE = 512
_PAGE_SECONDS = 86_400  # how long the page after an installation can be looked at

log = logging.getLogger(__name__)
View = Callable[[], AnyResponse]


@dataclass(frozen=True)
class OAuthParts:
    """What the OAuth routes need: the app, its vault, where people sign in, our address, the signing key."""

    app: App
    vault: Vault
    app_url: str
    public_url: str
    secret_key: str = field(repr=False)


def blueprint(context: Context, parts: OAuthParts | None) -> Blueprint:
    """The routes /oauth/install, /oauth/callback and /oauth/installed; without parts they say why not."""
    routes = Blueprint("oauth", __name__, url_prefix="/oauth")
    if parts is None:
        for path in ("/install", "/callback", "/installed"):
            routes.add_url_rule(path, path.strip("/"), _not_here)
        return routes
    door = _Door(context, parts)
    for path, view in (
        ("/install", door.install),
        ("/callback", door.callback),
        ("/installed", door.installed),
    ):
        routes.add_url_rule(path, path.strip("/"), _told(view))
    routes.after_request(_harden)
    return routes


def _not_here() -> tuple[str, int]:
    error = InputError(
        "This server serves one portal by its access token.",
        cure="The admin installs with `lifecycle install`; for OAuth set HUBSPOT_CLIENT_ID and unset "
        "HUBSPOT_ACCESS_TOKEN.",
    )
    return render_template("oauth/refused.html", error=error, retry=False), 404


def _told(view: View) -> View:
    """Errors as pages with their cure."""

    @wraps(view)
    def shown() -> AnyResponse:
        try:
            return view()
        except InputError as error:
            return _refusal(error, 400)
        except StoreError:
            raise  # the application's own answer: 503
        except AppRefused as error:
            log.error("the app itself was refused", extra={"category": error.category})
            return _refusal(error, 500)
        except CrmError as error:
            return _refusal(error, 400 if error.permanent else 502)

    return shown


def _refusal(error: LifecycleError, status: int) -> AnyResponse:
    return make_response(render_template("oauth/refused.html", error=error, retry=True), status)


def _harden(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"  # code and state stand in the address
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; "
        "base-uri 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


class _Door:
    """The three views."""

    def __init__(self, context: Context, parts: OAuthParts) -> None:
        self.context, self.parts = context, parts
        secure = parts.public_url.startswith("https://")
        # browsers keep a __Host- cookie from every other host and path, and take it over https only
        self.cookie = "__Host-lifecycle-oauth" if secure else "lifecycle-oauth"
        self.secure = secure
        self.redirect_uri = parts.public_url + CALLBACK

    def install(self) -> AnyResponse:
        """Send the person to HubSpot, with a state that only this browser can bring back."""
        browser = self._browser() or states.new_browser()
        portal_id = _portal_argument()
        address = authorise_url(
            self.parts.app_url,
            client_id=self.parts.app.client_id,
            redirect_uri=self.redirect_uri,
            scopes=scopes.REQUIRED,
            optional=scopes.OPTIONAL,
            state=states.make(self.parts.secret_key, browser, portal_id, self.context.now()),
            portal_id=portal_id,
        )
        return self._remember(redirect(address, 302), browser)

    def callback(self) -> AnyResponse:
        """Take the code, once, and turn it into an installation."""
        asked = self._state()
        if error := request.args.get("error"):
            raise InputError(
                "HubSpot did not connect the app: " + _plain(request.args.get("error_description") or error),
                cure="Begin again at /oauth/install, and have a super admin agree.",
            )
        code = request.args.get("code", "")
        if not code or len(code) > _LONGEST_CODE:
            raise InputError("HubSpot's answer carries no code.", cure="Begin again at /oauth/install.")
        given = self.parts.app.exchange(code, self.redirect_uri)
        told = self.parts.app.introspect(given.access_token)
        grant = self._checked(given, told, asked.portal_id)
        self._keep(grant, told.domain)
        return self._arrived(grant.portal_id)

    def installed(self) -> AnyResponse:
        """How the installation stands that this browser made."""
        portal_id = self._portal_of_cookie()
        with self.context.store.read() as connection:
            account = accounts.get(connection, portal_id)
        if account is None or account.state == accounts.GONE:
            raise InputError(
                "The app is not installed there any more.", cure="Begin again at /oauth/install."
            )
        waiting = account.state in (accounts.INSTALLING, accounts.LOADING)
        page = render_template(
            "oauth/installed.html", account=account, waiting=waiting, lacking=_lacking(account)
        )
        return make_response(page)

    def _browser(self) -> str:
        return request.cookies.get(self.cookie, "")[:200]

    def _remember(self, response: AnyResponse, value: str, name: str = "") -> AnyResponse:
        response.set_cookie(
            self.cookie + name,
            value,
            max_age=_PAGE_SECONDS,
            secure=self.secure,
            httponly=True,
            samesite="Lax",  # it must come along when HubSpot sends the person back
            path="/" if self.secure else "/oauth",
        )
        return response

    def _state(self) -> states.State:
        """The state that came back: ours, this browser's, and used for the first time."""
        text, now = request.args.get("state", ""), self.context.now()
        found = states.read(self.parts.secret_key, text, self._browser(), now)
        with self.context.store.write() as connection:
            if not accounts.use_state(connection, text, now):
                raise InputError("This authorisation was used before.", cure="Begin again at /oauth/install.")
        return found

    def _checked(self, grant: Grant, told: Introspection, asked: int) -> Grant:
        """The grant with HubSpot's word on whose it is; refused when it is another's or says too little."""
        portal_id = told.portal_id
        if not told.active or told.client_id not in ("", self.parts.app.client_id) or not portal_id:
            raise InputError("HubSpot does not vouch for this token.", cure="Begin again at /oauth/install.")
        if portal_id != (grant.portal_id or portal_id) or portal_id != (asked or portal_id):
            raise InputError(
                f"The app was to be installed in another portal than {portal_id}.",
                cure="Begin again at /oauth/install, and choose the portal that you mean.",
            )
        granted = tuple(sorted({*grant.scopes, *told.scopes}))
        if lacking := scopes.missing(granted):
            raise InputError(
                f"The portal did not grant {', '.join(lacking)}.",
                cure="The app's requiredScopes in its project must be those that /oauth/install asks for.",
            )
        return Grant(grant.access_token, grant.refresh_token, grant.lifetime, portal_id, granted)

    def _keep(self, grant: Grant, domain: str) -> None:
        context, vault, now = self.context, self.parts.vault, self.context.now()
        sealed = Sealed(
            vault.seal(grant.portal_id, grant.access_token),
            vault.seal(grant.portal_id, grant.refresh_token),
            now + grant.lifetime * 1000,
        )
        with context.store.write() as connection:
            accounts.grant(
                connection,
                context.store,
                grant.portal_id,
                sealed,
                scopes=grant.scopes,
                domain=domain,
                now=now,
            )
        log.info("app installed", extra={"portal_id": grant.portal_id})
        context.bells.ring_install(grant.portal_id)

    def _arrived(self, portal_id: int) -> AnyResponse:
        """To the page that follows the installation; its cookie names the portal, signed."""
        browser = states.new_browser()  # the one that asked is used up
        ticket = states.make(self.parts.secret_key, browser, portal_id, self.context.now(), states.TICKET)
        response = redirect(self.parts.public_url + "/oauth/installed", 303)
        return self._remember(self._remember(response, browser), ticket, "-portal")

    def _portal_of_cookie(self) -> int:
        ticket = request.cookies.get(self.cookie + "-portal", "")
        found = states.read(
            self.parts.secret_key,
            ticket,
            self._browser(),
            self.context.now(),
            purpose=states.TICKET,
            lifetime=_PAGE_SECONDS * 1000,
        )
        return found.portal_id


def _portal_argument() -> int:
    text = request.args.get("portal", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InputError(
            "`portal` is no portal's id.", cure="Leave it out, or give the number of the account."
        )
    return int(text or 0)


def _plain(text: str) -> str:
    """A text from the address, short and on one line; the template escapes it."""
    return " ".join(text.split())[:200]


def _lacking(account: accounts.Account) -> list[str]:
    """What the portal's grant leaves out, in words."""
    return [what for scope, what in scopes.OPTIONAL.items() if scope not in account.scopes]
