"""Environments of the entry points, with good settings."""

import pytest

from fulfillment.errors import ConfigurationError
from fulfillment.settings.base import Settings

A, B = "whsec_" + "a" * 32, "whsec_" + "b" * 32
BASE = {"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "true"}
WEBHOOK = BASE | {"STRIPE_WEBHOOK_SECRETS": A}
LIVE, TEST = "rk_live_" + "a" * 32, "sk_test_" + "b" * 32
KEYED = BASE | {"STRIPE_API_KEY": LIVE}


def problems(kind: type[Settings], env: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as error:
        kind.load(env)
    return str(error.value)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now
