"""Makes the web application: receiver, OAuth, health, API, admin's pages. Nothing happens at import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, request

from plugin.errors import StoreError
from plugin.jobs.context import Context
from plugin.records.store import Store
from plugin.web import admin, api, card, health, oauth, receiver
from plugin.web.customers import Customers
from plugin.web.oauth import OAuthParts


@dataclass(frozen=True)
class WebParts:
    """What the web process needs beside the jobs' context.

    `receiver_store` waits for the disk at every commit, because the CRM forgets what we acknowledged.
    """

    context: Context
    receiver_store: Store
    client_secret: str
    public_url: str
    admin_token: str
    ping_queue: health.Ping
    oauth: OAuthParts | None = None  # None: one portal by its access token


class _Web(Flask):
    """Logs what failed under the route's pattern: an address holds the id of the record asked for."""

    def log_exception(self, exc_info: Any) -> None:
        """One line and the traceback."""
        asked = request.url_rule.rule if request.url_rule else "an unknown address"
        self.logger.error("request failed", extra={"asked": f"{request.method} {asked}"}, exc_info=exc_info)


def create_app(parts: WebParts) -> Flask:
    """The WSGI application."""
    app = _Web("plugin.web")
    app.register_blueprint(
        receiver.blueprint(parts.context, parts.receiver_store, parts.client_secret, parts.public_url)
    )
    app.register_blueprint(oauth.blueprint(parts.context, parts.oauth))
    app.register_blueprint(health.blueprint(parts.context, parts.ping_queue))
    customers = Customers(parts.context)
    app.register_blueprint(card.blueprint(customers, parts.client_secret, parts.public_url))
    api.register(app, customers, parts.admin_token)
    app.register_blueprint(admin.blueprint(parts.context, parts.admin_token, parts.public_url))
    app.register_error_handler(StoreError, _store_down)
    return app


def _store_down(error: StoreError) -> tuple[dict[str, str], int]:
    return {"message": error.message, "cure": error.cure}, 503
