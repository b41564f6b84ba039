"""A loaded portal whose card is asked for as HubSpot asks: by the sandbox, which signs for a user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from plugin.clock import FixedClock
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from plugin.sandbox.world import World
from tests.conftest import NOON
from tests.support.house import House, house

ENOUGH = 120  # customers of the sample from which predictions are published


@contextmanager
def loaded(
    path: Path,
    customers: int = ENOUGH,
    *,
    config: str = "",
    live: bool = True,
    world: World | None = None,
) -> Iterator[House]:
    """A portal of the CDNOW sample (or of `world`), read and settled; `config` is a mapping as YAML."""
    store = Store(f"sqlite:///{path / 'card.db'}", erasure_keys=[b"the tests' own"])
    store.migrate()
    file = path / "mapping.yaml"
    file.write_text(f"version: 1\n{config}")
    with house(store, FixedClock(NOON), world or cdnow(NOON.date(), limit=customers), config=file) as made:
        made.load(live=live)
        made.settle()
        yield made
    store.close()


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A live portal with enough customers for predictions; tests of this package share it."""
    with loaded(tmp_path_factory.mktemp("card")) as made:
        yield made


def fetched(home: House, path: str, **more: Any) -> tuple[int, Any]:
    """(status, body) of what `hubspot.fetch` brings a card from a path of the product."""
    wanted = {"url": f"{home.url}{path}", **more}
    answer = requests.post(f"{home.crm.url}/sandbox/v1/extension-fetch", json=wanted, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()["status"], answer.json()["body"]


def card(home: House, number: int, kind: str = "0-1") -> dict[str, Any]:
    """The card of a record that has one."""
    status, body = fetched(home, f"/card/v1/records/{kind}/{number}")
    assert status == 200, body
    told: dict[str, Any] = body
    return told


def asked_again(home: House, number: int) -> tuple[int, Any]:
    """A click on «look again now»."""
    body = {"objectType": "0-1", "objectId": number}
    return fetched(home, "/card/v1/refresh", method="POST", body=body)
