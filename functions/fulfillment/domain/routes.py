"""The event types that are published on the topic of Stripe's events, beside those of orders (`ROUTED_EVENTS`). Pure.

    invoice.paid, customer.subscription.*      these types, and their thin twins: v1.invoice.paid, …
    v2.core.account[identity].updated          a type that exists only as a thin event

A wildcard stands for the rest of a name, after a dot. There is none for all types: one type waits for an answer, which
a topic cannot give.
"""

import re
from dataclasses import dataclass
from typing import Self

from fulfillment.domain.event_types import family_type

ANSWERED = "issuing_authorization.request"
"""Stripe waits two seconds for the answer to it, which approves or declines a card payment."""
DELAYING = "invoice.created"
"""Stripe delays an invoice by up to 72 hours while this event is not answered with 2xx."""

_PART = r"[a-z0-9_]+(\[[a-z0-9_.]+\])?"
_NAME = re.compile(rf"{_PART}(\.{_PART})*\.({_PART}|\*)")
_RULE = "event types, separated by commas, such as invoice.paid or customer.subscription.*"


@dataclass(frozen=True, kw_only=True)
class Routes:
    """The routed types. `names` have no prefix `v1.`; `prefixes` end with a dot."""

    names: frozenset[str]
    prefixes: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The routes in a text. Raises ValueError with the rule."""
        if "*" in _listed(text):
            raise ValueError("must name the types: `*` alone is refused, because a type may need an answer")
        routes = cls.select(text)
        if ANSWERED in routes:
            raise ValueError(f"must not include {ANSWERED}: Stripe needs an answer, and this product gives none")
        return routes

    @classmethod
    def select(cls, text: str) -> Self:
        """The types in a text that selects events which came before: none of them waits for an answer any more."""
        listed = _listed(text)
        if "*" in listed:
            raise ValueError("must name the types: `*` alone is refused. A wildcard needs a name: invoice.*")
        if not listed or not all(_NAME.fullmatch(each) for each in listed):
            raise ValueError(f"must hold {_RULE}")
        names = frozenset(each for each in listed if not each.endswith("*"))
        prefixes = tuple(sorted({each.removesuffix("*") for each in listed} - names))
        return cls(names=names, prefixes=prefixes)

    def __contains__(self, event_type: str) -> bool:
        """Whether a type, snapshot or thin, is routed."""
        family = family_type(event_type)
        return family in self.names or family.startswith(self.prefixes)

    def __str__(self) -> str:
        return ",".join(sorted([*self.names, *(f"{each}*" for each in self.prefixes)]))

    def warnings(self) -> list[str]:
        """What the owner of the deployment should know."""
        if DELAYING not in self:
            return []
        return [f"{DELAYING} is routed: while this deployment does not answer, Stripe delays invoices up to 72 hours"]


def _listed(text: str) -> list[str]:
    return [family_type(each) for each in re.split(r"[,\s]+", text) if each]
