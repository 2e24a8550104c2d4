"""What a deployment needs before Stripe may send it thin events: the problem, and what fixes it."""

from ops.deployment.model import Deployment
from ops.deployment.terraform_output import APPLY

SET_KEY = f"set stripe.api_key_version, export TF_VAR_stripe_api_key, and: {APPLY}"


def lacking_key(deployment: Deployment) -> str | None:
    """The problem, if no session can be read: `SET_KEY` fixes it."""
    problem = "thin events hold only ids, and this deployment has no Stripe API key to read their sessions with"
    return None if deployment.secrets.stripe_api_key else problem


def lacking_subscription(deployment: Deployment) -> str | None:
    """The problem, if thin events reach no subscriber, as before version 1.1: `APPLY` fixes it."""
    subscribed = all(each.thin_subscription for each in deployment.subscribers.values())
    return None if subscribed else "a subscriber has no subscription for thin events: it would make no order of them"
