"""Choices that HubSpot's exports show by label, where its records hold values: they become the values."""

from __future__ import annotations

import re

from plugin.records.csv_text import Table

_SIGNS = re.compile(r"[^a-z]+")
#: Of `hs_analytics_source`: labels, lower case with signs as spaces → value. Others stay as they are.
SOURCES = {
    "organic search": "ORGANIC_SEARCH",
    "paid search": "PAID_SEARCH",
    "email marketing": "EMAIL_MARKETING",
    "organic social": "SOCIAL_MEDIA",
    "social media": "SOCIAL_MEDIA",
    "referrals": "REFERRALS",
    "other campaigns": "OTHER_CAMPAIGNS",
    "direct traffic": "DIRECT_TRAFFIC",
    "offline sources": "OFFLINE",
    "paid social": "PAID_SOCIAL",
    "ai referrals": "AI_REFERRALS",
}


def to_values(table: Table, columns: dict[str, int]) -> None:
    """Turn labels in the table's cells into the values that the CRM's records hold."""
    place = columns.get("hs_analytics_source")
    if place is None:
        return
    for row in table.rows:
        row[place] = SOURCES.get(_SIGNS.sub(" ", row[place].lower()).strip(), row[place])
