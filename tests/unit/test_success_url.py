"""What the address of a buyer who came back says of the shop's success_url."""

from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.order_status.success_url import fault

texts = st.text(max_size=20)


@given(st.integers(1, 3), st.sampled_from(["session_id", "id", "SESSION_ID"]), st.booleans())
def test_the_placeholder_is_known_however_often_it_was_encoded(times: int, name: str, safe: bool) -> None:  # noqa: FBT001
    text = "{CHECKOUT_SESSION_ID}"
    for _ in range(times):
        text = quote(text, safe="{}" if safe else "")
    assert "did not replace" in str(fault(parse_qsl(f"{name}={text}")))


@given(st.lists(st.tuples(texts, texts)))
def test_whatever_is_asked_the_words_hold_nothing_of_it(asked: list[tuple[str, str]]) -> None:
    marked = [(name, f"jenny{text}") for name, text in asked]
    assert "jenny" not in str(fault(marked))


@pytest.mark.parametrize("text", ["cs_test_a1", "cs_live_" + "a" * 58, "nonsense", "cs_test_"])
def test_one_id_or_what_is_none_at_all_is_no_fault_of_the_shop(text: str) -> None:
    assert fault([("utm_source", "mail"), ("session_id", text), ("session_id", text)]) is None


names = [
    "CHECKOUT-SESSION-ID",
    "CHECKOUT_SESSION",
    "CHECKOUTSESSIONID",
    "SESSION_ID",
    "id",
    "",
    "whatever",
    "{SESSION}",
]


@given(st.sampled_from(names) | st.text(), st.integers(0, 3))
def test_whatever_stands_in_braces_instead_of_the_id_was_not_replaced(name: str, times: int) -> None:
    text = f"{{{name}}}"
    for _ in range(times):
        text = quote(text)
    assert "did not replace" in str(fault([("session_id", text)]))


@pytest.mark.parametrize("text", ["CHECKOUT_SESSION", "<session-id>", "$SESSION_ID", ":checkoutSessionId", "[session]"])
def test_a_name_for_the_id_in_other_brackets_was_not_replaced_either(text: str) -> None:
    assert "did not replace" in str(fault([("session_id", text)]))


@pytest.mark.parametrize("pair", [("id", "{SESSION_ID}"), ("{id}", ""), ("order", "{checkout-session}")])
def test_a_placeholder_is_known_by_its_name_where_it_stands_under_another(pair: tuple[str, str]) -> None:
    assert "did not replace" in str(fault([pair]))


@pytest.mark.parametrize(
    "text", ["undefined", "null", "NULL", "None", "nil", "NaN", "false", " null ", "[object Object]"]
)
def test_what_programs_write_for_nothing_is_a_fault(text: str) -> None:
    assert "word for nothing" in str(fault([("session_id", text)]))


@pytest.mark.parametrize(
    "name", ["id", "ID", "session", "sessionId", "session_id[]", "SESSION-ID", "checkout_session", "sid", "order_id"]
)
@pytest.mark.parametrize("text", ["", "5"])
def test_a_parameter_that_is_named_like_the_id_is_a_fault(name: str, text: str) -> None:
    assert "has no session_id" in str(fault([("utm_source", "mail"), (name, text)]))


@pytest.mark.parametrize(
    "path", ["/cs_test_a1", "/session_id=cs_live_a1", "/thanks/cs_test_a1/", "/{CHECKOUT_SESSION_ID}"]
)
def test_an_id_or_the_placeholder_in_the_path_is_a_fault(path: str) -> None:
    assert fault([], path)
    assert fault([], quote(path))


FOREIGN = [
    *(("utm_source", "1"), ("utm_id", "1"), ("gclid", "x"), ("fbclid", "x"), ("msclkid", "x"), ("mc_eid", "x")),
    *(("campaign_id", "1"), ("utm_campaign", "{campaignid}"), ("utm_term", "{{keyword}}"), ("ref", ""), ("q", "null")),
]


@given(st.lists(st.sampled_from(FOREIGN)), st.sampled_from(["/", "", "/robots.txt", "/favicon.ico"]))
def test_an_address_without_any_trace_of_an_id_is_no_fault_of_the_shop(asked: list[tuple[str, str]], path: str) -> None:
    assert fault(asked, path) is None
