"""The admin's pages of figures over many customers: report, funnel, cohorts; and the report as a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup

from plugin.errors import InputError
from plugin.jobs import figures
from plugin.jobs.context import Context
from plugin.portfolio import answers, page, ways_shown
from plugin.portfolio.answers import Source
from plugin.portfolio.asked import Asked
from plugin.portfolio.months import SPANS, month_name, month_of, span_name
from plugin.portfolio.sections import Sections
from plugin.records import portals
from plugin.records.portals import Portal

NAMES = ("period", "channel", "segment", "cohort")
_PERIODS = {"year": 3, "quarter": 8, "month": 12}
_COHORTS = 36
Parts = Callable[[Source, Asked], list[str]]


def register(pages: Blueprint, context: Context, signed_in: Callable[..., Any]) -> None:
    """Add the pages to those of the admin."""

    def add(tab: str, path: str, parts: Parts) -> None:
        def view(portal_id: int) -> Any:
            return _page(context, portal_id, tab, parts)

        view.__name__ = tab
        pages.get(f"/portals/<int:portal_id>/{path}")(signed_in(view))

    add("report", "report", _report)
    add("funnel", "funnel", lambda source, asked: [ways_shown.funnel(answers.funnel_answer(source, asked))])
    add(
        "cohorts",
        "cohorts",
        lambda source, asked: [ways_shown.cohorts(answers.cohorts_answer(source, asked))],
    )

    @pages.get("/portals/<int:portal_id>/report.html")
    @signed_in
    def report_file(portal_id: int) -> Any:
        source = _source(context, _portal(context, portal_id))
        try:
            made = [make(source, _asked()) for make in _ANSWERS]
        except InputError as error:
            abort(422, f"{error.message} {error.cure}")
        name = f"portfolio-{portal_id}-{source.today.isoformat()}.html"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(page.page(*made), mimetype="text/html", headers=headers)


_ANSWERS = (answers.metrics_answer, answers.funnel_answer, answers.cohorts_answer)


def _report(source: Source, asked: Asked) -> list[str]:
    made = Sections(answers.metrics_answer(source, asked))
    return [made.cards(), made.months(), made.kept(), made.channels(), made.losses(), made.figures()]


def _page(context: Context, portal_id: int, tab: str, parts: Parts) -> Any:
    """A page with its filters; what cannot be answered is said, and the filters stay as they were chosen."""
    portal = _portal(context, portal_id)
    source, fault, made = _source(context, portal), None, []
    ready = portal.parameters_version is not None
    try:
        made = parts(source, _asked()) if ready else []
    except InputError as error:
        fault = f"{error.message} {error.cure}"
    shown = {"portal_id": portal_id, "tab": tab, "fault": fault, "ready": ready, "choices": _choices(source)}
    body = [Markup(part) for part in made]  # noqa: S704 - the parts escape what they show
    chosen = {name: value for name in (*NAMES, "object") if (value := request.args.get(name, ""))}
    return render_template("admin/portfolio.html", parts=body, chosen=chosen, **shown), 422 if fault else 200


def _asked() -> Asked:
    period, channel, segment, cohort = (request.args.get(name, "").strip() or None for name in NAMES)
    return Asked(period, segment, channel, cohort)


def _source(context: Context, portal: Portal) -> Source:
    try:
        return figures.of_portal(context, portal, request.args.get("object") or None)
    except InputError as error:
        abort(422, f"{error.message} {error.cure}")


def _portal(context: Context, portal_id: int) -> Portal:
    with context.store.read() as connection:
        found = next((one for one in portals.every(connection) if one.portal_id == portal_id), None)
    if found is None:
        abort(404, "No such portal is served here.")
    return found


def _choices(source: Source) -> dict[str, list[tuple[str, str]]]:
    """(value, label) of what can be chosen, by the filter's name."""
    now, language = month_of(source.today), source.mapping.language
    periods = []
    for kind, count in _PERIODS.items():
        starts = (now - now % SPANS[kind] - n * SPANS[kind] for n in range(count))
        periods += [(span_name(first, kind),) * 2 for first in starts]
    cohorts = [(month_name(now - n),) * 2 for n in range(_COHORTS)]
    kinds = source.mapping.customer_objects()
    return {
        "period": periods,
        "channel": [(name or "unknown",) * 2 for name in source.channels],
        "segment": [(one.key, one.label(language)) for one in source.models.segments],
        "cohort": cohorts,
        "object": [(kind, kind) for kind in kinds] if len(kinds) > 1 else [],
    }
