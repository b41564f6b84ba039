"""How long the record card takes to answer, over HTTP as HubSpot calls it: first look and further looks.

Budget: 300 ms. The first look at a customer rebuilds the path so far; further looks find it in memory.
Run: `python bench/bench_card.py [CUSTOMERS]` (default 2,000 of the CDNOW sample, on SQLite).
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from plugin.clock import FixedClock, milliseconds
from plugin.hubspot.protocol.signatures import sign_v3
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow
from tests.conftest import NOON
from tests.support.house import House, house

LOOKS = 400
IDENTITY = "userId=501&portalId=4242&userEmail=ada%40example.com&appId=1234567"


def timed(session: requests.Session, home: House, path: str) -> float:
    """Milliseconds of one signed request."""
    uri = f"{home.url}{path}?{IDENTITY}"
    stamp = str(milliseconds(home.clock.now()))
    headers = {
        "X-HubSpot-Signature-v3": sign_v3(home.crm.secret, method="GET", uri=uri, body=b"", timestamp=stamp),
        "X-HubSpot-Request-Timestamp": stamp,
    }
    begun = time.perf_counter()
    answer = session.get(uri, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - begun) * 1000


def row(name: str, times: list[float]) -> None:
    times = sorted(times)
    p50, p95, p99 = (times[min(len(times) - 1, int(len(times) * q))] for q in (0.5, 0.95, 0.99))
    print(f"{name:<44}{p50:8.1f}{p95:8.1f}{p99:8.1f}{times[-1]:8.1f} ms")


def main(customers: int) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'bench.db'}")
        store.migrate()
        with house(store, FixedClock(NOON), cdnow(NOON.date(), limit=customers)) as home:
            home.load()
            home.settle()
            paths = [f"/card/v1/records/0-1/{n}" for n in sorted(home.standing())[:LOOKS]]
            session = requests.Session()
            timed(session, home, "/card/v1/portal")
            print(f"{customers} customers; the milliseconds of {len(paths)} looks: p50, p95, p99, longest")
            row("one after another, first look", [timed(session, home, path) for path in paths])
            row("one after another, further looks", [timed(session, home, path) for path in paths])
            row("settings page", [timed(session, home, "/card/v1/portal") for _ in range(50)])
            with ThreadPoolExecutor(4) as pool:
                row("four at once, further looks", list(pool.map(lambda p: timed(session, home, p), paths)))
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
