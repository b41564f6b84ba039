"""What HubSpot's server does by itself when a record is written: computed values, lifecycle, conditions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from plugin.sandbox.associations import neighbours
from plugin.sandbox.history import CALCULATED, DEALS
from plugin.sandbox.kinds import COMPANY, CONTACT, DEAL, TASK, Kind
from plugin.sandbox.pipelines import Pipelines
from plugin.sandbox.portals import Portal
from plugin.sandbox.problems import BadValue, Problem
from plugin.sandbox.records import Record
from plugin.sandbox.unit import Unit
from plugin.sandbox.values import iso

STAGE = "lifecyclestage"


def stage_facts(stage: dict[str, Any] | None) -> dict[str, str]:
    """What a pipeline stage says about a deal; metadata values are strings, "1.0" is won, "0.0" lost."""
    metadata = (stage or {}).get("metadata", {})
    probability = str(metadata.get("probability", ""))
    closed = metadata.get("isClosed", "false") == "true"
    won = closed and probability in ("1.0", "1")
    return {
        "hs_is_closed": str(closed).lower(),
        "hs_is_closed_won": str(won).lower(),
        "hs_deal_stage_probability": probability,
    }


def home_amount(portal: Portal, values: dict[str, str]) -> str:
    """`amount_in_home_currency`: the amount times the account's exchange rate."""
    amount, code = values.get("amount") or "", values.get("deal_currency_code") or portal.currency
    rate = portal.exchange_rates.get(code)
    if not amount or rate is None or code == portal.currency:
        return amount
    return format(Decimal(amount) * Decimal(rate), "f")


def deal_values(portal: Portal, pipelines: Pipelines, values: dict[str, str]) -> dict[str, str]:
    """The deal properties that HubSpot computes."""
    stage = pipelines.find_stage(portal, DEAL, values.get("pipeline", ""), values.get("dealstage", ""))
    return {**stage_facts(stage), "amount_in_home_currency": home_amount(portal, values)}


def check_stage(unit: Unit, record: Record, values: dict[str, str]) -> list[BadValue]:
    """Pipeline and stage are checked against the pipelines, not against the property's options."""
    if record.kind is not DEAL or not {"pipeline", "dealstage"} & values.keys():
        return []
    pipeline = values.get("pipeline") or record.properties.get("pipeline") or "default"
    stage = values.get("dealstage") or record.properties.get("dealstage") or ""
    known = {body["id"]: body["stages"] for body in unit.pipelines.all(unit.portal, DEAL)}
    if pipeline not in known:
        text = f"{pipeline} was not one of the allowed options: [{', '.join(known)}]"
        return [BadValue("INVALID_OPTION", "pipeline", text)]
    stages = [item["id"] for item in known[pipeline]]
    if stage and stage not in stages:
        text = f"{stage} was not one of the allowed options: [{', '.join(stages)}]"
        return [BadValue("INVALID_OPTION", "dealstage", text)]
    return []


def stage_rank(unit: Unit, kind: Kind, stage: str) -> int:
    """The place of a lifecycle stage in the portal's own order; -1 for none."""
    options = unit.properties(kind)[STAGE].options
    ordered = [option["value"] for option in sorted(options, key=lambda option: option["displayOrder"])]
    return ordered.index(stage) if stage in ordered else -1


def without_backward_stage(unit: Unit, record: Record, values: dict[str, str]) -> dict[str, str]:
    """HubSpot silently ignores a lifecyclestage that lies behind the one that stands; "" clears it."""
    new, old = values.get(STAGE), record.properties.get(STAGE)
    if not new or not old or stage_rank(unit, record.kind, new) >= stage_rank(unit, record.kind, old):
        return values
    return {name: value for name, value in values.items() if name != STAGE}


def check_required(unit: Unit, record: Record, values: dict[str, str], version: str) -> None:
    """2026-09 enforces conditional required properties on API writes.

    A rule of the portal: {"object": "deal", "when": {property: value}, "require": [property, ...]}.
    """
    if version != "2026-09":
        return
    after = record.properties | values
    for rule in unit.portal.required:
        if rule["object"] != record.kind.name or not _applies(rule["when"], after, values):
            continue
        missing = [name for name in rule["require"] if not after.get(name)]
        if missing:
            errors = [{"message": f'"{name}" is required', "code": "REQUIRED_PROPERTY",
                       "context": {"propertyName": [name]}} for name in missing]  # fmt: skip
            message = f"Required properties are missing: {', '.join(missing)}"
            raise Problem(400, message, "VALIDATION_ERROR", errors=errors)


def _applies(when: dict[str, str], after: dict[str, str], written: dict[str, str]) -> bool:
    return bool(when.keys() & written.keys()) and all(
        after.get(name) == value for name, value in when.items()
    )


def after_write(unit: Unit, record: Record, changed: dict[str, str]) -> None:
    """Compute what follows from a write."""
    if record.kind is DEAL and {"dealstage", "pipeline", "amount", "deal_currency_code"} & changed.keys():
        _after_deal(unit, record, changed)
    if record.kind is TASK and "hs_task_status" in changed:
        done = iso(unit.now) if changed["hs_task_status"] == "COMPLETED" else ""
        unit.set(record, {"hs_task_completion_date": done}, CALCULATED)


def _after_deal(unit: Unit, record: Record, changed: dict[str, str]) -> None:
    was_closed = record.properties.get("hs_is_closed") == "true"
    computed = deal_values(unit.portal, unit.pipelines, record.properties)
    unit.set(record, computed, CALCULATED)
    # A deal that is closed without a date of its own gets the moment of closing.
    if computed["hs_is_closed"] == "true" and not was_closed and "closedate" not in changed:
        unit.set(record, {"closedate": iso(unit.now)}, CALCULATED)
    advance_neighbours(unit, record)


def advance_neighbours(unit: Unit, deal: Record) -> None:
    """A deal makes its contacts and companies opportunities, a won deal makes them customers."""
    if not unit.portal.lifecycle_sync:
        return
    stage = "customer" if deal.properties.get("hs_is_closed_won") == "true" else "opportunity"
    for other in neighbours(unit, deal):
        if other.kind in (CONTACT, COMPANY) and stage_rank(unit, other.kind, stage) >= 0:
            unit.set(other, without_backward_stage(unit, other, {STAGE: stage}), DEALS)
