"""HubSpot's names and numbers for kinds of records and the links between them; ours are singular words."""

from __future__ import annotations

#: HubSpot's object type ids; what is not listed keeps its id as its name.
BY_TYPE_ID: dict[str, str] = {
    "0-1": "contact",
    "0-2": "company",
    "0-3": "deal",
    "0-5": "ticket",
    "0-7": "product",
    "0-8": "line_item",
    "0-27": "task",
}
TYPE_IDS: dict[str, str] = {name: number for number, name in BY_TYPE_ID.items()}

#: The word in paths: /crm/objects/2026-09/contacts.
PLURALS: dict[str, str] = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "ticket": "tickets",
    "product": "products",
    "line_item": "line_items",
    "task": "tasks",
}
SINGULARS: dict[str, str] = {plural: name for name, plural in PLURALS.items()}

#: HubSpot-defined association types, (from, to) by number; 1, 2, 5 and 6 are the primary company's.
ASSOCIATION_TYPES: dict[int, tuple[str, str]] = {
    1: ("contact", "company"),
    2: ("company", "contact"),
    3: ("deal", "contact"),
    4: ("contact", "deal"),
    5: ("deal", "company"),
    6: ("company", "deal"),
    203: ("contact", "task"),
    204: ("task", "contact"),
    215: ("deal", "task"),
    279: ("contact", "company"),
    280: ("company", "contact"),
    341: ("deal", "company"),
    342: ("company", "deal"),
}
TASK_TO_CONTACT = 204
#: Type ids that say "the primary company of this record".
PRIMARY_COMPANY = frozenset({1, 2, 5, 6})


def plural(object_type: str) -> str:
    """The word for an object type in a path; an unknown one (a custom object's id) stays as it is."""
    return PLURALS.get(object_type, object_type)


def singular(word: str) -> str:
    """The object type of a word in an answer: a plural, a type id, or a name in any case."""
    lower = word.lower()
    return SINGULARS.get(lower) or BY_TYPE_ID.get(lower) or lower


def modified_property(object_type: str) -> str:
    """The modification stamp's property.

    HubSpot's trap: `lastmodifieddate` of contacts, `hs_lastmodifieddate` of all others; a search by the wrong
    one finds nothing, without an error.
    """
    return "lastmodifieddate" if object_type == "contact" else "hs_lastmodifieddate"
