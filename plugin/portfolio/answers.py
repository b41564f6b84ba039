"""The answers of API, command and page: figures with their words, as plain dicts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from plugin.lifecycle.ruleset import Models
from plugin.mapping.model import Mapping as FieldMapping
from plugin.portfolio import cohorts, funnel, kept, metrics
from plugin.portfolio.answered import CONFIDENCE, scale_notes
from plugin.portfolio.asked import Asked
from plugin.portfolio.figures import Figures
from plugin.portfolio.journey import forward_stages
from plugin.portfolio.months import ALWAYS, SPANS, UNDATED, month_of, parse_period
from plugin.portfolio.retention import LONGEST
from plugin.portfolio.spend import Spend
from plugin.portfolio.texts import metric_words, reason_words, words
from plugin.portfolio.units import counted, part_unit
from plugin.portfolio.view import Metric, View
from plugin.portfolio.voice import latest_of

#: What metrics are computed from.
METRIC_MEASURES = (
    *("begun", "won", "engaged", "gained", "loss", "loss_revenue", "asleep", "left"),
    *("base", "base_n", "again", "again_capped", "again_n", "back", "back_n"),
    *(latest_of(name, kind) for name in ("nps", "csat", "csat_sum") for kind in SPANS),
    *("orders", "paid_orders", "profit_orders", "foreign", "revenue", "profit", "profit_age"),
    *("clv", "clv_known", "returned", "returned_profit", "returned_task", "returned_task_profit"),
    *("deal_lost", "deal_lost_amount"),
)
#: What channels are compared by.
CHANNEL_MEASURES = ("begun", "won", "profit_age", "clv", "clv_known")


@dataclass(frozen=True)
class Wanted:
    """Which cells to read: of these scopes.

    `measures` are read whole. Of the counts by days, `timed` are read as timings of `months`, `always` of all
    time.
    """

    scopes: Collection[str]
    measures: Collection[str]
    timed: Collection[str]
    months: Collection[int]
    always: Collection[str]


@dataclass(frozen=True, eq=False)
class Source:
    """Where cells come from: `read` gives {scope: Figures} of what there is.

    `tasks_known`: whether it is known which CRM tasks were made; files do not tell.
    """

    read: Callable[[Wanted], Mapping[str, Figures]]
    channels: Collection[str]
    spend: Spend
    mapping: FieldMapping
    models: Models
    object_type: str
    today: date
    currency: str | None
    tasks_known: bool = True

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
        found = self.read(Wanted([scope.key], measures, timed, months, ("cycle", *always)))
        if not scope.everyone:
            found = {**self.read(Wanted(["all"], ("engaged",), (), months, ("cycle",))), **found}
        nothing = Figures({})
        return View(
            figures=found.get(scope.key, nothing),
            everyone=found.get("all", nothing),
            spend=self.spend,
            period=period,
            now=month_of(self.today),
            scope=scope,
            unmapped=self._unmapped(),
            by_task=self.mapping.tasks,
            tasks_known=self.tasks_known,
            csat_scale=self.mapping.csat_scale,
            reactivation=asked.reactivation,
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
        scopes = [f"channel:{name}" for name in self.channels]
        found = self.read(Wanted(scopes, CHANNEL_MEASURES, (), (), ("cycle",)))
        return {scope.removeprefix("channel:"): figures for scope, figures in found.items()}


def metrics_answer(source: Source, asked: Asked) -> dict[str, Any]:
    """Every metric; beside it the series by month, reasons of loss, channels, CAC by channel and month."""
    view = source.view(asked, METRIC_MEASURES, ("cycle",))
    language, mapping = source.mapping.language, source.mapping
    answer = _head(source, view)
    answer["metrics"] = [said(one, source) for one in metrics.metrics(view)]
    answer["left_out"] = metrics.left_out(view)
    answer["kept"] = [_kept(one, mapping) for one in kept.kept(view)]
    answer["series"] = metrics.series(view)
    answer["loss_reasons"] = [
        {**one, "label": words(language)[f"loss.{one['reason']}"]} for one in metrics.loss_reasons(view)
    ]
    if view.scope.everyone:
        channels = source.by_channel()
        answer["channels"] = [
            {**one, "metrics": {m.key: short(m, mapping) for m in one["metrics"]}}
            for one in metrics.by_channel(view, channels)
        ]
        answer["cac_by_month"] = [
            {
                "channel": one["channel"],
                "month": one["month"],
                "spend": one["metric"].numerator,
                **short(one["metric"], mapping),
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
        "moves_reason": "one_filter" if view.scope.pair else None,
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
        "locale": source.mapping.formats,
        "scope": view.scope.shown,
        "filters": dict(view.scope.filters),
        "period": view.period.name or None,
        "complete": view.period.last < view.now,
        "lag": {"days": view.cycle[0], "months": view.lag, "n": view.cycle[1], "of": view.cycle[2]},
    }


def said(one: Metric, source: Source) -> dict[str, Any]:
    """A metric with its words."""
    language = source.mapping.language
    text = metric_words(one.key, language)
    return {
        "key": one.key,
        "label": text["label"],
        "definition": text["definition"].format(**_said(source)),
        **{
            part: {"what": text[part], "value": getattr(one, part), "unit": part_unit(one.key, part)}
            for part in ("numerator", "denominator")
        },
        **short(one, source.mapping),
        "unit": one.unit,
        "notes": one.notes,
    }


def _kept(one: dict[str, Any], mapping: FieldMapping) -> dict[str, Any]:
    return {name: short(got, mapping) if isinstance(got, Metric) else got for name, got in one.items()}


def _said(source: Source) -> dict[str, Any]:
    """The choices that definitions name."""
    scale = {name: f"{value:g}" for name, value in scale_notes(source.mapping.csat_scale).items()}
    days = round(source.mapping.thresholds["reactivated_days"])
    return {"days": days, "confidence": round(100 * CONFIDENCE), "cap": LONGEST, **scale}


def short(one: Metric, mapping: FieldMapping) -> dict[str, Any]:
    """A metric's figure alone; `basis` says in words what it rests on."""
    language = mapping.language
    basis = counted(one.n, f"n.{one.key}", language, mapping.formats)
    return {
        "value": one.value,
        "n": one.n,
        "basis": basis,
        "gate": one.gate,
        "reason": reason_words(one.reason, one.key, basis, one.gate, language),
        "word": words(language).get(f"word.{one.reason}"),
        "reason_code": one.reason,
    }
