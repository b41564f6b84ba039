"""Requests to the CRM as values, and their bodies. Paths are the legacy ones; versions.py dates them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode

from plugin.hubspot.protocol.objects import plural

Policy = Literal["general", "search"]
#: The fields of a multipart form: file name (None: a plain field), content, content type.
Form = Mapping[str, tuple[str | None, bytes, str]]

#: HubSpot's limits on how much one call may carry.
BATCH_SIZE = 100
HISTORY_BATCH_SIZE = 50
ASSOCIATIONS_BATCH_SIZE = 1000
PAGE_SIZE = 100
HISTORY_PAGE_SIZE = 50
SEARCH_PAGE_SIZE = 200
#: HubSpot answers 414 to URLs over about 16,200 characters.
LONGEST_URL = 15_000


@dataclass(frozen=True)
class Request:
    """One call: `policy` names the allowance it is taken from; one not `repeatable` may run only once."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    policy: Policy = "general"
    repeatable: bool = True
    form: Form | None = None

    def target(self) -> str:
        """Path and query as they go over the wire."""
        return f"{self.path}?{urlencode(self.query, safe=',')}" if self.query else self.path


ACCOUNT = Request("GET", "/account-info/v3/details")
CUSTOM_PROPERTY_LIMITS = Request("GET", "/crm/v3/limits/custom-properties")
UNINSTALL = Request("DELETE", "/appinstalls/v3/external-install")
LIST_PAGE_SIZE = 250


def list_request(list_id: str) -> Request:
    """A list's own data."""
    return Request("GET", f"/crm/v3/lists/{quote(list_id, safe='')}")


def list_by_name_request(type_id: str, name: str) -> Request:
    """A list by its name, which is unique in a portal."""
    return Request("GET", f"/crm/v3/lists/object-type-id/{type_id}/name/{quote(name, safe='')}")


def create_list_request(type_id: str, name: str, rows: Sequence[Mapping[str, Sequence[str]]]) -> Request:
    """An active list of the records that meet one of `rows`: {enumeration property: any of these values}.

    HubSpot's rule: the root branch is an OR of AND branches, and filters stand only in the AND branches.
    """
    branches = [
        {
            "filterBranchType": "AND",
            "filterBranchOperator": "AND",
            "filterBranches": [],
            "filters": [_any_of(name, values) for name, values in row.items()],
        }
        for row in rows
    ]
    root = {
        "filterBranchType": "OR",
        "filterBranchOperator": "OR",
        "filters": [],
        "filterBranches": branches,
    }
    body = {"name": name, "objectTypeId": type_id, "processingType": "DYNAMIC", "filterBranch": root}
    return Request("POST", "/crm/v3/lists", body=body, repeatable=False)


def _any_of(name: str, values: Sequence[str]) -> dict[str, Any]:
    operation = {
        "operationType": "ENUMERATION",
        "operator": "IS_ANY_OF",
        "values": list(values),
        "includeObjectsWithNoValueSet": False,
    }
    return {"filterType": "PROPERTY", "property": name, "operation": operation}


def lists_by_id_request(list_ids: Sequence[str]) -> Request:
    """Several lists; those that are not there are left out of the answer."""
    return Request("GET", "/crm/v3/lists", tuple(("listIds", one) for one in list_ids))


def rename_list_request(list_id: str, name: str) -> Request:
    """Give a list another name. HubSpot's rule: no two lists of a portal share one."""
    return Request("PUT", f"{list_request(list_id).path}/update-list-name", (("listName", name),))


def drop_list_request(list_id: str) -> Request:
    """Remove a list; its records stay."""
    return Request("DELETE", list_request(list_id).path)


def members_request(list_id: str, after: str | None) -> Request:
    """A page of a list's members."""
    cursor = (("after", after),) if after else ()
    return Request(
        "GET", f"{list_request(list_id).path}/memberships", (("limit", str(LIST_PAGE_SIZE)), *cursor)
    )


def from_generated(
    template: str,
    method: str,
    path_params: Mapping[str, Any] | None,
    query_params: Iterable[tuple[str, Any]] | None,
    body: Any,
) -> Request:
    """The request that hubspot-api-client's generated code asks for."""
    path = template
    for name, value in (path_params or {}).items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    query = tuple((name, _query_text(value)) for name, value in query_params or ())
    search = path.endswith("/search")
    # creating a record twice makes two; a property or group has its own name and answers 409
    creates_records = "/objects/" in path and path.endswith("/batch/create")
    return Request(method, path, query, body, "search" if search else "general", not creates_records)


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def page_length(object_type: str, properties: Sequence[str], history: Sequence[str]) -> int:
    """How long the URL of a page would be, about."""
    return 200 + len(plural(object_type)) + sum(len(name) + 1 for name in (*properties, *history))


def read_body(ids: Sequence[int], properties: Sequence[str], history: Sequence[str]) -> dict[str, Any]:
    """A batch read of records by id."""
    body: dict[str, Any] = {"inputs": [{"id": str(number)} for number in ids], "properties": list(properties)}
    body["propertiesWithHistory"] = list(history)
    return body


def update_body(rows: Iterable[tuple[int, Mapping[str, str]]]) -> dict[str, Any]:
    """A batch update of records by id."""
    return {"inputs": [{"id": str(number), "properties": dict(values)} for number, values in rows]}


def associations_body(cursors: Iterable[tuple[int, str | None]]) -> dict[str, Any]:
    """A batch read of associations; each id with the cursor where its last answer ended."""
    inputs = ({"id": str(number)} | ({"after": after} if after else {}) for number, after in cursors)
    return {"inputs": list(inputs)}


def search_body(
    groups: Sequence[Sequence[Mapping[str, Any]]],
    properties: Sequence[str],
    sorts: Sequence[str],
    after: str | None,
    limit: int,
) -> dict[str, Any]:
    """A search: any of the groups, all filters of a group; a sort's leading minus means descending."""
    body: dict[str, Any] = {
        "filterGroups": [{"filters": [dict(one) for one in group]} for group in groups],
        "properties": list(properties),
        "sorts": [_sort(name) for name in sorts],
        "limit": limit,
    }
    return body | ({"after": after} if after else {})


def _sort(name: str) -> dict[str, str]:
    direction = "DESCENDING" if name.startswith("-") else "ASCENDING"
    return {"propertyName": name.removeprefix("-"), "direction": direction}


#: HubSpot-defined association types from a task.
_TASK_ABOUT = {"contact": 204, "company": 192, "deal": 216}


@dataclass(frozen=True)
class TaskInput:
    """A task to create, about one record; `due_at` in milliseconds, urgency NONE, LOW, MEDIUM or HIGH."""

    subject: str
    body: str
    due_at: int
    object_type: str
    object_id: int
    owner_id: int | None = None
    urgency: str = "MEDIUM"


def tasks_body(tasks: Iterable[TaskInput]) -> dict[str, Any]:
    """A batch creation of tasks, each tied to the record it is about."""
    return {"inputs": [_task(task) for task in tasks]}


def _task(task: TaskInput) -> dict[str, Any]:
    properties = {
        "hs_task_subject": task.subject,
        "hs_task_body": task.body,
        "hs_timestamp": str(task.due_at),  # HubSpot's name for a task's due moment
        "hs_task_status": "NOT_STARTED",
        "hs_task_priority": task.urgency,
        "hs_task_type": "TODO",
    }
    if task.owner_id is not None:
        properties["hubspot_owner_id"] = str(task.owner_id)
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _TASK_ABOUT[task.object_type]}
    return {"properties": properties, "associations": [{"to": {"id": str(task.object_id)}, "types": [kind]}]}
