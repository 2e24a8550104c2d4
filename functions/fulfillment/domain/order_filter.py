"""Which sessions are this deployment's, on a Stripe account that several products share."""

import re
from dataclasses import dataclass
from typing import Self

from fulfillment.domain.checkout import Checkout


@dataclass(frozen=True, kw_only=True)
class OrderFilter:
    """Which sessions are ours, on a Stripe account that several products share."""

    name: str
    values: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """`metadata.KEY=VALUE[,VALUE]` or `payment_link=ID[,ID]`; ValueError for anything else."""
        name, _, values = (part.strip() for part in text.partition("="))
        wanted = frozenset(value.strip() for value in values.split(",") if value.strip())
        if not re.fullmatch(r"metadata\..+|payment_link", name) or not wanted:
            raise ValueError("must be metadata.KEY=VALUE or payment_link=plink_1,plink_2")
        return cls(name=name, values=wanted)

    def matches(self, checkout: Checkout) -> bool:
        """Whether the session is one of ours."""
        if self.name == "payment_link":
            return checkout.payment_link in self.values
        value = checkout.metadata.get(self.name.removeprefix("metadata."))
        return isinstance(value, str) and value in self.values
