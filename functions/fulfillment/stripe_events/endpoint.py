"""Gives a routed event to its handler and answers with the outcome. The ack table:

| what happened                                                  | answer                               |
|----------------------------------------------------------------|--------------------------------------|
| the handler returned                                           | 204: acknowledged                    |
| no handler for the type, or the other livemode                 | 204: acknowledged                    |
| PermanentError of the handler, or the message is malformed     | parked with its reason, then 204     |
|   … and the dead-letter topic did not store it                 | 503: Pub/Sub redelivers it           |
| anything else that the handler raised, or its time is over     | 503: Pub/Sub redelivers it           |
| an error of this product                                       | 500: Pub/Sub redelivers it           |
| not POST · a body longer than any push                         | 405 · 413                            |

Nothing is stored: two deliveries of one event may call the handler at the same time, with the same key.
"""

from collections.abc import Mapping
from enum import StrEnum

from fulfillment.effects.hook import Hooks
from fulfillment.stripe_events import bridge
from fulfillment.stripe_events.event import StripeEvent
from fulfillment.stripe_events.registry import Handler, handler_name
from fulfillment.stripe_events.settings import StripeEventSettings
from fulfillment.telemetry import Line
from fulfillment.topic.message import Message
from fulfillment.topic.publisher import Topic
from fulfillment.topic.push_endpoint import PushEndpoint, other_mode, require_type, type_told


class HandlerOutcome(StrEnum):
    """What became of an event that is acknowledged."""

    HANDLED = "handled"
    NO_HANDLER = "no_handler"
    NOT_OURS = "not_ours"


class StripeEvents(PushEndpoint):
    """The entry point that runs the user's handlers, by the name of each."""

    def __init__(self, settings: StripeEventSettings, handlers: Mapping[str, Handler], dead_letter: Topic) -> None:
        super().__init__("on_stripe_event", settings.project, dead_letter)
        hooks = Hooks()
        self.settings, self._server = settings, bridge.Server(settings)
        limit = settings.hook_timeout
        self._calls = {name: hooks.limited(name, handler, limit) for name, handler in handlers.items()}

    async def _handle(self, message: Message, line: Line) -> HandlerOutcome:
        """The outcome of a message."""
        told = message.attributes.get
        line.note(object=told("object_id"), account=told("account"), context=told("context"))
        event_type = type_told(message)
        event = StripeEvent.parse(message.data)
        line.note(event=event.id)
        require_type(event.type, event_type)
        if event.livemode is not self.settings.livemode:
            return other_mode(line, HandlerOutcome.NOT_OURS)
        name = handler_name(event.type)
        if name not in self._calls:
            line.say("INFO", f"functions/handlers has no {name}", outcome="no_handler")
            return HandlerOutcome.NO_HANDLER
        line.note(handler=name)
        await self._call(name, event)
        line.say("INFO", f"{name} returned", outcome="handled")
        return HandlerOutcome.HANDLED

    async def _call(self, name: str, event: StripeEvent) -> None:
        """Returns once the handler has returned. Raises PermanentError if it did, else TransientError."""
        self._server.attach()
        await self._calls[name](event.body, event.key)
