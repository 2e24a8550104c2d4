"""The methods, headers and origins of the order status page: what a browser may do with it."""

import re

import httpx
import pytest

from fulfillment.domain.status import Status
from local.runtime.processes import free_ports
from support.landings import DONE, Landing, MakeLanding, line, new_id


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_405(landing: Landing, method: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.request(method, landing.url, params={"session_id": new_id()})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_browser_may_ask_beforehand_for_a_page_of_another_origin(
    landing: Landing, capsys: pytest.CaptureFixture[str]
) -> None:
    """A header of the shop's own, as tracing adds one, makes the browser ask with OPTIONS first."""
    asking = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "traceparent,x-requested-with",
    }
    capsys.readouterr()
    async with httpx.AsyncClient() as client:
        answer = await client.options(landing.url, params={"session_id": new_id()}, headers=asking)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert {"GET", "HEAD"} <= {each.strip() for each in answer.headers["access-control-allow-methods"].split(",")}
    assert answer.headers["access-control-allow-headers"] == "*"
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in answer.headers
    assert landing.stripe.reads == []
    assert (line(capsys)["outcome"], answer.headers["allow"]) == ("preflight", "GET, HEAD, OPTIONS")


async def test_the_json_of_every_status_may_be_read_by_a_page_of_another_origin(make_landing: MakeLanding) -> None:
    landing = make_landing()
    asked = [(await landing.has(Status.PAID), 200), (new_id(), 404), (None, 404), ("cs_live_a1", 404)]
    answers = [(await landing.get(session_id, "application/json"), status) for session_id, status in asked]
    landing = make_landing(STRIPE_API_KEY="")
    answers.append((await landing.get(new_id(), "application/json"), 202))
    landing = make_landing(FIRESTORE_EMULATOR_HOST=f"127.0.0.1:{free_ports(1)[0]}")
    answers.append((await landing.get(new_id(), "application/json"), 503))
    assert [answer.status_code for answer, _ in answers] == [status for _, status in answers]
    assert {answer.headers.get("access-control-allow-origin") for answer, _ in answers} == {"*"}


async def test_a_page_is_locked_down(landing: Landing) -> None:
    headers = (await landing.get(await landing.has(Status.PAID))).headers
    policy = headers["content-security-policy"]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'nonce-[\w-]{16}'; img-src data:; base-uri 'none'; form-action 'none'; "
        r"frame-ancestors 'none'",
        policy,
    )
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["vary"] == "Accept, Accept-Language"
    assert "access-control-allow-origin" not in headers


async def test_the_json_may_be_read_by_the_shops_own_page(landing: Landing) -> None:
    headers = (await landing.get(await landing.has(Status.PAID), "application/json")).headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["content-type"] == "application/json"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


async def test_only_what_is_final_is_kept_by_the_browser(landing: Landing) -> None:
    done = (await landing.get(await landing.has(Status.PAID, effects=DONE))).headers
    assert (done["cache-control"], "refresh" in done) == ("private, max-age=300", False)
    for answer in (
        await landing.get(await landing.has(Status.PAID)),
        await landing.get(await landing.has(Status.PAYMENT_FAILED)),
        await landing.get(new_id()),
    ):
        assert answer.headers["cache-control"] == "no-store"


async def test_head_is_get_without_the_page(landing: Landing) -> None:
    order_id = await landing.has(Status.PAID)
    async with httpx.AsyncClient() as client:
        answer = await client.head(landing.url, params={"session_id": order_id})
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["cache-control"] == "no-store"
