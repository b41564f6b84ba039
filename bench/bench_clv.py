"""The value room side by side with what one would use instead: fit, scoring, summary table, start-up, memory.

    PYTHONPATH=. python bench/bench_clv.py [--quick] [--rival NAME=PYTHON …]
NAME is lifetimes, clvkit or pymc-marketing, PYTHON an interpreter that has it installed: each rival lives in
an environment of its own (`bench/rivals.py` says what it needs). Without rivals our own figures are measured
all the same. Medians in seconds; data goes through files, which no figure includes.
"""

from __future__ import annotations

import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from plugin.value.arrays import Floats, Ints
from plugin.value.beta_geometric import BetaGeometricLikelihood
from plugin.value.clv import Terms, values
from plugin.value.newton import maximise
from plugin.value.process import BetaGeometric
from plugin.value.spend import Spend
from plugin.value.summary import summarise
from plugin.value.triples import Triples

SAMPLE = Path(__file__).parents[1] / "plugin/sandbox/loaders/data/cdnow_sample.txt.gz"
PRODUCT = Path(__file__).parents[1] / ".venv/bin/python"  # the command line's own environment
UNTIL = 10_134  # 1997-09-30
TRUTH = BetaGeometric(0.243, 4.414, 0.793, 2.426, first=False)
#: rival → the largest base that it is given to fit, and to score; beyond takes minutes
LARGEST = {
    "lifetimes": (1_000_000, 100_000),
    "clvkit": (100_000, 100_000),
    "pymc-marketing": (1_000_000, 100_000),
}


def sample_orders() -> pl.DataFrame:
    """The CDNOW sample as customer, day, amount."""
    rows = [line.split() for line in gzip.decompress(SAMPLE.read_bytes()).decode().splitlines()]
    frame = pl.DataFrame(rows, schema=["whole", "customer", "date", "discs", "amount"], orient="row")
    return frame.select(
        "customer",
        day=pl.col("date").str.to_date("%Y%m%d").cast(pl.Int64),
        amount=pl.col("amount").cast(pl.Float64),
    )


def world(size: int, seed: int = 3) -> tuple[Ints, Ints, Ints]:
    """Customers of a BG/NBD world, up to two years old: x, recency, age in days."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(TRUTH.r, 1 / TRUTH.alpha, size), rng.beta(TRUTH.a, TRUTH.b, size)
    age, x, last = rng.integers(1, 731, size), np.zeros(size, np.int64), np.zeros(size)
    moment, active = np.zeros(size), np.arange(size)
    while len(active):
        moment[active] += rng.exponential(7 / rate[active])
        active = active[moment[active] < age[active]]
        x[active] += 1
        last[active] = moment[active]
        active = active[rng.random(len(active)) > leave[active]]
    recency = np.ceil(last).astype(np.int64)
    return np.minimum(x, recency), recency, age


def transactions(rows: int, seed: int = 5) -> pl.DataFrame:
    """Orders of a quarter as many customers over two years."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "customer": rng.integers(0, rows // 4, rows),
            "day": rng.integers(10_000, 10_730, rows),
            "amount": rng.gamma(4, 10, rows),
        }
    )


def timed(work: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Median seconds, and what the last run gave."""
    took, found = [], None
    for _ in range(times):
        begin = time.perf_counter()
        found = work()
        took.append(time.perf_counter() - begin)
    return statistics.median(took), found


def our_fit(x: Ints, recency: Ints, age: Ints) -> tuple[Floats, float]:
    triples = Triples.of(x, recency, age)
    start = np.array([1.0, float(triples.age.mean()) / 2, 1.0, 2.0])
    top = maximise(BetaGeometricLikelihood(triples, 1, first=False), start)
    return top.values, top.log_likelihood


class Rivals:
    """The rivals given on the command line, and the files through which they get their data."""

    def __init__(self, given: list[str], folder: Path) -> None:
        self.pythons = dict(one.split("=", 1) for one in given)
        self.folder = folder

    def run(self, name: str, task: str, times: int, **arrays: Any) -> dict[str, Any]:
        """What `rivals.py` says of one task."""
        file = self.folder / f"{task}.npz"
        np.savez(file, **arrays)
        call = [
            self.pythons[name],
            str(Path(__file__).parent / "rivals.py"),
            name,
            task,
            str(file),
            str(times),
        ]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode:
            return {"failed": done.stderr.strip().splitlines()[-1][:80]}
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found


def line(name: str, ours: float, theirs: dict[str, dict[str, Any]], note: str = "") -> None:
    """Ours, and each rival with how many times longer it took."""
    cells = [
        f"{one['failed']}" if "failed" in one else f"{one['seconds']:.3f} ({one['seconds'] / ours:.1f} x)"
        for one in theirs.values()
    ]
    print(f"| {name} | {ours:.4f} | {' | '.join(cells)} | {note} |", flush=True)


def fits(sizes: tuple[int, ...], rivals: Rivals) -> None:
    found = summarise(sample_orders(), UNTIL)
    bases = {"fit, CDNOW sample (2,357)": found.timing, **{f"fit, {n:,} customers": world(n) for n in sizes}}
    for name, base in bases.items():
        times = 7 if len(base[0]) < 200_000 else 3
        ours, (params, likelihood) = timed(lambda base=base: our_fit(*base), times)
        theirs, notes = {}, [f"LL {likelihood:.4f}"]
        for rival in rivals.pythons:
            if len(base[0]) > LARGEST[rival][0]:
                theirs[rival] = {"failed": "not run"}
                continue
            arrays = dict(zip(("x", "recency", "age"), base, strict=True))
            theirs[rival] = rivals.run(rival, "fit", 4 if len(base[0]) < 200_000 else 2, **arrays)
            notes.append(_worth(rival, theirs[rival], base, params))
        line(name, ours, theirs, "; ".join(notes))


def _worth(rival: str, found: dict[str, Any], base: tuple[Ints, Ints, Ints], params: Floats) -> str:
    """What a rival's parameters are worth by one and the same likelihood."""
    if "failed" in found:
        return f"{rival} failed"
    known = np.array(found["params"])
    worth = BetaGeometricLikelihood(Triples.of(*base), 1, first=False)(known)[0]
    apart = float(np.abs(params / known - 1).max())
    return f"{rival} {worth:.4f}, apart by {apart:.0e}, cold {found['cold']:.1f} s"


def scores(size: int, rivals: Rivals) -> None:
    base = world(size)
    mean = np.where(base[0] > 0, 35.0, np.nan)
    spend = Spend(6.25, 3.74, 15.44)
    took, _ = timed(lambda: values(TRUTH, spend, base, (base[0], mean), Terms(), interval=False), 3)
    withal, _ = timed(lambda: values(TRUTH, spend, base, (base[0], mean), Terms()), 1)
    theirs = {}
    for rival in rivals.pythons:
        part = min(size, LARGEST[rival][1])
        arrays = {n: v[:part] for n, v in zip(("x", "recency", "age"), base, strict=True)}
        theirs[rival] = rivals.run(rival, "score", 2, **arrays)
        if "seconds" in theirs[rival]:
            theirs[rival]["seconds"] *= size / part
    note = f"with the 80 % interval {withal:.2f}; theirs on 100,000 and scaled; pymc-marketing without value"
    line(f"P(alive), expectation, 12-month CLV, {size:,}", took, theirs, note)


def tables(rows: int, rivals: Rivals) -> None:
    orders = transactions(rows)
    ours, _ = timed(lambda: summarise(orders), 3)
    arrays = {name: orders[name].to_numpy() for name in orders.columns}
    theirs = {rival: rivals.run(rival, "table", 2, **arrays) for rival in rivals.pythons}
    line(f"summary table from {rows:,} transactions", ours, theirs)


def processes() -> None:
    """Import alone, and a whole cold process on the sample."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.csv"
        named = sample_orders().with_columns(date=pl.col("day").cast(pl.Int32).cast(pl.Date))
        named.select(customer_id="customer", date="date", amount="amount").write_csv(file)
        fit = f"from plugin.cli import main; import sys; sys.argv[1:] = ['clv', 'fit', {str(file)!r}]; main()"
        for name, code in (
            ("import of the value room", "import plugin.value.section"),
            ("cold `clv fit`", fit),
        ):
            run = [str(PRODUCT if PRODUCT.exists() else sys.executable), "-c", code]
            took, done = timed(lambda run=run: subprocess.run(run, capture_output=True, check=False), 5)
            line(name, took, {}, "" if done.returncode == 0 else "command line not installed here")


def memory(size: int) -> None:
    """Peak of a fresh process that makes a base, fits and scores it."""
    code = (
        f"import bench.bench_clv as b; base = b.world({size}); spend = b.Spend(6.25, 3.74, 15.44); "
        "mean = b.np.where(base[0] > 0, 35.0, b.np.nan); before = b.peak(); b.our_fit(*base); "
        "b.values(b.TRUTH, spend, base, (base[0], mean), b.Terms()); print(before, b.peak())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, most = (float(v) for v in done.stdout.split())
    print(f"| peak memory, fit and score {size:,} | {most:.0f} MB | | | {before:.0f} MB before |")


def peak() -> float:
    """Most memory that this process held so far, in MB; a child's own, not its parent's."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> None:
    quick, given = "--quick" in sys.argv, [one for one in sys.argv[1:] if "=" in one]
    with tempfile.TemporaryDirectory() as folder:
        rivals = Rivals(given, Path(folder))
        names = " | ".join(rivals.pythons) or "no rival given"
        print(f"| what | ours s | {names} | note |\n|{' --- |' * (3 + max(len(given), 1))}")
        fits((23_570,) if quick else (23_570, 100_000, 1_000_000), rivals)
        scores(100_000 if quick else 1_000_000, rivals)
        tables(400_000 if quick else 4_000_000, rivals)
        processes()
        memory(100_000 if quick else 1_000_000)


if __name__ == "__main__":
    main()
