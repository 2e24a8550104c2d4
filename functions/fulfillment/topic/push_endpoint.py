"""Answers a push request: has the message handled, then acknowledges it, parks it, or lets Pub/Sub redeliver it."""

from collections.abc import Collection
from enum import Enum
from typing import ClassVar, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from fulfillment.errors import MalformedMessage, PermanentError, PublishFailed, TransientError
from fulfillment.http import BodyTooLarge, read_body
from fulfillment.telemetry import Line, Trace
from fulfillment.topic.attributes import ATTRIBUTE_BYTES
from fulfillment.topic.message import Message, parse_push
from fulfillment.topic.publisher import Topic

BODY_BYTES = 15 * 1024 * 1024  # Pub/Sub's ten million bytes in base64, and room for the envelope
E = TypeVar("E", bound=Enum)


class PushEndpoint:
    """An entry point that Pub/Sub calls. A subclass handles the messages, and draws the ack table."""

    NOT_PARKED: ClassVar[Collection[str]] = ()
    """The attributes that a parked message does not keep."""

    def __init__(self, entry_point: str, project: str, dead_letter: Topic) -> None:
        self._entry_point, self._project, self._dead_letter = entry_point, project, dead_letter

    async def _handle(self, message: Message, line: Line) -> Enum:
        """The outcome of a message that may be acknowledged."""
        raise NotImplementedError

    async def __call__(self, request: Request) -> Response:
        """The answer to one push. For Pub/Sub 204 is an ack, and 400 or higher a nack."""
        line = Line(self._entry_point, self._project)
        with line:
            try:
                status = await self._receive(request, line)
            except Exception as error:  # noqa: BLE001 - an unknown error is retried
                line.say("ERROR", "failed unexpectedly; Pub/Sub will redeliver the message", outcome="failed")
                line.blame(error)
                status = 500
            line.note(status=status)
        return Response(status_code=status)

    async def _receive(self, request: Request, line: Line) -> int:
        if request.method != "POST":
            line.say("INFO", "not a POST", outcome="refused")
            return 405
        try:
            body = await read_body(request, BODY_BYTES)
        except BodyTooLarge:
            line.say("ERROR", f"a push over {BODY_BYTES} bytes: not sent by Pub/Sub", outcome="refused")
            return 413
        except ClientDisconnect:
            line.say(
                "INFO",
                "the body did not arrive whole: the caller hung up, or asked for another protocol",
                outcome="refused",
            )
            return 400
        return await self._acknowledge(body, line)

    async def _acknowledge(self, body: bytes, line: Line) -> int:
        """The ack table."""
        message = Message(data=body)  # parked if the body is not a push
        try:
            message = parse_push(body)
            _note(message, line)
            outcome = await self._handle(message, line)
        except PermanentError as error:
            return await self._park(message, error, line)
        except TransientError as error:
            line.say("WARNING", f"{error}; Pub/Sub will redeliver the message", outcome="retry")
            line.blame(error)
            return 503
        line.note(outcome=outcome.value)
        return 204

    async def _park(self, message: Message, error: PermanentError, line: Line) -> int:
        """Parks the whole message with the reason, for a person. It is not acknowledged before."""
        line.say("ERROR", f"parked: {error.reason}", outcome="parked")
        line.note(reason=error.code)
        line.blame(error)
        try:
            await self._publish_parked(message, error)
        except PublishFailed as failure:
            line.say("ERROR", f"not parked, {failure}; Pub/Sub will redeliver the message", outcome="retry")
            return 503
        return 204

    async def _publish_parked(self, message: Message, error: PermanentError) -> None:
        """Publishes a copy of the message on the dead-letter topic, with the reason. Raises PublishFailed."""
        reason = error.reason.encode()[:ATTRIBUTE_BYTES].decode(errors="ignore")
        # Pub/Sub refuses attributes with its own prefix `goog`, so they are dropped.
        kept = {name: text for name, text in message.attributes.items() if name not in self.NOT_PARKED}
        attributes = {name: text for name, text in kept.items() if not name.startswith("goog")}
        await self._dead_letter.publish(message.data, attributes | {"reason": reason})


def _note(message: Message, line: Line) -> None:
    """Notes what every message has. A subclass adds what its events are about."""
    told = message.attributes.get
    line.trace = Trace.of(message.attributes)
    line.note(message_id=message.id, attempt=message.attempt, event=told("event_id"), event_type=told("event_type"))


def type_told(message: Message) -> str:
    """The event type in the attributes. Raises MalformedMessage without one."""
    if "event_type" not in message.attributes:
        raise MalformedMessage("no attribute event_type: not published by this product")
    return message.attributes["event_type"]


def require_type(event_type: str, told: str) -> None:
    """Raises MalformedMessage if the type in the body is not `told`, the one in the attributes."""
    if event_type != told:
        raise MalformedMessage("the attribute event_type is not the type in the body")


def other_type(line: Line, outcome: E, emulator: str | None) -> E:
    """The outcome of an event type that another subscriber handles. `emulator`: Pub/Sub's address, if it is one."""
    # The emulator applies no filters. In production the subscription lacks its filter.
    severity = "DEBUG" if emulator else "WARNING"
    line.say(severity, "another subscriber's event type", outcome=outcome.value)
    return outcome


def other_mode(line: Line, outcome: E) -> E:
    """The outcome of an event of the other livemode."""
    line.say("WARNING", "an event of the other livemode was dropped", outcome=outcome.value)
    return outcome
