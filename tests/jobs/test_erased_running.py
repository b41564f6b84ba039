"""A person is erased while a whole load runs in real processes: everything that these keep is searched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from plugin.embedded import running_url
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from tests.jobs.test_erased_everywhere import MAPPING, VALUES
from tests.support.dumps import mentions, of_redis, of_store
from tests.support.running import Running, eventually, result, running

CUSTOMERS = 400


def records_read(product: Running) -> int:
    return int((product.status()["portals"][0]["backfill"] or {}).get("records", 0))


@pytest.mark.slow
def test_erased_in_the_middle_of_a_load_nothing_is_left_in_any_process(tmp_path: Path) -> None:
    """Web, workers, scheduler, the load's own process, and what they keep."""
    file = tmp_path / "ours.yaml"
    file.write_text(MAPPING)
    world = cdnow(limit=CUSTOMERS)
    person = world.contacts[49].id
    with running(tmp_path, world, burst=15, LIFECYCLE_CONFIG=str(file)) as product:
        product.crm.store.edit("contact", person, VALUES)
        result(product.command("install", "--live", "--json"))
        with (tmp_path / "load.log").open("wb") as log:
            load = subprocess.Popen(
                [sys.executable, "-m", "plugin", "backfill"],
                env=product.environment,
                stdout=log,
                stderr=log,
            )
            eventually(lambda: records_read(product) >= 100 or load.poll() is not None)
            assert load.poll() is None
            product.crm.store.edit("contact", person, {"phone": VALUES["phone"] + "1"})
            done = product.command("erase", str(person), "--yes")
            assert done.returncode == 0, done.stderr
            assert load.wait(240) == 0, (tmp_path / "load.log").read_text()
        product.wait_settled()
        product.offset(400)
        store = Store(f"sqlite:///{tmp_path / 'lifecycle.db'}")
        url = running_url(tmp_path)
        assert url is not None
        with Redis.from_url(url) as redis:
            eventually(lambda: not mentions(of_store(store), person), 120)
            for sought in (person, *VALUES.values()):
                assert mentions(of_store(store), sought) == []
                assert mentions(of_redis(redis), sought) == []
        store.close()
    for name in ("up.log", "load.log"):
        for sought in (str(person), *VALUES.values()):
            assert sought not in (tmp_path / name).read_text(), (name, sought)
