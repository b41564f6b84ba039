"""hubspot-api-client over our transport: its API classes, with one ApiClient of ours in place of its twelve.

Each generated package brings an ApiClient with a connection pool, models and no limits of its own, and builds
all that anew at each property access. The APIs ask of it only what is below, so one small object serves them
all, and is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from types import ModuleType
from typing import Any

from hubspot import Client

from plugin.hubspot.client.transport import Transport
from plugin.hubspot.pace import Priority
from plugin.hubspot.protocol.requests import Request, from_generated


class _ApiClient:
    """What the generated code calls; answers are the decoded JSON, not models (ten times cheaper)."""

    client_side_validation = True

    def __init__(self, transport: Transport, priority: Priority) -> None:
        self._transport = transport
        self._priority = priority

    def select_header_accept(self, accepts: Sequence[str]) -> str:
        return ", ".join(accepts)

    def select_header_content_type(self, types: Sequence[str], method: str = "", body: Any = None) -> str:
        return types[0]

    def call_api(  # the generated code's positional order
        self,
        resource_path: str,
        method: str,
        path_params: Any = None,
        query_params: Any = None,
        header_params: Any = None,
        *,
        body: Any = None,
        **_ignored: Any,
    ) -> Any:
        request = from_generated(resource_path, method, path_params, query_params, body)
        return self._transport.call(request, self._priority)


class Apis:
    """The generated API objects that we use, each made once."""

    def __init__(self, transport: Transport, priority: Priority) -> None:
        self._transport = transport
        self._priority = priority
        ours = _ApiClient(transport, priority)

        def factory(package: ModuleType, name: str, _config: dict[str, Any]) -> Any:
            return getattr(package, name)(api_client=ours)

        self._crm = Client.create(api_factory=factory).crm

    def send(self, request: Request) -> Any:
        """A call that the generated client lacks."""
        return self._transport.call(request, self._priority)

    @cached_property
    def records(self) -> Any:
        """Batch reads, updates and creations of any object type."""
        return self._crm.objects.batch_api

    @cached_property
    def pages(self) -> Any:
        """Records page by page."""
        return self._crm.objects.basic_api

    @cached_property
    def search(self) -> Any:
        """Search."""
        return self._crm.objects.search_api

    @cached_property
    def associations(self) -> Any:
        """Batch reads of associations."""
        return self._crm.associations.v4.batch_api

    @cached_property
    def properties(self) -> Any:
        """Property definitions."""
        return self._crm.properties.core_api

    @cached_property
    def groups(self) -> Any:
        """Property groups."""
        return self._crm.properties.groups_api

    @cached_property
    def pipelines(self) -> Any:
        """Pipelines with their stages."""
        return self._crm.pipelines.pipelines_api

    @cached_property
    def owners(self) -> Any:
        """Owners."""
        return self._crm.owners.owners_api
