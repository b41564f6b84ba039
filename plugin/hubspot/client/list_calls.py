"""A portal's lists: found, made, renamed, dropped, and who is on them. A part of `Crm`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from plugin.errors import CrmError
from plugin.hubspot.client.generated import Apis
from plugin.hubspot.client.reading import chunks
from plugin.hubspot.protocol import records
from plugin.hubspot.protocol.objects import TYPE_IDS
from plugin.hubspot.protocol.requests import (
    BATCH_SIZE,
    create_list_request,
    drop_list_request,
    list_by_name_request,
    list_request,
    lists_by_id_request,
    members_request,
    rename_list_request,
)


class ListCalls:
    """Calls about lists; ids are HubSpot's list ids as text."""

    _apis: Apis

    def list_type(self, list_id: str) -> str:
        """The object type of a list's members."""
        return records.list_type(self._apis.send(list_request(list_id)))

    def list_named(self, object_type: str, name: str) -> str | None:
        """The id of the list with that name, or None."""
        try:
            body = self._apis.send(list_by_name_request(TYPE_IDS[object_type], name))
        except CrmError as error:
            if error.status == 404:
                return None
            raise
        return str(body["list"]["listId"])

    def create_list(self, object_type: str, name: str, rows: Sequence[Mapping[str, Sequence[str]]]) -> str:
        """Make an active list of the records that meet one of `rows`: {property: any of these values}."""
        body = self._apis.send(create_list_request(TYPE_IDS[object_type], name, rows))
        return str(body["list"]["listId"])

    def list_names(self, list_ids: Sequence[str]) -> dict[str, str]:
        """The names of those lists that are there, by id."""
        found: dict[str, str] = {}
        for chunk in chunks(list(list_ids), BATCH_SIZE):
            body = self._apis.send(lists_by_id_request(chunk))
            found |= {str(one["listId"]): str(one["name"]) for one in body["lists"]}
        return found

    def rename_list(self, list_id: str, name: str) -> None:
        """Give a list another name; raises CrmRefused where another list has it."""
        self._apis.send(rename_list_request(list_id, name))

    def drop_list(self, list_id: str) -> None:
        """Remove a list; its records stay."""
        self._apis.send(drop_list_request(list_id))

    def list_members(self, list_id: str) -> Iterator[list[int]]:
        """The ids of the records on a list, a page at a time."""
        after: str | None = None
        while True:
            body = self._apis.send(members_request(list_id, after))
            yield [int(one["recordId"]) for one in records.results(body)]
            after = records.next_cursor(body)
            if after is None:
                return
