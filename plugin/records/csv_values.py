"""Choices that HubSpot's exports show by label, where its records hold values: they become the values."""

from __future__ import annotations

import re

from plugin.mapping.channels import LABELS, PROPERTY
from plugin.records.csv_text import Table

_SIGNS = re.compile(r"[^a-z]+")


def to_values(table: Table, columns: dict[str, int]) -> None:
    """Turn labels in the table's cells into the values that the CRM's records hold; others stay."""
    place = columns.get(PROPERTY)
    if place is None:
        return
    for row in table.rows:
        row[place] = LABELS.get(_SIGNS.sub(" ", row[place].lower()).strip(), row[place])
