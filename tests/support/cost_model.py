"""How docs/costs.md reckons a month's bill from what it states: operations, sizes, prices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import ceil

MONTH_DAYS = 30
MONTH_SECONDS = MONTH_DAYS * 24 * 3600
SECRET_SECONDS = 10
WEBHOOK_SECONDS, DELIVERY_SECONDS = 0.1, 1.0
MOUNTED = {WEBHOOK_SECONDS: 1, DELIVERY_SECONDS: 2}
"""How many secrets are mounted where a request takes so long: the signing secrets; the API key and the mail server."""
_WORDS = {"million": 10**6}


@dataclass(frozen=True, kw_only=True)
class Backups:
    """For how many days a backup of each kind is kept; 0 for none of that kind."""

    daily: int = 7
    weekly: int = 98


def copies(month: int, every_days: int, kept_days: int) -> float:
    """How many times a month's orders lie in the backups of one kind, on average over that month. Orders come evenly, a
    backup holds all that came until its day was over, and is billed for the days after, until it is dropped.
    """
    last = month * MONTH_DAYS
    held = 0.0
    for day in range(last - MONTH_DAYS, last):
        held += sum(made for made in range(1, day + 1) if made % every_days == 0 and day - made < kept_days)
    return held / MONTH_DAYS / MONTH_DAYS


def stored(month: int) -> float:
    """How many months' orders are stored, on average over that month."""
    return month - 0.5


def secret_reads(orders: int) -> int:
    """Reads of the mounted secrets: one for each request at most, and one each ten seconds and busy instance. As many
    instances are busy as requests are under way, if no two share one.
    """
    reads = 0
    for seconds, secrets in MOUNTED.items():
        busy = max(1, ceil(orders * seconds / MONTH_SECONDS))
        reads += secrets * min(orders, busy * MONTH_SECONDS // SECRET_SECONDS)
    return reads


def number(text: str) -> Decimal:
    """The number that a cell begins with: `2.1 million requests`, `1,000`, `about 14`."""
    match = re.match(r"(?:about |up to )?([\d.,]*\d)(?: (million))?", text)
    if match is None:
        raise ValueError(f"no number: {text}")
    return Decimal(match[1].replace(",", "")) * _WORDS.get(match[2], 1)


def price(text: str) -> Decimal:
    """The price of one: `0.40 per million` is a millionth of it."""
    amount, _, per = text.partition(" per ")
    return number(amount) / {"million": 10**6, "100,000": 10**5, "10,000": 10**4}.get(per, 1)


def cents(value: Decimal) -> Decimal:
    """Rounded as people round."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def written(value: Decimal) -> str:
    """An amount in dollars: with cents below a hundred."""
    return f"{cents(value):,}" if cents(value) < 100 else f"{value.quantize(Decimal(1), ROUND_HALF_UP):,}"


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What the document states, from which any month follows. `gib_month` has a price for each place of an order."""

    fixed: Decimal
    million_orders: Decimal
    secret_read: Decimal
    order_bytes: int
    gib_month: Mapping[str, Decimal]

    def parts(self, orders: int, month: int, backups: Backups | None = None) -> dict[str, Decimal]:
        """The parts of a month's bill, in dollars."""
        kept = backups or Backups()
        gib = Decimal(orders * self.order_bytes) / 2**30
        here = gib * Decimal(str(stored(month)))
        daily, weekly = Decimal(copies(month, 1, kept.daily)), Decimal(copies(month, 7, kept.weekly))
        return {
            "fixed costs": self.fixed,
            "handling the month's orders": self.million_orders * orders / 10**6,
            "reads of mounted secrets": self.secret_read * secret_reads(orders),
            "storage": self.gib_month["storage"] * here,
            "point-in-time recovery": self.gib_month["point-in-time recovery"] * here,
            "backups": (self.gib_month["daily backups"] * daily + self.gib_month["weekly backups"] * weekly) * gib,
        }
