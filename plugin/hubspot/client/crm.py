"""One portal's CRM: every call that the product makes, each within the portal's budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests

from plugin.clock import Clock
from plugin.errors import CrmError
from plugin.hubspot.budget import Budget
from plugin.hubspot.client.breaker import Breaker
from plugin.hubspot.client.generated import Apis
from plugin.hubspot.client.importing import Imports
from plugin.hubspot.client.reading import chunks, read_all, read_associations, read_page
from plugin.hubspot.client.transport import Transport
from plugin.hubspot.client.updates import land
from plugin.hubspot.client.values import Page, ReadResult, SearchPage, UpdateResult
from plugin.hubspot.pace import Priority
from plugin.hubspot.protocol import definitions, records
from plugin.hubspot.protocol.definitions import (
    Account,
    Group,
    Owner,
    Pipeline,
    PropertyAllowance,
    PropertyDefinition,
)
from plugin.hubspot.protocol.objects import TYPE_IDS, plural
from plugin.hubspot.protocol.records import Association
from plugin.hubspot.protocol.requests import (
    ACCOUNT,
    BATCH_SIZE,
    CUSTOM_PROPERTY_LIMITS,
    SEARCH_PAGE_SIZE,
    UNINSTALL,
    TaskInput,
    create_list_request,
    drop_list_request,
    list_by_name_request,
    list_request,
    lists_by_id_request,
    members_request,
    rename_list_request,
    search_body,
    tasks_body,
    update_body,
)
from plugin.hubspot.protocol.retries import MIDNIGHT_UNKNOWN
from plugin.hubspot.versions import DEFAULT_VERSION, api_version


class Crm:
    """One portal's CRM. Object types are `contact`, `company`, `deal`, `task`; threads may share it.

    Every method raises a CrmError when HubSpot refuses or does not answer within the patience of `priority`.
    """

    def __init__(
        self,
        *,
        base_url: str,
        token: Callable[[], str],
        portal_id: int,
        budget: Budget,
        clock: Clock,
        version: str = DEFAULT_VERSION,
        priority: Priority = "live",
        session: requests.Session | None = None,
        breaker: Breaker | None = None,
        renew: Callable[[str], str] | None = None,
    ) -> None:
        """`token` gives an access token, `renew` another one instead of one that was refused with 401."""
        self.portal_id = portal_id
        self._clock = clock
        self._account: Account | None = None
        self._transport = Transport(
            base_url=base_url,
            token=token,
            budget=budget,
            clock=clock,
            version=api_version(version),
            session=session,
            breaker=breaker,
            renew=renew,
        )
        self._transport.until_midnight = self._until_midnight
        self._apis = Apis(self._transport, priority)

    def with_priority(self, priority: Priority) -> Crm:
        """The same portal, connections and breaker, in another class of the budget."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._apis = Apis(self._transport, priority)
        return other

    @property
    def imports(self) -> Imports:
        """Updates by file, for very many records at once."""
        return Imports(self._apis, self._clock.sleep)

    def account(self) -> Account:
        """The portal's own data; asked anew each time."""
        self._account = definitions.account(self._apis.send(ACCOUNT))
        return self._account

    def read(
        self, object_type: str, ids: Sequence[int], properties: Sequence[str], history: Sequence[str] = ()
    ) -> ReadResult:
        """Records by id, any number: 100 a call, 50 with history."""
        return read_all(self._apis, object_type, ids, properties, history)

    def page(
        self,
        object_type: str,
        properties: Sequence[str],
        history: Sequence[str] = (),
        associations: Sequence[str] = (),
        after: str | None = None,
        limit: int | None = None,
    ) -> Page:
        """One page of all records, with every association of each to the types named."""
        return read_page(self._apis, object_type, properties, history, associations, after, limit)

    def associations(self, from_type: str, to_type: str, ids: Sequence[int]) -> dict[int, list[Association]]:
        """Each id's associations with that type, to their end; 1,000 ids a call."""
        return read_associations(self._apis, from_type, to_type, ids)

    def update(self, object_type: str, inputs: Sequence[tuple[int, Mapping[str, str]]]) -> UpdateResult:
        """Update records, 100 a call; good rows land whatever the bad ones hold.

        An error that is not about rows raises even if earlier hundreds landed: read back what is uncertain.
        """
        rows: dict[int, dict[str, str]] = {}
        for number, values in inputs:  # HubSpot refuses a batch that names a record twice
            rows.setdefault(number, {}).update(values)
        done = [
            land(
                dict(chunk),
                lambda part: self._apis.records.update(plural(object_type), update_body(part.items())),
            )
            for chunk in chunks(list(rows.items()), BATCH_SIZE)
        ]
        return UpdateResult([u for one in done for u in one.updated], [f for one in done for f in one.failed])

    def properties(self, object_type: str) -> list[PropertyDefinition]:
        """Every property of the object type."""
        body = self._apis.properties.get_all(plural(object_type))
        return [definitions.definition(wire) for wire in records.results(body)]

    def create_property(self, object_type: str, definition: Mapping[str, Any]) -> PropertyDefinition:
        """Create a property from HubSpot's own fields (name, label, type, fieldType, groupName, …)."""
        return definitions.definition(self._apis.properties.create(plural(object_type), dict(definition)))

    def update_property(self, object_type: str, name: str, changes: Mapping[str, Any]) -> PropertyDefinition:
        """Change a property; `options` replaces them all."""
        return definitions.definition(self._apis.properties.update(plural(object_type), name, dict(changes)))

    def groups(self, object_type: str) -> list[Group]:
        """The property groups of the object type."""
        body = self._apis.groups.get_all(plural(object_type))
        return [Group(str(one["name"]), str(one.get("label") or "")) for one in records.results(body)]

    def create_group(self, object_type: str, name: str, label: str) -> None:
        """Create a property group."""
        self._apis.groups.create(plural(object_type), {"name": name, "label": label, "displayOrder": -1})

    def update_group(self, object_type: str, name: str, label: str) -> None:
        """Give a property group another label."""
        self._apis.groups.update(plural(object_type), name, {"label": label})

    def pipelines(self, object_type: str) -> list[Pipeline]:
        """Pipelines with their stages in order."""
        return [
            definitions.pipeline(w)
            for w in records.results(self._apis.pipelines.get_all(plural(object_type)))
        ]

    def owners(self) -> list[Owner]:
        """Every owner."""
        found: list[Owner] = []
        after = None
        while True:
            body = self._apis.owners.get_page(limit=500, after=after)
            found += [definitions.owner(wire) for wire in records.results(body)]
            after = records.next_cursor(body)
            if after is None:
                return found

    def search(
        self,
        object_type: str,
        filters: Sequence[Mapping[str, Any]],
        properties: Sequence[str] = (),
        sorts: Sequence[str] = (),
        after: str | None = None,
        limit: int = SEARCH_PAGE_SIZE,
    ) -> SearchPage:
        """Records that meet every filter ({propertyName, operator, value}); a sort with `-` is descending.

        At most 10,000 records of a search can be paged through; the index lags by a few moments.
        """
        query = search_body(
            [filters] if filters else [], properties, sorts, after, min(limit, SEARCH_PAGE_SIZE)
        )
        body = self._apis.search.do_search(plural(object_type), query)
        found = [records.record(wire) for wire in records.results(body)]
        return SearchPage(found, records.next_cursor(body), int(body.get("total") or 0))

    def property_allowance(self, object_type: str) -> PropertyAllowance | None:
        """How many custom properties the object type may have; None where the portal does not say."""
        try:
            body = self._apis.send(CUSTOM_PROPERTY_LIMITS)
        except CrmError as error:
            if error.status in (403, 404):
                return None
            raise
        return definitions.allowance(body, object_type)

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

    def create_tasks(self, tasks: Sequence[TaskInput]) -> list[int]:
        """Create tasks about records, 100 a call; gives their ids.

        Not repeated after a timeout, because the tasks may be there: the caller looks before it tries again.
        """
        made: list[int] = []
        for chunk in chunks(tasks, BATCH_SIZE):
            body = self._apis.records.create("tasks", tasks_body(chunk))
            made += [int(one["id"]) for one in records.results(body)]
        return made

    def delete_property(self, object_type: str, name: str) -> None:
        """Take a property away; HubSpot archives it for a while. One that is not there is no error."""
        self._apis.properties.archive(plural(object_type), name)

    def delete_group(self, object_type: str, name: str) -> None:
        """Take an empty property group away."""
        self._apis.groups.archive(plural(object_type), name)

    def uninstall(self) -> None:
        """Take the app out of this portal; its tokens are worth nothing afterwards. OAuth only."""
        self._apis.send(UNINSTALL)

    def _until_midnight(self) -> float:
        """Seconds until the daily allowance returns: midnight in the account's time zone (HubSpot's rule)."""
        if self._account is None:
            return MIDNIGHT_UNKNOWN
        now = self._clock.now().astimezone(ZoneInfo(self._account.time_zone))
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
        return (midnight - now).total_seconds()
