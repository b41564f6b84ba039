"""The CRM as the rest of the product sees it; only this package opens sockets to it."""

from plugin.hubspot.client.crm import Crm
from plugin.hubspot.client.values import (
    Failed,
    Page,
    ReadResult,
    SearchPage,
    Updated,
    UpdateResult,
)
from plugin.hubspot.protocol.definitions import (
    Account,
    Group,
    Option,
    Owner,
    Pipeline,
    PropertyAllowance,
    PropertyDefinition,
    Stage,
)
from plugin.hubspot.protocol.records import Association, Record
from plugin.hubspot.protocol.requests import TaskInput

__all__ = [
    "Account",
    "Association",
    "Crm",
    "Failed",
    "Group",
    "Option",
    "Owner",
    "Page",
    "Pipeline",
    "PropertyAllowance",
    "PropertyDefinition",
    "ReadResult",
    "Record",
    "SearchPage",
    "Stage",
    "TaskInput",
    "UpdateResult",
    "Updated",
]
