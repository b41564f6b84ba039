"""Which way a load goes, and why: by the setting, the number of customers, the mapping and the scopes."""

from __future__ import annotations

import pytest

from plugin.mapping.model import Mapping
from plugin.sync import lanes

BOTH = ("crm.export", "crm.import")
WITHOUT = Mapping(read_histories=False)


@pytest.mark.parametrize(
    ("bulk", "mapping", "customers", "granted", "reads", "because"),
    [
        ("off", WITHOUT, 10**6, BOTH, "pages", "HUBSPOT_BULK is off"),
        ("on", Mapping(), 10**6, BOTH, "pages", "read_histories"),
        ("on", WITHOUT, None, BOTH, "export", "HUBSPOT_BULK is on"),
        ("on", WITHOUT, 5, None, "export", "HUBSPOT_BULK is on"),
        ("on", WITHOUT, 5, ("crm.import",), "pages", "crm.export"),
        ("auto", WITHOUT, 50_000, BOTH, "pages", "50,000 customers are not more"),
        ("auto", WITHOUT, None, BOTH, "pages", "for more than 50,000"),
        ("auto", WITHOUT, 50_001, BOTH, "export", "HUBSPOT_BULK is auto"),
    ],
)
def test_how_a_load_reads(
    bulk: str,
    mapping: Mapping,
    customers: int | None,
    granted: tuple[str, ...] | None,
    reads: str,
    because: str,
) -> None:
    found = lanes.reading(bulk, mapping, customers, granted)
    assert found.name == reads
    assert because in found.because


@pytest.mark.parametrize(
    ("bulk", "granted", "writes", "because"),
    [
        ("off", BOTH, "batches", "HUBSPOT_BULK is off"),
        ("on", BOTH, "import", "HUBSPOT_BULK is on"),
        ("on", ("crm.export",), "batches", "crm.import"),
    ],
)
def test_how_a_load_writes(bulk: str, granted: tuple[str, ...], writes: str, because: str) -> None:
    found = lanes.writing(bulk, 10, granted)
    assert found.name == writes
    assert because in found.because
