"""The day on a receipt and on the page: the sale's own, and the shop's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from email.headerregistry import Address as Mailbox
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.buyer_view import BuyerStatus, BuyerView
from fulfillment.domain.checkout import Checkout
from fulfillment.domain.ids import OWN, SessionId
from fulfillment.domain.order import Order, Seen
from fulfillment.domain.status import Status
from fulfillment.domain.synthetic_events import synthetic_event
from fulfillment.effects.mail_message import MailMessages
from fulfillment.order_status.page import Page
from fulfillment.order_status.settings import OrderStatusSettings
from fulfillment.order_status.status_page import StatusPage
from fulfillment.presentation.locales import Notation
from local.fakes.stripe_events import session
from support.builders import NOW, order
from support.mails import KEY, part, received

BERLIN, EVENING = ZoneInfo("Europe/Berlin"), datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
FOUND = "reconcile:cs_test_a1:"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def seen(claim: Status, at: datetime) -> Seen:
    return Seen(type="checkout.session.completed", claim=claim, created=at, received_at=at + 30 * DAY)


def with_events(session_created_at: datetime | None = None, **events: tuple[Status, datetime]) -> Order:
    """The order of those events; `found_…` stands for one that reconcile found."""
    named = {name.replace("found_", FOUND): seen(*told) for name, told in events.items()}
    return order(events=named, session_created_at=session_created_at, created_at=NOW + 30 * DAY)


WAITING, FAILED, PAID = Status.AWAITING_PAYMENT, Status.PAYMENT_FAILED, Status.PAID


@pytest.mark.parametrize(
    ("of", "sold_at"),
    [
        (with_events(NOW - MINUTE, evt_1=(PAID, NOW)), NOW),
        (with_events(NOW - MINUTE, evt_1=(WAITING, NOW), evt_2=(PAID, NOW + 3 * DAY)), NOW + 3 * DAY),
        (with_events(NOW - MINUTE, evt_1=(WAITING, NOW)), NOW),
        (with_events(NOW - MINUTE, evt_1=(WAITING, NOW), evt_2=(FAILED, NOW + 3 * DAY)), NOW),
        (with_events(NOW - MINUTE, found_paid=(PAID, NOW + 3 * DAY)), NOW - MINUTE),
        (with_events(None, found_paid=(PAID, NOW + 3 * DAY)), NOW + 3 * DAY),
        (with_events(None, found_paid=(PAID, NOW + 3 * DAY), found_waiting=(WAITING, NOW + DAY)), NOW + DAY),
        (with_events(NOW - MINUTE, evt_1=(WAITING, NOW), found_paid=(PAID, NOW + 3 * DAY)), NOW),
        (with_events(NOW - MINUTE, evt_1=(PAID, NOW), found_paid=(PAID, NOW + 3 * DAY)), NOW),
        (with_events(NOW - MINUTE, found_waiting=(WAITING, NOW + DAY)), NOW - MINUTE),
    ],
)
def test_a_sale_has_its_own_time_also_where_it_was_found_later(of: Order, sold_at: datetime) -> None:
    assert of.sold_at == sold_at


def test_a_synthetic_event_is_known_as_one() -> None:
    found = synthetic_event(session("cs_test_a1"), owner=OWN, api_version="2026-10-28.endive", at=NOW)
    assert found is not None
    assert found.event["id"] == f"{FOUND}paid"


def mailed(of: Order, zone: tzinfo) -> str:
    letters = MailMessages(Mailbox(addr_spec="orders@shop.example"), None, time_zone=zone)
    return part(received(letters.receipt(of, KEY)), "plain")


def page(checkout: Checkout | None, zone: str) -> str:
    base = {"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "false"}
    settings = OrderStatusSettings.load(base | {"SHOP_TIME_ZONE": zone})
    view = BuyerView(status=BuyerStatus.PAID, checkout=checkout)
    return bytes(StatusPage(settings).answer(Page(view=view, http_status=200), {}).body).decode()


def test_the_day_is_the_shops() -> None:
    of = with_events(evt_1=(PAID, EVENING))
    assert "Date: December 31, 2026\n" in mailed(of, UTC)
    assert "Date: January 1, 2027\n" in mailed(of, BERLIN)
    assert "<bdi>December 31, 2026</bdi>" in page(of, "UTC")
    assert "<bdi>January 1, 2027</bdi>" in page(of, "Europe/Berlin")


def test_a_failed_payment_and_a_late_find_have_the_days_of_their_sale() -> None:
    late = with_events(EVENING, found_paid=(PAID, EVENING + 3 * DAY))
    assert "Date: January 1, 2027\n" in mailed(late, BERLIN)
    failed = with_events(evt_1=(WAITING, EVENING), evt_2=(FAILED, EVENING + 3 * DAY))
    letters = MailMessages(Mailbox(addr_spec="orders@shop.example"), None, time_zone=BERLIN)
    assert "January 1, 2027" in part(received(letters.payment_failed(failed, KEY)), "html")


def test_a_session_that_is_no_order_yet_has_the_day_of_its_creation_if_that_is_known() -> None:
    checkout = Checkout(id=SessionId("a"), payment_status="paid", mode="payment", livemode=False, amount_total=1)
    checkout = replace(checkout, currency=order().currency)
    assert "January 1, 2027" in page(replace(checkout, session_created_at=EVENING), "Europe/Berlin")
    assert "2026" not in page(checkout, "UTC")
    assert "2026" not in page(None, "UTC")


@given(
    st.sampled_from([datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)]),
    st.sampled_from(["Pacific/Kiritimati", "Etc/GMT+12", "UTC"]).map(ZoneInfo),
)
def test_the_calendars_first_and_last_day_are_days(at: datetime, zone: ZoneInfo) -> None:
    said = Notation.of(Checkout(id=SessionId("a"), payment_status=None, mode=None, livemode=False), zone).date(at)
    assert said in {"January 1, 1", "December 31, 1", "December 31, 9999"}
