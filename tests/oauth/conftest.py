"""A product that serves portals by OAuth, beside a CRM with two accounts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugin.clock import FixedClock
from plugin.records.store import Store
from tests.support.many import Many, many


@pytest.fixture
def home(store: Store, clock: FixedClock) -> Iterator[Many]:
    """Installed in neither account."""
    with many(store, clock) as made:
        yield made
