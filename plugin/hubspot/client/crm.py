"""One portal's CRM: every call that the product makes, each within the portal's budget.

Records, search and tasks are here; definitions and lists in the two files beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests

from plugin.clock import Clock
from plugin.hubspot.budget import Budget
from plugin.hubspot.client.breaker import Breaker
from plugin.hubspot.client.definition_calls import DefinitionCalls
from plugin.hubspot.client.exporting import Exports
from plugin.hubspot.client.generated import Apis
from plugin.hubspot.client.importing import Imports
from plugin.hubspot.client.list_calls import ListCalls
from plugin.hubspot.client.reading import chunks, read_all, read_associations, read_page
from plugin.hubspot.client.transport import Transport
from plugin.hubspot.client.updates import land
from plugin.hubspot.client.values import Page, ReadResult, SearchPage, UpdateResult
from plugin.hubspot.pace import Priority
from plugin.hubspot.protocol import definitions, records
from plugin.hubspot.protocol.definitions import Account
from plugin.hubspot.protocol.objects import plural
from plugin.hubspot.protocol.records import Association
from plugin.hubspot.protocol.requests import (
    ACCOUNT,
    BATCH_SIZE,
    SEARCH_PAGE_SIZE,
    UNINSTALL,
    TaskInput,
    search_body,
    tasks_body,
    update_body,
)
from plugin.hubspot.protocol.retries import MIDNIGHT_UNKNOWN
from plugin.hubspot.versions import DEFAULT_VERSION, api_version


class Crm(DefinitionCalls, ListCalls):
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

    @property
    def exports(self) -> Exports:
        """All records of a type in a file, for very many at once."""
        return Exports(self._apis, self._transport.session, self._transport.base_url)

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

    def create_tasks(self, tasks: Sequence[TaskInput]) -> list[int]:
        """Create tasks about records, 100 a call; gives their ids.

        Not repeated after a timeout, because the tasks may be there: the caller looks before it tries again.
        """
        made: list[int] = []
        for chunk in chunks(tasks, BATCH_SIZE):
            body = self._apis.records.create("tasks", tasks_body(chunk))
            made += [int(one["id"]) for one in records.results(body)]
        return made

    def uninstall(self) -> None:
        """Take the app out of this portal; its tokens are worth nothing afterwards. OAuth only."""
        self._apis.send(UNINSTALL)

    def _until_midnight(self) -> float:
        """Seconds until the daily allowance returns: midnight in the account's time zone (HubSpot's rule)."""
        if self._account is None:
            return MIDNIGHT_UNKNOWN
        now = self._clock.now().astimezone(ZoneInfo(self._account.time_zone))
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
        return midnight.timestamp() - now.timestamp()  # a day on which the clocks change has 23 or 25 hours
