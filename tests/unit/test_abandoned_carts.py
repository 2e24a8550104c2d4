"""on_checkout_session_expired without a network: the ack table, what the hook gets, and what is never shown."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hooks as shipped_hooks
from fulfillment.abandoned_carts.endpoint import AbandonedCarts
from fulfillment.abandoned_carts.hook import find
from fulfillment.abandoned_carts.settings import AbandonedCartSettings
from fulfillment.domain.cart import Cart, parse_expired
from fulfillment.domain.event_types import EXPIRED
from fulfillment.domain.order_filter import OrderFilter
from fulfillment.errors import (
    ConfigurationError,
    MalformedEvent,
    PermanentError,
    RefusedForNow,
    StripeRefused,
    StripeUnavailable,
    TransientError,
)
from fulfillment.topic.attributes import attributes_of
from fulfillment.topic.message import Message
from fulfillment.topic.push_endpoint import BODY_BYTES
from local.fakes.memory_stripe import MemoryStripe
from local.fakes.memory_topic import MemoryTopic, push_body
from local.fakes.stripe_events import COMPLETED, Json, body, event, thin_event
from support.carts import RECOVERY_EXPIRES_AT, RECOVERY_URL, TOKEN, cart, expired_event, expired_session
from support.environments import BASE, KEYED, LIVE, TEST, problems
from support.handlers import ask, logged

ID, KEY = "cs_test_a1", "cs_test_a1:cart_abandoned"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SETTINGS = AbandonedCartSettings(project="acme", livemode=False)
Capture = pytest.CaptureFixture[str]


def thin(**changes: Any) -> Json:
    """The thin event of that session."""
    return thin_event(EXPIRED, {"id": ID}, **changes)


@dataclass
class Desk:
    """on_checkout_session_expired, whose hook notes its calls and raises `error`."""

    settings: AbandonedCartSettings = SETTINGS
    dead_letter: MemoryTopic = field(default_factory=MemoryTopic)
    stripe: MemoryStripe = field(default_factory=MemoryStripe)
    has_key: bool = True
    calls: list[tuple[Cart, str]] = field(default_factory=list)
    error: BaseException | None = None
    hook: Callable[[Cart, str], Awaitable[None] | None] | None = None

    def _note(self, left: Cart, key: str) -> None:
        self.calls.append((left, key))
        if self.error:
            raise self.error

    async def push(self, said: Json, **changes: str | None) -> int:
        """The answer to an event as the webhook publishes it, with what is changed about its attributes."""
        attributes = attributes_of(said, TRACE) | changes
        kept = {name: text for name, text in attributes.items() if text is not None}
        return await self.push_message(Message(data=body(said), attributes=kept, id="7"))

    async def push_message(self, message: Message) -> int:
        stripe = self.stripe if self.has_key else None
        endpoint = AbandonedCarts(self.settings, self.hook or self._note, self.dead_letter, stripe)
        return (await ask(endpoint, push_body(message, 3))).status_code

    def reasons(self) -> list[str]:
        return [parked.attributes["reason"] for parked in self.dead_letter.stored]


# --- what the hook gets


async def test_an_abandoned_cart_is_handed_to_the_hook_and_becomes_a_line(capsys: Capture) -> None:
    desk = Desk()
    said = expired_event(account="acct_1", context="org_1/acct_1")
    assert await desk.push(said) == 204
    ((left, key),) = desk.calls
    assert key == KEY
    assert (left.id, left.email, left.locale, left.client_reference_id) == (
        *(ID, "jenny.rosen@example.com", "de", "cart_1001"),
    )
    assert (left.amount_total, left.currency, left.metadata) == (3500, "usd", {"order_ref": "R-1001"})
    assert (left.account, left.context, left.consent) == ("acct_1", "org_1/acct_1", said["data"]["object"]["consent"])
    assert left.recovery_url == RECOVERY_URL
    assert left.recovery_expires_at == datetime.fromtimestamp(RECOVERY_EXPIRES_AT, UTC)
    assert desk.dead_letter.stored == []
    line = logged(capsys)
    assert line.pop("duration_ms") >= 0
    assert line == {
        "severity": "INFO",
        "message": "cart_abandoned returned",
        "entry_point": "on_checkout_session_expired",
        "message_id": "7",
        "attempt": 3,
        "event": said["id"],
        "event_type": EXPIRED,
        "session": ID,
        "account": "acct_1",
        "context": "org_1/acct_1",
        "outcome": "cart_abandoned",
        "status": 204,
        "logging.googleapis.com/trace": "projects/acme/traces/0af7651916cd43dd8448eb211c80319c",
        "logging.googleapis.com/spanId": "b7ad6b7169203331",
        "logging.googleapis.com/trace_sampled": True,
    }


async def test_an_event_its_thin_twin_and_each_delivery_have_one_key() -> None:
    desk = Desk()
    desk.stripe.known[ID] = expired_session()
    said = expired_event()
    for each in (said, thin(snapshot_event=said["id"]), said):
        assert await desk.push(each) == 204
    assert {key for _, key in desk.calls} == {KEY}
    assert len({repr(left) for left, _ in desk.calls}) == 1
    assert [left.recovery_url for left, _ in desk.calls] == [RECOVERY_URL] * 3


async def test_a_thin_events_session_is_read_in_its_context(capsys: Capture) -> None:
    desk = Desk()
    desk.stripe.known[ID] = expired_session()
    desk.stripe.accounts[ID] = "acct_1"
    assert await desk.push(thin(id="evt_thin", context="org_1/acct_1")) == 204
    assert [(left.account, left.context) for left, _ in desk.calls] == [("acct_1", "org_1/acct_1")]
    line = logged(capsys)
    assert (line["event"], line["event_type"], line["session"]) == ("evt_thin", f"v1.{EXPIRED}", ID)
    assert line["outcome"] == "cart_abandoned"


NOTHING: list[Json | None] = [
    None,
    {},
    {"recovery": None},
    {"recovery": {"enabled": False, "expires_at": None, "url": None}},
]


@pytest.mark.parametrize("after", NOTHING)
async def test_a_cart_without_a_recovery_link_and_an_address_is_told_all_the_same(after: Json | None) -> None:
    desk = Desk()
    assert await desk.push(expired_event(expired_session(after_expiration=after, customer_details=None))) == 204
    ((left, _),) = desk.calls
    assert (left.recovery_url, left.recovery_expires_at, left.email) == (None, None, None)


async def test_a_hook_may_be_async_and_gets_a_copy() -> None:
    kept = []

    async def note(left: Cart, key: str) -> None:
        await asyncio.sleep(0)
        left.metadata.clear()  # type: ignore[attr-defined]
        kept.append(key)

    desk = Desk(hook=note)
    assert await desk.push(expired_event()) == 204
    assert kept == [KEY]


@pytest.mark.parametrize("changes", [{"status": None}, {"status": "a_new_one"}])
async def test_a_session_of_an_event_is_expired_whatever_its_status_but_complete(changes: Json) -> None:
    desk = Desk()
    assert await desk.push(expired_event(expired_session(**changes), account=None)) == 204
    assert [(key, left.account) for left, key in desk.calls] == [(KEY, None)]


# --- what the line says


FILTERED = AbandonedCartSettings(project="acme", livemode=False, order_filter=OrderFilter.parse("metadata.shop=acme"))
LINES: list[tuple[Json, AbandonedCartSettings, tuple[str, str, str]]] = [
    (expired_event(), SETTINGS, ("INFO", "cart_abandoned returned", "cart_abandoned")),
    (expired_event(expired_session(consent=None)), SETTINGS,
     ("INFO", "the buyer did not agree to promotions", "no_consent")),
    (expired_event(expired_session(mode="setup")), SETTINGS, ("INFO", "nothing was for sale: setup mode", "no_order")),
    (expired_event(expired_session(status="complete")), SETTINGS,
     ("INFO", "the session was completed: it is not abandoned", "no_order")),
    (expired_event(), FILTERED, ("INFO", "ORDER_FILTER does not match", "not_ours")),
    (expired_event(livemode=True), SETTINGS,
     ("WARNING", "an event of the other livemode was dropped", "not_ours")),
    (event(COMPLETED, expired_session()), SETTINGS, ("WARNING", "another subscriber's event type", "not_ours")),
]  # fmt: skip


@pytest.mark.parametrize(("said", "settings", "expected"), LINES)
async def test_each_outcome_has_its_words(
    said: Json, settings: AbandonedCartSettings, expected: tuple[str, str, str], capsys: Capture
) -> None:
    assert await Desk(settings=settings).push(said) == 204
    line = logged(capsys)
    assert (line["severity"], line["message"], line["outcome"]) == expected


@pytest.mark.parametrize("said", [expired_event(id="evt_1"), thin(id="evt_1")])
async def test_the_line_has_the_ids_of_the_body_and_of_the_attributes_where_the_body_cannot_be_read(
    said: Json, capsys: Capture
) -> None:
    desk = Desk()
    desk.stripe.known[ID] = expired_session()
    assert await desk.push(said, event_id=None, session_id=None) == 204
    line = logged(capsys)
    assert (line["event"], line["session"]) == ("evt_1", ID)
    attributes = attributes_of(said, TRACE)
    assert await desk.push_message(Message(data=b"{", attributes=attributes, id="7")) == 204
    line = logged(capsys)
    assert (line["event"], line["session"], line["outcome"]) == ("evt_1", ID, "parked")


# --- what the hook is not told of


CONSENTS: list[Json | None] = [
    *(None, {}, {"promotions": None}, {"promotions": "opt_out"}, {"promotions": True}, {"promotions": ["opt_in"]}),
    {"terms_of_service": "accepted"},
]


@pytest.mark.parametrize("consent", CONSENTS)
async def test_a_buyer_who_did_not_agree_to_promotions_is_left_alone(consent: Json | None, capsys: Capture) -> None:
    desk = Desk()
    assert await desk.push(expired_event(expired_session(consent=consent))) == 204
    assert (desk.calls, desk.dead_letter.stored) == ([], [])
    line = logged(capsys)
    assert (line["severity"], line["outcome"]) == ("INFO", "no_consent")


async def test_a_session_that_saves_a_card_is_no_cart(capsys: Capture) -> None:
    desk = Desk()
    assert await desk.push(expired_event(expired_session(mode="setup"))) == 204
    assert (desk.calls, logged(capsys)["outcome"]) == ([], "no_order")


async def test_a_session_that_was_completed_is_not_abandoned(capsys: Capture) -> None:
    desk = Desk()
    desk.stripe.known[ID] = expired_session(status="complete", payment_status="paid")
    assert await desk.push(thin()) == 204
    assert (desk.calls, logged(capsys)["outcome"]) == ([], "no_order")


async def test_the_filter_of_the_deployment_holds_for_carts_too(capsys: Capture) -> None:
    desk = Desk(settings=FILTERED)
    for shop in ("other", "acme"):
        assert await desk.push(expired_event(expired_session(metadata={"shop": shop}))) == 204
    assert [left.metadata["shop"] for left, _ in desk.calls] == ["acme"]
    assert [json.loads(each)["outcome"] for each in capsys.readouterr().out.splitlines()] == [
        *("not_ours", "cart_abandoned"),
    ]


@pytest.mark.parametrize("said", [expired_event(livemode=True), thin(livemode=True)])
async def test_a_cart_of_the_other_livemode_is_dropped_and_not_read(said: Json, capsys: Capture) -> None:
    desk = Desk()
    assert await desk.push(said) == 204
    assert (desk.calls, desk.dead_letter.stored) == ([], [])
    line = logged(capsys)
    assert (line["severity"], line["outcome"]) == ("WARNING", "not_ours")


@pytest.mark.parametrize(("emulator", "severity"), [(None, "WARNING"), ("127.0.0.1:1", "DEBUG")])
async def test_another_type_is_acknowledged(emulator: str | None, severity: str, capsys: Capture) -> None:
    desk = Desk(settings=AbandonedCartSettings(project="acme", livemode=False, pubsub_emulator=emulator))
    assert await desk.push(event(COMPLETED, expired_session())) == 204
    line = logged(capsys)
    assert (desk.calls, line["severity"], line["outcome"]) == ([], severity, "not_ours")


# --- what is parked, and what comes again


async def test_a_refusal_of_the_hook_is_parked_with_the_whole_message(capsys: Capture) -> None:
    desk = Desk(error=PermanentError("no such buyer"))
    said = expired_event()
    assert await desk.push(said) == 204
    (parked,) = desk.dead_letter.stored
    assert (parked.data, parked.attributes["reason"]) == (body(said), "permanent: no such buyer")
    line = logged(capsys)
    assert (line["outcome"], line["reason"]) == ("parked", "permanent")


async def test_what_cannot_be_parked_comes_again() -> None:
    desk = Desk(error=PermanentError("no"))
    desk.dead_letter.down = True
    assert await desk.push(expired_event()) == 503


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError(RECOVERY_URL), "cart_abandoned raised KeyError"),
        (SystemExit(1), "SystemExit"),
        (StripeUnavailable("the mail service is down"), "the mail service is down"),
    ],
)
async def test_anything_else_that_the_hook_raises_brings_the_message_again(
    error: BaseException, said: str, capsys: Capture
) -> None:
    desk = Desk(error=error)
    assert await desk.push(expired_event()) == 503
    line = logged(capsys)
    assert (line["outcome"], desk.dead_letter.stored) == ("retry", [])
    assert said in line["message"]
    desk.error = None
    assert await desk.push(expired_event()) == 204
    assert [key for _, key in desk.calls] == [KEY, KEY]


async def test_a_hook_that_takes_too_long_is_called_again(capsys: Capture) -> None:
    async def hang(_left: Cart, _key: str) -> None:
        await asyncio.Event().wait()

    desk = Desk(settings=AbandonedCartSettings(project="acme", livemode=False, hook_timeout=0), hook=hang)
    assert await desk.push(expired_event()) == 503
    assert "cart_abandoned did not return within 0 s (HOOK_TIMEOUT)" in logged(capsys)["message"]


async def test_a_session_that_is_still_open_is_read_again(capsys: Capture) -> None:
    desk = Desk()
    desk.stripe.known[ID] = expired_session(status="open")
    assert await desk.push(thin()) == 503
    assert logged(capsys)["message"].startswith("v1.checkout.session.expired, but the session that Stripe returned is")
    desk.stripe.known[ID] = expired_session()
    assert await desk.push(thin()) == 204
    assert len(desk.calls) == 1


async def test_without_a_key_a_thin_event_is_parked_and_says_what_to_do() -> None:
    desk = Desk(has_key=False)
    assert await desk.push(thin()) == 204
    (reason,) = desk.reasons()
    assert reason.startswith("read_refused: a thin event names a session, and there is no key to read it: set STRIPE")
    assert await desk.push(expired_event()) == 204
    assert len(desk.calls) == 1


@pytest.mark.parametrize(("error", "answer"), [(StripeRefused("Stripe answered 403"), 204), (StripeUnavailable(), 503)])
async def test_a_refused_read_is_parked_and_one_without_an_answer_comes_again(
    error: StripeUnavailable, answer: int
) -> None:
    desk = Desk()
    desk.stripe.faults = [error]
    assert await desk.push(thin()) == answer
    parked = "read_refused: the event is of test mode. Stripe answered 403"
    assert desk.reasons() == ([parked] if answer == 204 else [])


async def test_a_refused_read_in_live_mode_says_so() -> None:
    desk = Desk(settings=AbandonedCartSettings(project="acme", livemode=True))
    assert await desk.push(thin(livemode=True)) == 204
    assert desk.reasons() == ["read_refused: the event is of live mode. Stripe answered 404"]


async def test_an_answer_that_is_another_session_is_not_believed() -> None:
    desk = Desk()
    desk.stripe.known[ID] = expired_session("cs_test_of_another_buyer")
    assert await desk.push(thin()) == 503
    assert desk.calls == []


async def test_a_session_that_cannot_be_read_is_parked() -> None:
    desk = Desk()
    desk.stripe.known[ID] = expired_session(after_expiration={"recovery": {"url": 5}})
    assert await desk.push(thin()) == 204
    (reason,) = desk.reasons()
    assert reason == (
        "malformed_event: the session that Stripe returned: after_expiration.recovery.url: "
        "expected a string, got an integer"
    )


@pytest.mark.parametrize(
    ("said", "changes", "reason"),
    [
        (expired_event(), {"event_type": None}, "malformed_message: no attribute event_type"),
        (event(COMPLETED, expired_session()), {"event_type": EXPIRED}, "malformed_message: the attribute event_type"),
        (thin_event(COMPLETED, {"id": ID}), {"event_type": f"v1.{EXPIRED}"}, "malformed_message: the attribute event"),
        (expired_event({"id": "cs test"}), {}, "malformed_event: data.object.id: not a usable id"),
        (expired_event(expired_session(consent="opt_in")), {}, "malformed_event: data.object.consent: expected"),
    ],
)
async def test_what_is_malformed_is_parked(
    said: Json, changes: Mapping[str, str | None], reason: str, capsys: Capture
) -> None:
    desk = Desk()
    assert await desk.push(said, **changes) == 204
    assert desk.calls == []
    (parked,) = desk.reasons()
    assert parked.startswith(reason)
    assert logged(capsys)["outcome"] == "parked"


async def test_what_is_no_push_is_refused() -> None:
    endpoint = AbandonedCarts(SETTINGS, print, MemoryTopic())
    assert (await ask(endpoint, b"", method="GET")).status_code == 405
    assert (await ask(endpoint, [b"x" * BODY_BYTES, b"x"])).status_code == 413


# --- the recovery link is a secret


def test_a_cart_does_not_show_its_recovery_link() -> None:
    left = cart()
    assert left.recovery_url == RECOVERY_URL
    assert not [shown for shown in (repr(left), str(left), f"{left}", f"{[left]}") if TOKEN in shown]


@pytest.mark.parametrize(
    "kind", [PermanentError, TransientError, lambda text: RefusedForNow(text, PermanentError(text))]
)
async def test_an_error_of_the_hook_that_names_the_link_does_not_show_it(
    kind: Callable[[str], BaseException], capsys: Capture
) -> None:
    desk = Desk(error=kind(f"no answer from {RECOVERY_URL}?x=1"))
    assert await desk.push(expired_event()) in {204, 503}
    line = capsys.readouterr().out
    assert "no answer from [recovery link]" in line
    assert not [text for text in (line, *desk.reasons()) if TOKEN in text]


@given(st.sampled_from(["url", "expires_at"]), st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_no_event_makes_an_error_that_shows_its_link(name: str, value: Any) -> None:
    recovery = {"url": RECOVERY_URL, "expires_at": RECOVERY_EXPIRES_AT, name: value}
    said = expired_event(expired_session(after_expiration={"recovery": recovery}, mode={RECOVERY_URL: 1}))
    with pytest.raises(MalformedEvent) as error:
        parse_expired(body(said))
    assert TOKEN not in str(error.value)


# --- the start


def test_hooks_without_cart_abandoned_stop_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"^hooks.py must have a function cart_abandoned\(cart, key\) where"):
        find(SimpleNamespace(fulfill=print))


@pytest.mark.parametrize("hook", [lambda left: left, lambda: None])
def test_a_hook_that_cannot_be_called_with_a_cart_and_its_key_stops_the_start(hook: object) -> None:
    with pytest.raises(ConfigurationError, match=r"hooks.py: cart_abandoned must take \(cart, key\)"):
        find(SimpleNamespace(cart_abandoned=hook))


@pytest.mark.parametrize("changes", [{}, {"customer_details": None}, {"after_expiration": None}])
def test_the_shipped_hook_runs_and_prints_nothing_personal(changes: Json, capsys: Capture) -> None:
    find(shipped_hooks)(cart(**changes), KEY)
    said = capsys.readouterr().out
    assert said.startswith(f"cart {ID} (3500 usd) was abandoned, its buyer {'cannot' if changes else 'can'} be invited")
    assert not [each for each in (TOKEN, "jenny", "Jenny") if each in said]


def test_the_settings_have_the_documented_defaults() -> None:
    assert AbandonedCartSettings.load(BASE) == AbandonedCartSettings(
        project="shop",
        livemode=True,
        dead_letter_topic="checkout-events-dead-letter",
        api_base="https://api.stripe.com",
        hook_timeout=30,
    )


def test_a_key_of_the_other_mode_stops_the_start() -> None:
    assert AbandonedCartSettings.load(KEYED).stripe_key is not None
    assert "is of test mode" in problems(AbandonedCartSettings, BASE | {"STRIPE_API_KEY": TEST})
    assert LIVE not in problems(AbandonedCartSettings, BASE | {"STRIPE_API_KEY": LIVE, "HOOK_TIMEOUT": "0"})


@pytest.mark.parametrize(
    "text",
    [
        f"cut {RECOVERY_URL[:-3]}",
        f"half {TOKEN[3:15]}",
        f"encoded {quote(RECOVERY_URL, safe='')}",
        "another link https://example.com/x",
    ],
)
async def test_a_part_of_the_link_is_hidden_too(text: str, capsys: Capture) -> None:
    desk = Desk(error=PermanentError(text))
    await desk.push(expired_event())
    shown = capsys.readouterr().out
    assert text.rsplit(maxsplit=1)[-1] not in shown
    assert "[recovery link]" in shown
    assert not [reason for reason in desk.reasons() if text.rsplit(maxsplit=1)[-1] in reason]
