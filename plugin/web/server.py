"""Serves the web application with gunicorn: processes with threads, drained on SIGTERM."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from plugin import wiring
from plugin.records.store import Store
from plugin.settings import Settings
from plugin.web.app import WebParts, create_app
from plugin.web.card_warm import warm
from plugin.web.customers import Customers
from plugin.web.oauth import OAuthParts
from plugin.wiring import Parts


class _Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn, configured by values and not by files; each of its processes makes its own application."""

    def __init__(self, chosen: Settings, admin_token: str, options: dict[str, Any]) -> None:
        self.chosen = chosen
        self.admin_token = admin_token
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        """Take over the options."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application of one process."""
        parts = wiring.open_parts(self.chosen)
        warm(Customers(parts.context))
        return create_app(
            WebParts(
                context=parts.context,
                receiver_store=Store(self.chosen.database_url, durable=True),
                client_secret=self.chosen.client_secret,
                public_url=self.chosen.public_url,
                admin_token=self.admin_token,
                ping_queue=parts.ping_queue,
                oauth=oauth_parts(parts),
            )
        )


def oauth_parts(parts: Parts) -> OAuthParts | None:
    """What the OAuth routes need, where portals come by OAuth."""
    if parts.app is None or parts.vault is None:
        return None
    chosen = parts.settings
    key = chosen.secret_keys()[0].decode()
    return OAuthParts(parts.app, parts.vault, chosen.app_url, chosen.public_url, key)


def serve(chosen: Settings, admin_token: str, *, processes: int, threads: int) -> None:
    """Serve until SIGTERM; requests under way are answered."""
    _Server(
        chosen,
        admin_token,
        {
            "bind": f"0.0.0.0:{chosen.port}",
            "worker_class": "gthread",
            "workers": processes,
            "threads": threads,
            "timeout": 30,
            "graceful_timeout": 25,
            "keepalive": 75,
            "loglevel": "warning",
            "control_socket_disable": True,
        },
    ).run()
