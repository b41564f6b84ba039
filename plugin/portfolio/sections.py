"""The parts of the portfolio's pages, as HTML: figures, months, who stayed, channels, reasons of loss.

Pure: answers → HTML. Drawings are inline SVG; nothing is loaded from outside and nothing runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from plugin.portfolio.charts import columns
from plugin.portfolio.markup import cell, left_out, section, table, whose
from plugin.portfolio.shown import Shown
from plugin.portfolio.texts import metric_words, words

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
        self.shown = Shown(metrics["language"], metrics["currency"], metrics["locale"])
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
            small = one["reason"] or " · ".join(self._small(one))
            cells.append(
                f"<div><b>{escape(self.shown.figure(one))}</b><span>{escape(one['label'])}</span>"
                f"<small>{escape(small)}</small></div>"
            )
        return f'<div class="cards">{"".join(cells)}</div>'

    def _small(self, one: Mapping[str, Any]) -> list[str]:
        period = one["notes"].get("period")
        return [*([period] if period else []), f"n = {self.shown.number(one['n'])}"]

    def months(self) -> str:
        """A small drawing for each figure that is drawn month by month."""
        drawn = []
        series = self.metrics["series"]
        labels = [one["month"] for one in series]
        for key in DRAWN:
            values = [one[key] for one in series]
            if any(values):
                unit = self.found[key]["unit"]
                said = [self.shown.value(value, unit) for value in values]
                title = escape(metric_words(key, self.shown.language)["label"])
                drawn.append(f"<div><h3>{title}</h3>{columns(labels, values, said)}</div>")
        body = f'<div class="minis">{"".join(drawn)}</div>' if drawn else f"<p>{self.words['none']}</p>"
        return section(self.words["over_time"], body, self.words["over_time_note"])

    def kept(self) -> str:
        """Who stayed and what they paid again, period by period, with the usual formula beside."""
        rows = []
        for one in self.metrics["kept"]:
            counts = [self.shown.number(one[name]) for name in ("start", "kept", "new", "end")]
            base = [self.shown.number(one["base_n"]), self.shown.value(one["base"], "money")]
            shares = [
                (self.shown.figure(one[n], "share"), one[n]["reason"]) for n in ("gross", "net", "net_with")
            ]
            retention = (self.shown.figure(one["retention"], "share"), one["retention"]["reason"])
            formula = self.shown.value(one["formula"], "share")
            rows.append((one["period"], *counts, retention, formula, *base, *shares))
        made = table(self.words["kept_head"], rows, self.words["none"], right=range(1, 12))
        return section(self.words["kept"], made, self.words["kept_period_note"])

    def channels(self) -> str:
        """Channels side by side, and CAC by month; only of everyone."""
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
        body = table(self.words["channels_head"], rows, self.words["none"], right=range(1, 8))
        return section(self.words["channels"], body, f"{note} {self.words['gates']}") + self._cac()

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
        made = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"
        body = f'<div class="scroll">{made}</div>'
        return section(self.words["cac_months"], body, self.words["cac_months_note"])

    def _cac_cell(self, one: Mapping[str, Any] | None) -> str:
        if one is None:
            return "<td></td>"
        cost = cell((self.shown.figure(one, "money"), one["reason"]))
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
        made = table(self.words["losses_head"], rows, self.words["none"], right=range(1, 5))
        return section(self.words["losses"], made)

    def figures(self) -> str:
        """Every metric with what it rests on."""
        rows = []
        for one in self.found.values():
            unit = one["unit"]
            cells = [(self.shown.figure(one), one["reason"])]
            cells += [(self._part(one[name], unit), None) for name in ("numerator", "denominator")]
            rows.append((one["label"], *cells, self.shown.number(one["n"]), one["definition"]))
        body = table(self.words["figures_head"], rows, self.words["none"], right=(1, 4), dim=5)
        note = " ".join(part for part in (self.words["gates"], left_out(self.metrics, self.words)) if part)
        return section(self.words["figures"], body, note)

    def _part(self, part: Mapping[str, Any], unit: str) -> str:
        if part["value"] is None or not part["what"]:
            return ""
        return f"{self.shown.number(part['value'])} {part['what']}"
