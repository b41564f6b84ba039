"""What one would use instead of the value room, each run by its own interpreter: JSON in, JSON out.

Called by `bench_clv.py` for every `--rival NAME=PYTHON`; needs numpy, pandas and the named library only:
    PYTHON bench/rivals.py lifetimes fit base.npz 3
A base has the arrays x, recency, age (days) or, for `table`, customer, day, amount. `seconds` is the median
of the runs but the first; `cold` is that of the first, compilation included.
"""

from __future__ import annotations

import contextlib
import io
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

NAMES = ("r", "alpha", "a", "b")
TRUTH = dict(zip(NAMES, (0.243, 4.414, 0.793, 2.426), strict=True))
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}


def frame(base: Any) -> pd.DataFrame:
    """Frequency, recency and T in weeks, as all of them want it."""
    size = len(base["x"])
    return pd.DataFrame(
        {
            "customer_id": np.arange(size),
            "frequency": base["x"].astype(float),
            "recency": base["recency"] / 7,
            "T": base["age"] / 7,
            "monetary_value": np.where(base["x"] > 0, 35.0, 0.0),
        }
    )


class Lifetimes:
    """lifetimes 0.11 (archived)."""

    def fit(self, data: pd.DataFrame) -> list[float]:
        from lifetimes import BetaGeoFitter

        fitter = BetaGeoFitter()
        fitter.fit(data["frequency"], data["recency"], data["T"])
        return [float(fitter.params_[name]) for name in NAMES]

    def scorer(self, data: pd.DataFrame) -> Callable[[], Any]:
        """P(alive), expectation and 12-month value by known parameters."""
        from lifetimes import BetaGeoFitter, GammaGammaFitter

        fitter, spend = BetaGeoFitter(), GammaGammaFitter()
        fitter.fit(*(data[n][:5_000] for n in ("frequency", "recency", "T")))
        fitter.params_, spend.params_ = pd.Series(TRUTH), pd.Series(SPEND)
        columns = [data[name] for name in ("frequency", "recency", "T")]

        def score() -> None:
            fitter.conditional_probability_alive(*columns)
            fitter.conditional_expected_number_of_purchases_up_to_time(52, *columns)
            spend.customer_lifetime_value(
                fitter, *columns, data["monetary_value"], time=12, discount_rate=0.008, freq="W"
            )

        return score

    def table(self, orders: pd.DataFrame) -> None:
        from lifetimes.utils import summary_data_from_transaction_data as summary

        summary(orders, "customer", "date", "amount", freq="D")


class Clvkit:
    """clvkit 0.2."""

    def _base(self, data: pd.DataFrame) -> Any:
        from clvkit import CustomerBase

        return CustomerBase(
            data.set_index("customer_id"),
            time_unit="W",
            collapse="D",
            observation_period_end=pd.Timestamp("1997-09-30"),
            has_monetary=True,
            on_negative="net",
        )

    def fit(self, data: pd.DataFrame) -> list[float]:
        from clvkit import BGNBD

        fitted = BGNBD().fit(self._base(data)).params_
        return [float(fitted[name]) for name in NAMES]

    def scorer(self, data: pd.DataFrame) -> Callable[[], Any]:
        from clvkit import CLV

        small = self._base(data[:5_000].assign(monetary_value=np.linspace(5, 60, min(5_000, len(data)))))
        model, base = CLV().fit(small), self._base(data)

        def score() -> None:
            model.transaction_model.probability_alive(base)
            model.transaction_model.predict(52, base)
            model.predict(horizon=52, discount_rate=0.0018, cb=base)

        return score

    def table(self, orders: pd.DataFrame) -> None:
        from clvkit import CustomerBase

        CustomerBase.from_transactions(orders, customer_id_col="customer", time_unit="D")


class Pymc:
    """pymc-marketing 1.3 (Python ≥ 3.12), maximum a posteriori with its default priors; no value scored."""

    def fit(self, data: pd.DataFrame) -> list[float]:
        from pymc_marketing import clv

        model = clv.BetaGeoModel()
        model.fit(data, method="map", progressbar=False)
        found = model.idata.posterior
        return [float(found[name].mean()) for name in NAMES]

    def scorer(self, data: pd.DataFrame) -> Callable[[], Any]:
        from pymc_marketing import clv

        model = clv.BetaGeoModel()
        model.fit(data[:5_000], method="map", progressbar=False)

        def score() -> None:
            model.expected_probability_alive(data)
            model.expected_purchases(data, future_t=52)

        return score

    def table(self, orders: pd.DataFrame) -> None:
        from pymc_marketing.clv.utils import rfm_summary

        rfm_summary(orders, "customer", "date", "amount", time_unit="D")


RIVALS: dict[str, Callable[[], Any]] = {"lifetimes": Lifetimes, "clvkit": Clvkit, "pymc-marketing": Pymc}


def main() -> None:
    name, task, file, times = sys.argv[1:5]
    rival, base, found = RIVALS[name](), np.load(file), None
    if task == "table":
        dates = pd.to_datetime(base["day"], unit="D")
        orders = pd.DataFrame({"customer": base["customer"], "date": dates, "amount": base["amount"]})
        work = lambda: rival.table(orders)  # noqa: E731
    elif task == "score":
        work = rival.scorer(frame(base))
    else:
        data = frame(base)
        work = lambda: rival.fit(data)  # noqa: E731
    took = []
    for _ in range(int(times)):
        begin = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            found = work()
        took.append(time.perf_counter() - begin)
    warm = took[1:] or took
    print(json.dumps({"seconds": statistics.median(warm), "cold": took[0], "params": found}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
