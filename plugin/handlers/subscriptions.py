"""The webhooks to subscribe to: exactly those that `router` has a use for under a mapping."""

from __future__ import annotations

from plugin.mapping.model import Mapping

_KINDS = ("creation", "deletion", "merge", "restore", "associationChange")


def subscriptions(*mappings: Mapping) -> list[dict[str, str]]:
    """{"type": "deal.creation"} … and, a property that is read, {"type": …, "property": …}; each once.

    An app has one set of them for all its portals: with several mappings it is what any of them reads.
    HubSpot's rule: one subscription a property, no wildcard. Our own outputs are not among them, so that
    our writes do not come back.
    """
    with_companies = any("company" in mapping.customer_objects() for mapping in mappings)
    objects = ["contact", "deal", *(["company"] if with_companies else [])]
    kinds = [{"type": f"{name}.{kind}"} for name in objects for kind in _KINDS]
    properties = [
        {"type": f"{name}.propertyChange", "property": read}
        for name in objects
        for read in dict.fromkeys(read for one in mappings for read in _read(one, name))
    ]
    return [*kinds, {"type": "contact.privacyDeletion"}, *properties]


def _read(mapping: Mapping, object_type: str) -> tuple[str, ...]:
    customers_or_deals = object_type != "company" or "company" in mapping.customer_objects()
    return mapping.read_properties(object_type) if customers_or_deals else ()
