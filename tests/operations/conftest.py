"""The commands, run as a person runs them, between local servers that speak Stripe's and Google's wire formats."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from local.fakes.stripe_stand_in import StripeStandIn
from local.runtime.emulators import Emulators
from support.deployments import deployed, google_runs
from support.emulated_shop import EmulatedShop
from support.operators import KEY, Operator
from support.serving import served


class Stage:
    """A server that stays while what it serves is changed for each test."""

    app = Starlette()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def stages() -> Iterator[tuple[tuple[Stage, str], tuple[Stage, str]]]:
    """Google's and Stripe's, and where they are."""
    google, stripe = Stage(), Stage()
    with served(google) as google_at, served(stripe) as stripe_at:
        yield (google, google_at.rstrip("/")), (stripe, stripe_at.rstrip("/"))


@pytest.fixture
def operator(tmp_path: Path, stages: tuple[tuple[Stage, str], tuple[Stage, str]]) -> Operator:
    """An operator of a deployment that was just applied."""
    (google_stage, google_at), (stripe_stage, stripe_at) = stages
    google, stripe = google_runs(deployed()), StripeStandIn()
    google_stage.app, stripe_stage.app = google.app(), stripe.app()
    env: dict[str, str | None] = {
        "OPS_DEPLOYMENT": str(tmp_path / "deployment.json"),
        "GOOGLE_API_BASE": google_at,
        "STRIPE_API_BASE": stripe_at,
        "STRIPE_API_KEY": KEY,
    }
    operator = Operator(tmp_path, env, google, stripe)
    operator.has()
    return operator


@pytest.fixture
def registered(operator: Operator) -> Operator:
    """The same, with the webhook registered."""
    result = operator.runs("register-webhook")
    assert result.exit_code == 0, result.output
    operator.google.calls.clear()
    operator.stripe.endpoint_calls.clear()
    return operator


@pytest.fixture
def shop(emulated: Emulators, monkeypatch: pytest.MonkeyPatch) -> EmulatedShop:
    """A shop of its own on the emulators."""
    for name, host in emulated.env.items():
        monkeypatch.setenv(name, host)
    return EmulatedShop(emulated)
