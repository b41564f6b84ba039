"""Writing HubSpot's own `lifecyclestage`, where the mapping wants it: cleared, set, and read back.

HubSpot's rule: the stage only moves forward. A backward write is answered 2xx and silently ignored; to go
back, it is cleared and set in two requests. So nothing counts as written before it was read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plugin.errors import ConfigError
from plugin.hubspot.client import Crm, Failed, PropertyDefinition
from plugin.mapping.model import LIFECYCLESTAGE
from plugin.mapping.model import Mapping as FieldMapping
from plugin.sync.diff import Change

IGNORED = "LIFECYCLESTAGE_IGNORED"


def clearing(batch: Sequence[Change], definition: PropertyDefinition | None) -> list[Change]:
    """What is to be cleared first: where the new stage is not ahead of the old one in the portal's order."""
    ranks = _ranks(definition)
    return [
        Change(change.key, {LIFECYCLESTAGE: change.old[LIFECYCLESTAGE]}, {LIFECYCLESTAGE: ""})
        for change in batch
        if change.new.get(LIFECYCLESTAGE)
        and change.old.get(LIFECYCLESTAGE)
        and not _is_forward(ranks, change.old[LIFECYCLESTAGE], change.new[LIFECYCLESTAGE])
    ]


def _ranks(definition: PropertyDefinition | None) -> dict[str, int]:
    options = sorted(definition.options, key=lambda one: one.order) if definition else ()
    return {option.value: rank for rank, option in enumerate(options)}


def _is_forward(ranks: Mapping[str, int], old: str, new: str) -> bool:
    return old in ranks and new in ranks and ranks[new] > ranks[old]


def after_clearing(batch: Sequence[Change], cleared: Sequence[Change]) -> list[Change]:
    """The batch as it is to be written once these stages were cleared: nothing stands there any more."""
    keys = {change.key for change in cleared}
    return [
        Change(one.key, {**one.old, LIFECYCLESTAGE: ""}, one.new) if one.key in keys else one for one in batch
    ]


def ignored(crm: Crm, object_type: str, batch: Sequence[Change]) -> list[Failed]:
    """Read the stages back: those that HubSpot did not take. One call for a hundred; raises CrmError."""
    wanted = {one.key[1]: one.new[LIFECYCLESTAGE] for one in batch if one.new.get(LIFECYCLESTAGE)}
    if not wanted:
        return []
    found = crm.read(object_type, sorted(wanted), [LIFECYCLESTAGE])
    stands = {one.id: one.properties.get(LIFECYCLESTAGE) or "" for one in found.records}
    return [
        Failed(id_, IGNORED, f"HubSpot keeps {stands[id_] or 'nothing'} instead of {stage}.", LIFECYCLESTAGE)
        for id_, stage in wanted.items()
        if id_ in stands and stands[id_] != stage
    ]


def check_options(object_type: str, mapping: FieldMapping, have: Mapping[str, PropertyDefinition]) -> None:
    """Refuse a mapping that names a stage which the portal does not have; raises ConfigError."""
    output = mapping.native_stage()
    if output is None:
        return
    found = have.get(LIFECYCLESTAGE)
    known = [option.value for option in found.options] if found else []
    strange = sorted(set(output.stages.values()) - set(known))
    if strange:
        raise ConfigError(
            f"The {object_type} property {LIFECYCLESTAGE} has no option {', '.join(strange)}.",
            cure=f"Map our stages to some of {', '.join(known)} (`outputs: lifecyclestage: stages:`), or add "
            "the stage in HubSpot's settings (Objects, Lifecycle stage).",
        )
