"""Anybody's CSV export becomes a portal that can be played with."""

from pathlib import Path

import pytest

from plugin.errors import InputError
from plugin.sandbox.loaders import from_csv


@pytest.fixture
def files(tmp_path) -> dict[str, Path]:
    texts = {
        "contacts": "Record ID,First Name,Create Date,Associated Company IDs\n51,Ada,2026-01-01 09:30,7;8\n",
        "companies": "Record ID,Company name,Create Date\n7,Seven,2025-12-01\n8,Eight,\n",
        "deals": (
            "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Create Date,Associated Contact IDs,"
            "Associated Company IDs\n"
            "9,Order,Closed won (Sales Pipeline),Sales Pipeline,12.50,2026-02-01,2026-01-31 23:30,51,7\n"
        ),
    }
    paths = {}
    for name, text in texts.items():
        paths[name] = tmp_path / f"{name}.csv"
        paths[name].write_text(text)
    return paths


def test_an_export_becomes_records_with_wire_values(files):
    """Labels become names, local times UTC, bare days noon, stages the default pipeline's."""
    world = from_csv(**files, time_zone="America/New_York")
    [contact], [deal] = world.contacts, world.deals
    assert contact.properties["createdate"] == "2026-01-01T14:30:00.000Z"
    assert contact.created_at == 1767277800000
    assert set(contact.associations) == {("company", 7, 1), ("company", 7, 279), ("company", 8, 279)}
    assert set(deal.associations) == {("contact", 51, 3), ("company", 7, 5), ("company", 7, 341)}
    assert {
        k: deal.properties[k] for k in ("dealstage", "pipeline", "amount", "closedate", "createdate")
    } == {
        "dealstage": "closedwon",
        "pipeline": "default",
        "amount": "12.50",
        "closedate": "2026-02-01T17:00:00.000Z",
        "createdate": "2026-02-01T04:30:00.000Z",
    }
    assert [c.properties["name"] for c in world.companies] == ["Seven", "Eight"]


def test_history_comes_along(files, tmp_path):
    """Dated values stand on their record, oldest first."""
    history = tmp_path / "history.jsonl"
    history.write_text(
        '{"object":"deal","id":9,"property":"dealstage","value":"closedwon","timestamp":"2026-02-01T17:00:00Z"}\n'
        '{"object":"deal","id":9,"property":"dealstage","value":"contractsent","timestamp":"2026-01-31T17:00:00Z"}\n'
    )
    [deal] = from_csv(**files, history=history).deals
    assert [(name, value) for name, value, _ in deal.history] == [
        ("dealstage", "contractsent"),
        ("dealstage", "closedwon"),
    ]


def test_faults_in_the_files_are_told(files):
    """The reader's own message comes through."""
    files["contacts"].write_text("name\nAda\n")
    with pytest.raises(InputError, match="no column with the records' ids"):
        from_csv(**files)
