"""The forms that the Stripe CLI posts to the stand-in, and the session that one opens."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request

from local.fakes.stripe_events import Json, new_id, session


async def form_of(request: Request) -> Json:
    """Parses a form by its brackets: `a[b][0]=c` is {"a": {"b": {"0": "c"}}}."""
    form: Json = {}
    for name, value in parse_qsl((await request.body()).decode()):
        *path, last = re.findall(r"[^\[\]]+", name)
        place = form
        for key in path:
            place = place.setdefault(key, {})
        place[last] = value
    return form


def open_session(items: Sequence[Json], form: Json) -> Json:
    """An open session with these items, not paid yet."""
    total = sum(item["amount_total"] for item in items)
    return session(
        new_id("cs_test"),
        status="open",
        payment_status="unpaid",
        mode=form.get("mode", "payment"),
        client_reference_id=form.get("client_reference_id"),
        metadata=form.get("metadata", {}),
        amount_subtotal=total,
        amount_total=total,
        currency=items[0]["currency"],
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        **dict.fromkeys(("collected_information", "customer_details", "payment_intent", "shipping_cost")),
    )
