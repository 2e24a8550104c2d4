"""The keys and addresses in the environment by which the commands reach Stripe and Google."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fulfillment.settings import parsers
from fulfillment.settings.hosts import is_loopback
from fulfillment.settings.shared import STRIPE_API
from ops.deployment.model import Deployment
from ops.errors import WrongSettings


@dataclass(frozen=True, kw_only=True)
class StripeAccess:
    """A key of the deployment's mode, and the base URL of Stripe's API."""

    key: str = field(repr=False)
    base: str = STRIPE_API


def stripe_access(
    env: Mapping[str, str], deployment: Deployment, *, may: str, what: str = "Webhook Endpoints"
) -> StripeAccess:
    """Reads the key and the base URL from `env`. WrongSettings if the key is missing or of the other mode. `may` is the
    permission that a restricted key needs: `read` or `write`.
    """
    wanted = f"a key of {deployment.mode} mode that may {may} {what}: STRIPE_API_KEY=rk_{deployment.mode}_…"
    if not (text := env.get("STRIPE_API_KEY", "").strip()):
        raise WrongSettings(f"STRIPE_API_KEY is not set. It must be {wanted}")
    key = _read("STRIPE_API_KEY", parsers.parse_api_key, text)
    if mode_of(key) not in {deployment.mode, None}:
        raise WrongSettings(
            f"STRIPE_API_KEY is of {mode_of(key)} mode, and the deployment of {deployment.mode}. It must be {wanted}"
        )
    return StripeAccess(key=key, base=stripe_base(env))


def stripe_base(env: Mapping[str, str]) -> str:
    """The base URL of Stripe's API in `env`, or Stripe's own."""
    base = env.get("STRIPE_API_BASE", "").strip() or STRIPE_API
    return _read("STRIPE_API_BASE", parsers.api_base, base)


def mode_of(key: str) -> str | None:
    """The mode of a Stripe key: `live` or `test`; None for an organization's key, which does not show it."""
    if parsers.is_organization(key):
        return None
    return "live" if "_live_" in key[:8] else "test"


def google_base(env: Mapping[str, str]) -> str | None:
    """The URL of a stand-in of Google's APIs on loopback, for tests; None for Google itself."""
    text = env.get("GOOGLE_API_BASE", "").strip().rstrip("/")
    return _read("GOOGLE_API_BASE", _loopback, text) if text else None


def _loopback(text: str) -> str:
    url = urlsplit(text)
    if url.scheme != "http" or not is_loopback(url.hostname or "") or url.path or url.query:
        raise ValueError("must be an http:// address on loopback: leave it unset to reach Google")
    return text


def _read(name: str, parse: Callable[[str], str], text: str) -> str:
    try:
        return parse(text)
    except ValueError as error:
        raise WrongSettings(f"{name} {error}") from None
