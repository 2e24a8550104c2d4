"""A stand-in of Stripe for functions that run in this process."""

from typing import Any

from local.fakes.stripe_stand_in import StripeStandIn


class BriefStripe(StripeStandIn):
    """Closes each connection after its answer: a function keeps it all its life, this process does not."""

    def app(self) -> Any:
        inner = super().app()

        async def brief(scope: Any, receive: Any, send: Any) -> None:
            async def closing(message: Any) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
                await send(message)

            await inner(scope, receive, closing)

        return brief
