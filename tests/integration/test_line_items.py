"""Stripe's API over real HTTP, from a stand-in: every page, every refusal, and nothing secret in any error."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from starlette.responses import Response

from fulfillment import stripe_client
from fulfillment.domain.ids import OWN, ContextPath, Owner
from fulfillment.errors import StripeRefused, StripeUnavailable, StripeUnreadable, TransientError
from fulfillment.settings.parsers import parse_api_key
from fulfillment.settings.secret_file import SecretFile
from fulfillment.stripe_api import StripeApi
from local.fakes.stripe_events import Json, line_item, session
from local.fakes.stripe_stand_in import StripeStandIn, serve
from local.runtime.processes import free_ports
from support import samples

KEY = "sk_test_0123456789abcdef"
SESSION = "cs_test_a1"
FOR_GOOD = 99

Connect = Callable[..., StripeApi]


@pytest.fixture
def stand_in() -> StripeStandIn:
    known = StripeStandIn()
    known.sessions[SESSION] = session(SESSION)
    return known


@pytest.fixture
async def base(stand_in: StripeStandIn) -> AsyncIterator[str]:
    async with serve(stand_in) as url:
        yield url


@pytest.fixture
async def connect(base: str) -> AsyncIterator[Connect]:
    """Makes clients of the stand-in that are closed in the end."""
    async with contextlib.AsyncExitStack() as stack:

        def made(key: Callable[[], str] = lambda: KEY, at: str = base, seconds: float = 20) -> StripeApi:
            api = StripeApi(key, at, seconds)
            stack.push_async_callback(api.close)
            return api

        yield made


@pytest.fixture
def api(connect: Connect) -> StripeApi:
    return connect()


@pytest.fixture
def hurried(connect: Connect) -> StripeApi:
    """One that gives up soon, and not before a busy machine has answered once."""
    return connect(seconds=3)


def sold(stand_in: StripeStandIn, count: int) -> list[Json]:
    """So many items, of the session."""
    return stand_in.line_items.setdefault(SESSION, [line_item(description=f"Item {n}") for n in range(count)])


async def why(api: StripeApi, owner: Owner = OWN, of: str = SESSION) -> str:
    """What is said when the items cannot be had."""
    with pytest.raises(StripeUnavailable) as error:
        await api.line_items(of, owner)
    assert isinstance(error.value, TransientError)
    assert KEY[8:] not in repr(error.value)
    assert error.value.__suppress_context__
    return str(error.value)


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (10, 1), (11, 1), (100, 1), (101, 2), (250, 3)])
async def test_every_item_is_read_in_its_order(stand_in: StripeStandIn, api: StripeApi, count: int, pages: int) -> None:
    expected = [item["id"] for item in sold(stand_in, count)]

    items = await api.line_items(SESSION)

    assert [item.id for item in items] == expected
    assert len(stand_in.reads) == pages
    assert {read.query_params["limit"] for read in stand_in.reads} == {"100"}


async def test_an_item_has_the_quantity_finally_bought_and_what_it_cost(
    stand_in: StripeStandIn, api: StripeApi
) -> None:
    adjustable = {"enabled": True, "minimum": 1, "maximum": 9}
    said = line_item(1500, 3, amount_discount=500, amount_tax=80, amount_total=4080, adjustable_quantity=adjustable)
    stand_in.line_items[SESSION] = [said]

    (item,) = await api.line_items(SESSION)

    assert (item.description, item.quantity, item.currency) == ("T-shirt", 3, "usd")
    amounts = (item.amount_subtotal, item.amount_discount, item.amount_tax, item.amount_total)
    assert amounts == (4500, 500, 80, 4080)
    assert (item.price, item.product) == (said["price"]["id"], said["price"]["product"])


async def test_every_sample_is_read_whole(stand_in: StripeStandIn, api: StripeApi) -> None:
    pages = [samples.load("synthetic/line_items.page1_default_limit_10.json")]
    pages += [samples.load("synthetic/line_items.page2_last.json")]
    official = json.loads((samples.FOLDER / "openapi-mit/item.2026-08.json").read_text())["object"]
    said = [item for [page] in pages for item in page["data"]] + [official]
    stand_in.line_items[SESSION] = said

    items = await api.line_items(SESSION)

    assert len(items) == len(said) > 11
    for item, each in zip(items, said, strict=True):
        names = ["id", "description", "quantity", "currency", "amount_subtotal", "amount_discount", "amount_tax"]
        assert [getattr(item, name) for name in names] == [each[name] for name in names]
        assert (item.amount_total, item.price, item.product) == (
            each["amount_total"],
            each["price"]["id"],
            each["price"]["product"],
        )


async def test_what_an_item_may_lack_is_null(stand_in: StripeStandIn, api: StripeApi) -> None:
    stand_in.line_items[SESSION] = [line_item() | dict.fromkeys(["price", "quantity", "description"])]

    (item,) = await api.line_items(SESSION)

    assert (item.price, item.product, item.quantity, item.description) == (None, None, None, None)


async def test_a_product_that_came_expanded_is_its_id(stand_in: StripeStandIn, api: StripeApi) -> None:
    said = line_item()
    said["price"]["product"] = {"id": "prod_1", "object": "product", "name": "T-shirt", "deleted": True}
    stand_in.line_items[SESSION] = [said]

    (item,) = await api.line_items(SESSION)

    assert item.product == "prod_1"


@pytest.mark.parametrize("fault", [429, 500, Response("<html>bad gateway</html>", 502)])
async def test_what_passes_is_tried_again_at_once(
    stand_in: StripeStandIn, api: StripeApi, fault: int | Response
) -> None:
    sold(stand_in, 1)
    stand_in.faults = [fault, fault]

    assert len(await api.line_items(SESSION)) == 1
    assert len(stand_in.reads) == 3


async def test_a_page_that_fails_in_the_middle_is_read_again_alone(stand_in: StripeStandIn, api: StripeApi) -> None:
    expected = [item["id"] for item in sold(stand_in, 250)]
    stand_in.faults = [None, 500, 429]

    assert [item.id for item in await api.line_items(SESSION)] == expected
    afters = [read.query_params.get("starting_after") for read in stand_in.reads]
    assert afters == [None, expected[99], expected[99], expected[99], expected[199]]


async def test_a_page_in_the_middle_that_fails_for_good_is_no_half_list(
    stand_in: StripeStandIn, hurried: StripeApi
) -> None:
    sold(stand_in, 101)
    stand_in.faults = [None, *[500] * FOR_GOOD]

    assert ": an error at Stripe" in await why(hurried)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "an organization's key reads nothing without a context"),
        (401, "look at STRIPE_API_KEY"),
        (403, "a restricted key needs 'Checkout Sessions: read'"),
        (404, "the key is of the other mode, or of another account"),
        (409, "look at STRIPE_API_BASE"),
    ],
)
async def test_a_refusal_says_where_to_look_and_is_not_repeated(
    stand_in: StripeStandIn, api: StripeApi, status: int, advice: str
) -> None:
    refusal = {"error": {"type": "invalid_request_error", "message": f"for {KEY} and jenny.rosen@example.com"}}
    stand_in.faults = [Response(json.dumps(refusal), status, media_type="application/json")]

    said = await why(api)

    assert said.startswith(f"Stripe answered {status} to the key sk_test_… for its own account: ")
    assert advice in said
    assert "jenny" not in said
    assert len(stand_in.reads) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_what_does_not_pass_is_given_up_within_the_limit(
    stand_in: StripeStandIn, hurried: StripeApi, status: int
) -> None:
    stand_in.faults = [status] * FOR_GOOD

    assert f"Stripe answered {status} to the key" in await why(hurried)
    assert stand_in.faults


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>jenny</html>",
        "[]",
        "[1]",
        "null",
        '"jenny"',
        "{}",
        '{"data": [], "has_more": true}',
        '{"data": [], "has_more": "jenny"}',
        '{"data": {"jenny": 1}, "has_more": false}',
        '{"data": [{"id": "li_1", "quantity": 1.5}], "has_more": false}',
        '{"data": [{"id": "li_1", "currency": "jenny rosen"}], "has_more": false}',
        '{"data": [{"id": "li_1", "price": "price_1"}], "has_more": false}',
        b'{"data": "\xff"}',
        "[" * 100_000,
    ],
)
async def test_an_answer_that_cannot_be_read_says_so_and_not_what_it_was(
    stand_in: StripeStandIn, api: StripeApi, body: str | bytes
) -> None:
    stand_in.faults = [Response(body, media_type="application/json")]

    said = await why(api)

    assert "read" in said
    assert "jenny" not in said


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize(
    "body", ["<html>Forbidden by the egress proxy</html>", "{}", '{"error": {"type": "api_error"}}', '{"error": "no"}']
)
async def test_a_refusal_in_other_words_than_stripes_is_not_stripes_last_word(
    stand_in: StripeStandIn, api: StripeApi, status: int, body: str
) -> None:
    stand_in.faults = [Response(body, status)] * 2
    with pytest.raises(StripeUnreadable) as error:
        await api.line_items(SESSION)
    assert type(error.value) is StripeUnreadable
    assert "something on the way" in str(error.value) or "cannot be read" in str(error.value)
    with pytest.raises(StripeUnavailable):
        await api.session(SESSION)


async def test_an_error_that_is_not_shaped_like_stripes_is_no_surprise(stand_in: StripeStandIn, api: StripeApi) -> None:
    stand_in.faults = [Response('{"error": "jenny"}', 400)]

    assert "cannot be read" in await why(api)


async def test_a_connection_that_is_refused_is_named(connect: Connect) -> None:
    api = connect(at=f"http://127.0.0.1:{free_ports(1)[0]}", seconds=0.3)

    assert await why(api) == "Stripe cannot be reached: ConnectError"


async def test_an_answer_that_is_too_slow_ends_at_the_limit_and_the_next_one_is_read(
    stand_in: StripeStandIn, hurried: StripeApi
) -> None:
    sold(stand_in, 1)
    stand_in.delay = 4

    assert await why(hurried) == "Stripe did not answer in time"
    stand_in.delay = 0
    assert len(await hurried.line_items(SESSION)) == 1


async def test_a_last_try_that_the_limit_cuts_off_hides_no_reason(stand_in: StripeStandIn, connect: Connect) -> None:
    """The second try begins at most half a second after the first answer, and has none when the time ends."""
    stand_in.delay = 4
    stand_in.faults = [503] * FOR_GOOD

    assert "Stripe answered 503 to the key" in await why(connect(seconds=6))


async def test_a_try_that_hangs_is_followed_by_another(
    stand_in: StripeStandIn, api: StripeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_client, "TRY_SECONDS", 0.5)
    sold(stand_in, 1)
    stand_in.delay = 4
    reading = asyncio.create_task(api.line_items(SESSION))
    while not stand_in.reads:
        await asyncio.sleep(0.01)
    stand_in.delay = 0

    assert len(await reading) == 1
    assert len(stand_in.reads) >= 2


async def test_an_item_that_is_removed_between_pages_hides_no_other(stand_in: StripeStandIn, api: StripeApi) -> None:
    items = sold(stand_in, 150)
    expected = [item["id"] for item in items]
    stand_in.after_page = lambda: items.pop(10) if len(items) == 150 else None

    assert [item.id for item in await api.line_items(SESSION)] == expected


async def test_an_item_that_moves_to_the_next_page_is_there_once(stand_in: StripeStandIn, api: StripeApi) -> None:
    items = sold(stand_in, 150)
    expected = {item["id"] for item in items}
    stand_in.after_page = lambda: items.append(items.pop(10))

    found = [item.id for item in await api.line_items(SESSION)]

    assert len(found) == 150
    assert set(found) == expected


async def test_the_very_last_item_of_a_page_removed_is_tried_again_later(
    stand_in: StripeStandIn, api: StripeApi
) -> None:
    items = sold(stand_in, 150)
    stand_in.after_page = lambda: items.pop(99) if len(items) == 150 else None

    assert "has changed between two pages" in await why(api)
    assert len(await api.line_items(SESSION)) == 149


async def test_a_connected_accounts_session_is_asked_of_that_account(stand_in: StripeStandIn, api: StripeApi) -> None:
    sold(stand_in, 101)
    stand_in.accounts[SESSION] = "acct_1"

    assert len(await api.line_items(SESSION, Owner(account="acct_1"))) == 101
    assert [read.headers["stripe-account"] for read in stand_in.reads] == ["acct_1", "acct_1"]
    assert "404" in await why(api)
    assert "404" in await why(api, Owner(account="acct_2"))


@pytest.mark.parametrize("path", ["acct_1", "org_1/acct_1", "org_1/org_2/acct_9/acct_1"])
@pytest.mark.parametrize("key", [KEY, "rk_org_0123456789abcdef"])
async def test_a_session_in_a_context_is_asked_for_by_its_whole_path(
    stand_in: StripeStandIn, connect: Connect, path: str, key: str
) -> None:
    sold(stand_in, 101)
    stand_in.accounts[SESSION] = "acct_1"
    owner = Owner.told_by(None, ContextPath(path))

    assert len(await connect(lambda: key).line_items(SESSION, owner)) == 101
    assert [read.headers["stripe-context"] for read in stand_in.reads] == [path, path]
    assert all("stripe-account" not in read.headers for read in stand_in.reads)


@pytest.mark.parametrize("path", ["acct_2", "org_1/acct_2"])
async def test_a_refusal_names_the_kind_of_the_key_and_the_context(
    stand_in: StripeStandIn, api: StripeApi, path: str
) -> None:
    stand_in.accounts[SESSION] = "acct_1"

    said = await why(api, Owner.told_by(None, ContextPath(path)))

    assert said.startswith(f"Stripe answered 404 to the key sk_test_… in the context {path}: no such session")


async def test_an_organizations_key_without_a_context_is_refused_for_good(
    stand_in: StripeStandIn, connect: Connect
) -> None:
    sold(stand_in, 1)

    with pytest.raises(StripeRefused, match="to the key sk_org_… for its own account: .*without a context"):
        await connect(lambda: "sk_org_0123456789abcdef").line_items(SESSION)


async def test_a_session_that_the_key_does_not_see_is_a_404(stand_in: StripeStandIn, connect: Connect) -> None:
    live = connect(lambda: "sk_live_0123456789abcdef")

    assert "other mode" in await why(live)
    assert "other mode" in await why(live, of="cs_test_unknown")
    stand_in.sessions[SESSION]["livemode"] = True
    assert await live.line_items(SESSION) == ()


async def test_a_rotated_key_is_used_by_the_next_read(
    stand_in: StripeStandIn, connect: Connect, tmp_path: Path
) -> None:
    now = 0.0
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    api = connect(SecretFile(file, parse_api_key, lambda: now))
    await api.line_items(SESSION)
    file.write_text("rk_test_fedcba9876543210")
    now = 60.0
    await api.line_items(SESSION)

    keys = [read.headers["authorization"] for read in stand_in.reads]
    assert keys == [f"Bearer {KEY}", "Bearer rk_test_fedcba9876543210"]


async def test_several_orders_are_read_at_once(stand_in: StripeStandIn, api: StripeApi) -> None:
    sold(stand_in, 101)

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(api.line_items(SESSION)) for _ in range(20)]

    assert {len(read.result()) for read in reads} == {101}
