"""Why an output is empty: of one customer, or of everybody. Pure; an unknown cause is not guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plugin.lifecycle.parameters import MIN_BUYERS
from plugin.mapping.model import PREDICTED
from plugin.mapping.model import Mapping as FieldMapping
from plugin.sync.tally import Tally

_MONEY = ("clm_value_to_date", "clm_average_order")
_COMPARED = ("clm_rfm", "clm_tier")
#: Output → why one customer has none, why nobody has one.
_PLAIN: dict[str, tuple[str, str]] = {
    "clm_stage_since": ("no record has a date", "no record has a date"),
    "clm_exited_from": ("neither sleeping nor lost", "nobody is sleeping or lost"),
    "clm_next_stage": ("nothing changes by itself", "no stage changes by itself"),
    "clm_next_stage_on": ("nothing changes by itself", "no stage changes by itself"),
    "clm_risk_flags": ("no risk flag", "nobody has a risk flag"),
    "clm_risk_reason": ("no risk flag", "nobody has a risk flag"),
    "clm_segment": ("in no segment", "nobody is in a segment"),
    "clm_next_action": ("the rules name nothing to do", "the rules name nothing to do"),
}

#: Object type → {published, reasons} of its predictions, as the status tells them.
Predictions = Mapping[str, Mapping[str, Any]]


def of_customer(body: Mapping[str, Any], mapping: FieldMapping, predictions: Predictions) -> dict[str, str]:
    """Property → why it is empty for this customer, in short; "" where that is not known."""
    bought = bool(body["metrics"].get("purchases"))
    predicted = not _unpublished(predictions, [body["object"]])
    return {
        output.name: _of_one(name, bought, predicted)
        for name, output in mapping.written_outputs()
        if not body["written"].get(output.name)
    }


def of_everybody(
    tally: Tally, mapping: FieldMapping, predictions: Predictions, buyers: int
) -> list[dict[str, Any]]:
    """[{properties, because}] of what is empty for all customers, those of one cause together."""
    found: dict[str, list[str]] = {}
    why_not = _unpublished(predictions, mapping.customer_objects())
    for name, output in mapping.written_outputs() if tally.customers else ():
        if not tally.filled[output.name]:
            found.setdefault(_of_all(name, buyers, why_not), []).append(output.name)
    return [{"properties": names, "because": because} for because, names in found.items()]


def _of_one(name: str, bought: bool, predicted: bool) -> str:
    if name in _PLAIN:
        return _PLAIN[name][0]
    if not bought and name in (*PREDICTED, *_MONEY, *_COMPARED):
        return "no order yet"
    if name in PREDICTED:
        return "" if predicted else "no predictions"
    return "no amount is known" if name in _MONEY else ""


def _of_all(name: str, buyers: int, why_not: str) -> str:
    if name in _PLAIN:
        return _PLAIN[name][1]
    if name in PREDICTED and why_not:
        return f"no predictions: {why_not}"
    if not buyers and name in (*PREDICTED, *_MONEY, *_COMPARED):
        return "nobody has bought yet"
    if name in _COMPARED and buyers < MIN_BUYERS:
        return f"{buyers} {'buyer' if buyers == 1 else 'buyers'}, {MIN_BUYERS} needed to be compared"
    return "no amount is known" if name in _MONEY else ""


def _unpublished(predictions: Predictions, kinds: Sequence[str]) -> str:
    """Why nothing is predicted; "" where it is of some."""
    said = [predictions.get(kind, {}) for kind in kinds]
    if any(one.get("published") for one in said):
        return ""
    return "; ".join(dict.fromkeys(reason for one in said for reason in one.get("reasons", ())))
