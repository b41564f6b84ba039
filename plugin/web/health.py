"""Liveness, readiness with each part's state, and figures for Prometheus; no customer's data in any."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from plugin.errors import LifecycleError, StoreError
from plugin.jobs.context import Context
from plugin.jobs.status import SUMMED, status
from plugin.records import inbox, portals

Ping = Callable[[], None]  # raises when the queue server does not answer


def blueprint(context: Context, ping_queue: Ping) -> Blueprint:
    """The routes /healthz, /readyz and /metrics."""
    routes = Blueprint("health", __name__)
    registry = CollectorRegistry()
    registry.register(_Figures(context))

    @routes.get("/")
    def index() -> Response:
        lines = "Customer lifecycle for HubSpot", "", "/readyz", "/metrics", "/api/docs"
        return Response("\n".join(lines) + "\n", mimetype="text/plain")

    @routes.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    def readyz() -> tuple[dict[str, object], int]:
        parts = {"store": _state(lambda: _read_store(context)), "queue": _state(ping_queue)}
        ready = parts["store"] == "ok"  # without a queue we still receive, and lose nothing
        return {"ready": ready, "parts": parts}, 200 if ready else 503

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), mimetype="text/plain; version=0.0.4")

    return routes


def _read_store(context: Context) -> None:
    with context.store.read() as connection:
        portals.every(connection)


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except LifecycleError as error:
        return error.message
    return "ok"


class _Figures(Collector):
    """Reads the store's counters at each scrape: they are the same for every process."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def collect(self) -> Iterator[Metric]:
        """The figures of now."""
        try:
            standing = status(self.context)
        except StoreError:
            return
        for name in (*SUMMED, "lag_seconds"):
            gauge = GaugeMetricFamily(f"lifecycle_{name}", f"See /api/v1/status: {name}", labels=["portal"])
            for portal in standing["portals"]:
                gauge.add_metric([str(portal["portal_id"])], portal[name])
            yield gauge
        yield self._counters([portal["portal_id"] for portal in standing["portals"]])

    def _counters(self, portal_ids: list[int]) -> Metric:
        family = CounterMetricFamily(
            "lifecycle_done", "What was received, read, evaluated and written", labels=["portal", "what"]
        )
        with self.context.store.read() as connection:
            for portal_id in [inbox.SEVERAL, *portal_ids]:
                for name, value in sorted(inbox.counts(connection, portal_id).items()):
                    family.add_metric([str(portal_id), name], value)
        return family
