"""Sentences of the reference that the code itself does not have; a key without one stops the writing."""

from __future__ import annotations

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
    "not a number from 0 to 10": "an NPS answer off its scale",
    "no value in the home currency": "an amount in another currency than the portal's, not converted",
    "won, but without a date": "a won deal without a close date: no purchase",
}
