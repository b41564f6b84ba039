"""The card's predicted value: what stands on the record, with its interval and what it rests on, or why not.

Nothing is computed here: values are those of the outcome, the gate's words those of the parameters record.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from plugin.lifecycle import rhythm_words
from plugin.lifecycle.parameters import Parameters
from plugin.records.lookup import Kept
from plugin.web.card_texts import Speech

#: The value room's words for a closed gate, and the texts that say the same in the card's language.
_GATES = (
    (re.compile(r"(?P<have>\d+) customers, (?P<need>\d+) needed"), "thin_customers"),
    (re.compile(r"(?P<have>\d+) repeat customers, (?P<need>\d+) needed"), "thin_repeaters"),
    (re.compile(r"(?P<have>\d+) days of history, (?P<need>\d+) needed"), "thin_days"),
    (re.compile(r"no purchase in the last (?P<have>\d+) days"), "thin_quiet"),
)


def prediction(
    kept: Kept, written: dict[str, str], parameters: Parameters | None, speech: Speech
) -> dict[str, Any]:
    """`state` shown, withheld or off; `interval`, `basis` and `withheld` as sentences.

    `written` holds the results by standard name; one that is switched off is missing.
    """
    if "clm_clv" not in written:
        return {"state": "off", "interval": None, "basis": [], "withheld": []}
    section = (parameters.value or {}).get(kept.body["object"], {}) if parameters else {}
    if written["clm_clv"] == "":
        reasons = _withheld(kept, section, speech)
        return {"state": "withheld", "interval": None, "basis": _purchases(kept, speech), "withheld": reasons}
    basis = [*_purchases(kept, speech), *_model(section, parameters, speech)]
    return {"state": "shown", "interval": _interval(written, speech), "basis": basis, "withheld": []}


def _interval(written: dict[str, str], speech: Speech) -> str | None:
    low, high = written.get("clm_clv_low"), written.get("clm_clv_high")
    if not low or not high:
        return None
    return speech.say("interval", low=speech.money(low), high=speech.money(high))


def _purchases(kept: Kept, speech: Speech) -> list[str]:
    metrics = kept.body["metrics"]
    count, first, last = (
        metrics.get(name) for name in ("purchases", "days_since_first_purchase", "days_since_purchase")
    )
    if not count or first is None or last is None:
        return []
    days = {"first": _day(kept.day, first, speech), "last": _day(kept.day, last, speech)}
    found = [speech.say("basis_purchases", purchases=speech.purchases(int(count)), **days)]
    return [*found, *_rhythm(metrics, speech)]


def _rhythm(metrics: dict[str, Any], speech: Speech) -> list[str]:
    """The customer's own rhythm, in the sense of the reason beside it; nothing where it has too few gaps."""
    own = rhythm_words.told(metrics.get("own_gap_days"), metrics.get("gap_regularity"), None)
    if own is None:
        return []
    return [speech.say(f"basis_{own[0]}", gap=speech.days(own[1]))]


def _day(day: date, age: float, speech: Speech) -> str:
    return speech.day(day - timedelta(days=int(age)))


def _model(section: dict[str, Any], parameters: Parameters | None, speech: Speech) -> list[str]:
    if not section.get("model") or parameters is None:
        return []
    name, count = str(section["model"]).upper(), speech.decimal(str(section["customers"]))
    return [speech.say("basis_model", model=name, customers=count, day=speech.day(parameters.adopted_on))]


def _withheld(kept: Kept, section: dict[str, Any], speech: Speech) -> list[str]:
    if not section.get("open"):
        return [_gate(str(reason), speech) for reason in section.get("reasons", ())] or [
            speech.say("thin_default")
        ]
    return [speech.say("thin_alone" if kept.body["metrics"].get("purchases") else "thin_never")]


def _gate(reason: str, speech: Speech) -> str:
    for pattern, name in _GATES:
        if found := pattern.match(reason):
            return speech.say(name, **found.groupdict())
    return reason if speech.language == "en" else speech.say("thin_default")
