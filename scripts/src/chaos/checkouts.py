"""Every course of a Checkout, as the events that Stripe sends of it."""

from collections.abc import Callable
from typing import Any

from chaos.case import Till
from local.fakes.stripe_events import COMPLETED, FAILED, SUCCEEDED, Json

Tell = Callable[[Till, Json], list[Json]]


def _unpaid(sold: Json) -> Json:
    return sold | {"payment_status": "unpaid"}


def says(*types: str) -> Tell:
    """One event per type about the session; `unpaid` is the completed event of a delayed payment."""

    def tell(till: Till, sold: Json) -> list[Json]:
        pairs = [(COMPLETED, _unpaid(sold)) if each == "unpaid" else (each, sold) for each in types]
        return [till.event(event_type, _unpaid(of) if event_type == FAILED else of) for event_type, of in pairs]

    return tell


def _unknown_status(till: Till, sold: Json) -> list[Json]:
    return [till.event(COMPLETED, sold | {"payment_status": "a status of tomorrow"}), till.event(SUCCEEDED, sold)]


def _two_versions(till: Till, sold: Json) -> list[Json]:
    """Two endpoints during an upgrade: one event id in two formats."""
    old = {key: value for key, value in sold.items() if key != "collected_information"}
    old["shipping_details"] = sold["collected_information"]["shipping_details"]
    new = till.event(COMPLETED, sold)
    return [new, new | {"api_version": "2024-06-20", "data": {"object": old}}]


_FREE = {"payment_status": "no_payment_required", "payment_intent": None, "amount_total": 0, "amount_subtotal": 0}
CHECKOUTS: dict[str, tuple[dict[str, Any], Tell]] = {
    "card": ({}, says(COMPLETED)),
    "delayed, succeeds": ({}, says("unpaid", SUCCEEDED)),
    "delayed, fails": ({}, says("unpaid", FAILED)),
    "voucher, expires": ({"payment_method_types": ["oxxo"]}, says("unpaid", FAILED)),
    "free": (_FREE, says(COMPLETED)),
    "subscription": ({"mode": "subscription", "subscription": "sub_1", "payment_intent": None}, says(COMPLETED)),
    "trial": (_FREE | {"mode": "subscription", "subscription": "sub_1"}, says(COMPLETED)),
    "many items": ({}, says(COMPLETED)),
    "success and failure": ({}, says("unpaid", FAILED, SUCCEEDED)),
    "paid at once, succeeds": ({}, says(COMPLETED, SUCCEEDED)),
    "success alone": ({}, says(SUCCEEDED)),
    "waits": ({}, says("unpaid")),
    "twins": ({}, says(COMPLETED, COMPLETED)),
    "delayed twins": ({}, says("unpaid", "unpaid", SUCCEEDED, SUCCEEDED)),
    "failure twins": ({}, says("unpaid", FAILED, FAILED)),
    "unknown status": ({}, _unknown_status),
    "two API versions": ({}, _two_versions),
}
