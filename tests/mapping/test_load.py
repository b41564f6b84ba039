"""A mapping file says what fields mean; what is wrong in it is told at once, with line, column and cure."""

import dataclasses
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from plugin.errors import ConfigError
from plugin.mapping.load import check_mapping, default_text, fingerprint, load_mapping, read_mapping
from plugin.mapping.model import DEFAULT_THRESHOLDS, OUTPUT_NAMES, Mapping, Output, Purchase, Sources
from plugin.mapping.schema import SHIPPED_MODELS, MappingSchema


def _errors(text: str) -> list[tuple[int, int, str]]:
    findings = read_mapping(text.encode())[1]
    return [(f.line, f.column, f.message) for f in findings if f.severity == "error"]


def test_the_shipped_default_is_the_program_s_default():
    """What the commented file says is what holds without a file."""
    assert load_mapping() == Mapping()
    assert check_mapping() == []


def test_the_shipped_default_names_every_key():
    """A key that the file does not show is a key nobody finds."""
    shown = YAML(typ="safe", pure=True).load(default_text())
    assert set(shown) == set(MappingSchema().fields)
    assert set(shown["purchase"]) == {f.name for f in dataclasses.fields(Purchase)}
    for kind in ("contact", "company"):
        assert set(shown[kind]) == {f.name for f in dataclasses.fields(Sources)}
    assert set(shown["thresholds"]) == set(DEFAULT_THRESHOLDS)
    assert tuple(shown["outputs"]) == OUTPUT_NAMES
    assert all(name in default_text() for name in SHIPPED_MODELS)


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path):
    """One file with something of every section; the whole value compared."""
    file = tmp_path / "mapping.yaml"
    file.write_text(
        "version: 1\ntime_zone: Europe/Warsaw\ncurrency: PLN\nlanguage: pl\ncustomer: both\n"
        "purchase:\n  pipelines: [default, 12345]\n  won_stages: closedwon\n"
        "  amount: hs_arr\n  date: paid_on\n"
        "  margin_share: 0.4\n  attribution: primary\n"
        "contact:\n  nps: my_nps\n  engagement_dates: []\n  channel:\n"
        "company:\n  contract_until: contract_end\n"
        "thresholds:\n  onboarding_days: 14\n  sleeping_multiple: 3\n"
        "models: {primary: path5, secondary: [churn5]}\n"
        "outputs:\n  clm_stage: {name: our_stage, mode: unless_human}\n  clm_rfm: false\n"
        "  clm_tier: our_tier\n"
        "  clm_stage_churn5: churn_stage\n"
        "headers:\n  Kundennummer: id\n"
    )
    default = Mapping()
    outputs = {
        **default.outputs,
        "clm_stage": Output("our_stage", True, "unless_human"),
        "clm_rfm": Output("clm_rfm", False),
        "clm_tier": Output("our_tier"),
        "clm_stage_churn5": Output("churn_stage"),
    }
    loaded = load_mapping(file)
    assert loaded == dataclasses.replace(
        default,
        time_zone="Europe/Warsaw",
        currency="PLN",
        language="pl",
        customer="both",
        purchase=Purchase(
            pipelines=("default", "12345"),
            won_stages=("closedwon",),
            amount=("hs_arr",),
            date="paid_on",
            margin_share=0.4,
            attribution="primary",
        ),
        contact=dataclasses.replace(default.contact, nps="my_nps", engagement_dates=(), channel=None),
        company=dataclasses.replace(default.company, contract_until="contract_end"),
        thresholds={**DEFAULT_THRESHOLDS, "onboarding_days": 14, "sleeping_multiple": 3},
        models=dataclasses.replace(default.models, primary="path5", secondary=("churn5",)),
        outputs=outputs,
        headers={"Kundennummer": "id"},
    )
    assert check_mapping(file) == []
    assert ("clm_stage_churn5", Output("churn_stage")) in loaded.written_outputs()


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "cure"),
    [
        ("langage: en", 1, 1, "There is no key `langage`.", "Did you mean language?"),
        ("version: 2", 1, 10, "This program reads version 1, not 2.", "Write `version: 1`."),
        ("time_zone: Europe/Warsow", 1, 12, "'Europe/Warsow' is not a known time zone.", "Europe/Warsaw"),
        ("currency: EURO", 1, 11, "'EURO' is not a known currency.", "EUR"),
        ("language: de", 1, 11, "'de' is not one of en, ru, pl.", "one of them"),
        ("customer:\n", 1, 1, "`customer` has no value.", "the default holds"),
        ("purchase: won", 1, 11, "`purchase` is a section.", "indented"),
        ("purchase:\n  atribution: all", 2, 3, "There is no key `atribution` in purchase.", "attribution"),
        (
            "purchase:\n  date: Close Date",
            2,
            9,
            "'Close Date' is not a property's internal name.",
            "close_date",
        ),
        (
            "purchase:\n  amount:\n    - amount\n    - 7",
            4,
            7,
            "7 is not a property's internal name.",
            "internal name",
        ),
        ("purchase:\n  amount: [a, a]", 2, 15, "'a' stands here twice.", "Keep one."),
        ("purchase:\n  margin_share: 40", 2, 17, "40 is out of bounds.", "from 0 to 1"),
        ("thresholds:\n  onboarding_days: '30'", 2, 20, "'30' is not a whole number.", "whole number"),
        ("thresholds:\n  onboarding_days: 1.5", 2, 20, "1.5 is not a whole number.", "whole number"),
        ("thresholds:\n  onboarding_days: true", 2, 20, "true is not a whole number.", "whole number"),
        ("thresholds:\n  sleeping_multiple: .inf", 2, 22, "'.inf' is not a number.", "from 0.1"),
        (
            "thresholds: {sleping_min_days: 9}",
            1,
            14,
            "There is no key `sleping_min_days`",
            "sleeping_min_days",
        ),
        ("thresholds: {lost_min_days: 2000}", 1, 29, "lost_min_days (2000) is greater than", "at most"),
        ("models: {primary: lifecycle}", 1, 19, "'lifecycle' is not one of", "lifecycle9"),
        ("outputs:\n  clm_stge: false", 2, 3, "There is no output 'clm_stge'.", "clm_stage"),
        ("outputs:\n  clm_stage: {wrte: false}", 2, 15, "There is no key `wrte` in clm_stage.", "write"),
        ("outputs:\n  clm_stage: {write: 'no'}", 2, 22, "'no' is neither true nor false.", "without quotes"),
        (
            "outputs:\n  clm_stage: {mode: append}",
            2,
            21,
            "'append' is not one of overwrite",
            "Write one of them.",
        ),
        ("outputs:\n  clm_rfm: clm_tier", 2, 12, "are both written to clm_tier.", "Give each its own"),
        ("outputs: [a]", 1, 10, "Outputs are a list of names with settings.", "clm_stage:"),
        (
            "headers: {Datum: Close Date}",
            1,
            18,
            "'Close Date' is not a property's internal name.",
            "close_date",
        ),
        ("a: &x 1\nlanguage: *x", 2, 11, "`*x` is an alias.", "Write the value out."),
        ("language: !!python/object:os.system en", 1, 11, "The tag ", "plain value"),
        ("language: en\nlanguage: pl", 2, 1, "`language` stands here twice.", "Keep one"),
        ("---\nlanguage: en\n---\nlanguage: pl", 3, 1, "A second document starts here.", "one document"),
        ("purchase:\n\tdate: x", 2, 1, "This is not YAML", "spaces, not with tabs"),
        ("purchase: {date: x", 1, 19, "This is not YAML", "colon"),
        ("- a", 1, 1, "The file is not a set of `key: value` lines.", "version: 1"),
        ("? [a]\n: b", 1, 3, "A key must be a word", "key: value"),
        ("[" * 300, 1, 21, "This is nested too deeply.", "at most 20"),
    ],
)
def test_a_fault_is_told_with_its_place_and_cure(text, line, column, message, cure):
    """Where an editor should jump to, what is wrong there, what to do."""
    findings = [f for f in read_mapping(text.encode())[1] if f.severity == "error"]
    told = [f for f in findings if message in f.message]
    assert told, findings
    assert (told[0].line, told[0].column) == (line, column)
    assert cure in told[0].cure


def test_all_faults_are_told_at_once(tmp_path):
    """Six faults, one message, in the order of the lines; an alias, too, does not hide the others."""
    text = (
        "version: 1\nlangage: en\npurchase:\n  date: Close Date\n  attribution: halves\n"
        "thresholds: {just_bought_days: soon}\ncustomer: *x\noutputs: {clm_stage: 3}\n"
    )
    assert [line for line, _, _ in _errors(text)] == [2, 4, 5, 6, 7, 8]
    file = tmp_path / "mapping.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_mapping(file)
    said = str(caught.value)
    assert f"{file} has 6 faults:" in said
    assert f"{file}:2:1: There is no key `langage`. Cure: Did you mean language?" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("language: en", "does not say its version"),
        ("models: {primary: path5, secondary: [path5]}", "is the primary model and a secondary one"),
        ("outputs: {clm_stage_path5: {write: true}}", "is never written: path5 is no secondary model"),
        ("outputs: {clm_stage: {name: hs_analytics_source}}", "is written, and read as a source"),
        ("thresholds: {sleeping_fixed_days: 400}", "customers are lost before they sleep"),
        ("purchase: {amount: []}", "every figure of money stays empty"),
        ("purchase: {margin_property: m, margin_share: 0.5}", "margin_share is not used"),
        ("contact: {outreach_dates: [recent_conversion_date]}", "counts as the customer's act"),
    ],
)
def test_what_is_legal_but_odd_is_a_warning(text, message):
    """It is told, and the file still loads."""
    findings = read_mapping(text.encode())[1]
    assert [f.severity for f in findings] == ["warning"] * len(findings)
    assert any(message in f.message for f in findings)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("customer: company\ncontact:\n  cancelled_on: left_on", [(4, "contact.cancelled_on")]),
        (
            "customer: company\ncontact:\n  nps: score\n  extras: [tier]\n  markers: [demo]\n"
            "  engagement_dates: [seen]\n  engagement_counters: [n]\n  outreach_dates: [called]",
            [(4, "contact.nps"), (5, "contact.extras")],
        ),
        (
            "company:\n  cancelled_on: left_on\n  markers: [demo]",
            [(3, "company.cancelled_on"), (4, "company.markers")],
        ),
        ("customer: both\ncontact: {cancelled_on: a}\ncompany: {cancelled_on: b}", []),
        ("customer: company\ncontact: {channel: hs_analytics_source, cancelled: }", []),
    ],
)
def test_a_source_of_records_that_are_no_customers_is_told(text, told):
    """At its line; what a company's contacts tell about the company is used."""
    findings = read_mapping(f"version: 1\n{text}\n".encode())[1]
    customer = "company" if "customer: company" in text else "contact"
    said = [(line, f"customer is {customer}: {key} is not used.") for line, key in told]
    assert [(f.line, f.message) for f in findings] == said
    assert {f.cure for f in findings} <= {f"Write it under `{customer}`."}


@pytest.mark.parametrize("name", ["pl_PL", "en_XX", "English"])
def test_a_locale_of_another_language_or_none_is_refused(name):
    """Dates in Polish within English sentences help nobody."""
    ((line, _, message),) = _errors(f"version: 1\nlanguage: en\nlocale: {name}\n")
    assert line == 3
    assert name in message
    assert _errors("version: 1\nlocale: en_GB\n") == []


def test_margin_and_cost_together_are_refused():
    """Two answers to one question."""
    assert _errors("purchase:\n  margin_property: m\n  cost_property: c")[0][:2] == (3, 18)


def test_a_stage_is_won_or_lost_or_a_refund():
    """A list that says otherwise than another is refused at the stage."""
    assert _errors("purchase:\n  won_stages: [a]\n  lost_stages: [b, a]")[0][:2] == (3, 20)
    assert _errors("purchase:\n  refund_stages: [a]\n  lost_stages: [a]")[0][:2] == (3, 17)


def test_a_file_that_is_missing_too_long_or_not_text_is_told(tmp_path):
    """A cure for each; a byte order mark is no fault."""
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_mapping(tmp_path / "none.yaml")
    file = tmp_path / "mapping.yaml"
    file.write_bytes(b"a: " + b"x" * 1_000_000)
    assert "over 1,000,000 bytes" in check_mapping(file)[0].message
    file.write_bytes("version: 1\nlanguage: p\xf3l".encode("latin-1"))
    assert (check_mapping(file)[0].line, check_mapping(file)[0].column) == (2, 12)
    file.write_bytes(b"\xef\xbb\xbfversion: 1\n")
    assert check_mapping(file) == []


def test_a_bomb_of_aliases_does_not_go_off():
    """Ten levels of ten would be ten thousand million values."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11)]
    started = time.perf_counter()
    assert len(_errors("\n".join(levels))) > 100
    assert time.perf_counter() - started < 2


def test_the_fingerprint_follows_the_meaning(tmp_path):
    """Comments, order and 180 or 180.0 do not count; every value does."""
    base = fingerprint(Mapping())
    same = read_mapping(b"thresholds: {engaged_within_days: 180.0}  # as before\nlanguage: en")[0]
    assert fingerprint(same) == base
    others = [
        "language: pl",
        "time_zone: UTC",
        "thresholds: {engaged_within_days: 181}",
        "outputs: {clm_rfm: false}",
        "contact: {nps: x}",
        "company: {nps: x}",
        "purchase: {amount: [amount, amount_in_home_currency]}",
        "headers: {a: b}",
    ]
    assert len({base, *(fingerprint(read_mapping(t.encode())[0]) for t in others)}) == 9


def test_a_thousand_lines_are_checked_within_a_second():
    """An editor may check at every stroke."""
    text = default_text() + "".join(f"  'Header {n}': property_{n}\n" for n in range(1000))
    text = text.replace("headers: {}", "headers:")
    started = time.perf_counter()
    mapping, findings = read_mapping(text.encode())
    assert time.perf_counter() - started < 1
    assert (len(mapping.headers), findings) == (1000, [])


_words = st.sampled_from([*MappingSchema().fields, "amount", "x", "clm_stage", "write", "name", "primary"])
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _words
_trees = st.recursive(
    _scalars, lambda t: st.lists(t, max_size=3) | st.dictionaries(_words, t, max_size=3), max_leaves=12
)


@given(tree=st.dictionaries(_words, _trees, max_size=5))
@settings(max_examples=300, deadline=None)
def test_any_tree_of_values_is_answered_with_findings_never_with_a_traceback(tree):
    """Shapes nobody thought of; every finding points into the file."""
    from io import StringIO

    out = StringIO()
    YAML(typ="safe", pure=True).dump(tree, out)
    lines = out.getvalue().count("\n") + 1
    mapping, findings = read_mapping(out.getvalue().encode())
    assert all(1 <= f.line <= lines and f.column >= 1 and f.message and f.cure for f in findings)
    assert isinstance(fingerprint(mapping), str)


@given(
    raw=st.binary(max_size=80)
    | st.text(alphabet=" \n\t:-[]{}'\"#&*!|>%@`?,azAZ09~\\", max_size=80).map(str.encode)
)
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_answered_with_findings_never_with_a_traceback(raw):
    """A file is input, whatever is in it."""
    mapping, findings = read_mapping(raw)
    assert isinstance(mapping, Mapping)
    assert all(f.line >= 1 and f.cure for f in findings)


def test_a_model_of_ones_own_is_found_in_the_rule_files_the_mapping_names(tmp_path):
    """By their path from the mapping's folder; a file that is not there is named with line and column."""
    (tmp_path / "ours.yaml").write_text("# rules\n")
    file = tmp_path / "lifecycle.yaml"
    file.write_text("version: 1\nrules: [ours.yaml]\nmodels: {primary: ours}\n")
    assert load_mapping(file).rules == (str(tmp_path / "ours.yaml"),)
    file.write_text("version: 1\nrules: [ours.yaml, others.yaml]\n")
    (finding,) = check_mapping(file)
    assert (finding.line, finding.column, "others.yaml" in finding.message) == (2, 20, True)
