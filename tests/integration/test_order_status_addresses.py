"""The ids and addresses of a visit to the order status page: wrong ones are told to the shop, not to the buyer."""

import json

import httpx
import pytest

from fulfillment.domain.status import Status
from local.runtime.processes import free_ports
from support.landings import Landing, MakeLanding, line

WRONG = [
    ("?session_id=%7BCHECKOUT_SESSION_ID%7D", "encoded"),
    ("?session_id=%257BCHECKOUT_SESSION_ID%257D", "encoded"),
    ("?session_id=%25257BCHECKOUT_SESSION_ID%25257D", "encoded"),
    ("?session_id=CHECKOUT_SESSION_ID", "encoded"),
    ("?session_id=%7Bcheckout_session_id%7D", "encoded"),
    ("?id=%7BCHECKOUT_SESSION_ID%7D", "encoded"),
    ("?%7BCHECKOUT_SESSION_ID%7D", "encoded"),
    ("?session_id=%7BCHECKOUT-SESSION-ID%7D", "encoded"),
    ("?session_id=%7BSESSION_ID%7D", "encoded"),
    ("?session_id=%7Bid%7D", "encoded"),
    ("/%7BCHECKOUT_SESSION_ID%7D", "encoded"),
    ("?session_id=undefined", "word for nothing"),
    ("?session_id=null", "word for nothing"),
    ("?session_id=", "has no session_id"),
    ("?id=", "has no session_id"),
    ("/cs_test_a1", "under another name"),
    ("?id=cs_test_a1", "under another name"),
    ("?sessionId=cs_test_a1", "under another name"),
    ("?Session_Id=cs_live_a1", "under another name"),
    ("?session_id%5B%5D=cs_test_a1", "under another name"),
    ("?cs_test_a1", "under another name"),
    ("?session_id=cs_test_a1&session_id=cs_test_b1", "more than once"),
    ("?session_id=%7Bcs_test_a1%7D", "more in session_id"),
    ("?session_id=cs_test_a1%3Futm_source%3Dmail", "more in session_id"),
    ("?session_id=cs_test_a1/", "more in session_id"),
    ("?session_id=%22cs_test_a1%22", "more in session_id"),
]


@pytest.mark.parametrize(("query", "said"), WRONG)
async def test_a_wrong_success_url_is_a_warning_that_names_its_fault_and_the_buyer_is_not_sent_in_circles(
    landing: Landing, capsys: pytest.CaptureFixture[str], query: str, said: str
) -> None:
    capsys.readouterr()
    async with httpx.AsyncClient() as client:
        page = await client.get(f"{landing.url}{query}", headers={"Accept": "text/html"})
        written = line(capsys)
        told = await client.get(f"{landing.url}{query}", headers={"Accept": "application/json"})
    assert (page.status_code, told.status_code) == (404, 404)
    assert (written["severity"], written["outcome"], written["cause"]) == ("WARNING", "refused", "success_url")
    assert said in written["message"]
    assert "?session_id={CHECKOUT_SESSION_ID}, with the braces as they are" in written["message"]
    assert "load the page again" not in page.text
    assert "you need not pay again" in page.text
    assert "refresh" not in page.headers
    assert (told.json()["status"], told.json()["problem"], told.json()["refresh_seconds"]) == (
        "not_found",
        "broken_link",
        None,
    )
    assert not [each for each in ("cs_test_a1", "utm_source") if each in json.dumps(written) + page.text + told.text]
    assert landing.stripe.reads == []


@pytest.mark.parametrize("text", ["nonsense", "cs_live_a1", "cs_test_", "pi_1", "cs_test_" + "a" * 300])
async def test_an_address_that_shows_no_fault_of_the_shop_is_no_warning(
    landing: Landing, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    capsys.readouterr()
    answer = await landing.get(text, "application/json")
    written = line(capsys)
    assert (answer.status_code, "problem" in answer.json()) == (404, False)
    assert (written["severity"], written["outcome"], "cause" in written) == ("INFO", "refused", False)


@pytest.mark.parametrize("query", ["", "?", "?utm_source=1", "?gclid=x&utm_campaign=%7Bcampaignid%7D", "?refresh=off"])
async def test_a_visit_without_any_trace_of_an_id_is_no_warning(
    landing: Landing, capsys: pytest.CaptureFixture[str], query: str
) -> None:
    """So come bots and link previews."""
    capsys.readouterr()
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{landing.url}{query}", headers={"Accept": "application/json"})
    written = line(capsys)
    assert (answer.status_code, "problem" in answer.json()) == (404, False)
    assert (written["severity"], written["outcome"], "cause" in written) == ("INFO", "refused", False)
    assert landing.stripe.reads == []


async def test_the_same_id_twice_is_that_id(landing: Landing) -> None:
    order_id = await landing.has(Status.PAID)
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{landing.url}?session_id={order_id}&session_id={order_id}")
    assert answer.status_code == 200


STRANGE = [
    *(
        None,
        "",
        "cs_test_",
        "cs_live_a1",
        "CS_TEST_a1",
        "evt_1",
        "cs_test_a b",
        "cs_test_a/b",
        "cs_test_ä",
        "cs_test_a1\n",
    ),
    *("cs_test_" + "a" * 300, "cs_test_<script>", "cs_test_a1\x00", "../cs_test_a1"),
]


async def test_an_id_of_another_shape_or_mode_is_404_without_a_lookup(
    make_landing: MakeLanding, capsys: pytest.CaptureFixture[str]
) -> None:
    landing = make_landing(FIRESTORE_EMULATOR_HOST=f"127.0.0.1:{free_ports(1)[0]}")
    for wanted in STRANGE:
        capsys.readouterr()
        answer = await landing.get(wanted)
        assert answer.status_code == 404, wanted
        written = line(capsys)
        assert (written["outcome"], "session" in written) == ("refused", False)
    assert landing.stripe.reads == []


async def test_two_ids_are_none(landing: Landing) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{landing.url}?session_id=cs_test_a&session_id=cs_test_b")).status_code == 404
