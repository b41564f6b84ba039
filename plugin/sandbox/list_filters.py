"""Filters of DYNAMIC and SNAPSHOT lists: checked when the list is made, asked of records when it is read.

HubSpot's rule: the root branch is an OR of AND branches; filters stand in the AND branches. Of HubSpot's
filter types the sandbox knows PROPERTY, on enumerations, texts, numbers, booleans, and on being known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from plugin.sandbox.definitions import Property
from plugin.sandbox.problems import invalid

Test = Callable[[dict[str, str]], bool]


def compiled(branch: Any, schema: dict[str, Property]) -> Test:
    """A test of a record's values; 400 for a branch that HubSpot would not take."""
    if not isinstance(branch, dict) or branch.get("filterBranchType") != "OR":
        raise invalid("Invalid input JSON: the root filterBranch must have the filterBranchType OR")
    if branch.get("filters"):
        raise invalid("The root OR filter branch cannot have filters; put them into its AND branches")
    parts = branch.get("filterBranches") or []
    if not parts:
        raise invalid("The root OR filter branch must have at least one AND filter branch")
    tests = [_all_of(part, schema) for part in parts]
    return lambda values: any(test(values) for test in tests)


def _all_of(branch: Any, schema: dict[str, Property]) -> Test:
    if not isinstance(branch, dict) or branch.get("filterBranchType") != "AND":
        raise invalid("A branch of the root OR filter branch must have the filterBranchType AND")
    tests = [_filter(one, schema) for one in branch.get("filters") or []]
    if not tests:
        raise invalid("An AND filter branch must have at least one filter")
    return lambda values: all(test(values) for test in tests)


def _filter(one: Any, schema: dict[str, Property]) -> Test:
    if not isinstance(one, dict) or one.get("filterType") != "PROPERTY":
        raise invalid(f"Unsupported filterType: {one.get('filterType') if isinstance(one, dict) else one}")
    name, operation = str(one.get("property")), one.get("operation")
    if name not in schema:
        raise invalid(f'Property "{name}" does not exist')
    if not isinstance(operation, dict):
        raise invalid('Invalid input JSON: required field "operation" is missing')
    kind, operator = str(operation.get("operationType")), str(operation.get("operator"))
    if (kind, operator) not in _OPERATIONS:
        raise invalid(f"Invalid operator {operator} for operation type {kind}")
    if kind != "ALL_PROPERTY" and schema[name].type not in _TYPES[kind]:
        raise invalid(f"Operation type {kind} cannot be used with the {schema[name].type} property {name}")
    wanted = _wanted(kind, operation)
    unknown_too, passes = bool(operation.get("includeObjectsWithNoValueSet")), _OPERATIONS[kind, operator]

    def test(values: dict[str, str]) -> bool:
        value = values.get(name) or ""
        if not value and kind != "ALL_PROPERTY":
            return unknown_too
        return passes(value, wanted)

    return test


def _wanted(kind: str, operation: dict[str, Any]) -> list[str]:
    if kind == "ALL_PROPERTY":
        return []
    field = "value" if kind in ("NUMBER", "BOOL") else "values"
    given = operation.get(field)
    values = given if isinstance(given, list) else [given]
    if given is None or not values:
        raise invalid(f'Invalid input JSON: required field "{field}" is missing')
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]


def _parts(value: str) -> set[str]:
    return {part for part in value.split(";") if part}


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")


_TYPES: dict[str, Collection[str]] = {
    "ENUMERATION": ("enumeration",),
    "MULTISTRING": ("string", "phone_number"),
    "NUMBER": ("number",),
    "BOOL": ("bool",),
}
_OPERATIONS: dict[tuple[str, str], Callable[[str, list[str]], bool]] = {
    ("ENUMERATION", "IS_ANY_OF"): lambda value, wanted: bool(_parts(value) & set(wanted)),
    ("ENUMERATION", "IS_NONE_OF"): lambda value, wanted: not _parts(value) & set(wanted),
    ("ENUMERATION", "IS_EXACTLY"): lambda value, wanted: _parts(value) == set(wanted),
    ("ENUMERATION", "HAS_ALL"): lambda value, wanted: set(wanted) <= _parts(value),
    ("MULTISTRING", "IS_EQUAL_TO"): lambda value, wanted: value in wanted,
    ("MULTISTRING", "CONTAINS"): lambda value, wanted: any(one in value for one in wanted),
    ("NUMBER", "IS_EQUAL_TO"): lambda value, wanted: _number(value) == _number(wanted[0]),
    ("NUMBER", "IS_GREATER_THAN"): lambda value, wanted: _number(value) > _number(wanted[0]),
    ("NUMBER", "IS_LESS_THAN"): lambda value, wanted: _number(value) < _number(wanted[0]),
    ("BOOL", "IS_EQUAL_TO"): lambda value, wanted: value == wanted[0],
    ("ALL_PROPERTY", "IS_KNOWN"): lambda value, wanted: bool(value),
    ("ALL_PROPERTY", "IS_UNKNOWN"): lambda value, wanted: not value,
}
