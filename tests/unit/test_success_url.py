"""What the address of a buyer who came back says of the shop's success_url."""

from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.success_url import fault

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
