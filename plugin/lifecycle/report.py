"""A self-contained page about an evaluation: funnel, stages over time, warning signs, who is about to change.

Pure: Outcomes → HTML. Drawings are inline SVG; nothing is loaded from outside and nothing runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from html import escape

import polars as pl
from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from plugin.lifecycle.names import names
from plugin.lifecycle.outcomes import Outcomes
from plugin.lifecycle.reading import Account, account_lines, account_title
from plugin.lifecycle.reasons import day_text
from plugin.lifecycle.report_texts import STYLE, WORDS
from plugin.lifecycle.stages import Named
from plugin.lifecycle.timeline import month_ends, stage_counts

#: How far ahead changes are listed, how many of them, and how many months the past is drawn.
AHEAD_DAYS, ROWS, MONTHS = 60, 40, 24
_COLOURS = {"high": "#ef4444", "medium": "#f59e0b", "low": "#38bdf8", "none": "#94a3b8"}


def report(outcomes: Outcomes, account: Account | None = None) -> str:
    """The page as one HTML text, in the mapping's language; `account` is that of what was read."""
    page = _Page(outcomes)
    title = f"{page.words['title']} · {page.day(outcomes.day)}"
    parts = [page.cards(), page.funnel(), page.over_time(), page.soon(), page.flags(), page.groups()]
    parts += [page.read(account)] if account else []
    return (
        f'<!doctype html>\n<html lang="{page.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><main><h1>{escape(page.words['title'])}</h1>"
        f'<p class="sub">{escape(page.subtitle())}</p>{"".join(parts)}</main></body></html>\n'
    )


class _Page:
    def __init__(self, outcomes: Outcomes) -> None:
        self.outcomes, self.frame, self.models = outcomes, outcomes.frame, outcomes.models
        self.language, self.formats = outcomes.mapping.language, outcomes.mapping.formats
        self.words = WORDS[self.language]
        self.stages = self.models.primary.stages

    def day(self, day: date | None) -> str:
        """A date as people write it."""
        return day_text(day, self.formats) if day else "–"

    def number(self, value: float) -> str:
        """A count with separators."""
        return str(format_decimal(value, format="#,##0", locale=self.formats))

    def share(self, part: float, whole: float) -> str:
        """A percentage; a dash of nothing."""
        return str(format_percent(part / whole, format="#,##0.#%", locale=self.formats)) if whole else "–"

    def money(self, value: float) -> str:
        """An amount in the portal's currency, if it is known."""
        currency = self.outcomes.mapping.currency or self.outcomes.parameters.currency
        if currency is None:
            return self.number(value)
        pattern = Locale.parse(self.formats).currency_formats["standard"].pattern.replace("0.00", "0")
        return str(format_currency(value, currency, pattern, locale=self.formats, currency_digits=False))

    def subtitle(self) -> str:
        """The model and the day."""
        return f"{self.models.primary.label(self.language)} · {self.day(self.outcomes.day)}"

    def section(self, title: str, body: str, note: str = "") -> str:
        """A titled part of the page."""
        small = f'<p class="note">{escape(note)}</p>' if note else ""
        return f"<section><h2>{escape(title)}</h2>{small}{body}</section>"

    def cards(self) -> str:
        """The figures at the top."""
        frame, w = self.frame, self.words
        buyers = frame.filter(pl.col("purchases") > 0).height
        high = frame.filter(pl.col("risk_level") == "high").height
        value = float(frame["profit"].sum())
        soon = self._changing().height
        figures = (
            (w["customers"], self.number(frame.height)),
            (w["buyers"], self.number(buyers)),
            (w["value"], self.money(value)),
            (w["high_risk"], self.number(high)),
            (w["changing"].format(days=AHEAD_DAYS), self.number(soon)),
        )
        cells = (f"<div><b>{escape(v)}</b><span>{escape(k)}</span></div>" for k, v in figures)
        return f'<div class="cards">{"".join(cells)}</div>'

    def read(self, account: Account) -> str:
        """What was read and what was left out, a line each."""
        lines = account_lines(account, self.language, self.formats)
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        return self.section(account_title(self.language), f"<ul>{items}</ul>")

    def funnel(self) -> str:
        """One bar a stage."""
        counts = dict(self.frame["stage"].value_counts().iter_rows())
        rows = [(s, counts.get(s.key, 0), s.colour) for s in self.stages]
        return self.section(self.words["funnel"], self._bars(rows), self.words["funnel_note"])

    def _bars(self, rows: Sequence[tuple[Named, int, str]]) -> str:
        most, total = max((n for _, n, _ in rows), default=0) or 1, self.frame.height
        lines = []
        for i, (named, count, colour) in enumerate(rows):
            y, width = i * 34, 420 * count / most
            label = escape(named.label(self.language))
            text = f"{self.number(count)} · {self.share(count, total)}"
            lines.append(
                f'<text x="190" y="{y + 20}" text-anchor="end">{label}</text>'
                f'<rect x="200" y="{y + 3}" width="{max(width, 1):.1f}" height="24" rx="4" fill="{colour}"/>'
                f'<text x="{210 + width:.1f}" y="{y + 20}" class="n">{escape(text)}</text>'
            )
        return f'<svg viewBox="0 0 760 {34 * len(rows)}" role="img">{"".join(lines)}</svg>'

    def over_time(self) -> str:
        """Stages at the month ends as stacked areas."""
        counts = stage_counts(self.outcomes.engines, self.models, month_ends(self.outcomes.day, MONTHS))
        begun = counts.filter(pl.sum_horizontal(pl.exclude("day")).cum_sum() > 0)
        counts = begun if begun.height > 1 else counts
        days = counts["day"].to_list()
        most = max(counts.select(pl.sum_horizontal(pl.exclude("day"))).to_series().to_list(), default=0) or 1
        base = [0.0] * len(days)
        areas = []
        for stage in self.stages:
            top = [b + v for b, v in zip(base, counts[stage.key].to_list(), strict=True)]
            areas.append(_area(base, top, most, stage.colour, stage.label(self.language)))
            base = top
        body = f'<svg viewBox="0 0 760 300" role="img">{"".join(areas)}{self._axis(days, most)}</svg>'
        keys = (
            f'<span><i style="background:{s.colour}"></i>{escape(s.label(self.language))}</span>'
            for s in self.stages
        )
        legend = f'<div class="legend">{"".join(keys)}</div>'
        return self.section(self.words["over_time"], body + legend, self.words["over_time_note"])

    def _axis(self, days: Sequence[date], most: float) -> str:
        ticks = [
            f'<text x="{_x(i, len(days)):.1f}" y="292" text-anchor="middle" class="n">'
            f"{escape(str(format_date(days[i], 'MMM y', locale=self.formats)))}</text>"
            for i in range(0, len(days), 6)
        ]
        return f'{"".join(ticks)}<text x="50" y="20" class="n">{escape(self.number(most))}</text>'

    def _changing(self) -> pl.DataFrame:
        last = self.outcomes.day + timedelta(days=AHEAD_DAYS)
        return self.frame.filter(pl.col("next_stage_on") <= last).sort(
            "next_stage_on", "profit", "id", descending=[False, True, False], nulls_last=True
        )

    def soon(self) -> str:
        """The customers whose stage changes next if nothing happens."""
        changing = self._changing()
        chosen = self.outcomes.only(list(changing.head(ROWS).select("object", "id").iter_rows()))
        reasons = {(o["object"], o["id"]): o["reason"] for o in chosen.to_json()}
        labels = {s.key: s.label(self.language) for s in self.stages}
        called = names(self.outcomes, reasons)
        rows = [
            (
                called.get((r["object"], r["id"]), str(r["id"])),
                labels[r["stage"]],
                labels[r["next_stage"]],
                self.day(r["next_stage_on"]),
                self.day(r["keep_until"]),
                self.money(r["profit"]) if r["profit"] is not None else "–",
                reasons[(r["object"], r["id"])],
            )
            for r in changing.head(ROWS).iter_rows(named=True)
        ]
        note = self.words["soon_note"].format(
            shown=len(rows), all=self.number(changing.height), days=AHEAD_DAYS
        )
        return self.section(self.words["soon"], _table(self.words["soon_head"].split("|"), rows), note)

    def flags(self) -> str:
        """How many customers carry each warning sign."""
        rows = []
        for flag in self.models.flags:
            count = int(self.frame[f"flag_{flag.key}"].sum())
            if count:
                rows.append((flag, count, _COLOURS[("low", "medium", "high")[flag.severity - 1]]))
        return self.section(self.words["flags"], self._bars(rows) if rows else f"<p>{self.words['none']}</p>")

    def groups(self) -> str:
        """Segments and tiers with their sizes and what they brought."""
        tables = []
        segments = self.frame.select("segments", "profit").explode("segments")
        for title, named, column, frame in (
            ("segments", self.models.segments, "segments", segments),
            ("tiers", self.models.tiers, "tier", self.frame.select("tier", "profit")),
        ):
            sums = {k: (n, v) for k, n, v in _sizes(frame, column).iter_rows()}
            rows = [
                (n.label(self.language), self.number(sums[n.key][0]), self.money(sums[n.key][1]))
                for n in named
                if n.key in sums
            ]
            if rows:
                tables.append(
                    self.section(self.words[title], _table(self.words["group_head"].split("|"), rows))
                )
        return f'<div class="pair">{"".join(tables)}</div>'


def _sizes(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    return frame.drop_nulls(column).group_by(column).agg(pl.len(), pl.col("profit").sum())


def _x(i: int, count: int) -> float:
    return 40 + 690 * i / max(count - 1, 1)


def _area(base: Sequence[float], top: Sequence[float], most: float, colour: str, label: str) -> str:
    def point(i: int, value: float) -> str:
        return f"{_x(i, len(base)):.1f},{270 - 250 * value / most:.1f}"

    up = [point(i, v) for i, v in enumerate(top)]
    down = [point(i, v) for i, v in enumerate(base)][::-1]
    return f'<polygon points="{" ".join(up + down)}" fill="{colour}"><title>{escape(label)}</title></polygon>'


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(h)}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
