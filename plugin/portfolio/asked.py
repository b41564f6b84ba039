"""What is asked for: a period, and up to two of a segment, a channel and a cohort; checked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from plugin.errors import InputError
from plugin.lifecycle.ruleset import Models
from plugin.portfolio.cells import DIMENSIONS, PAIR
from plugin.portfolio.months import parse_month

POSSIBLE = "channel and segment, channel and cohort, or segment and cohort"


@dataclass(frozen=True)
class Scope:
    """Whose figures: the filters by dimension, in the order of DIMENSIONS; none: everyone's.

    The channel "" is the unknown one.
    """

    filters: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The name under which cells are kept."""
        if not self.filters:
            return "all"
        dimensions, members = zip(*self.filters, strict=True)
        return f"{'+'.join(dimensions)}:{PAIR.join(members)}"

    @property
    def shown(self) -> str:
        """all, channel:NAME, channel:NAME+cohort:MONTH."""
        return "+".join(f"{dimension}:{member}" for dimension, member in self.filters) or "all"

    @property
    def everyone(self) -> bool:
        """Whether nothing is filtered."""
        return not self.filters

    @property
    def pair(self) -> bool:
        """Whether two filters are combined: then the days that things took are not kept."""
        return len(self.filters) > 1

    def of(self, dimension: str) -> str | None:
        """What a dimension is filtered by; None: by nothing."""
        return dict(self.filters).get(dimension)


@dataclass(frozen=True)
class Asked:
    """What is asked for. `reactivation`: revenue of who came back counts in net revenue retention, too."""

    period: str | None = None
    segment: str | None = None
    channel: str | None = None
    cohort: str | None = None
    reactivation: bool = False

    def scope(self, models: Models, channels: Collection[str]) -> Scope:
        """Whose figures; InputError if there is none such, or more than two filters were named."""
        named = [name for name in DIMENSIONS if getattr(self, name) is not None]
        if len(named) > 2:
            raise InputError(
                "A channel, a segment and a cohort cannot be combined all three.",
                cure=f"Name at most two: {POSSIBLE}.",
            )
        return Scope(tuple((name, self._member(name, models, channels)) for name in named))

    def _member(self, dimension: str, models: Models, channels: Collection[str]) -> str:
        given = str(getattr(self, dimension))
        if dimension == "segment":
            return _one_of("segment", given, [s.key for s in models.segments])
        if dimension == "channel":
            return _channel(given, channels)
        if parse_month(given) is None:
            cure = "Write the month of the first purchase, like 2026-05."
            raise InputError(f"{given!r} is no cohort.", cure=cure)
        return given.strip()


def _one_of(kind: str, given: str, known: Collection[str]) -> str:
    if given not in known:
        cure = f"There are {', '.join(sorted(known))}." if known else "The mapping defines none."
        raise InputError(f"There is no {kind} {given!r}.", cure=cure)
    return given


def _channel(given: str, known: Collection[str]) -> str:
    names = {name.casefold(): name for name in known}
    if given.casefold() in names:
        return names[given.casefold()]
    if given in ("", "unknown"):
        return ""
    return _one_of("channel", given, [name or "unknown" for name in known])
