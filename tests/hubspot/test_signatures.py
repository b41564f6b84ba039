"""Signatures: HubSpot's published vectors, HubSpot's own client as oracle, and what must be refused."""

from __future__ import annotations

import time

import pytest
from hubspot.utils.signature import Signature
from hypothesis import given
from hypothesis import strategies as st

from plugin.hubspot.protocol.signatures import (
    MAX_AGE_MS,
    MAX_AHEAD_MS,
    Verdict,
    check_request,
    decode_uri,
    public_uri,
    sign_v1,
    sign_v2,
    sign_v3,
)

SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
URI = "https://www.example.com/webhook_uri"
BODY = b"{'example_field':'example_value'}"
NOW = 1693657560000
SIGNATURE = "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="


TEXT = st.text(st.characters(codec="utf-8"))
HEADERS = {
    "v3": "x-hubspot-signature-v3",
    "at": "x-hubspot-request-timestamp",
    "signed": "x-hubspot-signature",
    "version": "x-hubspot-signature-version",
}


def judge(
    *, body: bytes = BODY, now: int = NOW, secret: str = SECRET, old: bool = False, **headers: str
) -> Verdict:
    sent = {HEADERS[key]: value for key, value in headers.items()}
    return check_request(
        secret,
        method="POST",
        uri=URI,
        body=body,
        header=lambda name: sent.get(name.lower()),
        now_ms=now,
        accept_old=old,
    )


@pytest.mark.parametrize(
    ("timestamp", "signature"),
    [("1693657560000", SIGNATURE), ("1700000300000", "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=")],
)
def test_published_v3_vectors_hold(timestamp: str, signature: str) -> None:
    assert sign_v3(SECRET, method="POST", uri=URI, body=BODY, timestamp=timestamp) == signature


def test_published_v2_vector_holds() -> None:
    body = b'{"example_field":"example_value"}'
    expected = "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"
    assert sign_v2(SECRET, method="POST", uri=URI, body=body) == expected


@given(body=TEXT, query=st.text(alphabet="abc=&%0+-_.~", max_size=20), secret=TEXT.filter(bool))
def test_we_agree_with_hubspots_own_client(body: str, query: str, secret: str) -> None:
    """Without escapes of the list: HubSpot's client decodes none, and leaves that to its caller."""
    uri = f"{URI}?{query}"
    raw = body.encode()
    stamp = str(round(time.time() * 1000))
    ours = sign_v3(secret, method="POST", uri=uri, body=raw, timestamp=stamp)
    assert Signature.is_valid(ours, secret, body, uri, "POST", "v3", stamp)
    assert sign_v1(secret, raw) == Signature.get_signature(secret, body, "v1")
    assert sign_v2(secret, method="POST", uri=uri, body=raw) == Signature.get_signature(
        secret, body, "v2", uri
    )


def test_a_good_request_is_let_in() -> None:
    assert judge(v3=SIGNATURE, at=str(NOW)) is Verdict.VALID


@pytest.mark.parametrize(
    ("off_by", "verdict"),
    [
        (MAX_AGE_MS, Verdict.VALID),
        (MAX_AGE_MS + 1, Verdict.STALE),
        (-MAX_AHEAD_MS, Verdict.VALID),
        (-MAX_AHEAD_MS - 1, Verdict.STALE),
    ],
)
def test_five_minutes_both_ways(off_by: int, verdict: Verdict) -> None:
    assert judge(v3=SIGNATURE, at=str(NOW), now=NOW + off_by) is verdict


@pytest.mark.parametrize(
    "headers",
    [
        {"v3": "", "at": str(NOW)},
        {"v3": SIGNATURE[:-2] + "Z=", "at": str(NOW)},
        {"v3": SIGNATURE + " ", "at": str(NOW)},
        {"v3": "ä" * 44, "at": str(NOW)},
        {"v3": SIGNATURE, "at": str(NOW + 1)},
    ],
)
def test_a_wrong_signature_is_refused(headers: dict[str, str]) -> None:
    assert judge(**headers) is Verdict.WRONG


@pytest.mark.parametrize("stamp", ["", "x", "-1", "1e3", "١٦٩٣٦٥٧٥٦٠٠٠٠", " 1693657560000", "9" * 16])
def test_a_timestamp_that_is_no_number_is_refused(stamp: str) -> None:
    assert judge(v3=SIGNATURE, at=stamp) is Verdict.MISSING


def test_no_signature_is_no_entry() -> None:
    assert judge() is Verdict.MISSING
    assert judge(at=str(NOW)) is Verdict.MISSING


def test_an_empty_secret_lets_nobody_in() -> None:
    forged = sign_v3("", method="POST", uri=URI, body=BODY, timestamp=str(NOW))
    assert judge(secret="", v3=forged, at=str(NOW)) is Verdict.WRONG


@given(position=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_any_changed_bit_of_the_body_is_refused(position: int, bit: int) -> None:
    changed = bytearray(BODY)
    changed[position] ^= 1 << bit
    assert judge(body=bytes(changed), v3=SIGNATURE, at=str(NOW)) is Verdict.WRONG


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_old_signatures_count_only_behind_the_switch(version: str) -> None:
    signed = {"v1": sign_v1(SECRET, BODY), "v2": sign_v2(SECRET, method="POST", uri=URI, body=BODY)}[version]
    assert judge(signed=signed, version=version) is Verdict.MISSING
    assert judge(signed=signed, version=version, old=True) is Verdict.VALID
    assert judge(signed=signed[:-1] + "x", version=version, old=True) is Verdict.WRONG


def test_a_wrong_v3_signature_is_not_rescued_by_a_good_old_one() -> None:
    good = sign_v1(SECRET, BODY)
    assert judge(v3="wrong", at=str(NOW), signed=good, version="v1", old=True) is Verdict.WRONG


def test_exactly_the_listed_escapes_are_decoded() -> None:
    listed = "%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B"
    assert decode_uri(f"https://x/{listed}") == "https://x/:/?@!$'()*,;"
    assert decode_uri(f"https://x/{listed.lower()}") == "https://x/:/?@!$'()*,;"
    assert decode_uri("https://x/%20%25%26%3D%23%C3%A9") == "https://x/%20%25%26%3D%23%C3%A9"
    assert decode_uri("https://x/%253A") == "https://x/%253A"


def test_a_query_with_escapes_is_signed_decoded() -> None:
    escaped = "https://x.example/card?mail=a%40b.example&q=%20"
    plain = "https://x.example/card?mail=a@b.example&q=%20"
    signature = sign_v3(SECRET, method="GET", uri=plain, body=b"", timestamp=str(NOW))
    assert sign_v3(SECRET, method="get", uri=escaped, body=b"", timestamp=str(NOW)) == signature


@pytest.mark.parametrize(
    ("public_url", "path", "query", "uri"),
    [
        ("https://app.example", "/webhooks/hubspot", "", "https://app.example/webhooks/hubspot"),
        ("https://app.example/", "/card/7", "a=1&b=%40", "https://app.example/card/7?a=1&b=%40"),
        ("https://app.example:8443/base/", "/card", "", "https://app.example:8443/base/card"),
    ],
)
def test_the_public_uri_is_rebuilt_behind_a_proxy(public_url: str, path: str, query: str, uri: str) -> None:
    assert public_uri(public_url, path, query) == uri
