"""Another configuration comes into force while the product runs: checked, whole, without loss, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from plugin.cli.show import status_text
from plugin.clock import FixedClock
from plugin.errors import ConfigError, CrmError
from plugin.hubspot.client import Crm
from plugin.jobs import config_apply, config_files, config_turnover, sweeps
from plugin.jobs.config_apply import apply_bundle, rollback
from plugin.jobs.config_watch import FileWatch
from plugin.jobs.evaluate import work_portal, work_through
from plugin.jobs.fit import fit_portal
from plugin.jobs.status import status
from plugin.mapping.bundle import Bundle, read_bundle
from plugin.mapping.load import default_text
from plugin.records import configs, portals, work
from plugin.records.configs import COMMAND, EVERYONE, Origin
from plugin.records.schema import ledger, outcomes
from plugin.records.store import Store
from plugin.sandbox.loaders import cdnow, generate
from tests.conftest import NOON
from tests.support.house import House, differing, house

LOYAL_SOON = "version: 1\n# ours\nthresholds: {loyal_after_purchases: 2}\n"
RENAMED = "version: 1\noutputs: {clm_stage: our_stage}\n"
BROKEN = "version: 1\nthresholds: {loyal_after_purchases: many}\n"
MODEL = """model: two
labels: {en: Two stages}
stages:
  - {key: outside, labels: {en: Outside}}
  - {key: inside, labels: {en: Inside}}
rules:
  - {stage: inside, when: purchases >= 1}
  - {stage: outside}
"""


def by(home: House, who: str = "ada") -> Origin:
    return Origin(COMMAND, who, home.context.now())


def apply(home: House, text: str, **rules: str) -> config_apply.Applied:
    return apply_bundle(home.context, Bundle("ours.yaml", text.encode(), rules), by(home))


def in_force(home: House) -> configs.Version:
    with home.context.store.read() as connection:
        found = configs.current(connection, home.portal_id)
    assert found is not None
    return found


def ours(standing: dict[int, dict[str, str]]) -> dict[int, dict[str, str]]:
    return {
        i: {n: v for n, v in values.items() if n.startswith("clm_") and v} for i, values in standing.items()
    }


def bodies(store: Store) -> dict[int, str]:
    with store.read() as connection:
        return {
            row.object_id: row.body
            for row in connection.execute(sa.select(outcomes.c.object_id, outcomes.c.body))
        }


def test_the_first_version_is_the_shipped_default_word_for_word(store: Store, clock: FixedClock) -> None:
    """So that there is something to go back to."""
    with house(store, clock, cdnow(NOON.date(), limit=3)) as home:
        version = in_force(home)
        assert (version.number, version.source) == (1, "default")
        assert version.bundle is not None
        assert version.bundle.body == default_text().encode()


def test_a_version_comes_into_force_without_a_restart_and_everyone_is_computed_again(
    store: Store, clock: FixedClock
) -> None:
    """The same processes, the same context: what stands in the CRM is what the new mapping says."""
    with house(store, clock, cdnow(NOON.date(), limit=200)) as home:
        home.load()
        home.settle()
        before = home.standing()
        done = apply(home, LOYAL_SOON)
        assert done.version is not None
        assert (done.version.number, done.version.who) == (2, "ada")
        told = status(home.context)
        assert (told["settled"], told["pending"]) == (False, 200)
        home.settle()
        assert home.context.current(home.portal_id).mapping.thresholds["loyal_after_purchases"] == 2
        assert home.standing() != before
        assert differing(home) == []


def test_going_back_restores_the_file_and_every_outcome_byte_for_byte(
    store: Store, clock: FixedClock
) -> None:
    """Also the property that had another name meanwhile, and records that changed under that other name."""
    with house(store, clock, generate(60, seed=2, end=NOON.date())) as home:
        home.load()
        home.settle()
        first, before, standing = in_force(home), bodies(store), home.standing()
        made = apply(home, RENAMED + "thresholds: {loyal_after_purchases: 1, sleeping_fixed_days: 30}\n").made
        assert made == (f"portal {home.portal_id}, contact: our_stage made",)
        home.settle()
        assert bodies(store) != before
        back = rollback(home.context, by(home, "ben"))
        assert back.version is not None
        assert (back.version.number, back.version.note) == (3, "version 1 again")
        home.settle()
        version = in_force(home)
        assert version.bundle is not None
        assert first.bundle is not None
        assert version.bundle.body == first.bundle.body
        assert bodies(store) == before
        assert ours(home.standing()) == ours(standing)
        assert differing(home) == []


@pytest.mark.parametrize(
    ("text", "rules", "said"),
    [
        (BROKEN, {}, "ours.yaml:2:37"),
        ("version: 1\nlangage: en\n", {}, "language"),
        ("version: 1\nrules: [two.yaml]\nmodels: {primary: two}\n", {"two.yaml": MODEL[:-12]}, "two.yaml"),
        ("version: 1\nrules: [two.yaml]\nmodels: {primary: three}\n", {"two.yaml": MODEL}, "three"),
    ],
)
def test_what_is_wrong_never_comes_into_force(
    store: Store, clock: FixedClock, text: str, rules: dict[str, str], said: str
) -> None:
    """Nothing is kept of it, nothing is computed with it."""
    with house(store, clock, cdnow(NOON.date(), limit=3)) as home:
        home.load()
        home.settle()
        before = in_force(home), bodies(store)
        with pytest.raises(ConfigError) as caught:
            apply(home, text, **rules)
        assert said in str(caught.value)
        home.settle()
        assert (in_force(home), bodies(store)) == before


def test_what_the_portal_refuses_never_comes_into_force(store: Store, clock: FixedClock) -> None:
    """A property of another group is not ours to write."""
    with house(store, clock, cdnow(NOON.date(), limit=3)) as home:
        home.load()
        before = in_force(home)
        with pytest.raises(ConfigError, match="not ours"):
            apply(home, "version: 1\noutputs: {clm_stage: birthday}\n")
        assert in_force(home) == before


def test_a_rule_file_is_part_of_the_version(store: Store, clock: FixedClock) -> None:
    """Kept with it: the file on disk may change or go."""
    with house(store, clock, cdnow(NOON.date(), limit=20)) as home:
        home.load()
        home.settle()
        apply(home, "version: 1\nrules: [two.yaml]\nmodels: {primary: two}\n", **{"two.yaml": MODEL})
        home.settle()
        assert set(status(home.context)["portals"][0]["stages"]) == {"inside"}
        assert differing(home) == []


def test_new_fields_are_read_before_they_count(store: Store, clock: FixedClock) -> None:
    """The amount comes from a property that the mirror never had: everything is read again, by itself."""
    with house(store, clock, generate(60, seed=2, end=NOON.date())) as home:
        home.load()
        home.settle()
        before = home.standing()
        apply(home, "version: 1\npurchase: {amount: hs_mrr}\n")
        home.settle()
        now = home.standing()
        assert {v.get("clm_value_to_date") for v in now.values()} != {
            v.get("clm_value_to_date") for v in before.values()
        }
        assert differing(home) == []


def test_companies_come_in_where_only_contacts_were_customers(store: Store, clock: FixedClock) -> None:
    """A new kind of customer is read whole, and written."""
    with house(store, clock, generate(60, seed=2, end=NOON.date())) as home:
        home.load()
        home.settle()
        apply(home, "version: 1\ncustomer: both\n")
        home.settle()
        companies = home.standing("company")
        assert companies
        assert all(values.get("clm_stage") for values in companies.values())
        assert differing(home) == []


def test_another_definition_of_a_purchase_asks_for_a_fit_before_anyone_is_computed(
    store: Store, clock: FixedClock
) -> None:
    """The parameters in force are those of a fit with the new mapping, not the weekly one's."""
    with house(store, clock, generate(200, seed=3, end=NOON.date())) as home:
        home.load()
        home.settle()
        with store.read() as connection:
            portal = portals.get(connection, home.portal_id)
        assert portal is not None
        apply(home, "version: 1\npurchase: {margin_share: 0.5, won_stages: [closedlost]}\n")
        sweeps.mark_what_is_due(home.context)
        with store.read() as connection:
            assert work.waiting(connection, home.portal_id, home.context.now())[1] == 0
        home.settle()
        with store.read() as connection:
            fresh = portals.get(connection, home.portal_id)
        assert fresh is not None
        assert fresh.parameters_version == (portal.parameters_version or 0) + 1
        assert (
            fit_portal(home.context.current(home.portal_id), home.portal_id).version
            == fresh.parameters_version
        )
        assert differing(home) == []


def test_a_version_that_comes_during_a_round_waits_for_its_end(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No batch is written half from one version and half from the other, and nobody is left behind."""
    with house(store, clock, cdnow(NOON.date(), limit=300)) as home:
        home.load(live=False)
        home.settle()
        with store.write() as connection:
            portals.change(connection, home.portal_id, mode=portals.LIVE)
        sweeps.mark_what_is_due(home.context)
        real, calls = Crm.update, [0]

        def update(self: Crm, *args: object) -> object:
            calls[0] += 1
            if calls[0] == 1:
                apply(home, LOYAL_SOON)
            return real(self, *args)  # type: ignore[arg-type]

        monkeypatch.setattr(Crm, "update", update)
        monkeypatch.setattr("plugin.jobs.evaluate.EVALUATE_AT_ONCE", 150)
        work_through(home.context, home.portal_id, "bulk")
        assert calls[0] == 2  # the round that had begun, and the half batch that it left for a next one
        home.settle()
        assert differing(home) == []
        rows = sa.select(ledger.c.made_at, ledger.c.config_version).distinct()
        with store.read() as connection:
            versions: dict[int, set[str]] = {}
            for at, version in connection.execute(rows):
                versions.setdefault(at, set()).add(version)
        assert all(len(found) == 1 for found in versions.values()), versions
        assert len(set().union(*versions.values())) == 2


def test_events_that_arrive_while_versions_change_are_not_lost(store: Store, clock: FixedClock) -> None:
    """Between every two steps of the work another version comes; in the end nothing is missing."""
    world = generate(40, seed=5, end=NOON.date())
    texts = [LOYAL_SOON, RENAMED, "version: 1\npurchase: {amount: hs_mrr}\n", "version: 1\nlanguage: ru\n"]
    with house(store, clock, world) as home:
        home.load()
        for turn, text in enumerate(texts * 2):
            for contact in world.contacts[turn * 5 : turn * 5 + 5]:
                home.client().update("contact", [(contact.id, {"hs_analytics_source": "REFERRALS"})])
            assert home.crm.drained()
            work_portal(home.context, home.portal_id, "live")
            apply(home, text)
            config_turnover.turn_over(home.context, home.portal_id, lambda: False)
            clock.sleep(2)
            sweeps.mark_what_is_due(home.context)
            work_portal(home.context, home.portal_id, "live")
        home.settle()
        assert differing(home) == []
        assert status(home.context)["parked"] == 0


def test_a_portal_can_have_its_own_and_return_to_everyone_s(store: Store, clock: FixedClock) -> None:
    """Its own wins while it has one; what everyone gets passes it by."""
    with house(store, clock, cdnow(NOON.date(), limit=20)) as home:
        home.load()
        home.settle()
        own = Bundle("own.yaml", RENAMED.encode())
        apply_bundle(home.context, own, by(home), home.portal_id)
        apply(home, LOYAL_SOON)
        home.settle()
        assert in_force(home).portal_id == home.portal_id
        assert all(values.get("our_stage") for values in home.standing().values())
        rollback(home.context, by(home), 0, home.portal_id)
        home.settle()
        assert in_force(home).portal_id == EVERYONE
        mapping = home.context.current(home.portal_id).mapping
        assert mapping.thresholds["loyal_after_purchases"] == 2
        assert differing(home) == []
        with pytest.raises(ConfigError, match="not served"):
            apply_bundle(home.context, own, by(home), 999)


def test_the_file_is_watched_and_a_wrong_one_is_told_of_and_left(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """The old version goes on; mending the file is enough."""
    file = tmp_path / "m.yaml"
    file.write_text(RENAMED)
    with house(store, clock, cdnow(NOON.date(), limit=5), config=file) as home:
        home.load()
        assert (in_force(home).number, in_force(home).source) == (1, "file")
        assert config_files.take_up_again(home.context, file) is None
        file.write_text(BROKEN)
        assert config_files.take_up_again(home.context, file) is None
        told = status(home.context)["config_refused"]
        assert "m.yaml:2:37" in told["message"]
        assert f"{told['message'].rstrip()} {told['cure']}" in status_text(status(home.context))
        assert in_force(home).number == 1
        file.write_text(LOYAL_SOON)
        taken = config_files.take_up_again(home.context, file)
        assert taken is not None
        assert (taken.number, taken.who, taken.note) == (2, f"file {file}", "changed while running")
        assert status(home.context)["config_refused"] is None


def test_a_file_that_is_being_written_is_not_taken_up(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """Neither the empty file that a shell makes first, nor a first half that can be read without a fault."""
    file = tmp_path / "m.yaml"
    file.write_text(RENAMED)
    with house(store, clock, cdnow(NOON.date(), limit=2), config=file) as home:
        watch = FileWatch(home.context, file)
        assert (watch.look(), watch.look()) == (None, None)
        for written in ("", "version: 1\n", f"{LOYAL_SOON}# more", LOYAL_SOON):
            file.write_text(written)
            assert watch.look() is None
            assert status(home.context)["config_refused"] is None
            assert in_force(home).number == 1
        taken = watch.look()
        assert taken is not None
        assert taken.digest == read_bundle(file).digest
        assert watch.look() is None


def test_a_file_that_changes_under_the_look_waits_for_the_next(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """What was seen at rest is taken up, or nothing is; a fault of what came after is not told yet."""
    file = tmp_path / "m.yaml"
    file.write_text(RENAMED)
    with house(store, clock, cdnow(NOON.date(), limit=2), config=file) as home:
        for written in (LOYAL_SOON, "", BROKEN):
            file.write_text(written)
            assert config_files.take_up_again(home.context, file, "seen a moment ago") is None
        assert in_force(home).number == 1
        assert status(home.context)["config_refused"] is None


@pytest.mark.parametrize("body", ["", "\ufeff\n", "# only a word\n---\n  # and another\n"])
def test_an_empty_file_that_stays_is_refused_with_its_cure(
    store: Store, clock: FixedClock, tmp_path: Path, body: str
) -> None:
    """Also at a start, while a version is in force; mending the file is enough."""
    file = tmp_path / "m.yaml"
    file.write_text(RENAMED)
    with house(store, clock, cdnow(NOON.date(), limit=2), config=file) as home:
        known = home.context.configs
        assert known is not None
        file.write_text(body, encoding="utf-8")
        assert config_files.start(known, file, home.context.now()) is None
        assert config_files.let_be(home.context, file) is None
        with pytest.raises(ConfigError, match=r"m\.yaml is empty: version 1 stays in force"):
            config_files.take_up(home.context, file)
        watch = FileWatch(home.context, file)
        assert (watch.look(), watch.look()) == (None, None)
        told = status(home.context)["config_refused"]
        assert told["message"] == f"{file} is empty: version 1 stays in force."
        assert f"`lifecycle config show 1 --out {file}`" in told["cure"]
        assert "write `version: 1`" in told["cure"]
        assert in_force(home).number == 1
        file.write_text("version: 1\n")
        assert watch.look() is None
        assert watch.look() is not None
        assert status(home.context)["config_refused"] is None


def test_a_restart_does_not_undo_what_was_applied_or_taken_back(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """The file counts when it was changed, not because it is there."""
    file = tmp_path / "m.yaml"
    file.write_text(RENAMED)
    with house(store, clock, cdnow(NOON.date(), limit=5), config=file) as home:
        apply(home, LOYAL_SOON)
        assert config_files.take_up(home.context, file) is None
        rollback(home.context, by(home), 1)
        assert config_files.take_up(home.context, file) is None
        assert read_bundle(file).digest == in_force(home).digest
        assert in_force(home).number == 3


def test_two_who_apply_at_once_get_two_versions(store: Store, clock: FixedClock) -> None:
    """A number is taken once; the later one is in force."""
    with house(store, clock, cdnow(NOON.date(), limit=2)) as home, store.write() as connection:
        one = Bundle("a", LOYAL_SOON.encode())
        numbers = [
            configs.add(connection, store, EVERYONE, one, Origin(COMMAND, who, 1)).number
            for who in ("a", "b")
        ]
        assert numbers == [2, 3]
        assert home.portal_id


def test_a_crm_that_is_away_puts_the_turn_off_and_is_named_in_the_status(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the old work is lost; it goes on when the CRM is back."""
    with house(store, clock, cdnow(NOON.date(), limit=5)) as home:
        home.load()
        home.settle()
        apply(home, "version: 1\npurchase: {amount: hs_mrr}\n")

        def away(*_: Any, **__: Any) -> Any:
            raise CrmError("HubSpot is away", cure="Wait.")

        with monkeypatch.context() as gone:
            gone.setattr(Crm, "page", away)
            config_turnover.turn_over(home.context, home.portal_id)
        told = status(home.context)["portals"][0]
        assert told["config"]["error"]["message"] == "HubSpot is away"
        assert told["pending"] == 5
        home.settle()
        assert status(home.context)["portals"][0]["config"] == {
            "in_force": True,
            "customers_waiting": 0,
            "error": None,
        }


def test_values_that_cannot_be_read_are_counted_with_examples_in_the_status(
    store: Store, clock: FixedClock
) -> None:
    """Never guessed, never silent."""
    with house(store, clock, cdnow(NOON.date(), limit=6)) as home:
        home.load()
        apply(home, "version: 1\ncontact: {nps: firstname, markers: [lastname]}\n")
        home.settle()
        (unread,) = [one["unread"]["values"] for one in status(home.context)["portals"]]
        told = {(row["property"], row["problem"]): row for row in unread}
        assert set(told) == {("firstname", "not a number"), ("lastname", "not a date")}
        assert all(row["count"] >= 6 and len(row["examples"]) == 3 for row in unread)
