"""Looks at the functions, and at who may call them."""

import functools
from collections.abc import Callable, Iterable

from ops.clients.google_cloud import GoogleCloud
from ops.clients.google_resources import Function
from ops.deployment.model import Deployment
from ops.doctor import function_checks
from ops.doctor.checks import Finding
from ops.errors import OperationsError

Look = tuple[str, Callable[[], Iterable[Finding]]]
"""What is looked at, and the look."""


class FunctionLooks:
    """Every function is read once."""

    def __init__(self, deployment: Deployment, google: GoogleCloud) -> None:
        self._deployment, self._google = deployment, google
        self.function: Callable[[str], Function] = functools.cache(google.function)

    def webhook_uri(self) -> str:
        """The URL of the webhook's Cloud Run service; the function's URL if that cannot be read."""
        webhook = self._deployment.webhook
        try:
            return self.function(webhook.function).uri
        except OperationsError:
            return webhook.url

    def webhook(self) -> list[Look]:
        """The function that Stripe calls."""
        of, name = self._deployment, self._deployment.webhook.function
        return [self._look(name, lambda found: function_checks.check_webhook(of, found)), self._public(name, "Stripe")]

    def subscribers(self) -> list[Look]:
        """The functions that Pub/Sub calls."""
        of, looks = self._deployment, list[Look]()
        for entry_point, each in of.subscribers.items():
            check = functools.partial(function_checks.check_subscriber, of, entry_point, each)
            looks += [self._look(each.function, check), self._private(each.function, "Pub/Sub", each.push_account)]
        return looks

    def handlers(self) -> list[Look]:
        """The function that runs functions/handlers."""
        of, events = self._deployment, self._deployment.stripe_events
        if events is None or events.handlers is None:
            return []
        each, check = events.handlers, functools.partial(function_checks.check_handlers, of, events, events.handlers)
        return [self._look(each.function, check), self._private(each.function, "Pub/Sub", each.push_account)]

    def order_status(self) -> list[Look]:
        """The function that buyers call."""
        of, each = self._deployment, self._deployment.order_status
        if each is None:
            return []
        check = functools.partial(function_checks.check_order_status, of, each)
        return [self._look(each.function, check), self._public(each.function, "buyers")]

    def reconcile(self) -> list[Look]:
        """The function that the schedule calls."""
        of, each = self._deployment, self._deployment.reconcile
        if each is None:
            return []
        check = functools.partial(function_checks.check_reconcile, of, each)
        return [self._look(each.function, check), self._private(each.function, "the schedule", each.caller)]

    def _look(self, name: str, check: Callable[[Function], list[Finding]]) -> Look:
        return f"function {name}", lambda: check(self.function(name))

    def _public(self, name: str, whom: str) -> Look:
        return f"service {name}", lambda: function_checks.check_public_service(name, whom, self._google.service(name))

    def _private(self, name: str, whom: str, account: str) -> Look:
        check = function_checks.check_private_service
        return f"service {name}", lambda: check(name, whom, account, self._google.service(name))
