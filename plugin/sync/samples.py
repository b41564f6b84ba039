"""A few customers, as different as they come: every kind of move, then of risk, flag, tier and segment.

Pure. Customers pass by once, in their order; what is kept of them does not grow with their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SAMPLES = 20
#: Customers kept of each trait beside the move, to choose from.
_EACH = 5
#: What is looked at, the weightiest first: a customer who shows a new level goes before one with a new tier.
_KINDS = ("level", "flag", "tier", "property", "other")

Sample = dict[str, Any]
Move = tuple[str, str]  # the stage from which, and the stage computed
Trait = tuple[str, str]  # kind, key


@dataclass(frozen=True, eq=False)
class _Kept:
    move: Move
    traits: tuple[Trait, ...]
    sample: Sample


@dataclass
class Samples:
    """Chooses at most twenty of those offered."""

    moves: Counter[Move] = field(default_factory=Counter)  # of all that were offered
    _seen: Counter[Trait] = field(default_factory=Counter)
    _of_move: Counter[Move] = field(default_factory=Counter)
    _of_trait: Counter[Trait] = field(default_factory=Counter)
    _pool: list[_Kept] = field(default_factory=list)

    def offer(
        self, body: Mapping[str, Any], move: Move, names: Iterable[str], make: Callable[[], Sample]
    ) -> None:
        """A customer's outcome, and the properties that would be another; `make` makes the sample of it."""
        traits = (*_traits(body), *(("property", name) for name in names))
        self.moves[move] += 1
        self._seen.update(traits)
        if self._of_move[move] >= SAMPLES and all(self._of_trait[one] >= _EACH for one in traits):
            return
        self._of_move[move] += 1
        self._of_trait.update(traits)
        self._pool.append(_Kept(move, traits, make()))

    def chosen(self) -> list[Sample]:
        """Those who move come first, the most frequent moves before others; the same customers every time."""
        movers = [one for one in self._pool if one.move[0] != one.move[1]]
        others = [one for one in self._pool if one.move[0] == one.move[1]]
        found = [*self._spread(movers), *self._spread(others)]
        return [one.sample for one in found[:SAMPLES]]

    def _spread(self, pool: list[_Kept]) -> Iterator[_Kept]:
        """In turns: each shows most that none before it showed; when all was shown, from the beginning."""
        left, shown = list(pool), set[Move | Trait]()
        for _ in range(min(SAMPLES, len(left))):
            if all(one.move in shown and shown.issuperset(one.traits) for one in left):
                shown.clear()
            best = max(left, key=lambda one: self._news(one, shown))
            left.remove(best)
            shown.update((best.move, *best.traits))
            yield best

    def _news(self, one: _Kept, shown: set[Move | Trait]) -> tuple[int, ...]:
        """What is new about a customer, the weightiest first; of equals the rarest."""
        new = [trait for trait in one.traits if trait not in shown]
        move = 0 if one.move in shown else self.moves[one.move]
        rarest = -min((self._seen[trait] for trait in one.traits), default=0)
        return (move, *(sum(trait[0] == kind for trait in new) for kind in _KINDS), rarest)


def _traits(body: Mapping[str, Any]) -> Iterator[Trait]:
    yield "level", body["risk_level"]
    yield from (("flag", key) for key in body["risk_flags"])
    if tier := body["metrics"].get("tier"):
        yield "tier", tier
    yield from (("other", key) for key in body["segments"])
    yield from (("other", f"{model}:{stage}") for model, stage in list(body["stages"].items())[1:])
