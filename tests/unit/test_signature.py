"""Signatures, with bytes that Stripe's own library signed; and what the log says about those that fail."""

import hashlib
import hmac
import importlib
import re
import sys
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.webhook.signature import BadSignature, hide_modules, verify
from local.fakes.stripe_events import COMPLETED, body, event, session, signature

NOW = 1_795_446_600
SECRET, OTHER = "whsec_" + "a" * 32, "whsec_" + "b" * 32
BODY = body(event(COMPLETED, session("cs_test_a1", metadata={"name": "Jörg 😀"})))


def header(secret: str = SECRET, at: int = NOW, payload: bytes = BODY) -> str:
    return signature(payload, secret, at)["Stripe-Signature"]


def code_of(payload: bytes, signed: str | None, secrets: tuple[str, ...] = (SECRET,)) -> str:
    with pytest.raises(BadSignature) as error:
        verify(payload, signed, secrets, NOW)
    return error.value.code


def test_a_signed_body_is_stripes() -> None:
    verify(BODY, header(), (SECRET,), NOW)


def test_every_secret_is_tried() -> None:
    verify(BODY, header(OTHER), (SECRET, OTHER), NOW)


def test_while_a_secret_is_rolled_either_signature_will_do() -> None:
    both = f"{header(OTHER)},{header(SECRET).split(',')[1]}"
    verify(BODY, both, (SECRET,), NOW)


@pytest.mark.parametrize("age", [-300, -1, 0, 299, 300])
def test_a_signature_within_five_minutes_is_fresh(age: int) -> None:
    verify(BODY, header(at=NOW - age), (SECRET,), NOW)


@pytest.mark.parametrize("age", [301, 86400, -301, -86400])
def test_older_and_newer_than_five_minutes_is_the_clock(age: int) -> None:
    assert code_of(BODY, header(at=NOW - age)) == "clock"


@pytest.mark.parametrize(("age", "said"), [(301, "signed 301 s old"), (-302, "signed 302 s in the future")])
def test_how_far_off_the_clock_is_and_which_way_is_said_to_the_log(age: int, said: str) -> None:
    with pytest.raises(BadSignature, match=f"^{said}: a replay, or a clock is wrong"):
        verify(BODY, header(at=NOW - age), (SECRET,), NOW)


@pytest.mark.parametrize("missing", [None, ""])
def test_no_header_is_named(missing: str | None) -> None:
    assert code_of(BODY, missing) == "no_header"


@pytest.mark.parametrize(
    "bad",
    ["x", "t=,v1=", "t=1", "v1=abc", ",,,", "t=abc,v1=abc", "=", "t=1=2,v1", "t=" + "9" * 6000 + ",v1=a", "t=1,v1=é"],
)
def test_a_header_that_is_none_is_refused(bad: str) -> None:
    assert code_of(BODY, bad) == "malformed_header"


BLANKS = st.text(alphabet=" \t", max_size=3)


@given(st.lists(BLANKS, min_size=12, max_size=12))
def test_blanks_around_commas_and_equals_signs_mean_nothing(blanks: list[str]) -> None:
    """A proxy may write the header anew: `t=…, v1=…, v0=…`."""
    parts = re.split("([,=])", header().replace(",", f",v1={'0' * 64},", 1) + ",v0=abc")
    written = "".join(blank + part for blank, part in zip([*blanks, *blanks], parts, strict=False)) + blanks[0]
    verify(BODY, written, (SECRET,), NOW)
    assert code_of(BODY, written, (OTHER,)) == "wrong_secret"
    assert code_of(BODY + b" ", written) == "wrong_secret"


def test_a_blank_within_a_name_or_a_value_is_a_part_of_it() -> None:
    signed = header()
    assert code_of(BODY, signed.replace("v1=", "v 1=")) == "malformed_header"
    assert code_of(BODY, f"{signed[:-1]} {signed[-1]}") == "wrong_secret"
    assert code_of(BODY, signed.replace("t=1", "t=1 ", 1)) == "malformed_header"
    assert code_of(BODY, signed.replace(",", ",\N{NO-BREAK SPACE}")) == "malformed_header"


def test_blanks_give_no_signature_another_time() -> None:
    """The first t counts, whatever stands around it."""
    stale = header(at=NOW - 1000)
    assert code_of(BODY, f" t ={NOW - 1000} , t = {NOW},{stale.split(',')[1]}") == "clock"
    assert code_of(BODY, f" t = {NOW} ,{stale}") == "wrong_secret"
    assert code_of(BODY, f"{stale} , t={NOW}") == "clock"


@pytest.mark.parametrize("scheme", ["V1", "T"])
def test_a_name_in_capitals_is_not_stripes(scheme: str) -> None:
    """No proxy writes a value's letters anew, and what Stripe does not send is not guessed at."""
    assert code_of(BODY, header().replace(f"{scheme.lower()}=", f"{scheme}=")) == "malformed_header"


@given(st.text())
def test_verify_raises_nothing_but_bad_signature_whatever_the_header(header: str) -> None:
    with pytest.raises(BadSignature):
        verify(BODY, header, (SECRET,), NOW)


def test_another_secret_is_named() -> None:
    assert code_of(BODY, header(OTHER)) == "wrong_secret"


def test_a_changed_body_is_refused() -> None:
    assert code_of(BODY.replace(b"3500", b"3501"), header()) == "wrong_secret"


def test_a_body_that_was_encoded_again_is_named() -> None:
    assert code_of(BODY.replace(b"\n", b"").replace(b"  ", b""), header()) == "re_encoded_body"


def test_a_body_that_is_not_utf_8_is_refused() -> None:
    assert code_of(b"\xff" + BODY, header()) == "re_encoded_body"


def test_only_the_scheme_v1_counts() -> None:
    assert code_of(BODY, header().replace("v1=", "v0=")) == "malformed_header"


def test_the_library_signs_as_the_documentation_says() -> None:
    """So that the test's signatures are not merely the library agreeing with itself."""
    expected = hmac.new(SECRET.encode(), f"{NOW}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert header() == f"t={NOW},v1={expected}"


def test_the_first_of_two_times_is_the_one_that_counts_as_in_the_library() -> None:
    stale = header(at=NOW - 1000)
    assert code_of(BODY, f"{stale},t={NOW}") == "clock"
    assert code_of(BODY, f"t={NOW},{stale}") == "wrong_secret"


def test_a_package_that_is_not_loaded_yet_is_hidden_and_one_that_is_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = ModuleType("loaded_package")
    monkeypatch.setitem(sys.modules, "loaded_package", loaded)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with hide_modules("loaded_package", "colorsys"):
        assert sys.modules["loaded_package"] is loaded
        with pytest.raises(ImportError):
            importlib.import_module("colorsys")
    assert sys.modules["loaded_package"] is loaded
    assert importlib.import_module("colorsys")
