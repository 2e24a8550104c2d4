"""Facts of the time after the sale, as events and reads of Stripe tell them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fulfillment.domain.after_sale import KINDS, AfterSale, Claim, Fact, StatusRead
from fulfillment.domain.ids import Currency, EventId
from support.builders import NOW

VERSION = "2026-10-28.endive"


def told(name: str, status: str, event: str, at: int = 0, *, field: str = "refunds", **more: Any) -> Fact:
    """What an event says, `at` seconds after the first: an amount of 1000 usd unless it says another."""
    claim = _claim(event, at, more.pop("version", VERSION))
    return Fact(field=field, id=name, told=replace(_claiming(field, status, claim, more), newest=claim.created))


def read(name: str, status: str, at: int = 0, *, field: str = "refunds", **more: Any) -> Fact:
    """What a read of Stripe says, `at` seconds after the first event."""
    claim = _claim(f"{EventId.FOUND}{name}:{status}", at, VERSION)
    seen = StatusRead(at=claim.created, status=status)
    return Fact(field=field, id=name, told=replace(_claiming(field, status, claim, more), read=seen))


def _claim(event: str, at: int, version: str) -> Claim:
    created = NOW + timedelta(seconds=at)
    return Claim(event=event, created=created, received_at=created, api_version=version)


def _claiming(field: str, status: str, claim: Claim, more: Mapping[str, Any]) -> AfterSale:
    money: dict[str, Any] = {"amount": 1000, "currency": Currency("usd")} if field in {"refunds", "disputes"} else {}
    claims = {"lost": claim, status: claim} if status.startswith("appeal_") else {status: claim}
    return KINDS[field](status=status, claims=claims, **(money | dict(more)))
