"""The value room side by side with lifetimes: fit, scoring, summary table, start-up, memory.

Run it where the competitor is installed, outside the product's environment (`pip install .[bench]` there):
    PYTHONPATH=. python bench/bench_clv.py [--quick]
Without the competitor its column says so; our figures are measured all the same. Medians in seconds.
"""

from __future__ import annotations

import gzip
import importlib.util
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
RIVAL = importlib.util.find_spec("lifetimes") is not None


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


def their_fit(x: Ints, recency: Ints, age: Ints) -> Floats:
    from lifetimes import BetaGeoFitter

    fitter = BetaGeoFitter()
    fitter.fit(x, recency / 7, age / 7)
    return np.array([float(fitter.params_[n]) for n in ("r", "alpha", "a", "b")])


def line(name: str, ours: float, theirs: float | None, note: str = "") -> None:
    rival = "not installed" if not RIVAL else f"{theirs:.3f}" if theirs is not None else "-"
    ratio = f"{theirs / ours:.1f}x" if theirs is not None else ""
    print(f"| {name} | {ours:.4f} | {rival} | {ratio} | {note} |", flush=True)


def fits(sizes: tuple[int, ...]) -> None:
    found = summarise(sample_orders(), UNTIL)
    bases = {"fit, CDNOW sample (2,357)": found.timing, **{f"fit, {n:,} customers": world(n) for n in sizes}}
    for name, base in bases.items():
        times = 7 if len(base[0]) < 200_000 else 3
        ours, (params, likelihood) = timed(lambda base=base: our_fit(*base), times)
        note = f"LL {likelihood:.4f}"
        theirs = None
        if RIVAL:
            theirs, known = timed(lambda base=base: their_fit(*base), 3 if len(base[0]) < 200_000 else 1)
            # what its parameters are worth by one and the same likelihood
            triples = Triples.of(*base)
            worth = BetaGeometricLikelihood(triples, 1, first=False)(known)[0]
            apart = float(np.abs(params / known - 1).max())
            note += f", theirs {worth:.4f}; parameters apart by {apart:.1e}"
        line(name, ours, theirs, note)


def scores(ours_size: int, theirs_size: int) -> None:
    base = world(ours_size)
    mean = np.where(base[0] > 0, 35.0, np.nan)
    spend = Spend(6.25, 3.74, 15.44)

    def ours() -> Any:
        return values(TRUTH, spend, base, (base[0], mean), Terms(), interval=False)

    took, _ = timed(ours, 3)
    withal, _ = timed(lambda: values(TRUTH, spend, base, (base[0], mean), Terms()), 1)
    theirs = None
    if RIVAL:
        theirs = _their_scores(*(v[:theirs_size] for v in base)) * ours_size / theirs_size
    note = f"with the 80 % interval {withal:.2f}; theirs measured on {theirs_size:,} and scaled"
    line(f"P(alive), expectation, 12-month CLV, {ours_size:,}", took, theirs, note)


def _their_scores(x: Ints, recency: Ints, age: Ints) -> float:
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    fitter, spend = BetaGeoFitter(), GammaGammaFitter()
    fitter.fit(x[:5_000], recency[:5_000] / 7, age[:5_000] / 7)
    fitter.params_ = pd.Series({"r": TRUTH.r, "alpha": TRUTH.alpha, "a": TRUTH.a, "b": TRUTH.b})
    spend.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    columns = [pd.Series(v) for v in (x, recency / 7, age / 7)]
    begin = time.perf_counter()
    fitter.conditional_probability_alive(*columns)
    fitter.conditional_expected_number_of_purchases_up_to_time(52, *columns)
    amounts = pd.Series(np.where(x > 0, 35.0, 0.0))
    spend.customer_lifetime_value(fitter, *columns, amounts, time=12, discount_rate=0.008, freq="W")
    return time.perf_counter() - begin


def tables(rows: int) -> None:
    orders = transactions(rows)
    ours, _ = timed(lambda: summarise(orders), 3)
    theirs = None
    if RIVAL:
        import pandas as pd
        from lifetimes.utils import summary_data_from_transaction_data as summary

        plain = {name: orders[name].to_numpy() for name in ("customer", "amount")}
        frame = pd.DataFrame({**plain, "date": pd.to_datetime(orders["day"].to_numpy(), unit="D")})
        begin = time.perf_counter()
        summary(frame, "customer", "date", "amount", freq="D")
        theirs = time.perf_counter() - begin
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
            line(name, took, None, "" if done.returncode == 0 else "command line not installed here")


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
    quick = "--quick" in sys.argv
    print("| what | ours s | lifetimes s | ratio | note |\n| --- | --- | --- | --- | --- |")
    fits((23_570, 100_000) if quick else (23_570, 100_000, 1_000_000))
    scores(100_000 if quick else 1_000_000, 20_000 if quick else 100_000)
    tables(400_000 if quick else 4_000_000)
    processes()
    memory(100_000 if quick else 1_000_000)
    if not RIVAL:
        print("\nlifetimes is not installed here: nothing was compared.")


if __name__ == "__main__":
    main()
