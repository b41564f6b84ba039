"""Everything that the record card shows of one record: values, their texts, and which face of the card.

`customer` is word for word what the API tells; every value beside it is one of those or of its `written`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Connection

from plugin.clock import from_milliseconds
from plugin.jobs.context import Context
from plugin.lifecycle.stages import Named
from plugin.records import lookup, outcomes
from plugin.records.lookup import Kept, Standing
from plugin.records.portals import LIVE, Portal
from plugin.records.work import RecordKey
from plugin.sync.property_definitions import type_of
from plugin.sync.property_texts import TEXTS as PROPERTY_TEXTS
from plugin.web.card_colours import LEVELS, tone
from plugin.web.card_prediction import prediction
from plugin.web.card_texts import Speech, words
from plugin.web.customers import Customers

#: The figures shown, by their standard names, in the order shown.
_MONEY = ("clm_value_to_date", "clm_clv", "clm_average_order")
_SHARES = ("clm_churn_risk", "clm_p_alive")
FIGURES = (
    "clm_value_to_date",
    "clm_clv",
    "clm_average_order",
    "clm_expected_purchases",
    "clm_next_purchase_on",
    "clm_churn_risk",
    "clm_p_alive",
)


def refusal(state: str, language: str, message: str) -> dict[str, Any]:
    """The answer where there is nothing to show; `message` is for people."""
    texts = words(language)
    return {
        "state": state,
        "language": language,
        "title": texts.get(f"title_{state}", texts["title_refused"]),
        "message": message,
        "texts": texts,
        "waiting": False,
    }


def told(customers: Customers, connection: Connection, portal: Portal, key: RecordKey) -> dict[str, Any]:
    """The card of a record of this portal; `state` says which of its faces is shown."""
    context = customers.context.current(portal.portal_id)
    language = context.mapping.language
    if key[0] not in context.mapping.customer_objects():
        return refusal("not_a_customer", language, words(language)["not_a_customer"])
    standing = lookup.standing(context.store, connection, portal.portal_id, key)
    kept = customers.kept(connection, portal, key)
    if kept is None:
        state = _state(portal, standing)
        cause = standing.given_up[0] if standing.given_up else ""
        answer = refusal(state, language, words(language)[state].format(cause=cause))
        return {**answer, "waiting": standing.waiting}
    return {**_ready(customers, connection, portal, key, kept, standing), "texts": words(language)}


def _state(portal: Portal, standing: Standing) -> str:
    if standing.gone:
        return "erased"
    if portal.parameters_version is None:
        return "not_loaded"
    if standing.waiting:
        return "waiting"
    if standing.given_up is not None:
        return "given_up"
    return "no_data" if standing.known else "unknown_record"


def _ready(
    customers: Customers,
    connection: Connection,
    portal: Portal,
    key: RecordKey,
    kept: Kept,
    standing: Standing,
) -> dict[str, Any]:
    context = customers.context.current(portal.portal_id)
    body = customers.whole(connection, portal, key, kept)
    speech = speech_of(context, portal)
    written = by_standard_name(context, body["written"])
    parameters = customers.parameters(connection, portal)
    return {
        "state": "ready",
        "language": speech.language,
        "customer": body,
        "stage": _stage(context, body, speech),
        "path": [{**step, "label": _label(context, step["stage"]), "text": speech.day(step["on"])}
                 for step in body["path"]],
        "next": _next(context, body, speech),
        "figures": _figures(written, speech),
        "prediction": prediction(kept, written, parameters, speech),
        "risk": _risk(context, body),
        "action": body["next_action"] or None,
        "segments": _named(context.models.segments, body["segments"], speech.language),
        "writing": _writing(connection, portal, key, kept, standing, speech),
        "computed": speech.say("computed", moment=speech.moment(from_milliseconds(kept.evaluated_at))),
        "computed_at": kept.evaluated_at,
        "waiting": standing.waiting,
    }  # fmt: skip


def speech_of(context: Context, portal: Portal) -> Speech:
    """How this portal is spoken to."""
    mapping = context.mapping
    return Speech(
        mapping.language, mapping.currency or portal.currency or "", mapping.time_zone or portal.time_zone
    )


def by_standard_name(context: Context, written: Mapping[str, str]) -> dict[str, str]:
    """The written values by the standard names of the results, whatever the portal calls its properties."""
    outputs = context.mapping.written_outputs()
    return {name: written[output.name] for name, output in outputs if output.name in written}


def _label(context: Context, stage: str) -> str:
    found = {one.key: one for one in context.models.primary.stages}.get(stage)
    return found.label(context.mapping.language) if found else stage


def _stage(context: Context, body: Mapping[str, Any], speech: Speech) -> dict[str, Any]:
    colours = {one.key: one.colour for one in context.models.primary.stages}
    return {
        "key": body["stage"],
        "label": _label(context, body["stage"]),
        "tone": tone(colours.get(body["stage"], "")),
        "since": body["since"],
        "text": speech.say("since", day=speech.day(body["since"])) if body["since"] else "",
        "reason": body["reason"],
    }


def _next(context: Context, body: Mapping[str, Any], speech: Speech) -> dict[str, Any] | None:
    if not body["next_stage"] or not body["next_stage_on"]:
        return None
    label = _label(context, body["next_stage"])
    keep = body["keep_until"]
    return {
        "stage": body["next_stage"],
        "on": body["next_stage_on"],
        "text": speech.say("next_on", stage=label, day=speech.day(body["next_stage_on"])),
        "keep_until": keep,
        "keep_text": speech.say("keep_until", day=speech.day(keep)) if keep else None,
    }


def _figures(written: Mapping[str, str], speech: Speech) -> list[dict[str, Any]]:
    """Each figure as it stands on the record: label and value are the property's."""
    return [
        {
            "name": name,
            "label": PROPERTY_TEXTS[speech.language][name][0],
            "value": written[name],
            "text": _figure(name, written[name], speech),
        }
        for name in FIGURES
        if written.get(name)
    ]


def _figure(name: str, value: str, speech: Speech) -> str:
    if type_of(name) == "date":
        return speech.day(value)
    if name in _MONEY:
        return speech.money(value)
    return speech.percent(value) if name in _SHARES else speech.decimal(value)


def _risk(context: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    language = context.mapping.language
    level = body["risk_level"] or "none"
    flags = _named(context.models.flags, body["risk_flags"], language)
    return {
        "level": level,
        "label": {one.key: one.label(language) for one in context.models.levels}.get(level, level),
        "tone": LEVELS.get(level, "default"),
        "flags": [{**flag, "reason": body["risk_reasons"].get(flag["key"], "")} for flag in flags],
    }


def _named(known: tuple[Named, ...], keys: list[str], language: str) -> list[dict[str, str]]:
    labels = {one.key: one.label(language) for one in known}
    return [{"key": key, "label": labels.get(key, key)} for key in keys]


def _writing(
    connection: Connection,
    portal: Portal,
    key: RecordKey,
    kept: Kept,
    standing: Standing,
    speech: Speech,
) -> dict[str, str] | None:
    """Why the record's properties may differ from the card; None where they do not."""
    if kept.write_state == outcomes.EQUAL:
        return None
    if kept.write_state == outcomes.PARKED:
        cause = standing.given_up[0] if standing.given_up else ""
        return {"state": "parked", "text": speech.say("write_parked", cause=cause).rstrip(": ")}
    if portal.mode != LIVE:
        return {"state": portal.mode, "text": speech.say(f"mode_{portal.mode}")}
    shared = portal.may_write(outcomes.bucket(portal.portal_id, key))
    listed = portal.list_id is None or lookup.in_audience(connection, portal.portal_id, key)
    state = "differs" if shared and listed else "left_out"
    return {"state": state, "text": speech.say(f"write_{state}")}
