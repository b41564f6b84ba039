"""How long the record card takes to answer, over HTTP as HubSpot calls it: `lifecycle up` as it is deployed.

Budget: 300 ms. The first look at a customer rebuilds the path so far; further looks find it in memory. The
web processes have just been started, so that what only the first request pays is among the figures.
Run: `python bench/bench_card.py [CUSTOMERS]` (default 2,000 of the CDNOW sample, on SQLite).
"""

from __future__ import annotations

import sys
import tempfile
import time
from bisect import bisect
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from plugin.hubspot.protocol.signatures import sign_v3
from plugin.sandbox.loaders import cdnow
from tests.support.running import Running, result, running

LOOKS = 400
IDENTITY = "userId=501&portalId=4242&userEmail=ada%40example.com&appId=1234567"
BOUNDS = (10, 25, 50, 100, 200, 300)  # milliseconds


def timed(session: requests.Session, product: Running, path: str) -> float:
    """Milliseconds of one signed request."""
    uri = f"{product.url}{path}?{IDENTITY}"
    stamp = str(int(time.time() * 1000))
    headers = {
        "X-HubSpot-Signature-v3": sign_v3(
            product.crm.secret, method="GET", uri=uri, body=b"", timestamp=stamp
        ),
        "X-HubSpot-Request-Timestamp": stamp,
    }
    begun = time.perf_counter()
    answer = session.get(uri, headers=headers, timeout=30)
    took = (time.perf_counter() - begun) * 1000
    assert answer.status_code == 200, answer.text
    return took


def row(name: str, times: list[float]) -> None:
    """Percentiles, then how many fell below each bound."""
    counts = [0] * (len(BOUNDS) + 1)
    for one in times:
        counts[bisect(BOUNDS, one)] += 1
    times = sorted(times)
    shown = (times[min(len(times) - 1, int(len(times) * q))] for q in (0.5, 0.95, 0.99))
    print(f"{name:<40}{''.join(f'{one:8.1f}' for one in (*shown, times[-1]))}   {counts}")


def head(name: str) -> None:
    """The columns' names."""
    bounds = ", ".join(f"< {bound}" for bound in BOUNDS)
    print(f"{name:<40}{'p50':>8}{'p95':>8}{'p99':>8}{'longest':>8} ms [{bounds}, more]")


def look(product: Running, customers: list[str]) -> None:
    """Every kind of look, each with connections of its own."""
    session = requests.Session()
    first, rest = customers[: LOOKS // 2], customers[LOOKS // 2 :]
    row("first look, one after another", [timed(session, product, path) for path in first])
    with ThreadPoolExecutor(4) as pool:
        row("first look, four at once", list(pool.map(lambda p: timed(session, product, p), rest)))
    row("further looks, one after another", [timed(session, product, path) for path in customers])
    with ThreadPoolExecutor(4) as pool:
        row("further looks, four at once", list(pool.map(lambda p: timed(session, product, p), customers)))
    row("settings page", [timed(session, product, "/card/v1/portal") for _ in range(50)])


def main(customers: int) -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), cdnow(limit=customers)) as product:
        result(product.command("install", "--live", "--json"))
        result(product.command("backfill", "--json"))
        product.wait_settled()
        dump = requests.get(f"{product.crm.url}/sandbox/v1/dump?format=json", timeout=60).json()
        known = sorted(int(one["id"]) for one in dump if one["object"] == "contact")[:LOOKS]
        head(f"{customers} customers, {len(known)} looked at")
        look(product, [f"/card/v1/records/0-1/{number}" for number in known])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
