"""`lifecycle clv show`, `adopt` and `fit` without a file: the value models of a served portal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from plugin.jobs.context import Context

_portal = click.option("--portal", type=int, help="The portal's id; needed only where several are served.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command(epilog="Example: lifecycle clv show")
@_portal
@_json
def show(portal: int | None, as_json: bool) -> None:
    """The portal's value models: published or not and why, the models, what past days say, what waits."""
    from plugin.jobs.fit import value_standing

    with _context() as context:
        found = value_standing(context, _served(context, portal))
    click.echo(json.dumps(found) if as_json else as_text(found))


@click.command(epilog="Example: lifecycle clv adopt")
@_portal
def adopt(portal: int | None) -> None:
    """Say yes to a fit that waits because it moves the portal's total value far.

    Without it the fit waits until the next weekly one confirms it.
    """
    from plugin.errors import InputError
    from plugin.jobs.fit import adopt_waiting, value_standing

    with _context() as context:
        served = _served(context, portal)
        if adopt_waiting(context, served) is None:
            raise InputError("No fit waits for a yes.", cure="`lifecycle clv show` shows what is in force.")
        found = value_standing(context, served)
    click.echo(f"In force now; every customer is computed again.\n{as_text(found)}")


def fit_now(portal: int | None, as_json: bool) -> None:
    """What the weekly job does, at once."""
    from plugin.cli.orders import working
    from plugin.errors import InputError
    from plugin.jobs.fit import scheduled_fit, value_standing

    with _context() as context:
        served = _served(context, portal)
        if value_standing(context, served)["version"] is None:
            raise InputError(
                "Nothing was read completely yet.", cure="Run `lifecycle backfill`: it fits, too."
            )
        with working("Reading and fitting"):
            scheduled_fit(context, served)
        found = value_standing(context, served)
    click.echo(json.dumps(found) if as_json else as_text(found))


@contextmanager
def _context() -> Iterator[Context]:
    from plugin.cli.portal import opened

    with opened() as parts:
        yield parts.context


def _served(context: Context, portal: int | None) -> int:
    from plugin.cli.portal import only_portal

    return only_portal(context.store, portal).portal_id


def as_text(found: dict[str, Any]) -> str:
    """For people."""
    lines = [f"portal {found['portal_id']}: parameters {found['version'] or 'not fitted yet'}"]
    if found["adopted_on"]:
        lines[0] += f" of {found['adopted_on']}"
    for object_type, one in found["objects"].items():
        lines += _object_lines(object_type, one)
    return "\n".join(lines)


def _object_lines(object_type: str, one: dict[str, Any]) -> list[str]:
    if one["published"]:
        params = ", ".join(f"{name} {value:.4g}" for name, value in one["params"].items())
        lines = [f"{object_type}: predictions are published, by {one['model']} ({params})"]
        lines.append(f"  {one['customers']:,} customers, predicted value in all {one['total']:,.0f}")
    else:
        lines = [f"{object_type}: nothing is predicted, because:"]
        lines += [f"  - {reason}" for reason in one["reasons"]]
    if one["waiting"] is not None:
        lines.append(
            f"  a new fit with a total of {one['waiting']:,.0f} waits: `lifecycle clv adopt` says yes"
        )
    lines += _past_lines(one)
    counts = [f" ({f['count']:,})" if "count" in f else "" for f in one["findings"]]
    return lines + [f"  note: {f['message']}{c}" for f, c in zip(one["findings"], counts, strict=True)]


def _past_lines(one: dict[str, Any]) -> list[str]:
    past = one.get("backtest")
    if not past or not past["origins"]:
        return []
    low, high = one["risk_bands"]
    lines = [
        f"  on {len(past['origins'])} past days (error of the purchases in 90 days; AUC of the churn risk):"
    ]
    for name, score in past["scores"].items():
        rmse, auc = ("–" if score[k] is None else f"{score[k]:.3f}" for k in ("rmse", "auc"))
        lines.append(f"    {name:<20} {rmse:>8} {auc:>8}")
    return [*lines, f"  churn risk is medium above {low:.0%}, high above {high:.0%}"]
