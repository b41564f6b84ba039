"""Installing the CRM properties: right types and texts, repeatable, additive, and only ever our own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from plugin.clock import SystemClock
from plugin.errors import ConfigError
from plugin.hubspot.client import Crm, Option, PropertyDefinition
from plugin.hubspot.own_budget import NullBudget
from plugin.lifecycle.models import load_models
from plugin.mapping.model import OUTPUT_NAMES, Language, Mapping, ModelChoice, Output
from plugin.sandbox.server import SandboxServer
from plugin.sync.options import RuleOptions
from plugin.sync.properties import GROUP, install_properties, property_definitions
from plugin.sync.property_texts import LANGUAGES, TEXTS

WORDS: dict[Language, tuple[str, str, str]] = {
    "en": ("Lead", "Loyal", "Lost"),
    "ru": ("Лид", "Лояльный", "Потерян"),
    "pl": ("Lead (pl)", "Lojalny", "Utracony"),
}


@dataclass(frozen=True)
class TableOptions:
    """Options as a table; `keys` are the stages."""

    keys: tuple[str, ...] = ("lead", "loyal", "lost")

    def stages(self, model: str, language: Language) -> list[tuple[str, str]]:
        words = dict(zip(("lead", "loyal", "lost"), WORDS[language], strict=True))
        return [(key, words.get(key, key.title())) for key in self.keys]

    def model_label(self, model: str, language: Language) -> str:
        return f"{model} ({language})"

    def risk_levels(self, language: Language) -> list[tuple[str, str]]:
        return [("none", "None"), ("high", "High")]

    def risk_flags(self, language: Language) -> list[tuple[str, str]]:
        return [("sleeping", "Quiet"), ("lost", "Quiet")]

    def tiers(self, language: Language) -> list[tuple[str, str]]:
        return [("gold", "Gold")]

    def segments(self, language: Language) -> list[tuple[str, str]]:
        return [("champions", "Champions")]


OPTIONS = TableOptions()


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def crm(sandbox: SandboxServer) -> Crm:
    portal = sandbox.store.portals.get().id
    token = sandbox.token
    return Crm(
        base_url=sandbox.url, token=lambda: token, portal_id=portal, budget=NullBudget(), clock=SystemClock()
    )


def ours(crm: Crm, kind: str = "contact") -> dict[str, PropertyDefinition]:
    return {one.name: one for one in crm.properties(kind) if one.group == GROUP}


def writes(sandbox: SandboxServer) -> int:
    return sum(one["count"] for one in sandbox.stats.report()["calls"] if one["method"] != "GET")


def test_every_output_has_its_type_and_text_in_every_language() -> None:
    for language in LANGUAGES:
        wanted = property_definitions(Mapping(), OPTIONS, language)
        assert [one["name"] for one in wanted] == list(OUTPUT_NAMES)
        assert TEXTS[language].keys() == set(OUTPUT_NAMES)
        assert all(one["label"] and one["description"] and one["groupName"] == GROUP for one in wanted)
        assert len({one["label"] for one in wanted}) == len(wanted)
        assert all(one["options"] for one in wanted if one["type"] == "enumeration")


def test_types_are_those_promised() -> None:
    types = {
        one["name"]: (one["type"], one["fieldType"]) for one in property_definitions(Mapping(), OPTIONS, "en")
    }
    assert types["clm_stage"] == types["clm_next_stage"] == types["clm_tier"] == ("enumeration", "select")
    assert types["clm_risk_flags"] == types["clm_segment"] == ("enumeration", "checkbox")
    assert (
        types["clm_stage_since"]
        == types["clm_next_stage_on"]
        == types["clm_next_purchase_on"]
        == ("date", "date")
    )
    assert types["clm_clv"] == types["clm_churn_risk"] == types["clm_average_order"] == ("number", "number")
    assert types["clm_reason"] == types["clm_next_action"] == ("string", "textarea")


def test_money_and_shares_are_shown_as_such() -> None:
    wanted = {one["name"]: one for one in property_definitions(Mapping(), OPTIONS, "en")}
    assert all(wanted[n]["showCurrencySymbol"] for n in ("clm_value_to_date", "clm_clv", "clm_average_order"))
    assert (
        wanted["clm_churn_risk"]["numberDisplayHint"]
        == wanted["clm_p_alive"]["numberDisplayHint"]
        == "percentage"
    )


def test_a_renamed_output_a_switched_off_one_and_a_secondary_model() -> None:
    outputs = dict(Mapping().outputs) | {
        "clm_stage": Output("our_stage"),
        "clm_rfm": Output("clm_rfm", write=False),
    }
    mapping = replace(Mapping(), outputs=outputs, models=ModelChoice("lifecycle9", ("path5",)))
    wanted = {one["name"]: one for one in property_definitions(mapping, OPTIONS, "en")}
    assert wanted["our_stage"]["label"] == "Customer stage"
    assert "clm_rfm" not in wanted
    assert "clm_stage" not in wanted
    assert wanted["clm_stage_path5"]["label"] == "Customer stage: path5 (en)"
    assert [one["value"] for one in wanted["clm_stage_path5"]["options"]] == ["lead", "loyal", "lost"]


def test_two_options_never_share_a_label() -> None:
    wanted = {one["name"]: one for one in property_definitions(Mapping(), OPTIONS, "en")}
    assert [one["label"] for one in wanted["clm_risk_flags"]["options"]] == [
        "Quiet (sleeping)",
        "Quiet (lost)",
    ]


def test_an_installation_makes_the_group_and_the_properties(crm: Crm) -> None:
    report = install_properties(crm, Mapping(), OPTIONS, "ru")
    made = ours(crm)
    assert report.groups == (("contact", GROUP),)
    assert {name for _, name in report.created} == made.keys() == set(OUTPUT_NAMES)
    assert [one.label for one in crm.groups("contact") if one.name == GROUP] == ["Жизненный цикл клиента"]
    assert [option.label for option in made["clm_stage"].options] == ["Лид", "Лояльный", "Потерян"]
    assert ours(crm, "company") == {}


def test_a_second_installation_changes_nothing(crm: Crm, sandbox: SandboxServer) -> None:
    install_properties(crm, Mapping(), OPTIONS, "en")
    before = writes(sandbox)
    report = install_properties(crm, Mapping(), OPTIONS, "en")
    assert (report.lines(), report.unchanged, writes(sandbox)) == ([], len(OUTPUT_NAMES), before)


def test_both_customer_objects_get_them(crm: Crm) -> None:
    report = install_properties(crm, replace(Mapping(), customer="both"), OPTIONS, "en")
    assert ours(crm, "company").keys() == ours(crm).keys() == set(OUTPUT_NAMES)
    assert len(report.created) == 2 * len(OUTPUT_NAMES)


def test_another_language_changes_texts_only(crm: Crm) -> None:
    install_properties(crm, Mapping(), OPTIONS, "en")
    report = install_properties(crm, Mapping(), OPTIONS, "pl")
    stage = ours(crm)["clm_stage"]
    assert report.created == ()
    assert stage.label == "Etap klienta"
    assert [(one.value, one.label) for one in stage.options] == [
        ("lead", "Lead (pl)"),
        ("loyal", "Lojalny"),
        ("lost", "Utracony"),
    ]
    assert [one.label for one in crm.groups("contact") if one.name == GROUP] == ["Cykl życia klienta"]


def test_a_new_stage_is_added_and_an_old_one_stays_for_the_records_that_hold_it(crm: Crm) -> None:
    install_properties(crm, Mapping(), OPTIONS, "en")
    report = install_properties(crm, Mapping(), TableOptions(("lead", "advocate", "lost")), "en")
    assert [one.value for one in ours(crm)["clm_stage"].options] == ["lead", "advocate", "lost", "loyal"]
    assert ("contact", "clm_stage", "options updated") in report.changed


def test_what_a_person_renamed_stays_renamed(crm: Crm) -> None:
    install_properties(crm, Mapping(), OPTIONS, "en")
    crm.update_property("contact", "clm_stage", {"label": "Our journey"})
    options = [
        {"value": one.value, "label": "VIP" if one.value == "loyal" else one.label, "displayOrder": one.order}
        for one in ours(crm)["clm_stage"].options
    ]
    crm.update_property("contact", "clm_stage", {"options": options})
    install_properties(crm, Mapping(), TableOptions(("lead", "loyal", "lost", "new")), "pl")
    stage = ours(crm)["clm_stage"]
    assert stage.label == "Our journey"
    assert [one.label for one in stage.options] == ["Lead (pl)", "VIP", "Utracony", "New"]


def test_labels_that_an_earlier_version_wrote_are_renewed_and_no_value_is_lost(crm: Crm) -> None:
    """An RFM group stood there without RFM; a person's own name for another stays."""
    options = RuleOptions(load_models(Mapping()))
    install_properties(crm, Mapping(), options, "ru")
    before = [option.value for option in ours(crm)["clm_segment"].options]
    old = [
        {"value": one.value, "label": _former(one), "displayOrder": one.order}
        for one in ours(crm)["clm_segment"].options
    ]
    texts = {"description": "Сегменты, к которым относится клиент.", "options": old}
    crm.update_property("contact", "clm_segment", texts)
    report = install_properties(crm, Mapping(), options, "ru")
    assert report.changed == (("contact", "clm_segment", "description, options updated"),)
    now = {option.value: option.label for option in ours(crm)["clm_segment"].options}
    assert list(now) == before
    assert (now["rfm_hibernating"], now["rfm_champions"]) == ("RFM: Давно не покупали", "Our best")
    assert install_properties(crm, Mapping(), options, "ru").changed == ()


def _former(option: Option) -> str:
    return "Our best" if option.value == "rfm_champions" else option.label.removeprefix("RFM: ")


def test_a_foreign_property_of_the_same_name_is_refused_before_any_change(
    crm: Crm, sandbox: SandboxServer
) -> None:
    foreign = {"name": "clm_tier", "label": "Mine", "type": "string", "fieldType": "text"}
    crm.create_property("contact", foreign | {"groupName": "contactinformation"})
    before = writes(sandbox)
    with pytest.raises(ConfigError, match="clm_tier") as caught:
        install_properties(crm, Mapping(), OPTIONS, "en")
    assert "name: lifecycle_clm_tier" in caught.value.cure
    assert writes(sandbox) == before


def test_a_retyped_property_is_named_with_its_cure(crm: Crm) -> None:
    crm.create_group("contact", GROUP, "x")
    wrong = {"name": "clm_clv", "label": "x", "type": "string", "fieldType": "text", "groupName": GROUP}
    crm.create_property("contact", wrong)
    with pytest.raises(ConfigError, match="clm_clv is of type string and should be number"):
        install_properties(crm, Mapping(), OPTIONS, "en")


def test_too_small_an_allowance_stops_before_any_change(crm: Crm, sandbox: SandboxServer) -> None:
    sandbox.store.add_portal(replace(sandbox.store.portals.get(), custom_property_limit=10))
    with pytest.raises(ConfigError, match="HubSpot allows 10 more"):
        install_properties(crm, Mapping(), OPTIONS, "en")
    assert writes(sandbox) == 0
