"""What would change in the CRM: computed values against those that stand there, compared as stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from plugin.mapping.model import PREDICTED, Output
from plugin.mapping.model import Mapping as FieldMapping
from plugin.records.work import RecordKey

DATES = frozenset({"clm_stage_since", "clm_next_stage_on", "clm_next_purchase_on"})
NUMBERS = frozenset({"clm_value_to_date", "clm_average_order", *PREDICTED}) - DATES
SETS = frozenset({"clm_risk_flags"})


@dataclass(frozen=True)
class Change:
    """What is to be written to one record: only the properties that differ, by their names in the CRM."""

    key: RecordKey
    old: Mapping[str, str]
    new: Mapping[str, str]


def difference(
    key: RecordKey,
    written: Mapping[str, str],
    standing: Mapping[str, str],
    ours: Mapping[str, str],
    mapping: FieldMapping,
    refused: Collection[tuple[str, str]] = (),
) -> Change | None:
    """The change that makes `standing` equal `written`, both by the properties' names in the CRM.

    `ours` are the values that we wrote last: with mode `unless_human`, another value that stands there
    was set by somebody else and stays. `refused` are (object type, property in the CRM) that cannot be
    written. None: nothing differs.
    """
    old: dict[str, str] = {}
    new: dict[str, str] = {}
    for name, output in mapping.crm_outputs():
        if (key[0], output.name) in refused or output.name not in written:
            continue
        value, present = written[output.name], standing.get(output.name) or ""
        if not same(name, value, present) and may_replace(output, present, ours.get(output.name, "")):
            old[output.name], new[output.name] = present, value
    return Change(key, old, new) if new else None


def may_replace(output: Output, present: str, last_ours: str) -> bool:
    """Whether the output's mode lets us replace what stands there, given the value that we wrote last."""
    if output.mode == "if_empty":
        return not present
    if output.mode == "unless_human":
        return not present or present == last_ours
    return True


def same(name: str, left: str, right: str) -> bool:
    """Whether the CRM would hold the same value: "12.50" is 12.5, "a;b" is "b;a", midnight UTC is its day."""
    if left == right:
        return True
    if not left or not right:
        return False
    if name in NUMBERS:
        return _number(left) == _number(right)
    if name in SETS:
        return set(left.split(";")) == set(right.split(";"))
    return name in DATES and _day(left) == _day(right)


def _number(value: str) -> Decimal | str:
    try:
        return Decimal(value)
    except InvalidOperation:
        return value


def _day(value: str) -> str:
    """HubSpot's rule: a date is YYYY-MM-DD, or the milliseconds of exactly midnight UTC."""
    if value.lstrip("-").isdigit():
        return datetime.fromtimestamp(int(value) / 1000, UTC).date().isoformat()
    return value[:10]
