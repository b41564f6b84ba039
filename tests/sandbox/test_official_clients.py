"""HubSpot's own two clients run their main flows against the sandbox, unmodified but for the address."""

from __future__ import annotations

from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicAssociationMultiPost as LinkBatch
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest as LinkQuery
from hubspot.crm.contacts import BatchInputSimplePublicObjectBatchInput as UpdateBatch
from hubspot.crm.contacts import BatchInputSimplePublicObjectBatchInputUpsert as UpsertBatch
from hubspot.crm.contacts import BatchInputSimplePublicObjectId as Ids
from hubspot.crm.contacts import BatchReadInputSimplePublicObjectId as ReadBatch
from hubspot.crm.contacts import PublicObjectSearchRequest, SimplePublicObjectInput
from hubspot.crm.contacts import SimplePublicObjectInputForCreate as NewContact
from hubspot.crm.contacts.exceptions import ApiException
from hubspot.crm.deals import SimplePublicObjectInputForCreate as NewDeal
from hubspot.crm.lists import ListCreateRequest
from hubspot.crm.pipelines import PipelineStageInput
from hubspot.crm.properties import PropertyCreate, PropertyGroupCreate, PropertyUpdate
from hubspot_sdk import BadRequestError, NotFoundError, RateLimitError
from hubspot_sdk import HubSpot as Sdk

from plugin.sandbox.portals import Portal
from plugin.sandbox.server import SandboxServer
from plugin.sandbox.world import World
from tests.sandbox.conftest import people
from tests.sandbox.test_account import BACK, code


@pytest.fixture
def client(sandbox: SandboxServer) -> HubSpot:
    """hubspot-api-client 12, which speaks v3, v4 and oauth v1."""
    return HubSpot(access_token=sandbox.token, host=sandbox.url)


@pytest.fixture
def sdk(sandbox: SandboxServer) -> Sdk:
    """hubspot-sdk, which speaks 2026-03."""
    return Sdk(access_token=sandbox.token, base_url=sandbox.url, max_retries=0)


def deal_for(contact: str) -> NewDeal:
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
    return NewDeal(
        properties={"dealname": "D", "dealstage": "closedwon", "amount": "10"},
        associations=[{"to": {"id": contact}, "types": [spec]}],
    )


def test_contacts_through_the_old_client(client: HubSpot) -> None:
    basic = client.crm.contacts.basic_api
    values = {"email": "a@example.org", "firstname": "Ada"}
    made = basic.create(NewContact(properties=values, associations=[]))
    basic.update(made.id, SimplePublicObjectInput(properties={"city": "Oslo"}))
    found = basic.get_by_id(made.id, properties=["city"], properties_with_history=["city"])
    assert found.properties["city"] == "Oslo"
    assert [one.value for one in found.properties_with_history["city"]] == ["Oslo"]
    assert [one.id for one in client.crm.contacts.get_all()] == [made.id]
    basic.archive(made.id)
    with pytest.raises(ApiException) as refusal:
        basic.get_by_id(made.id)
    assert refusal.value.status == 404


def test_batches_through_the_old_client(sandbox: SandboxServer, client: HubSpot) -> None:
    sandbox.store.load(World(contacts=people(3)))
    batch = client.crm.contacts.batch_api
    inputs: list[dict[str, Any]] = [{"id": str(one), "properties": {"city": "Oslo"}} for one in (1, 2)]
    updated = batch.update(UpdateBatch(inputs=inputs))
    assert [one.properties["city"] for one in updated.results] == ["Oslo", "Oslo"]
    query = ReadBatch(properties=["city"], properties_with_history=[], inputs=[{"id": "1"}, {"id": "99"}])
    read = batch.read(query)
    assert (read.num_errors, read.errors[0].context["ids"]) == (1, ["99"])
    upsert = [{"idProperty": "email", "id": "new@example.org", "properties": {"city": "Rome"}}]
    assert [one.new for one in batch.upsert(UpsertBatch(inputs=upsert)).results] == [True]
    batch.archive(Ids(inputs=[{"id": "3"}]))
    assert "3" not in {one.id for one in client.crm.contacts.get_all()}


def test_a_bad_value_reaches_the_old_client_as_400(sandbox: SandboxServer, client: HubSpot) -> None:
    sandbox.store.load(World(contacts=people(1)))
    with pytest.raises(ApiException) as refusal:
        client.crm.contacts.basic_api.update("1", SimplePublicObjectInput(properties={"lifecyclestage": "?"}))
    assert refusal.value.status == 400
    assert "INVALID_OPTION" in refusal.value.body


def test_deals_and_associations_through_the_old_client(sandbox: SandboxServer, client: HubSpot) -> None:
    sandbox.store.load(World(contacts=people(2)))
    deal = client.crm.deals.basic_api.create(deal_for("1"))
    found = client.crm.deals.basic_api.get_by_id(deal.id, associations=["contacts"])
    assert [one.id for one in found.associations["contacts"].results] == ["1"]
    batch = client.crm.associations.v4.batch_api
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
    link = {"from": {"id": deal.id}, "to": {"id": "2"}, "types": [spec]}
    batch.create("deals", "contacts", LinkBatch(inputs=[link]))
    read = batch.get_page("deals", "contacts", LinkQuery(inputs=[{"id": deal.id}]))
    assert [str(one.to_object_id) for one in read.results[0].to] == ["1", "2"]
    one = client.crm.associations.v4.basic_api
    one.create_default("contacts", "1", "contacts", "2")
    assert [str(row.to_object_id) for row in one.get_page("contacts", "1", "deals").results] == [deal.id]
    labels = client.crm.associations.v4.schema.definitions_api.get_all("deals", "companies")
    assert {(row.type_id, row.label) for row in labels.results} == {(341, None), (5, "Primary")}


def test_search_and_merge_through_the_old_client(sandbox: SandboxServer, client: HubSpot) -> None:
    sandbox.store.load(World(contacts=people(2)))
    group = {"filters": [{"propertyName": "email", "operator": "EQ", "value": "c2@example.org"}]}
    query = PublicObjectSearchRequest(
        filter_groups=[group], sorts=["-createdate"], properties=["email"], limit=10, after=0
    )
    found = client.crm.contacts.search_api.do_search(query)
    assert (found.total, found.results[0].id) == (1, "2")
    merged = client.crm.contacts.basic_api.merge({"primaryObjectId": "1", "objectIdToMerge": "2"})
    assert merged.properties["hs_merged_object_ids"] == "1;2"


def test_properties_and_pipelines_through_the_old_client(client: HubSpot) -> None:
    client.crm.properties.groups_api.create(
        "contacts", PropertyGroupCreate(name="customer_lifecycle", label="Customer lifecycle")
    )
    core = client.crm.properties.core_api
    made = core.create(
        "contacts",
        PropertyCreate(
            name="clm_clv", label="CLV", type="number", field_type="number", group_name="customer_lifecycle"
        ),
    )
    assert made.hubspot_defined is False
    assert core.update("contacts", "clm_clv", PropertyUpdate(label="Value")).label == "Value"
    assert "clm_clv" in {one.name for one in core.get_all("contacts").results}
    core.archive("contacts", "clm_clv")
    stages = client.crm.pipelines.pipeline_stages_api
    trial = PipelineStageInput(label="Trial", display_order=3, metadata={"probability": "0.3"})
    stages.create("deals", "default", trial)
    pipeline = client.crm.pipelines.pipelines_api.get_all("deals").results[0]
    assert "trial" in {one.id for one in pipeline.stages}


def test_owners_and_lists_through_the_old_client(sandbox: SandboxServer, client: HubSpot) -> None:
    sandbox.store.load(World(contacts=people(1)))
    assert [one.email for one in client.crm.owners.get_all()] == ["ada@example.com", "boris@example.com"]
    lists = client.crm.lists
    request = ListCreateRequest(name="Pilot", object_type_id="0-1", processing_type="MANUAL")
    made = lists.lists_api.create(request)
    number = made.list.list_id
    assert lists.memberships_api.add(number, ["1"]).records_ids_added == ["1"]
    assert [one.record_id for one in lists.memberships_api.get_page(number).results] == ["1"]


def test_oauth_through_the_old_client(sandbox: SandboxServer) -> None:
    app = sandbox.store.app
    client = HubSpot(host=sandbox.url)
    tokens = client.oauth.tokens_api.create(
        grant_type="authorization_code",
        code=code(sandbox),
        redirect_uri=BACK,
        client_id=app.client_id,
        client_secret=app.client_secret,
    )
    assert tokens.expires_in == 1800
    info = client.oauth.access_tokens_api.get(tokens.access_token)
    assert (info.hub_id, info.app_id) == (4242, app.app_id)
    assert client.oauth.refresh_tokens_api.get(tokens.refresh_token).client_id == app.client_id


def test_records_through_the_new_client(sandbox: SandboxServer, sdk: Sdk) -> None:
    sandbox.store.load(World(contacts=people(3)))
    contacts = sdk.crm.objects.contacts
    made = contacts.create(associations=[], properties={"email": "a@example.org"})
    assert contacts.update(made.id, properties={"city": "Oslo"}).properties["city"] == "Oslo"
    assert contacts.get(made.id, properties=["city"]).properties["city"] == "Oslo"
    assert len(list(contacts.list(limit=2))) == 4  # pages follow each other
    read = contacts.batch.get(properties=["email"], properties_with_history=[], inputs=[{"id": "1"}])
    assert read.results[0].properties["email"] == "c1@example.org"
    update = contacts.batch.update(inputs=[{"id": "1", "properties": {"city": "Rome"}}])
    assert update.results[0].properties["city"] == "Rome"
    contacts.delete(made.id)
    with pytest.raises(NotFoundError):
        contacts.get(made.id)
    with pytest.raises(BadRequestError):
        contacts.update("1", properties={"nonsense": "1"})


def test_deals_and_associations_through_the_new_client(sandbox: SandboxServer, sdk: Sdk) -> None:
    sandbox.store.load(World(contacts=people(2)))
    spec: Any = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
    deal = sdk.crm.objects.deals.create(
        associations=[{"to": {"id": "1"}, "types": [spec]}],
        properties={"dealname": "D", "dealstage": "closedwon"},
    )
    link: Any = {"from": {"id": deal.id}, "to": {"id": "2"}, "types": [spec]}
    sdk.crm.associations.batch.create("contacts", from_object_type="deals", inputs=[link])
    read = sdk.crm.associations.batch.get("contacts", from_object_type="deals", inputs=[{"id": deal.id}])
    assert [one.to_object_id for one in read.results[0].to] == ["1", "2"]
    listed = list(sdk.crm.associations.list("deals", object_type="contacts", object_id="2"))
    assert [one.to_object_id for one in listed] == [deal.id]


def test_the_account_through_the_new_client(sandbox: SandboxServer, sdk: Sdk) -> None:
    assert sdk.account.get().portal_id == 4242
    assert sdk.crm.limits.get_custom_property_limits().overall_usage == 0
    assert [one.email for one in sdk.crm.owners.list()] == ["ada@example.com", "boris@example.com"]
    names = [one.name for one in sdk.crm.properties.list("contacts").results]
    assert "lifecyclestage" in names
    assert sdk.crm.pipelines.list("deals").results[0].id == "default"


def test_oauth_through_the_new_client(sandbox: SandboxServer, sdk: Sdk) -> None:
    app = sandbox.store.app
    secrets = {"client_id": app.client_id, "client_secret": app.client_secret}
    tokens = sdk.auth.oauth.create_token(
        grant_type="authorization_code", code=code(sandbox), redirect_uri=BACK, **secrets
    )
    info = sdk.auth.oauth.introspect_token(token=tokens.access_token, **secrets)
    assert (info.hub_id, info.active) == (4242, True)


def test_the_new_client_sees_the_rate_limit() -> None:
    with SandboxServer(portal=Portal(burst_limit=1)) as server:
        sdk = Sdk(access_token=server.token, base_url=server.url, max_retries=0)
        sdk.crm.owners.list()
        with pytest.raises(RateLimitError):
            sdk.crm.owners.list()
