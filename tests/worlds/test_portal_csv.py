"""Anybody's CSV export becomes a portal that can be played with."""

from datetime import date
from pathlib import Path

import pytest

from plugin.cli.sandbox import make_world
from plugin.errors import InputError
from plugin.lifecycle.records import Records
from plugin.records.csv_files import write_records
from plugin.sandbox.loaders import from_csv, generate
from plugin.sandbox.world import World, WorldRecord


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


def test_a_world_written_to_files_and_read_back_is_the_same_world(tmp_path):
    """Records, histories and associations of a generated portal survive the way through CSV."""
    made = generate(120, 3, end=date(2026, 11, 22), time_zone="UTC")
    write_records(_records(made), tmp_path)
    files = {name: tmp_path / f"{name}.csv" for name in ("contacts", "deals", "companies")}
    back = from_csv(**files, history=tmp_path / "history.jsonl")
    for kind in ("contacts", "companies", "deals"):
        assert [_known(r) for r in getattr(back, kind)] == [_known(r) for r in getattr(made, kind)]


def _known(record: WorldRecord) -> tuple:
    return record.id, record.properties, record.created_at, record.history, sorted(record.associations)


def _records(world: World) -> Records:
    def ids(record, kind):
        return list(dict.fromkeys(id_ for name, id_, _ in record.associations if name == kind))

    return Records.from_rows(
        [{"id": c.id, "company_ids": ids(c, "company"), **c.properties} for c in world.contacts],
        [{"id": c.id, **c.properties} for c in world.companies],
        [
            {"id": d.id, "contact_ids": ids(d, "contact"), "company_ids": ids(d, "company"), **d.properties}
            for d in world.deals
        ],
        [
            {"object": kind, "id": r.id, "property": name, "value": value, "at": at}
            for kind, records in (("contact", world.contacts), ("deal", world.deals))
            for r in records
            for name, value, at in r.history
        ],
    )


def test_a_folder_is_a_world_with_all_that_an_export_of_records_holds(files, tmp_path):
    """Companies and dated values, too, where the folder has them."""
    change = '{"object": "contact", "id": 51, "property": "lifecyclestage", "value": "lead", '
    (tmp_path / "history.jsonl").write_text(change + '"timestamp": "2026-01-02T00:00:00Z"}\n')
    world = make_world(str(tmp_path))
    assert ([one.id for one in world.companies], len(world.contacts[0].history)) == ([7, 8], 1)
    for name in ("companies.csv", "history.jsonl", "deals.csv"):
        (tmp_path / name).unlink()
    assert [one.id for one in make_world(str(tmp_path)).contacts] == [51]
