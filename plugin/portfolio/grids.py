"""The portfolio's tables as cells of text, the same for terminals and pages: who stayed, reasons of loss.

Pure: answers → text in their language. What a table leaves out, and why, stands in sentences beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plugin.portfolio.shown import NOTHING, Shown
from plugin.portfolio.texts import words

Answer = Mapping[str, Any]
Row = tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A titled table: the first column names the rows, all others are figures, each with its unit.

    `before` and `after` are sentences around it. Without rows they say why there is no table.
    """

    title: str
    head: Row = ()
    rows: tuple[Row, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def distinct(sentences: Iterable[str | None]) -> tuple[str, ...]:
    """The sentences that there are, each once."""
    return tuple(dict.fromkeys(one for one in sentences if one))


_COUNTS = ("start", "kept", "new", "end")
_RATES = ("gross", "net", "net_with")


def kept(metrics: Answer) -> Grid:
    """Who stayed and what they paid again: periods side by side, those that nobody began left out."""
    shown, said = Shown.of(metrics), words(metrics["language"])
    full = [one for one in metrics["kept"] if one["start"] or one["base_n"]]
    empty = ", ".join(one["period"] for one in metrics["kept"] if one not in full)
    left_out = said["kept.empty"].format(periods=empty) if empty else None
    if not full:
        return Grid(said["kept"], after=distinct([left_out]))
    columns = [_period(one, shown) for one in full]
    rows = tuple((said[f"kept.{name}"], *(column[name] for column in columns)) for name in columns[0])
    reasons = [
        said["because"].format(what=one["period"], reason=one[name]["reason"])
        for one in full
        for name in ("retention", *_RATES)
        if one[name]["reason"]
    ]
    head = ("", *(one["period"] for one in full))
    return Grid(said["kept"], head, rows, after=distinct([said["kept_note"], *reasons, left_out]))


def _period(one: Answer, shown: Shown) -> dict[str, str]:
    """One period's column."""
    return {
        **{name: shown.number(one[name]) for name in _COUNTS},
        "retention": shown.figure(one["retention"], "share"),
        "formula": shown.value(one["formula"], "share"),
        "base_period": one["base_period"],
        "base_n": shown.number(one["base_n"]),
        "base": shown.value(one["base"], "money"),
        **{name: shown.figure(one[name], "share") for name in _RATES},
    }


def losses(metrics: Answer) -> Grid:
    """Why customers and deals were lost: reasons and columns that hold nothing are left out."""
    shown, said = Shown.of(metrics), words(metrics["language"])
    found = [one for one in metrics["loss_reasons"] if one["customers"] or one["deals"]]
    if not found:
        return Grid(said["losses"], after=(said["losses_none"],))
    customers, deals = (any(one[name] for one in found) for name in ("customers", "deals"))
    wanted = [True, customers, customers, deals, deals]
    rows = [_loss(one, shown) for one in found]
    rows = [tuple(cell for cell, kept in zip(row, wanted, strict=True) if kept) for row in rows]
    head = tuple(t for t, kept in zip(said["losses_head"].split("|"), wanted, strict=True) if kept)
    after = [
        None if customers else said["losses_no_customers"],
        None if deals else said["losses_no_deals"],
        said["losses_no_amount"] if any(NOTHING in row for row in rows) else None,
    ]
    return Grid(said["losses"], head, tuple(rows), after=distinct(after))


def _loss(one: Answer, shown: Shown) -> Row:
    cells = [one["label"]]
    for count, money in (("customers", "revenue"), ("deals", "deal_amount")):
        unknown = one[count] and not one[money]  # the sum of no amounts
        amount = NOTHING if unknown else shown.value(one[money], "money") if one[count] else ""
        cells += [shown.number(one[count]), amount]
    return tuple(cells)


_CHANNEL = ("cac", "historic_value", "clv", "clv_to_cac", "payback_months")
_UNITS = ("money", "money", "money", "ratio", "months")


def channels(metrics: Answer) -> Grid | None:
    """Channels side by side; a figure that no channel has is told once, with the reason. Only of everyone."""
    if "channels" not in metrics:
        return None
    shown, said = Shown.of(metrics), words(metrics["language"])
    found, titles = metrics["channels"], said["channels_head"].split("|")
    if not found:
        return Grid(said["channels"], after=(said["channels_none"],))
    has = {key: any(one["metrics"][key]["reason"] is None for one in found) for key in _CHANNEL}
    spent = any(one["spend"] is not None for one in found)
    wanted = [True, True, spent, *has.values()]
    rows = [_channel(one, shown, said) for one in found]
    reasons = _reasons(found, dict(zip(_CHANNEL, titles[3:], strict=True)), said)
    lag = metrics["lag"]
    note = said["channels_note"].format(
        days=shown.value(lag["days"], "days"), months=shown.value(lag["months"], "months")
    )
    return Grid(
        said["channels"],
        tuple(title for title, there in zip(titles, wanted, strict=True) if there),
        tuple(tuple(c for c, there in zip(row, wanted, strict=True) if there) for row in rows),
        after=distinct([note if spent else None, *reasons]),
    )


def _channel(one: Answer, shown: Shown, said: Mapping[str, str]) -> Row:
    figures = [shown.figure(one["metrics"][key], unit) for key, unit in zip(_CHANNEL, _UNITS, strict=True)]
    won = shown.number(one["metrics"]["customers_won"]["n"])
    return (one["channel"] or said["unknown_channel"], won, shown.value(one["spend"], "money"), *figures)


def _reasons(found: Sequence[Answer], titles: Mapping[str, str], said: Mapping[str, str]) -> list[str]:
    """Why figures are withheld: of whom there are too few is said once, all else with the figures' titles."""
    few, others = list[str](), dict[str, list[str]]()
    for key, title in titles.items():
        for one in found:
            figure = one["metrics"][key]
            if figure["reason_code"] == "too_few":
                few.append(said["channels_few"].format(gate=figure["gate"]))
            elif figure["reason"] and title not in others.setdefault(figure["reason"], []):
                others[figure["reason"]].append(title)
    because = [said["because"].format(what=", ".join(names), reason=text) for text, names in others.items()]
    return [*because, *few]
