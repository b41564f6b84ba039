"""A first mapping file from the portal itself: how its texts are written is read from samples of them."""

from __future__ import annotations

from plugin.hubspot.client import Crm
from plugin.jobs.config_first import from_portal
from plugin.jobs.config_samples import _NAMES, _parts
from plugin.mapping.first_file import first_file
from plugin.mapping.load import place_clashes, read_mapping
from plugin.mapping.portal_checks import portal_clashes
from plugin.mapping.positions import read_yaml
from plugin.mapping.starting import guesses
from plugin.sandbox.server import SandboxServer
from tests.sync.test_properties import crm, sandbox  # noqa: F401 - fixtures

TEXTS = {
    "contract_end": ("Contract end", ["31.12.2025", "01.02.2026"]),
    "demo_on": ("Demo on", ["2026-01-31", "2026-02-01"]),
    "cancelled_on": ("Cancelled on", ["03/04/2025", "05/06/2025"]),
    "joined": ("Joined the club", ["12/31/2025", "1/5/2024"]),
    "postcode": ("Postcode", ["10115", "80331"]),
}


def test_texts_that_hold_dates_are_declared_offered_or_left_in_doubt(
    crm: Crm,  # noqa: F811
    sandbox: SandboxServer,  # noqa: F811
) -> None:
    """A text in HubSpot's own writing is declared as a date, too; what may be postcodes stays a text."""
    for name, (label, _) in TEXTS.items():
        given = {"name": name, "label": label, "type": "string", "fieldType": "text"}
        crm.create_property("contact", given | {"groupName": "contactinformation"})
    for i in range(2):
        sandbox.store.create_record("contact", {name: values[i] for name, (_, values) in TEXTS.items()})
    for i in range(250):  # newer, and without any of these values
        sandbox.store.create_record("contact", {"email": f"{i}@example.com"})
    facts = from_portal(crm)
    text = first_file(facts, guesses(facts))
    mapping, _ = read_mapping(text.encode())
    readings = mapping.readings_of("contact")
    assert mapping.contact.contract_until == "contract_end"
    assert readings["contract_end"].format == "DD.MM.YYYY"
    assert (mapping.contact.markers, readings["demo_on"].type) == (("demo_on",), "date")
    assert mapping.contact.cancelled_on is None
    assert "{property: cancelled_on, type: date, format: MM/DD/YYYY}" in text
    assert "postcode" not in text
    placed = place_clashes(text.encode(), portal_clashes(mapping, facts, read_yaml(text.encode()).places))
    assert [one for one in placed if one.severity == "error"] == []


def test_the_names_of_a_search_fit_into_hubspots_limit() -> None:
    names = [f"a_property_with_a_name_of_some_length_{i}" for i in range(300)]
    parts = _parts(names)
    assert [name for part in parts for name in part] == names
    assert max(sum(len(name) + 3 for name in part) for part in parts) <= _NAMES
