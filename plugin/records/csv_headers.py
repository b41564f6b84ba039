"""Which property a CSV header means: internal names, HubSpot's export labels, and the mapping's own."""

from __future__ import annotations

import re
from collections.abc import Mapping

from plugin.records.csv_text import Faults, Table

_INTERNAL = re.compile(r"[a-z][a-z0-9_]*")
_SIGNS = re.compile(r"[^a-z0-9]+")

#: Columns that may hold a record's id, the best first; signs as spaces.
ID_NAMES = (
    "id",
    "record id",
    "hs object id",
    "record id contact",  # as a multi-object export has it: `Record ID - Contact`
    "record id company",
    "record id deal",
    "contact id",
    "company id",
    "deal id",
)

#: Labels of HubSpot's exports, lower case with signs as spaces → internal name.
LABELS: dict[str, str] = {
    "associated contact ids": "contact_ids",
    "associated_contact_ids": "contact_ids",
    "associated company ids": "company_ids",
    "associated_company_ids": "company_ids",
    "create date": "createdate",
    "last modified date": "lastmodifieddate",
    "lifecycle stage": "lifecyclestage",
    # contacts
    "first name": "firstname",
    "last name": "lastname",
    "email": "email",
    "original source": "hs_analytics_source",
    "original traffic source": "hs_analytics_source",
    "time last seen": "hs_analytics_last_timestamp",
    "time of last session": "hs_analytics_last_visit_timestamp",
    "time of last visit": "hs_analytics_last_visit_timestamp",
    "number of sessions": "hs_analytics_num_visits",
    "last marketing email click date": "hs_email_last_click_date",
    "last marketing email open date": "hs_email_last_open_date",
    "last marketing email reply date": "hs_email_last_reply_date",
    "recent conversion date": "recent_conversion_date",
    "number of form submissions": "num_conversion_events",
    "last contacted": "notes_last_contacted",
    "last activity date": "notes_last_updated",
    "last engagement date": "hs_last_sales_activity_timestamp",
    "last nps survey rating": "hs_feedback_last_nps_rating",
    # companies
    "company name": "name",
    "company domain name": "domain",
    # deals
    "deal name": "dealname",
    "deal stage": "dealstage",
    "pipeline": "pipeline",
    "amount": "amount",
    "amount in company currency": "amount_in_home_currency",
    "amount in home currency": "amount_in_home_currency",
    "currency": "deal_currency_code",
    "close date": "closedate",
    "is closed won": "hs_is_closed_won",
    "is deal closed": "hs_is_closed",
    "is closed": "hs_is_closed",
    "deal probability": "hs_deal_stage_probability",
    "deal type": "dealtype",
    "closed lost reason": "closed_lost_reason",
    "closed won reason": "closed_won_reason",
}

#: Internal names that people write with capitals.
NAMES = {name: name for name in LABELS.values()}

_TWO = "Delete one of the two columns."
_TWO_IDS = (
    "Under headers write company_ids (contact_ids) for the customer's number: in the customers' own file it "
    "is the id, in that of deals the link."
)


def resolve(table: Table, own: Mapping[str, str], faults: Faults) -> dict[str, int]:
    """Internal name → column; `own` is the mapping's header map; a header that means nothing known stays.

    Two headers of one meaning, or cells under no header, are faults.
    """
    names = _with_id([_meaning(header, own) for header in table.headers], table.headers)
    columns: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in columns:
            said = (
                f"The columns {table.headers[columns[name]]!r} and {table.headers[place]!r} both mean {name}."
            )
            mapped = {table.headers[columns[name]], table.headers[place]} & own.keys()
            faults.add(table.file, 1, said, _TWO_IDS if name == "id" and mapped else _TWO)
        elif name:
            columns[name] = place
        elif any(row[place].strip() for row in table.rows):
            faults.add(table.file, 1, f"Column {place + 1} has no header.", "Name it or delete it.")
    return columns


def with_own_id(kind: str, columns: dict[str, int]) -> dict[str, int]:
    """In a file of companies `company_ids` is the record's own id: one header may stand in both files."""
    name = f"{kind}_ids"
    if "id" in columns or name not in columns:
        return columns
    return {"id" if one == name else one: place for one, place in columns.items()}


def _meaning(header: str, own: Mapping[str, str]) -> str:
    if header in own:
        return own[header]
    if _INTERNAL.fullmatch(header):
        return LABELS.get(header, header) if header.startswith("associated_") else header
    return LABELS.get(_words(header)) or NAMES.get(header.lower(), header)


def _words(header: str) -> str:
    return _SIGNS.sub(" ", header.lower()).strip()


def _with_id(names: list[str], headers: list[str]) -> list[str]:
    """The best id column becomes `id`; the others keep their names, and so does what a header map says."""
    if "id" in names:
        return names
    words = [_words(header) if header == name else "" for header, name in zip(headers, names, strict=True)]
    for candidate in ID_NAMES:
        if candidate in words:
            place = words.index(candidate)
            return [*names[:place], "id", *names[place + 1 :]]
    return names
