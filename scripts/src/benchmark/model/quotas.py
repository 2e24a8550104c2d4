"""What the model takes from others: published limits, and assumptions where nothing is published. Seconds, unless the
unit says otherwise.
"""

from dataclasses import dataclass

ASSUMED = "assumption"
_STRIPE = "https://docs.stripe.com"
_GOOGLE = "https://cloud.google.com"


@dataclass(frozen=True)
class Fact:
    """A number, what it is of, and who published it."""

    value: float
    unit: str
    what: str
    source: str


STRIPE_READS = Fact(
    25, "a second", "Stripe: requests to one endpoint of the API, such as line items", f"{_STRIPE}/rate-limits"
)
CHECKOUT_PATIENCE = Fact(
    10, "s", "Stripe: Checkout waits for the ack before it redirects the buyer", f"{_STRIPE}/checkout/fulfillment"
)
STRIPE_RETRY = Fact(3600, "s", "Stripe: until an event that was not acknowledged is sent again", ASSUMED)
REQUEST_PATIENCE = Fact(
    10, "s", "Cloud Run: a request waits for an instance", f"{_GOOGLE}/run/docs/about-instance-autoscaling"
)
SCALING_TARGET = Fact(
    0.6, "", "Cloud Run: share of CPU or concurrency to reach", f"{_GOOGLE}/run/docs/about-instance-autoscaling"
)
SCALING_INTERVAL = Fact(2, "s", "Cloud Run: between two decisions to scale", ASSUMED)
COLD_START = Fact(3, "s", "Cloud Run: until a new instance answers", ASSUMED)
PUBLISH_QUOTA = Fact(
    50, "MB/s", "Pub/Sub: publish quota, once published for small regions; now higher", f"{_GOOGLE}/pubsub/quotas"
)
PUSH_QUOTA = Fact(
    20, "MB/s", "Pub/Sub: push quota, once published for large regions; now higher", f"{_GOOGLE}/pubsub/quotas"
)
PUSH_WINDOW_START = Fact(
    5, "requests", "Pub/Sub: concurrent pushes at first, a small single digit", f"{_GOOGLE}/pubsub/docs/push"
)
PUSH_WINDOW_LINEAR = Fact(
    3000, "requests", "Pub/Sub: concurrent pushes, from which on they grow slowly", f"{_GOOGLE}/pubsub/docs/push"
)
FIRESTORE_START = Fact(
    500, "a second", "Firestore: calls without warming up", f"{_GOOGLE}/firestore/docs/best-practices"
)
FIRESTORE_GROWTH = Fact(
    1.5, "times", "Firestore: growth of that rate in each five minutes", f"{_GOOGLE}/firestore/docs/best-practices"
)
FIRESTORE_SECONDS = 300.0

PUBLISH_SECONDS = Fact(0.03, "s", "Pub/Sub: one Publish call", ASSUMED)
TRANSIT_SECONDS = Fact(0.05, "s", "Pub/Sub: from the ack to the push", ASSUMED)
WRITE_SECONDS = Fact(0.025, "s", "Firestore: one write", ASSUMED)
STRIPE_SECONDS = Fact(0.3, "s", "Stripe: one page of line items", ASSUMED)
SESSION_SECONDS = Fact(0.3, "s", "Stripe: one session, which a thin event needs", ASSUMED)
HOOK_SECONDS = Fact(0.15, "s", "your hook", ASSUMED)
MAIL_SECONDS = Fact(0.4, "s", "your mail server takes one receipt; it has no limit", ASSUMED)

FACTS = tuple(each for each in list(globals().values()) if isinstance(each, Fact))
