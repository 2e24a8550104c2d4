"""The content of the webhook's secret: the signing secrets in force, and the endpoint of each, where it is known.

The secret's newest version lists them, one per line. The secret's annotations name the endpoints (Terraform does not
touch them): the key is the endpoint's id, `we_…` or `ed_…`, and the value a fingerprint of its signing secret. An
endpoint without a stored secret is found that way: all its events are refused.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from fulfillment.settings.parsers import parse_webhook_secrets

PLACEHOLDER = "whsec_unregistered"


def fingerprint(secret: str) -> str:
    """Identifies a signing secret without revealing it: a random one cannot be found by brute force."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class SigningSecrets:
    """`secrets`: in force, oldest first, never the placeholder; `noted`: endpoint id -> its secret's fingerprint;
    `version`: the number of the version that holds them.
    """

    secrets: tuple[str, ...] = field(repr=False)
    noted: Mapping[str, str] = field(default_factory=dict)
    version: int = 0

    @classmethod
    def parse(cls, text: str, noted: Mapping[str, str], version: int = 0) -> Self:
        """Parses the list by the product's own rule. ValueError, without the text, if it is invalid."""
        real = (each for each in parse_webhook_secrets(text) if not each.startswith(PLACEHOLDER))
        return cls(secrets=tuple(dict.fromkeys(real)), noted=dict(noted), version=version)

    @property
    def text(self) -> str:
        """The list as it is stored."""
        return "\n".join(self.secrets) + "\n"

    def knows(self, endpoint: str) -> bool:
        """Whether the endpoint's own secret is in force."""
        return self.noted.get(endpoint) in {fingerprint(each) for each in self.secrets}

    def adding(self, secret: str, endpoint: str | None) -> Self:
        """With one more secret in force, noted as the endpoint's if an endpoint is given."""
        note = {endpoint: fingerprint(secret)} if endpoint else {}
        return replace(self, secrets=tuple(dict.fromkeys((*self.secrets, secret))), noted={**self.noted, **note})

    def without(self, endpoint: str) -> Self:
        """Without the endpoint and its secret."""
        noted = {each: mark for each, mark in self.noted.items() if each != endpoint}
        gone = {self.noted.get(endpoint)} - set(noted.values())
        kept = tuple(each for each in self.secrets if fingerprint(each) not in gone)
        return replace(self, secrets=kept, noted=noted)

    def only(self, secret: str) -> Self:
        """With only this secret and those noted as an endpoint's."""
        kept = {fingerprint(secret), *self.noted.values()}
        return replace(self, secrets=tuple(each for each in self.secrets if fingerprint(each) in kept))
