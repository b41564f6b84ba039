"""How fast the portfolio is kept up, added up from scratch, and read; on SQLite, in fresh processes.

Beside it what one would do instead: compute every figure anew from all contributions at each look.
Eight channels, three segments a customer on average. Run with sizes as arguments; default 100000 and 1000000.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl
from bench_evaluate import _MAPPING, TODAY, world

from plugin.jobs import figures, portfolio
from plugin.jobs.meaning import evaluate, fit
from plugin.lifecycle.models import load_models
from plugin.portfolio import cells
from plugin.portfolio.answers import Source, Wanted, cohorts_answer, funnel_answer, metrics_answer
from plugin.portfolio.asked import Asked
from plugin.portfolio.contributions import Key, contributions
from plugin.portfolio.figures import Figures
from plugin.portfolio.spend import Spend
from plugin.records import portfolio as kept
from plugin.records.store import Store

PORTAL, FRAME, PART = 1, 1_000, 50_000
LOOKS = 7
CHANNELS = ("PAID_SEARCH", "ORGANIC_SEARCH", "DIRECT_TRAFFIC", "REFERRALS", "SOCIAL_MEDIA")
CHANNELS += ("EMAIL_MARKETING", "OFFLINE")


@contextmanager
def timed(what: str, per: int = 1) -> Iterator[None]:
    """Print how long it took, the processor's time in it, and how long each of `per`."""
    started, busy = time.perf_counter(), time.process_time()
    yield
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    each = f" {1e6 * seconds / per:8.1f} µs each" if per > 1 else ""
    print(f"  {what:58} {1000 * seconds:11.1f} ms, of them computing {1000 * busy:9.1f}{each}", flush=True)


def contributed(customers: int) -> dict[Key, str]:
    """The contributions of a world, evaluated in one piece as large as memory likes."""
    made: dict[Key, str] = {}
    models, spent = load_models(_MAPPING), 0.0
    for seed, begin in enumerate(range(0, customers, PART)):
        records = world(min(PART, customers - begin), seed=seed)
        records = replace(records, contacts=_with_channels(records.contacts))
        parameters = fit(records, _MAPPING, TODAY, time_zone="Europe/Warsaw")
        result = evaluate(records, _MAPPING, models, parameters, TODAY, dates=False)
        started = time.perf_counter()
        part = contributions(result)
        spent += time.perf_counter() - started
        made |= {(kind, id_ + begin): text for (kind, id_), text in part.items()}
    name, each = f"contributions of {customers:,} evaluated customers", 1e6 * spent / customers
    print(f"  {name:58} {1000 * spent:11.1f} ms {each:8.1f} µs each", flush=True)
    return made


def measure(customers: int) -> None:
    """One world: made, kept up, added up, read."""
    print(f"{customers:,} customers")
    made = contributed(customers)
    print(f"  {'peak memory so far':58} {_peak():11.1f} MB", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        store = Store(f"sqlite:///{path}")
        store.migrate()
        with timed("cells of all of them from scratch", customers):
            found = cells.added_up(made.values())
        with store.write() as connection:
            with timed(f"{found.height:,} cells put into the store"):
                kept.replace_cells(store, connection, PORTAL, "contact", found.iter_rows())
            kept.put(store, connection, PORTAL, made)
        store_size = path.stat().st_size / 1e6
        print(f"  {'store with contributions and cells':58} {store_size:11.1f} MB")
        print(f"  {'peak memory so far':58} {_peak():11.1f} MB", flush=True)
        _updates(store, made)
        _reads(store)
        store.close()


def _updates(store: Store, made: dict[Key, str]) -> None:
    keys = list(made)[:: max(1, len(made) // FRAME)][:FRAME]
    changed = {key: made[other] for key, other in zip(keys, [*keys[1:], keys[0]], strict=True)}
    same = {key: made[key] for key in keys}
    for name, frame in (
        ("1,000 customers evaluated, nothing of it new", same),
        ("1,000 customers, every contribution another", changed),
        ("1,000 customers back again", same),
        ("100 customers, every contribution another", dict(list(changed.items())[:100])),
    ):
        with timed(name, len(frame)), store.write() as connection:
            portfolio.keep(store, connection, PORTAL, frame)


def _reads(store: Store) -> None:
    def read(wanted: Wanted) -> dict[str, Figures]:
        with store.read() as connection:
            return figures.read_kept(connection, PORTAL, "contact", wanted)

    with store.read() as connection, timed("names of the channels"):
        channels = kept.channels(connection, PORTAL, "contact")
    models = load_models(_MAPPING)
    source = Source(read, channels, Spend({}), _MAPPING, models, "contact", TODAY, "EUR")
    for name, answer in (("metrics", metrics_answer), ("funnel", funnel_answer), ("cohorts", cohorts_answer)):
        for asked in LOOKED:
            said = ", ".join(str(value) for value in vars(asked).values() if value) or "to date"
            answer(source, asked)
            spent = []
            for _ in range(LOOKS):
                started = time.perf_counter()
                answer(source, asked)
                spent.append(1000 * (time.perf_counter() - started))
            line = f"page read: {name}, {said}"
            print(f"  {line:58} {statistics.median(spent):11.1f} ms, at most {max(spent):.1f}", flush=True)


LOOKED = (
    Asked(),
    Asked(period="2026-05"),
    Asked(period="2026"),
    Asked(segment="active"),
    Asked(channel="EMAIL_MARKETING", segment="active"),
    Asked(channel="EMAIL_MARKETING", cohort="2025-05"),
)


def _with_channels(contacts: pl.DataFrame) -> pl.DataFrame:
    """A channel for each contact; one in eight has none."""
    names = pl.Series([*CHANNELS, ""])
    return contacts.with_columns(hs_analytics_source=names.gather(pl.Series(contacts["id"] * 7 % 8)))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure each size in a fresh process."""
    if os.environ.get("BENCH_ONE"):
        measure(int(os.environ["BENCH_ONE"]))
        return
    for size in sys.argv[1:] or ("100000", "1000000"):
        subprocess.run([sys.executable, __file__], env={**os.environ, "BENCH_ONE": size}, check=True)


if __name__ == "__main__":
    main()
