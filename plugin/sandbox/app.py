"""The sandbox's Flask application: every endpoint behind the gate, the control API, the pages."""

from __future__ import annotations

from flask import Flask

from plugin.sandbox import (
    gate,
    http_account,
    http_associations,
    http_batch,
    http_cards,
    http_control,
    http_exports,
    http_imports,
    http_journal,
    http_links,
    http_lists,
    http_oauth,
    http_objects,
    http_people,
    http_pipelines,
    http_properties,
    http_webhooks,
    pages,
)
from plugin.sandbox.versions import Rewriter
from plugin.sandbox.web import Services

_ENDPOINTS = (
    http_batch,
    http_objects,
    http_associations,
    http_properties,
    http_pipelines,
    http_account,
    http_links,
    http_lists,
    http_oauth,
    http_control,
    http_journal,
    http_imports,
    http_exports,
    http_people,
    http_cards,
    http_webhooks,
)


def create_app(services: Services) -> Flask:
    """The application around these services."""
    app = Flask("plugin.sandbox")
    app.extensions["sandbox"] = services
    gate.install(app)
    for module in _ENDPOINTS:
        app.register_blueprint(module.blueprint)
    pages.register(app, services.store)
    app.wsgi_app = Rewriter(app.wsgi_app)  # type: ignore[method-assign]
    return app
