"""Sentences of the reference that the code itself does not have; a key without one stops the writing."""

from __future__ import annotations

from plugin.lifecycle import offered

#: What the code has no sentence for; a key without one here stops the writing.
DERIVED = {
    "name": "as rules write it",
    "type": "number, text, bool or date",
    "function": f"the name of an entry point of the group `{offered.GROUP}`",
    "reads": "the columns that the function gets: facts, `extras`, derived facts listed before, `day`",
    "moves": "what time alone does to it: `still` (default), `since` and `until` (the function returns "
    "a date), or `any`",
    "meaning": "a sentence for people",
}
SOURCE = {
    "property": "the property's internal name",
    "type": "how its values are written: number, date, datetime, boolean, enumeration or text",
    "format": "of date and datetime: how they are written, in YYYY YY MM M DD D HH H mm ss and the signs "
    "between, as in `DD.MM.YYYY`; without it as HubSpot writes its own types (`2026-01-31`); YY is 20YY",
    "decimal": "of number: the sign before the decimals, `.` (default) or `,`",
    "thousands": "of number: the sign between thousands, where one may stand: `.`, `,`, `'` or a space",
    "scale": "of number: what it is multiplied by, as 0.01 where the property holds cents",
    "values": "a text in the CRM: what it stands for; empty: nothing. Of boolean and enumeration it lists "
    "all texts that can be read; of the other types, those that differ from the rest. Capitals do not matter",
}
OUTPUT = {
    "name": "the property in the CRM",
    "write": "false: not written",
    "mode": "overwrite, if_empty (only into an empty field), unless_human (leaves what a person typed)",
    "label": "the property's label for people instead of ours",
    "values": "our value: the portal's own option; values not named are written as they are",
}
RULES = {
    "model": "the key of the stage model in this file; needs `stages` and `rules`",
    "labels": "its name: a text, or one for each of en, ru, pl",
    "stages": "in the order shown: `key`, `labels`, `colour`, `play`, `terminal`, `goal`",
    "rules": "in the order tried: `stage`, `when`; the last has no `when`",
    "conditions": "name: SQL, or `{when, unknown: keep}` for a condition that may be unknown",
    "segments": "`key`, `labels`, `when`",
    "tiers": "`key`, `labels`, `when`; the first that holds",
    "rfm": "`ready`, and the conditions that make a digit of `recency`, `frequency`, `money`; replaced whole",
    "flags": "worst first: `key`, `labels`, `when`, `severity` (1 to 3), `reasons` (`when`, `text`)",
    "levels": "the risk levels, from none to the highest: `key`, `labels`",
    "stake": "`more`, `less`: conditions under which the level of risk is a step higher or lower",
    "reasons": "sentences for stages: `of` (conditions explained), `when`, `text`; replaced whole",
    "add_reasons": "further sentences, tried before the shipped ones",
    "plays": "name: `goal`, `action`, `owner`, `due_days`, `task`",
    "for_flags": "flag: play",
    "attitudes": "how a buyer feels, the first that holds: `key`, `labels`, `when`, `play`, `source`",
}
TABLES = {
    "mapping": "the mapping file, by its path from the table; without it the shipped default",
    "model": "the stage model expected of; without it the mapping's primary one",
    "rules": "rule files besides the mapping's",
    "portal": "what customers are compared with: `usual_gap_days`, `repeat_customers`, `seen`",
    "customers": "the customers, each a test",
    "name": "the test's name",
    "object": "contact or company; without it as mapped",
    "created": "the day of the record; without it that of the first deal",
    "properties": "values without a date",
    "changes": "values from a day on: `on`, and property: value",
    "contacts": "a company's people: `created`, `properties`, `changes`",
    "deals": "`opened`, `moved`, `won` or `lost`, `amount`, `properties`",
    "expect": "day: stage, or day: any of `stage`, `flags`, `segments`, `next_stage`, `next_stage_on`, "
    "`risk_level`, `facts`",
    "path": "day: stage, the whole path up to the last day named",
}
PROBLEMS = {
    "not a date": "a date property holds something else",
    "not a datetime": "a property declared as a datetime holds something else",
    "not a number": "a number property holds something else",
    "not a yes or no": "a flag holds neither",
    "no value in the home currency": "an amount in another currency than the portal's, not converted",
    "won, but without a date": "a won deal without a close date: no purchase",
}
