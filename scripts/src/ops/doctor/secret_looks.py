"""Looks at the content of the secrets, and at who may read them."""

import functools
from collections.abc import Callable, Iterable, Iterator

from fulfillment.settings.parsers import is_organization
from ops.clients.secret_manager import SecretManager
from ops.clients.stripe_permissions import AFTER_SALE, NEEDED, StripePermissions
from ops.deployment.model import Deployment
from ops.doctor import secret_checks
from ops.doctor.checks import Finding
from ops.doctor.function_looks import Look
from ops.errors import Refused

Check = Callable[[Deployment, str], Iterable[Finding]]


class SecretLooks:
    """`permissions` are those of the key that the functions use."""

    def __init__(
        self, deployment: Deployment, manager: SecretManager, permissions: Callable[[str], StripePermissions]
    ) -> None:
        self._deployment, self._manager, self._permissions = deployment, manager, permissions

    def all(self) -> Iterator[Look]:
        """Every secret, and its readers."""
        of, secrets = self._deployment, self._deployment.secrets
        webhook = [(of.webhook.function, of.webhook.account)]
        subscribers = [(each.function, each.account) for each in of.subscribers.values()]
        performers = [(each.function, each.account) for each in of.performers.values()]
        others = (of.order_status, of.reconcile, of.stripe_events and of.stripe_events.handlers)
        readers_of_stripe = [*subscribers, *((each.function, each.account) for each in others if each)]
        kinds: tuple[tuple[str | None, Check, list[tuple[str, str]]], ...] = (
            (secrets.webhook, secret_checks.check_signing_secrets, webhook),
            (secrets.stripe_api_key, self._check_api_key, readers_of_stripe),
            (secrets.smtp_url, secret_checks.check_smtp_url, performers),
        )
        for name, check, readers in kinds:
            if name:
                yield f"secret {name}", functools.partial(self._secret, name, check)
                yield f"secret {name}", functools.partial(self._readers, name, readers)

    def _secret(self, name: str, check: Check) -> list[Finding]:
        text, number = self._manager.latest(name)
        earlier = self._manager.earlier(name, number)
        return [*check(self._deployment, text), *secret_checks.check_newest(self._deployment, name, text, earlier)]

    def _check_api_key(self, deployment: Deployment, text: str) -> list[Finding]:
        found = secret_checks.check_api_key(deployment, text)
        if any(each.problem for each in found):
            return found
        if is_organization(text.strip()):
            return [*found, secret_checks.unchecked_permissions(deployment)]
        key = self._permissions(text.strip())
        needed = {**NEEDED, **(AFTER_SALE if deployment.after_sale else {})}
        return [
            *found,
            *(
                secret_checks.check_permission(deployment, each, _refusal(key, each), without)
                for each, without in needed.items()
            ),
        ]

    def _readers(self, name: str, accounts: list[tuple[str, str]]) -> list[Finding]:
        return secret_checks.check_readers(name, accounts, self._manager.policy(name))


def _refusal(key: StripePermissions, permission: str) -> Refused | None:
    """Why Stripe refuses to use the permission."""
    try:
        key.use(permission)
    except Refused as error:
        return error
    return None
