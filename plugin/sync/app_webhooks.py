"""Brings a legacy app's webhooks to what the mapping needs: a plan first, then as few calls as it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from plugin.errors import ConfigError
from plugin.hubspot.client.app_webhooks import AppWebhooks, Subscription
from plugin.sync.project import AT_ONCE, MOST

Wanted = tuple[str, str]  # event type, property (empty but for changes of a property)


@dataclass(frozen=True)
class Plan:
    """What is to be done; nothing of it where everything is as it should be."""

    target: str | None
    create: tuple[Wanted, ...]
    activate: tuple[Subscription, ...]
    delete: tuple[Subscription, ...]
    room: bool  # whether HubSpot has room for what is missing before anything is deleted

    @property
    def steps(self) -> int:
        """How many changes there are."""
        return len(self.create) + len(self.activate) + len(self.delete) + (self.target is not None)

    def lines(self) -> list[str]:
        """One line a change, in words."""
        target = [f"target: {self.target}"] if self.target is not None else []
        added = [f"+ {_words(one)}" for one in self.create]
        on = [f"+ {_words((one.type, one.property))} (switched on)" for one in self.activate]
        gone = [f"- {_words((one.type, one.property))}" for one in self.delete]
        return [*target, *added, *on, *gone]


def _words(one: Wanted) -> str:
    return f"{one[0]} {one[1]}".rstrip()


def plan(
    present: Iterable[Subscription],
    target: tuple[str, int] | None,
    wanted: Iterable[Mapping[str, str]],
    wanted_target: str,
) -> Plan:
    """What makes the present subscriptions the wanted ones; raises ConfigError beyond HubSpot's limit."""
    keys = {(one["type"], one.get("property", "")) for one in wanted}
    if len(keys) > MOST:
        raise ConfigError(
            f"The mapping needs {len(keys)} subscriptions, and HubSpot allows {MOST} to an app.",
            cure="Map fewer properties.",
        )
    have: dict[Wanted, Subscription] = {}
    spare: list[Subscription] = []
    for one in sorted(present, key=lambda one: (not one.active, one.id)):
        key = (one.type, one.property)
        if key in keys and key not in have:
            have[key] = one
        else:
            spare.append(one)
    return Plan(
        target=None if target == (wanted_target, AT_ONCE) else wanted_target,
        create=tuple(sorted(keys - have.keys())),
        activate=tuple(one for one in have.values() if not one.active),
        delete=tuple(spare),
        room=len(have) + len(spare) + len(keys - have.keys()) <= MOST,
    )


def carry_out(app: AppWebhooks, todo: Plan, told: Callable[[int], None]) -> None:
    """Do it: what is missing first, what is too much last, so that no event is missed in between.

    Stopped half-way, the next plan is the rest. `told` hears how many changes are done.
    """
    done = 0

    def step(count: int = 1) -> None:
        nonlocal done
        done += count
        told(done)

    def delete() -> None:
        for one in todo.delete:
            app.delete(one.id)
            step()

    if not todo.room:
        delete()
    if todo.target is not None:
        app.set_target(todo.target, AT_ONCE)
        step()
    for kind, name in todo.create:
        app.create(kind, name)
        step()
    app.activate([one.id for one in todo.activate])
    step(len(todo.activate))
    if todo.room:
        delete()
