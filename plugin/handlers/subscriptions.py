"""The webhooks to subscribe to: exactly those that `router` has a use for under a mapping."""

from __future__ import annotations

from plugin.mapping.model import Mapping

_KINDS = ("creation", "deletion", "merge", "restore", "associationChange")


def subscriptions(mapping: Mapping) -> list[dict[str, str]]:
    """{"type": "deal.creation"} … and, a property that is read, {"type": …, "property": …}.

    HubSpot's rule: one subscription a property, no wildcard. Our own outputs are not among them, so that
    our writes do not come back.
    """
    objects = ["contact", "deal", *(["company"] if "company" in mapping.customer_objects() else [])]
    kinds = [{"type": f"{name}.{kind}"} for name in objects for kind in _KINDS]
    properties = [
        {"type": f"{name}.propertyChange", "property": read}
        for name in objects
        for read in mapping.read_properties(name)
    ]
    return [*kinds, {"type": "contact.privacyDeletion"}, *properties]
