"""ORDER_FILTER: which sessions belong to this deployment, on a Stripe account that several products share."""

import re
from dataclasses import dataclass
from typing import Self

from fulfillment.domain.checkout import Checkout


@dataclass(frozen=True, kw_only=True)
class OrderFilter:
    """A condition on the sessions of this deployment: the field `name` has one of the `values`."""

    name: str
    values: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The filter in `metadata.KEY=VALUE[,VALUE]` or `payment_link=ID[,ID]`. Raises ValueError."""
        name, _, values = (part.strip() for part in text.partition("="))
        wanted = frozenset(value.strip() for value in values.split(",") if value.strip())
        if not re.fullmatch(r"metadata\..+|payment_link", name) or not wanted:
            raise ValueError("must be metadata.KEY=VALUE or payment_link=plink_1,plink_2")
        return cls(name=name, values=wanted)

    def matches(self, checkout: Checkout) -> bool:
        """Whether the session belongs to this deployment."""
        if self.name == "payment_link":
            return checkout.payment_link in self.values
        value = checkout.metadata.get(self.name.removeprefix("metadata."))
        return isinstance(value, str) and value in self.values
