"""The answers of API, command and page: figures with their words, as plain dicts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from plugin.errors import InputError
from plugin.lifecycle.ruleset import Models
from plugin.mapping.model import Mapping as FieldMapping
from plugin.portfolio import cohorts, funnel, metrics
from plugin.portfolio.cells import Figures
from plugin.portfolio.journey import forward_stages
from plugin.portfolio.months import ALWAYS, UNDATED, month_of, parse_month, parse_period
from plugin.portfolio.spend import Spend
from plugin.portfolio.texts import metric_words, reason_words, words
from plugin.portfolio.view import Metric, View

#: What metrics are computed from.
METRIC_MEASURES = (
    *("begun", "won", "engaged", "gained", "loss", "loss_revenue", "asleep", "nps", "csat", "csat_sum"),
    *("orders", "paid_orders", "profit_orders", "revenue", "profit", "profit_age", "clv", "clv_known"),
    *(
        "returned",
        "returned_profit",
        "returned_task",
        "returned_task_profit",
        "deal_lost",
        "deal_lost_amount",
    ),
)
#: What channels are compared by.
CHANNEL_MEASURES = ("begun", "won", "profit_age", "clv", "clv_known")


@dataclass(frozen=True)
class Wanted:
    """Which cells to read: of these scopes; `channel:*` is every channel.

    `measures` are read whole. Of the counts by days, `timed` are read as timings of `months`, `always` of all
    time.
    """

    scopes: Collection[str]
    measures: Collection[str]
    timed: Collection[str]
    months: Collection[int]
    always: Collection[str]


@dataclass(frozen=True)
class Asked:
    """What is asked for: a period, and at most one of a segment, a channel ("" or unknown) and a cohort."""

    period: str | None = None
    segment: str | None = None
    channel: str | None = None
    cohort: str | None = None

    def scope(self, models: Models, channels: Collection[str]) -> str:
        """The scope's name; InputError if there is none such, or more than one was named."""
        named = [n for n in ("segment", "channel", "cohort") if getattr(self, n) is not None]
        if len(named) > 1:
            raise InputError(
                f"{' and '.join(named)} cannot be combined.", cure="Name one of segment, channel and cohort."
            )
        if self.segment is not None:
            return f"segment:{_one_of('segment', self.segment, [s.key for s in models.segments])}"
        if self.channel is not None:
            return f"channel:{_channel(self.channel, channels)}"
        if self.cohort is not None:
            if parse_month(self.cohort) is None:
                cure = "Write the month of the first purchase, like 2026-05."
                raise InputError(f"{self.cohort!r} is no cohort.", cure=cure)
            return f"cohort:{self.cohort.strip()}"
        return "all"


def _one_of(kind: str, given: str, known: Collection[str]) -> str:
    if given not in known:
        cure = f"There are {', '.join(sorted(known))}." if known else "The mapping defines none."
        raise InputError(f"There is no {kind} {given!r}.", cure=cure)
    return given


def _channel(given: str, known: Collection[str]) -> str:
    names = {name.casefold(): name for name in known}
    if given.casefold() in names:
        return names[given.casefold()]
    if given in ("", "unknown"):
        return ""
    return _one_of("channel", given, [name or "unknown" for name in known])


@dataclass(frozen=True, eq=False)
class Source:
    """Where cells come from: `read` gives {scope: Figures} of what there is."""

    read: Callable[[Wanted], Mapping[str, Figures]]
    channels: Collection[str]
    spend: Spend
    mapping: FieldMapping
    models: Models
    object_type: str
    today: date
    currency: str | None

    def view(
        self,
        asked: Asked,
        measures: Collection[str],
        timed: Collection[str] = (),
        always: Collection[str] = (),
    ) -> View:
        """The view of what is asked for."""
        scope = asked.scope(self.models, self.channels)
        period = parse_period(asked.period, self.today)
        months = [ALWAYS] if period.first == UNDATED else list(period.months)
        found = self.read(Wanted([scope], measures, timed, months, ("cycle", *always)))
        if scope != "all":
            found = {**self.read(Wanted(["all"], ("engaged",), (), months, ("cycle",))), **found}
        nothing = Figures({})
        return View(
            figures=found.get(scope, nothing),
            everyone=found.get("all", nothing),
            spend=self.spend,
            period=period,
            now=month_of(self.today),
            scope=scope,
            unmapped=self._unmapped(),
            by_task=self.mapping.tasks,
        )

    def _unmapped(self) -> frozenset[str]:
        s = self.mapping.sources(self.object_type)
        engagement = s.engagement_dates or s.engagement_counters
        if self.object_type == "company":
            contact = self.mapping.contact
            engagement = engagement or contact.engagement_dates or contact.engagement_counters
        sources = {"nps": s.nps, "csat": s.csat, "engagement": engagement}
        return frozenset(name for name, source in sources.items() if not source)

    def by_channel(self) -> dict[str, Figures]:
        """The cells that channels are compared by."""
        found = self.read(Wanted(["channel:*"], CHANNEL_MEASURES, (), (), ("cycle",)))
        return {scope.removeprefix("channel:"): figures for scope, figures in found.items()}


def metrics_answer(source: Source, asked: Asked) -> dict[str, Any]:
    """Every metric; beside it the series by month, reasons of loss, channels, CAC by channel and month."""
    view = source.view(asked, METRIC_MEASURES, ("cycle",))
    language = source.mapping.language
    answer = _head(source, view)
    answer["metrics"] = [said(one, source) for one in metrics.metrics(view)]
    answer["series"] = metrics.series(view)
    answer["loss_reasons"] = [
        {**one, "label": words(language)[f"loss.{one['reason']}"]} for one in metrics.loss_reasons(view)
    ]
    if view.scope == "all":
        channels = source.by_channel()
        answer["channels"] = [
            {**one, "metrics": {m.key: short(m, language) for m in one["metrics"]}}
            for one in metrics.by_channel(view, channels)
        ]
        answer["cac_by_month"] = [
            {
                "channel": one["channel"],
                "month": one["month"],
                "spend": one["metric"].numerator,
                **short(one["metric"], language),
            }
            for one in metrics.cac_by_month(view, channels)
        ]
    return answer


def funnel_answer(source: Source, asked: Asked) -> dict[str, Any]:
    """The funnel, the changes of stage, and how many stand where now."""
    measures = ("begun", "won", "reached", "stage_now", "move")
    view = source.view(asked, measures, ("step",), ("move_days",))
    model, language = source.models.primary, source.mapping.language
    labels = {stage.key: stage.label(language) for stage in model.stages}
    steps = funnel.funnel(view, forward_stages(source.models))
    return {
        **_head(source, view),
        "model": model.key,
        "stages": [{**one, "label": labels[one["stage"]]} for one in steps],
        "now": [{**one, "label": labels[one["stage"]]} for one in funnel.present(view, list(labels))],
        "moves": funnel.moves(view),
    }


def cohorts_answer(source: Source, asked: Asked) -> dict[str, Any]:
    """Retention cohorts."""
    view = source.view(asked, ("begun", "won", "buying_age", "kept_age", "profit_age"))
    return {**_head(source, view), "cohorts": cohorts.cohorts(view)}


def _head(source: Source, view: View) -> dict[str, Any]:
    return {
        "object": source.object_type,
        "day": source.today.isoformat(),
        "currency": source.currency,
        "language": source.mapping.language,
        "scope": view.scope,
        "period": view.period.name or None,
        "complete": view.period.last < view.now,
        "lag": {"days": view.cycle[0], "months": view.lag, "n": view.cycle[1], "of": view.cycle[2]},
    }


def said(one: Metric, source: Source) -> dict[str, Any]:
    """A metric with its words."""
    language = source.mapping.language
    text = metric_words(one.key, language)
    days = round(source.mapping.thresholds["reactivated_days"])
    return {
        "key": one.key,
        "label": text["label"],
        "definition": text["definition"].replace("{days}", str(days)),
        "numerator": {"what": text["numerator"], "value": one.numerator},
        "denominator": {"what": text["denominator"], "value": one.denominator},
        **short(one, language),
        "unit": one.unit,
        "notes": one.notes,
    }


def short(one: Metric, language: str) -> dict[str, Any]:
    """A metric's figure alone."""
    return {
        "value": one.value,
        "n": one.n,
        "gate": one.gate,
        "reason": reason_words(one.reason, one.n, one.gate, language),
        "reason_code": one.reason,
    }
