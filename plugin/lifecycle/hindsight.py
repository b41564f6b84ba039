"""What a fit is told of any day: who had bought by then, and how their contracts stood."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from plugin.lifecycle.contracts import Payments, payments
from plugin.lifecycle.events import Events
from plugin.lifecycle.ground import Ground
from plugin.lifecycle.parameters import Parameters
from plugin.lifecycle.pasts import Buyers, Pasts, buyers
from plugin.mapping.model import Mapping


@dataclass(frozen=True, eq=False)
class Hindsight:
    """The events of one object type's customers, looked at from any day (days since 1970)."""

    events: Events
    mapping: Mapping

    @cached_property
    def _pasts(self) -> Pasts:
        return Pasts(self.events)

    def buyers(self, day: int) -> Buyers:
        """Everyone who had bought by then, in the order of their ids."""
        return buyers(self.events, day, self._pasts)

    def payments(self, day: int) -> Payments:
        """Their payments and contracts, in the same order."""
        return payments(Ground(self.events, self.mapping, Parameters(), day), self._pasts, day)
