"""The scopes that the app asks for, and what each is for. The developer project names exactly these.

HubSpot's rule: the `scope` of the install address must equal the project's requiredScopes.
"""

from __future__ import annotations

#: scope → what it is for; without all of them the app cannot be installed
REQUIRED: dict[str, str] = {
    "oauth": "the installation itself",
    "crm.objects.contacts.read": "reading contacts: who bought, and when they were last active",
    "crm.objects.contacts.write": "writing stage, reason, risk and value onto contacts",
    "crm.objects.deals.read": "reading deals: purchases, and what is about to be bought",
    "crm.schemas.contacts.read": "seeing which contact properties exist",
    "crm.schemas.contacts.write": "making our own contact properties and their group",
    "crm.schemas.deals.read": "reading deal properties and pipelines: which stages count as won",
}
#: asked for as well; a portal that does not grant one lacks only what it is for
OPTIONAL: dict[str, str] = {
    "crm.objects.companies.read": "companies as customers: reading them",
    "crm.objects.companies.write": "companies as customers: writing onto them",
    "crm.schemas.companies.read": "companies as customers: seeing which properties exist",
    "crm.schemas.companies.write": "companies as customers: making our properties",
    "crm.objects.owners.read": "giving a task to the owner of its customer",
    "crm.lists.read": "going live for the members of a list first",
    "crm.lists.write": "making a list of each stage and risk flag (`install --lists`)",
    "crm.export": "reading a large base by exports (`HUBSPOT_BULK`)",
    "crm.import": "writing a large base by imports (`HUBSPOT_BULK`)",
}
_COMPANIES = tuple(scope for scope in OPTIONAL if "companies" in scope)


def missing(granted: tuple[str, ...]) -> list[str]:
    """The required scopes that were not granted."""
    return [scope for scope in REQUIRED if scope not in granted]


def needed_for_companies(granted: tuple[str, ...]) -> list[str]:
    """The scopes that companies as customers still need."""
    return [scope for scope in _COMPANIES if scope not in granted]
