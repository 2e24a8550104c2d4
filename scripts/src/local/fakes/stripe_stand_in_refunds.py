"""Refunds of the orders that were bought through the stand-in of Stripe, as the CLI makes them:

stripe refunds create --payment-intent pi_… [--amount 500]      POST /v1/refunds
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.fakes.stripe_after_sale import AfterSaleWorld
from local.fakes.stripe_events import Json
from local.fakes.stripe_stand_in_forms import form_of


class RefundableStripe:
    """Refunds a PaymentIntent, and sends the event."""

    sessions: dict[str, Json]
    intents: dict[str, Json]
    others: dict[str, Json]
    accounts: dict[str, str]
    events: dict[str, Json]

    async def deliver(self, of: Json) -> None:
        """Sends an event to `stripe listen`."""
        raise NotImplementedError

    def refund_routes(self) -> list[Route]:
        """The route for refunds."""
        return [Route("/v1/refunds", self._refund, methods=["POST"])]

    async def _refund(self, request: Request) -> Response:
        form, world = await form_of(request), AfterSaleWorld(stripe=self)
        intent = str(form.get("payment_intent"))
        if intent not in self.intents:
            sold = next((each for each in self.sessions.values() if each["payment_intent"] == intent), None)
            if sold is None:
                raise HTTPException(404, f"No such payment_intent: '{intent}'")
            world.pay(sold)
        asked = str(form.get("amount", ""))
        amount = int(asked) if asked.isdecimal() else None
        if asked and not amount:
            raise HTTPException(400, f"Invalid positive integer: amount is '{asked}'")
        left = world.charge_of(intent)["amount"] - world.charge_of(intent)["amount_refunded"]
        if not left or (amount or left) > left:
            raise HTTPException(400, f"Refund amount is greater than unrefunded amount on charge: {left} is left")
        told = world.refund(intent, amount)
        for each in told:
            self.events[each.snapshot["id"]] = each.snapshot
            await self.deliver(each.snapshot)
        return JSONResponse(world.object(told[0].about))
