"""All checks of `doctor`, one after the other: Stripe, the functions, Pub/Sub and the secrets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ops.clients.event_types import KnownTypes, event_types
from ops.clients.google_api import GoogleApi
from ops.clients.google_cloud import GoogleCloud
from ops.clients.secret_manager import SecretManager
from ops.clients.signing_secrets import SigningSecrets
from ops.clients.stripe_endpoints import StripeEndpoints
from ops.clients.stripe_permissions import StripePermissions
from ops.clients.webhook_endpoints import wanted
from ops.deployment.model import Deployment
from ops.doctor import endpoint_checks, kind_checks
from ops.doctor.checks import Finding, attempt
from ops.doctor.function_looks import FunctionLooks, Look
from ops.doctor.messaging_looks import MessagingLooks
from ops.doctor.secret_looks import SecretLooks
from ops.errors import OperationsError


@dataclass(frozen=True, kw_only=True)
class Stripe:
    """Stripe, as the checks need it. `permissions`: what a key may read. `known`: the types that may be registered."""

    endpoints: Callable[[], StripeEndpoints]
    permissions: Callable[[str], StripePermissions]
    known: KnownTypes


class Examination:
    """All looks, one after the other. A failed look does not stop the others."""

    def __init__(self, deployment: Deployment, google: GoogleApi, stripe: Stripe, url: str | None) -> None:
        self._deployment, self._stripe, self._url = deployment, stripe, url or deployment.webhook.url
        self._secret_manager, cloud = SecretManager(google), GoogleCloud(google, deployment.region)
        self._functions = FunctionLooks(deployment, cloud)
        self._messaging = MessagingLooks(deployment, cloud, self._functions.function)
        self._secrets = SecretLooks(deployment, self._secret_manager, stripe.permissions)

    def findings(self) -> Iterator[Finding]:
        """Every finding, in the order of the flow."""
        functions, messaging = self._functions, self._messaging
        looks: list[Look] = [
            ("stripe", self._endpoints),
            *functions.webhook(),
            *messaging.topics(),
            *functions.subscribers(),
            *functions.handlers(),
            *messaging.pushes(),
            *messaging.sinks(),
            *functions.order_status(),
            *functions.reconcile(),
            *messaging.dead_letters(),
            *self._secrets.all(),
        ]
        for subject, look in looks:
            yield from attempt(subject, look)

    def _endpoints(self) -> list[Finding]:
        of, url, listed = self._deployment, self._url, self._stripe.endpoints().list()
        stored: SigningSecrets | OperationsError
        try:
            stored = self._secret_manager.signing_secrets(of.secrets.webhook)
        except OperationsError as error:
            stored = error
        kinds = kind_checks.kinds_in_use(of, url, listed.endpoints)
        types = [event_types(of, self._stripe.known, thin=thin) for thin in kinds]
        needed = [each for one in types for each in wanted(of, one, url)]
        return [
            *endpoint_checks.check_endpoints(needed, listed.endpoints, stored, self._functions.webhook_uri()),
            *kind_checks.check_types(types),
            *kind_checks.check_after_sale(of),
            *kind_checks.check_thin(of, types),
            *kind_checks.check_both(types),
            *kind_checks.check_unseen(listed.unseen, stored),
        ]
