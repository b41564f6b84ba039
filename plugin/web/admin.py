"""The admin's pages: how each portal stands, how its load goes, and the buttons that open and stop writes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from plugin import __version__
from plugin.errors import LifecycleError
from plugin.jobs import live
from plugin.jobs.context import Context
from plugin.jobs.retry import retry_parked
from plugin.jobs.status import status
from plugin.web import admin_portfolio
from plugin.web.admin_session import Sessions
from plugin.web.admin_view import portal_page

_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; form-action 'self'"


def blueprint(context: Context, admin_token: str, public_url: str) -> Blueprint:
    """The pages under /admin; without an admin's token nobody can sign in."""
    pages = Blueprint("admin", __name__, url_prefix="/admin", static_folder="static")
    sessions = Sessions(admin_token, secure=public_url.startswith("https://"))
    signed_in = _guard(sessions)
    _sign_in(pages, sessions, signed_in)
    _look(pages, context, signed_in)
    admin_portfolio.register(pages, context, signed_in)
    _act(pages, context, signed_in)

    @pages.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        if request.endpoint != "admin.static":
            response.headers["Cache-Control"] = "no-store"
        return response

    @pages.context_processor
    def common() -> dict[str, Any]:
        session = sessions.current(request)
        return {"version": __version__, "form_token": sessions.form_token(session) if session else ""}

    return pages


def _guard(sessions: Sessions) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: only for who is signed in, and for forms only those of their own pages."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            session = sessions.current(request)
            if session is None:
                return redirect(url_for("admin.sign_in"))
            if request.method == "POST" and not sessions.is_own_form(session, request.form.get("token", "")):
                abort(400, "This form is too old or not ours: load the page again.")
            return view(*args, **kwargs)

        return checked

    return decorate


def _sign_in(pages: Blueprint, sessions: Sessions, signed_in: Callable[..., Any]) -> None:
    @pages.get("/sign-in")
    def sign_in() -> str:
        return render_template("admin/sign_in.html", wrong=False)

    @pages.post("/sign-in")
    def check() -> Any:
        if not sessions.opens(request.form.get("admin_token", "").strip()):
            return render_template("admin/sign_in.html", wrong=True), 401
        response = make_response(redirect(url_for("admin.front")))
        sessions.start(response)
        return response

    @pages.post("/sign-out")
    @signed_in
    def sign_out() -> Response:
        response = make_response(redirect(url_for("admin.sign_in")))
        sessions.end(response)
        return response


def _look(pages: Blueprint, context: Context, signed_in: Callable[..., Any]) -> None:
    @pages.get("/")
    @signed_in
    def front() -> Any:
        everything = status(context)
        if len(everything["portals"]) == 1:
            return redirect(url_for("admin.portal", portal_id=everything["portals"][0]["portal_id"]))
        return render_template("admin/front.html", standing=everything)

    @pages.get("/portals/<int:portal_id>")
    @signed_in
    def portal(portal_id: int) -> str:
        return render_template("admin/portal.html", **_page(context, portal_id))

    @pages.get("/portals/<int:portal_id>/now")
    @signed_in
    def now(portal_id: int) -> str:
        return render_template("admin/_now.html", **_page(context, portal_id))


def _page(context: Context, portal_id: int) -> dict[str, Any]:
    found = [one for one in status(context)["portals"] if one["portal_id"] == portal_id]
    if not found:
        abort(404, "No such portal is served here.")
    return portal_page(context, found[0])


def _act(pages: Blueprint, context: Context, signed_in: Callable[..., Any]) -> None:
    def done(portal_id: int, action: Callable[[], object]) -> Any:
        _page(context, portal_id)  # 404 for a portal that is not served
        try:
            action()
        except LifecycleError as error:
            return render_template("admin/portal.html", fault=str(error), **_page(context, portal_id)), 400
        return redirect(url_for("admin.portal", portal_id=portal_id))

    @pages.post("/portals/<int:portal_id>/go-live")
    @signed_in
    def go_live(portal_id: int) -> Any:
        percent = request.form.get("percent", "")
        if percent not in {"1", "10", "50", "100"}:
            abort(400, "Choose for which share of the customers the writes are opened.")
        return done(portal_id, lambda: live.go_live(context, portal_id, percent=int(percent)))

    @pages.post("/portals/<int:portal_id>/pause")
    @signed_in
    def pause(portal_id: int) -> Any:
        return done(portal_id, lambda: live.pause(context, portal_id))

    @pages.post("/portals/<int:portal_id>/retry")
    @signed_in
    def retry(portal_id: int) -> Any:
        return done(portal_id, lambda: retry_parked(context, portal_id))
