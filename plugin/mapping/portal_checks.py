"""What in a mapping does not fit its portal: pipelines, outputs, account; sources by `portal_sources`."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from plugin.mapping.clash import Clash, named
from plugin.mapping.findings import Severity, nearest
from plugin.mapping.model import Mapping
from plugin.mapping.portal_facts import PipelineFacts, PortalFacts, PropertyFacts, StageFacts
from plugin.mapping.portal_sources import source_clashes
from plugin.mapping.positions import Path

OUR_GROUP = "customer_lifecycle"
_SOLD: tuple[Path, ...] = (("purchase", "pipelines"), ("purchase", "won_stages"))
_CUSTOMER: tuple[Path, ...] = (("customer",),)


def portal_clashes(mapping: Mapping, facts: PortalFacts, stated: Container[Path]) -> Iterator[Clash]:
    """Every fault and oddity of a mapping, as far as it could be read, in this portal.

    `stated` holds the paths that the file itself has; everything else is the shipped default's.
    """
    yield from _pipelines(mapping, facts)
    yield from source_clashes(mapping, facts, stated)
    yield from _outputs(mapping, facts)
    yield from _account(mapping, facts)
    for one in facts.unread:
        shown = ", ".join(repr(text) for text in one.examples)
        said = f"{one.count:,} values of {one.object_type} {one.name}: {one.problem}, for example {shown}."
        cure = "They are left out, never guessed: correct them in the CRM, or declare how they are written."
        paths = _paths_of(mapping, one.object_type, one.name)
        yield Clash(paths, "warning", said, cure, paths[:1])


def _pipelines(mapping: Mapping, facts: PortalFacts) -> Iterator[Clash]:
    known = {one.id: one for one in facts.pipelines}
    for place, wanted in enumerate(mapping.purchase.pipelines):
        if wanted not in known:
            labels = {one.label: one.id for one in facts.pipelines}
            cure = _right(wanted, known, labels, "pipelines")
            yield _error(("purchase", "pipelines"), place, f"The portal has no pipeline {wanted!r}.", cure)
    counted = [known[i] for i in mapping.purchase.pipelines if i in known] or list(facts.pipelines)
    stages = {stage.id: stage for one in facts.pipelines for stage in one.stages}
    here = {stage.id for one in counted for stage in one.stages}
    for place, wanted in enumerate(mapping.purchase.won_stages):
        if wanted not in stages:
            labels = {stage.label: stage.id for one in counted for stage in one.stages}
            cure = _right(wanted, stages, labels, "stages")
            yield _error(("purchase", "won_stages"), place, f"The portal has no deal stage {wanted!r}.", cure)
        elif wanted not in here and all(one in known for one in mapping.purchase.pipelines):
            said = f"The stage {wanted!r} belongs to a pipeline that is not among purchase.pipelines."
            wrong = _error(
                ("purchase", "won_stages"), place, said, "Add its pipeline, or take the stage out."
            )
            yield wrong._replace(rests_on=_SOLD[:1])
        elif not stages[wanted].won:
            said = f"The CRM does not count deals in {stages[wanted].label!r} ({wanted}) as won."
            yield _warning(
                ("purchase", "won_stages"), place, said, "Keep it only if a purchase is made there."
            )
    yield from _other_stages(mapping, counted, stages)
    # a stage or pipeline that is misspelt is told: what would follow from it is not
    right = not mapping.purchase.pipelines or any(one in known for one in mapping.purchase.pipelines)
    if right and all(one in stages for one in mapping.purchase.won_stages):
        yield from _all_never_won(mapping, counted)


def _other_stages(
    mapping: Mapping, counted: list[PipelineFacts], stages: dict[str, StageFacts]
) -> Iterator[Clash]:
    """Lost and refund stages that the portal does not have, or means otherwise."""
    for key in ("lost_stages", "refund_stages"):
        for place, wanted in enumerate(getattr(mapping.purchase, key)):
            if wanted not in stages:
                labels = {stage.label: stage.id for one in counted for stage in one.stages}
                cure = _right(wanted, stages, labels, "stages")
                yield _error(("purchase", key), place, f"The portal has no deal stage {wanted!r}.", cure)
            elif key == "lost_stages" and stages[wanted].won:
                said = f"The CRM counts deals in {stages[wanted].label!r} ({wanted}) as won."
                yield _warning(("purchase", key), place, said, "Keep it only if nothing is sold there.")


def _all_never_won(mapping: Mapping, counted: list[PipelineFacts]) -> Iterator[Clash]:
    idle = [one for one in counted if one.won_deals == 0 and any(stage.won for stage in one.stages)]
    if len(idle) > 1 and not (mapping.purchase.pipelines or mapping.purchase.won_stages):
        yield _idle(idle, counted)
        counted = [one for one in counted if one not in idle]
    for one in counted:
        yield from (odd._replace(rests_on=_SOLD) for odd in _never_won(mapping, one))


def _idle(idle: list[PipelineFacts], every: list[PipelineFacts]) -> Clash:
    """Several pipelines that nothing was won in, told once where the file names none: all count then."""
    listed = ", ".join(f"{one.label!r} ({one.id})" for one in idle[:3]) + (", …" if len(idle) > 3 else "")
    said = f"In {len(idle)} of {len(every)} pipelines no deal was ever won: {listed}."
    rest = ", ".join(one.id for one in every if one not in idle)
    cure = (
        f"If they are not meant, name those that count: `pipelines: [{rest}]`."
        if rest
        else "Check won_stages."
    )
    return _warning(("purchase", "pipelines"), 0, said, cure)


def _never_won(mapping: Mapping, one: PipelineFacts) -> Iterator[Clash]:
    chosen = set(mapping.purchase.won_stages)
    place = mapping.purchase.pipelines.index(one.id) if one.id in mapping.purchase.pipelines else 0
    if not any(stage.id in chosen if chosen else stage.won for stage in one.stages):
        said = (
            f"The pipeline {one.label!r} ({one.id}) has no stage that counts as won: it brings no purchase."
        )
        yield _warning(
            ("purchase", "pipelines"), place, said, "Name its stage in won_stages, or leave it out."
        )
    elif one.won_deals == 0:
        said = f"No deal of the pipeline {one.label!r} ({one.id}) was ever won."
        yield _warning(("purchase", "pipelines"), place, said, "Check won_stages, or leave the pipeline out.")


def _outputs(mapping: Mapping, facts: PortalFacts) -> Iterator[Clash]:
    for kind in mapping.customer_objects():
        have, missing = facts.properties.get(kind, {}), []
        for standard, output in mapping.written_outputs():
            path: Path = ("outputs", standard)
            found = have.get(output.name)
            if found is None:
                missing.append(output.name)
            else:
                wanted = facts.outputs.get(kind, {}).get(output.name, found.type)
                yield from (one._replace(rests_on=_CUSTOMER) for one in _output(kind, path, found, wanted))
        left = facts.left.get(kind)
        if left is not None and left < len(missing):
            said = f"{len(missing)} {kind} properties are to be made and HubSpot allows {left} more."
            cure, rests_on = "Switch outputs off, or delete unused properties.", (*_CUSTOMER, ("models",))
            yield Clash((("outputs",),), "error", said, cure, (*rests_on, ("outputs",)))


def _output(kind: str, path: Path, found: PropertyFacts, wanted: str) -> Iterator[Clash]:
    paths = ((*path, "name"), path, ("outputs",))
    if found.group != OUR_GROUP:
        said = f"The {kind} property {found.name} exists in the group {found.group}: it is not ours to write."
        yield Clash(paths, "error", said, f"Choose another name, for example lifecycle_{found.name}.")
    elif found.type != wanted:
        said = f"The {kind} property {found.name} is of type {found.type} and should be {wanted}."
        yield Clash(paths, "error", said, "Delete it in HubSpot's settings, or choose another name.")


def _account(mapping: Mapping, facts: PortalFacts) -> Iterator[Clash]:
    if mapping.currency and facts.currency and mapping.currency != facts.currency:
        said = f"Money is shown in {mapping.currency}, and the portal's currency is {facts.currency}."
        cure = "amount_in_home_currency is in the portal's: name a property in the other, or leave it empty."
        yield Clash((("currency",),), "warning", said, cure)
    if mapping.time_zone and facts.time_zone and mapping.time_zone != facts.time_zone:
        said = f"Days begin in {mapping.time_zone}, and the portal's time zone is {facts.time_zone}."
        yield Clash((("time_zone",),), "warning", said, "Leave it empty to take the portal's own.")


def _paths_of(mapping: Mapping, kind: str, name: str) -> tuple[Path, ...]:
    """Where a property is named in the file."""
    if kind == "deal":
        deal = mapping.purchase
        amounts: list[Path] = [("purchase", "amount", n) for n, one in enumerate(deal.amount) if one == name]
        keys = ("date", "margin_property", "cost_property")
        single: list[Path] = [("purchase", key) for key in keys if getattr(deal, key) == name]
        return (*amounts, *single, ("purchase",))
    paths: list[Path] = [
        (kind, key) if place is None else (kind, key, place)
        for key, place, one in named(mapping.sources(kind))
        if one == name
    ]
    return (*paths, (kind,))


def _error(path: Path, place: int, said: str, cure: str) -> Clash:
    return _clash(path, place, "error", said, cure)


def _warning(path: Path, place: int, said: str, cure: str) -> Clash:
    return _clash(path, place, "warning", said, cure)


def _clash(path: Path, place: int, severity: Severity, said: str, cure: str) -> Clash:
    return Clash(((*path, place), path, path[:1]), severity, said, cure)


def _right(wanted: str, ids: Iterable[str], labels: dict[str, str], kind: str) -> str:
    """The nearest right id, by id or by what people call it."""
    by_lower = {label.lower(): (label, id_) for label, id_ in labels.items()}
    close = nearest(wanted, [label for label, _ in by_lower.values()])
    if close:
        return f"Write {labels[close[0]]!r}: that is {close[0]!r}."
    if close := nearest(wanted, ids):
        return f"Did you mean {close[0]!r}?"
    listed = ", ".join(f"{id_!r} ({label})" for label, id_ in list(labels.items())[:12])
    return f"The {kind} are: {listed}."
