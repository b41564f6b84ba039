"""The object types the sandbox keeps, and the numbers HubSpot gives them and their associations."""

from __future__ import annotations

from dataclasses import dataclass

from plugin.sandbox.problems import Problem


@dataclass(frozen=True, slots=True)
class Kind:
    """One object type: its names, its type id, and the properties that a plain GET answers with."""

    name: str
    plural: str
    type_id: str
    created: str
    modified: str
    shown: tuple[str, ...]
    searched: tuple[str, ...]

    @property
    def always(self) -> tuple[str, ...]:
        """Properties present in every answer."""
        return ("hs_object_id", self.created, self.modified)


# Contacts keep `lastmodifieddate`; every other object `hs_lastmodifieddate`. Searching by the wrong
# one finds nothing, without an error.
CONTACT = Kind(
    "contact",
    "contacts",
    "0-1",
    "createdate",
    "lastmodifieddate",
    ("email", "firstname", "lastname"),
    ("email", "firstname", "lastname", "phone", "company"),
)
COMPANY = Kind(
    "company", "companies", "0-2", "createdate", "hs_lastmodifieddate", ("domain", "name"), ("name", "domain")
)
DEAL = Kind(
    "deal",
    "deals",
    "0-3",
    "createdate",
    "hs_lastmodifieddate",
    ("amount", "closedate", "dealname", "dealstage", "pipeline"),
    ("dealname", "dealtype"),
)
TASK = Kind(
    "task", "tasks", "0-27", "hs_createdate", "hs_lastmodifieddate", ("hs_timestamp",), ("hs_task_subject",)
)
KINDS = (CONTACT, COMPANY, DEAL, TASK)
MODIFIED_NAMES = ("lastmodifieddate", "hs_lastmodifieddate")

_BY_NAME = {alias: kind for kind in KINDS for alias in (kind.name, kind.plural, kind.type_id)}


def kind_of(name: str) -> Kind:
    """The object type behind a path segment: singular, plural or type id, in any case."""
    kind = _BY_NAME.get(name.lower())
    if kind is None:
        raise Problem(400, f"Unable to infer object type from: {name}", "VALIDATION_ERROR")
    return kind


# (from, to): the unlabelled type id of each direction. HubSpot's association type ids.
DEFAULT_TYPES: dict[tuple[str, str], int] = {
    ("contact", "contact"): 449,
    ("company", "company"): 450,
    ("deal", "deal"): 451,
    ("deal", "contact"): 3,
    ("contact", "deal"): 4,
    ("contact", "company"): 279,
    ("company", "contact"): 280,
    ("deal", "company"): 341,
    ("company", "deal"): 342,
    ("contact", "task"): 203,
    ("task", "contact"): 204,
    ("company", "task"): 191,
    ("task", "company"): 192,
    ("deal", "task"): 215,
    ("task", "deal"): 216,
}
# The "Primary" label: HubSpot keeps it beside the unlabelled association.
PRIMARY_TYPES: dict[tuple[str, str], int] = {
    ("contact", "company"): 1,
    ("company", "contact"): 2,
    ("deal", "company"): 5,
    ("company", "deal"): 6,
}


def default_type(source: Kind, target: Kind) -> int:
    """The unlabelled association type id from `source` to `target`."""
    number = DEFAULT_TYPES.get((source.name, target.name))
    if number is None:
        raise Problem(400, f"No association between {source.name} and {target.name}", "VALIDATION_ERROR")
    return number


def path_type(source: Kind, target: Kind, type_id: int) -> str:
    """The association's name in v3 answers, for example `deal_to_company_unlabeled`."""
    pair = (source.name, target.name)
    plain = f"{source.name}_to_{target.name}"
    if pair in PRIMARY_TYPES and type_id == DEFAULT_TYPES[pair]:
        return f"{plain}_unlabeled"
    return plain if type_id in (DEFAULT_TYPES.get(pair), PRIMARY_TYPES.get(pair)) else f"{plain}_{type_id}"
