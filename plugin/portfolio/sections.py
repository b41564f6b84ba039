"""The parts of the portfolio's pages, as HTML: figures, months, who stayed, channels, reasons of loss.

Pure: answers → HTML. Drawings are inline SVG; nothing is loaded from outside and nothing runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from plugin.portfolio import grids
from plugin.portfolio.charts import columns
from plugin.portfolio.markup import grid, label, money_notes, notes, prose, scrolled, section, whose
from plugin.portfolio.shown import Shown
from plugin.portfolio.texts import metric_words, words
from plugin.portfolio.units import grouped

CARDS = (
    "customers",
    "customers_won",
    "revenue",
    "retention_rate",
    "net_revenue_retention",
    "cac",
    "clv_to_cac",
    "nps",
)
DRAWN = ("customers", "customers_won", "revenue", "churn_rate", "engagement_rate", "cac")
_CAC_MONTHS = 12


class Sections:
    """What one answer of metrics says, part by part, in its language and currency."""

    def __init__(self, metrics: Mapping[str, Any]) -> None:
        self.metrics = metrics
        self.shown = Shown.of(metrics)
        self.words = words(self.shown.language)
        self.found = {one["key"]: one for one in metrics["metrics"]}

    def subtitle(self) -> str:
        """Whose figures, of which time, as of which day."""
        period = self.metrics["period"] or self.words["to_date"]
        return f"{whose(self.metrics, self.words)} · {period} · {self.shown.day(self.metrics['day'])}"

    def cards(self) -> str:
        """The figures at the top."""
        cells = []
        for key in CARDS:
            one = self.found[key]
            small = one["reason"] or ("" if one["unit"] == "count" else one["basis"])
            cells.append(
                f"<div><b>{escape(self.shown.figure(one))}</b><span>{escape(label(one, self.metrics))}</span>"
                f"<small>{prose(small)}</small></div>"
            )
        return f'<div class="cards">{"".join(cells)}</div>'

    def months(self) -> str:
        """A small drawing for each figure that is drawn month by month."""
        drawn = [self._drawn(key) for key in DRAWN if any(one[key] for one in self.metrics["series"])]
        body = f'<div class="minis">{"".join(drawn)}</div>' if drawn else f"<p>{self.words['none']}</p>"
        return section(self.words["over_time"], notes([self.words["over_time_note"]]) + body)

    def _drawn(self, key: str) -> str:
        series, unit = self.metrics["series"], self.found[key]["unit"]
        values = [one[key] for one in series]
        said = [self.shown.value(value, unit) for value in values]
        title = escape(metric_words(key, self.shown.language)["label"])
        made = columns([one["month"] for one in series], values, said, self.words["most"])
        return f"<div><h3>{title}</h3>{made}</div>"

    def kept(self) -> str:
        """Who stayed and what they paid again, period beside period, with the usual formula."""
        return grid(grids.kept(self.metrics))

    def channels(self) -> str:
        """Channels side by side, and CAC by month; only of everyone."""
        made = grids.channels(self.metrics)
        return grid(made) + self._cac() if made else ""

    def _cac(self) -> str:
        """Channels down, the last months across: CAC, and below it what was spent and how many were won."""
        spent = [one for one in self.metrics["cac_by_month"] if one["spend"]]
        months = sorted({one["month"] for one in spent})[-_CAC_MONTHS:]
        if not months:
            return ""
        found = {(one["channel"], one["month"]): one for one in spent if one["month"] in months}
        head = "".join(f'<th class="r">{month}</th>' for month in months)
        rows = "".join(
            f"<tr><td>{escape(name)}</td>"
            + "".join(self._cac_cell(found.get((name, month))) for month in months)
            + "</tr>"
            for name in sorted({channel for channel, _ in found})
        )
        made = scrolled(f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>")
        few = {one["gate"] for one in found.values() if one["reason_code"] == "too_few"}
        after = [self.words["channels_few"].format(gate=gate) for gate in few]
        return section(self.words["cac_months"], notes([self.words["cac_months_note"]]) + made + notes(after))

    def _cac_cell(self, one: Mapping[str, Any] | None) -> str:
        if one is None:
            return "<td></td>"
        cost = escape(self.shown.figure(one, "money"))
        below = self.words["cac_months_cell"].format(
            spend=self.shown.value(one["spend"], "money"), won=one["basis"]
        )
        return f'<td class="r">{cost}<small>{escape(below)}</small></td>'

    def losses(self) -> str:
        """Why customers and deals were lost."""
        return grid(grids.losses(self.metrics))

    def figures(self) -> str:
        """Every metric in its group, with what it is and what it rests on, or why it is withheld."""
        head = "".join(f"<th>{escape(title)}</th>" for title in self.words["figures_head"].split("|"))
        rows = "".join(
            f'<tr><th colspan="4">{escape(self.words[f"group.{group}"])}</th></tr>'
            + "".join(self._figure(one) for one in figures)
            for group, figures in grouped(self.metrics["metrics"])
        )
        made = f'<table class="figures"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        return section(self.words["figures"], scrolled(made) + notes(money_notes(self.metrics)))

    def _figure(self, one: Mapping[str, Any]) -> str:
        reason = f"<strong>{prose(one['reason'])}</strong> " if one["reason"] else ""
        basis = "" if one["reason"] or one["unit"] == "count" else escape(one["basis"])
        parts = " / ".join(
            self._part(one[name]) for name in ("numerator", "denominator") if one[name]["what"]
        )
        parts = parts if one["reason"] is None and one["denominator"]["what"] else ""
        return (
            f"<tr><td>{escape(label(one, self.metrics))}</td>"
            f"<td>{escape(self.shown.figure(one))}</td>"
            f"<td>{basis}<small>{escape(parts)}</small></td>"
            f'<td class="d">{reason}{prose(one["definition"])}</td></tr>'
        )

    def _part(self, part: Mapping[str, Any]) -> str:
        if part["value"] is None:
            return str(part["what"])
        return f"{self.shown.value(part['value'], part['unit'])} {part['what']}"
