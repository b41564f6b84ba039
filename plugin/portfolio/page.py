"""The portfolio as one self-contained HTML page: figures, months, funnel, cohorts, channels, losses.

Pure: answers → HTML. Drawings are inline SVG; nothing is loaded from outside and nothing runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from plugin.lifecycle.report_texts import STYLE
from plugin.portfolio.charts import bars, columns, heat
from plugin.portfolio.shown import Shown
from plugin.portfolio.texts import metric_words, words

_MORE = (
    ".cards{grid-template-columns:repeat(auto-fit,minmax(210px,1fr))}"
    "td small{color:var(--soft);display:block}"
    ".cards div{min-width:0}.cards small{color:var(--soft);display:block;font-size:12px}"
    "td.r,th.r{text-align:right}td abbr{text-decoration:none;color:var(--soft);cursor:help}"
    "td.d{color:var(--soft);max-width:430px}.minis{display:grid;gap:18px;"
    "grid-template-columns:repeat(auto-fit,minmax(300px,1fr))}.minis h3{font-size:14px;margin:0 0 6px;"
    "font-weight:500}table.heat td{padding:3px 5px;text-align:center;font-size:12px;border:0;"
    "white-space:nowrap}table.heat th{padding:3px 5px;font-size:12px}"
)
CARDS = (
    "customers",
    "customers_won",
    "revenue",
    "retention_rate",
    "cac",
    "clv_to_cac",
    "payback_months",
    "nps",
)
_MOVES, _CAC_MONTHS = 15, 12


def page(metrics: Mapping[str, Any], funnel: Mapping[str, Any], cohorts: Mapping[str, Any]) -> str:
    """The page made of the three answers, in their language and currency."""
    made = _Page(metrics, funnel, cohorts)
    parts = (
        made.cards(),
        made.months(),
        made.funnel(),
        made.cohorts(),
        made.channels(),
        made.losses(),
        made.figures(),
    )
    title = escape(f"{made.words['title']} · {made.shown.day(metrics['day'])}")
    return (
        f'<!doctype html>\n<html lang="{made.shown.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{STYLE}{_MORE}</style></head><body><main><h1>{escape(made.words['title'])}</h1>"
        f'<p class="sub">{escape(made.subtitle())}</p>{"".join(parts)}</main></body></html>\n'
    )


class _Page:
    def __init__(
        self, metrics: Mapping[str, Any], funnel: Mapping[str, Any], cohorts: Mapping[str, Any]
    ) -> None:
        self.metrics, self.way, self.retention = metrics, funnel, cohorts
        self.shown = Shown(metrics["language"], metrics["currency"])
        self.words = words(self.shown.language)
        self.found = {one["key"]: one for one in metrics["metrics"]}

    def subtitle(self) -> str:
        """Whose figures, of which time, as of which day."""
        kind, _, name = self.metrics["scope"].partition(":")
        whose = self.words[f"scope.{kind}"].format(name=name or self.words["unknown_channel"])
        period = self.metrics["period"] or self.words["to_date"]
        return f"{whose} · {period} · {self.shown.day(self.metrics['day'])}"

    def section(self, title: str, body: str, note: str = "") -> str:
        """A titled part of the page."""
        small = f'<p class="note">{escape(note)}</p>' if note else ""
        return f"<section><h2>{escape(title)}</h2>{small}{body}</section>"

    def cards(self) -> str:
        """The figures at the top."""
        cells = []
        for key in CARDS:
            one = self.found[key]
            small = one["reason"] or f"n = {self.shown.number(one['n'])}"
            cells.append(
                f"<div><b>{escape(self.shown.figure(one))}</b><span>{escape(one['label'])}</span>"
                f"<small>{escape(small)}</small></div>"
            )
        return f'<div class="cards">{"".join(cells)}</div>'

    def months(self) -> str:
        """A small drawing for each figure that is drawn month by month."""
        drawn = []
        series = self.metrics["series"]
        labels = [one["month"] for one in series]
        for key in ("customers", "customers_won", "revenue", "churn_rate", "engagement_rate", "cac"):
            values = [one[key] for one in series]
            if any(values):
                unit = self.found[key]["unit"]
                said = [self.shown.value(value, unit) for value in values]
                title = escape(metric_words(key, self.shown.language)["label"])
                drawn.append(f"<div><h3>{title}</h3>{columns(labels, values, said)}</div>")
        body = f'<div class="minis">{"".join(drawn)}</div>' if drawn else f"<p>{self.words['none']}</p>"
        return self.section(self.words["over_time"], body, self.words["over_time_note"])

    def funnel(self) -> str:
        """One bar a stage, and the changes of stage."""
        rows = [
            (one["label"], one["reached"], f"{self.shown.number(one['reached'])}{self._went_on(one)}")
            for one in self.way["stages"]
        ]
        labels = {one["stage"]: one["label"] for one in self.way["now"]}
        moves = [
            (labels[one["from"]], labels[one["to"]], self.shown.number(one["count"]), self._days(one))
            for one in self.way["moves"][:_MOVES]
        ]
        table = self.table("moves_head", moves, right=(2, 3))
        first = self.section(self.words["funnel"], bars(rows), self.words["funnel_note"])
        return first + self.section(self.words["moves"], table, self.words["moves_note"])

    def _went_on(self, one: Mapping[str, Any]) -> str:
        if one.get("conversion") is None:
            return ""
        share = self.shown.value(one["conversion"], "share")
        if one["median_days"] is None:
            return " · " + self.words["went_on_unknown"].format(share=share)
        days = self.shown.number(one["median_days"])
        return " · " + self.words["went_on"].format(share=share, days=days)

    def _days(self, one: Mapping[str, Any]) -> str:
        return "–" if one["median_days"] is None else self.shown.number(one["median_days"])

    def cohorts(self) -> str:
        """Two tables of shares: who bought, who is kept."""
        rows = [one for one in self.retention["cohorts"] if one["complete"]][-24:]
        if not rows:
            return self.section(self.words["cohorts"], f"<p>{self.words['none']}</p>")
        tables = [
            f'<p class="note">{escape(self.words[note])}</p>{self._heat(rows, name)}'
            for name, note in (("bought_share", "cohorts_note"), ("kept_share", "kept_note"))
        ]
        return self.section(self.words["cohorts"], "<br>".join(tables))

    def _heat(self, rows: Sequence[Mapping[str, Any]], name: str) -> str:
        shown = [(one["cohort"], self.shown.number(one["n"]), one[name], one["reason"]) for one in rows]
        return heat(shown, lambda value: self.shown.value(value, "share", short=True))

    def channels(self) -> str:
        """Channels side by side, and CAC by month."""
        if "channels" not in self.metrics:
            return ""
        keys = ("cac", "historic_value", "clv", "clv_to_cac", "payback_months")
        rows = []
        for one in self.metrics["channels"]:
            made = one["metrics"]
            cells = [(self.shown.figure(made[k], self.found[k]["unit"]), made[k]["reason"]) for k in keys]
            won = self.shown.number(made["customers_won"]["n"])
            spent = self.shown.value(one["spend"], "money")
            rows.append((one["channel"] or self.words["unknown_channel"], won, spent, *cells))
        lag = self.metrics["lag"]
        days = self.shown.number(lag["days"]) if lag["days"] is not None else "–"
        note = self.words["channels_note"].format(days=days, months=lag["months"])
        body = self.table("channels_head", rows, right=range(1, 8))
        return self.section(self.words["channels"], body, f"{note} {self.words['gates']}") + self._cac()

    def _cac(self) -> str:
        """Channels down, the last months across: CAC, and below it what was spent and how many were won."""
        spent = [one for one in self.metrics["cac_by_month"] if one["spend"]]
        months = sorted({one["month"] for one in spent})[-_CAC_MONTHS:]
        if not months:
            return ""
        found = {(one["channel"], one["month"]): one for one in spent}
        head = "".join(f'<th class="r">{month}</th>' for month in months)
        rows = "".join(
            f"<tr><td>{escape(name)}</td>"
            + "".join(self._cac_cell(found.get((name, month))) for month in months)
            + "</tr>"
            for name in sorted({one["channel"] for one in spent})
        )
        table = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"
        body = f'<div class="scroll">{table}</div>'
        return self.section(self.words["cac_months"], body, self.words["cac_months_note"])

    def _cac_cell(self, one: Mapping[str, Any] | None) -> str:
        if one is None:
            return "<td></td>"
        cost = _cell((self.shown.value(one["value"], "money"), one["reason"]))
        below = f"{self.shown.value(one['spend'], 'money')} / {self.shown.number(one['n'])}"
        return f'<td class="r">{cost}<small>{escape(below)}</small></td>'

    def losses(self) -> str:
        """Why customers and deals were lost."""
        rows = [
            (
                one["label"],
                self.shown.number(one["customers"]),
                self.shown.value(one["revenue"], "money"),
                self.shown.number(one["deals"]),
                self.shown.value(one["deal_amount"], "money"),
            )
            for one in self.metrics["loss_reasons"]
        ]
        return self.section(self.words["losses"], self.table("losses_head", rows, right=range(1, 5)))

    def figures(self) -> str:
        """Every metric with what it rests on."""
        rows = []
        for one in self.found.values():
            unit = one["unit"]
            cells = [(self.shown.figure(one), one["reason"])]
            cells += [(self._part(one[name], unit), None) for name in ("numerator", "denominator")]
            rows.append((one["label"], *cells, self.shown.number(one["n"]), one["definition"]))
        body = self.table("figures_head", rows, right=(1, 4), dim=5)
        return self.section(self.words["figures"], body, self.words["gates"])

    def _part(self, part: Mapping[str, Any], unit: str) -> str:
        if part["value"] is None or not part["what"]:
            return ""
        return f"{self.shown.number(part['value'])} {part['what']}"

    def table(
        self, head: str, rows: Iterable[Sequence[Any]], *, right: Iterable[int] = (), dim: int = -1
    ) -> str:
        """A table; a cell may be (text, reason shown when pointed at)."""
        numbers = set(right)

        def kind(place: int) -> str:
            return ' class="r"' if place in numbers else ' class="d"' if place == dim else ""

        titles = enumerate(self.words[head].split("|"))
        top = "".join(f"<th{kind(i) if i in numbers else ''}>{escape(t)}</th>" for i, t in titles)
        body = "".join(
            "<tr>" + "".join(f"<td{kind(i)}>{_cell(c)}</td>" for i, c in enumerate(row)) + "</tr>"
            for row in rows
        )
        if not body:
            return f"<p>{escape(self.words['none'])}</p>"
        return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(cell: Any) -> str:
    if isinstance(cell, tuple):
        text, reason = cell
        return f'<abbr title="{escape(reason)}">{escape(text)}</abbr>' if reason else escape(text)
    return escape(str(cell))
