"""How long evaluating takes: a whole portal by size, and the small batches of which a day's work consists.

Run: .venv/bin/python bench/bench_evaluate.py [customers ...]. Each size runs in a process of its own, so that
its peak memory is its own. Three deals a customer; one primary and two secondary models. Up to 1,000
customers are a batch out of a portal of 20,000, evaluated again and again: the median is told.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from datetime import date

import numpy as np
import polars as pl

from plugin.lifecycle.evaluate import evaluate
from plugin.lifecycle.models import load_models
from plugin.lifecycle.parameters import fit
from plugin.lifecycle.records import Records
from plugin.mapping.model import Mapping, ModelChoice

TODAY = date(2026, 11, 22)
#: The largest batch; what is more is a portal.
BATCH = 1_000
_MAPPING = Mapping(models=ModelChoice("lifecycle9", ("path5", "maturity7")))


def world(customers: int, seed: int = 7) -> Records:
    """A portal of contacts with three deals each on average: buyers of all habits, open and lost deals."""
    rng = np.random.default_rng(seed)
    today = (TODAY - date(1970, 1, 1)).days
    created = today - rng.integers(1, 1500, customers)
    engaged = np.minimum(created + rng.exponential(200, customers).astype(int), today)
    contacts = pl.DataFrame(
        {
            "id": np.arange(1, customers + 1),
            "company_ids": pl.Series([[]], dtype=pl.List(pl.Int64)).new_from_index(0, customers),
            "createdate": _moments(created, rng),
            "hs_analytics_last_visit_timestamp": _moments(engaged, rng),
            "notes_last_contacted": _moments(
                np.minimum(created + rng.integers(0, 700, customers), today), rng
            ),
            "hs_feedback_last_nps_rating": pl.Series(rng.integers(0, 11, customers)).cast(pl.String),
        }
    )
    return Records(contacts=contacts, deals=_deals(created, customers, today, rng))


def _deals(created: np.ndarray, customers: int, today: int, rng: np.random.Generator) -> pl.DataFrame:
    weights = rng.exponential(1, customers)
    owner = np.sort(rng.choice(customers, size=3 * customers, p=weights / weights.sum()))
    opened = created[owner] + (rng.random(len(owner)) * (today - created[owner])).astype(int)
    kind = rng.choice(3, len(owner), p=[0.8, 0.12, 0.08])
    closed = np.minimum(opened + rng.integers(0, 30, len(owner)), today)
    text = pl.Series(np.where(kind == 2, "", "x"))
    return pl.DataFrame(
        {
            "id": np.arange(1, len(owner) + 1),
            "contact_ids": pl.Series(owner + 1).reshape((-1, 1)).arr.to_list(),
            "company_ids": pl.Series([[]], dtype=pl.List(pl.Int64)).new_from_index(0, len(owner)),
            "createdate": _moments(opened, rng),
            "closedate": _moments(closed, rng),
            "amount": pl.Series(np.round(rng.lognormal(5, 1, len(owner)), 2)).cast(pl.String),
            "hs_is_closed": pl.Series(np.where(kind == 2, "false", "true")),
            "hs_is_closed_won": pl.Series(np.where(kind == 0, "true", "false")),
            "hs_deal_stage_probability": pl.Series(np.where(kind == 2, "0.4", "")),
            "dealname": text,
        }
    )


def _moments(days: np.ndarray, rng: np.random.Generator) -> pl.Series:
    ms = pl.Series(days * 86_400_000 + rng.integers(0, 86_400_000, len(days)))
    return ms.cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")


def measure(customers: int) -> None:
    """Evaluate one world with and without the past, and print a line each."""
    records = world(customers)
    started = time.perf_counter()
    parameters = fit(records, _MAPPING, TODAY, time_zone="Europe/Warsaw")
    models = load_models(_MAPPING)
    fitted = time.perf_counter() - started
    for name, dates in (
        ("stages, risk, segments, next change", False),
        ("… with since and exited_from", True),
    ):
        started = time.perf_counter()
        found = evaluate(records, _MAPPING, models, parameters, TODAY, dates=dates).frame
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        speed = f"{customers / seconds:>9,.0f}/s {1e6 * seconds / customers:6.1f} µs each"
        print(f"{customers:>9,} {name:36} {seconds:7.1f} s {speed} peak {peak:.2f} GiB (fit {fitted:.1f} s)")
        assert found.height == customers
        del found


def measure_batch(customers: int, times: int = 15) -> None:
    """Evaluate a few customers of a portal, without the texts, and print the median."""
    whole = world(20_000)
    parameters, models = fit(whole, _MAPPING, TODAY, time_zone="Europe/Warsaw"), load_models(_MAPPING)
    contacts = whole.contacts.head(customers)
    mine = pl.col("contact_ids").list.first().is_in(contacts["id"].implode())
    records = Records(contacts=contacts, deals=whole.deals.filter(mine))
    took, used = [], []
    for _ in range(times):
        started, began = time.perf_counter(), time.process_time()
        found = evaluate(records, _MAPPING, models, parameters, TODAY)
        took.append(time.perf_counter() - started)
        used.append(time.process_time() - began)
        assert len(found.to_json()) == customers
    clock, processor = (1e3 * float(np.median(times)) for times in (took, used))
    print(f"{customers:>9,} a batch {clock:37.0f} ms on the clock, {processor:.0f} ms of the processor")


def main() -> None:
    """Measure each size in a fresh process."""
    if os.environ.get("BENCH_ONE"):
        size = int(os.environ["BENCH_ONE"])
        (measure if size > BATCH else measure_batch)(size)
        return
    for size in sys.argv[1:] or ("1", "100", "1000", "100000", "1000000"):
        subprocess.run([sys.executable, __file__], env={**os.environ, "BENCH_ONE": size}, check=True)


if __name__ == "__main__":
    main()
