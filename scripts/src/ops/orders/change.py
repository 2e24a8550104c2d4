"""`orders retry` and `orders release`: what failed, or waits for a person, is owed again, by a message.

Only subscribers perform effects. The message repeats the order's source event (`domain.source_event`) with a request.
The order stores the id of the message that granted the request, so that the command can wait for it.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from typing import Any

import click

from fulfillment.domain.effects import EffectState
from fulfillment.domain.order import Order
from fulfillment.domain.source_event import source_event
from fulfillment.orders.store import Orders
from fulfillment.telemetry import Trace
from fulfillment.topic.finder import Finder
from fulfillment.topic.publisher import PubSubTopic
from ops.command import F, Report, changing, order_operation
from ops.deployment.model import Deployment
from ops.orders.lookup import look_up_one
from ops.orders.stored import orders_of

SOURCE = "ops"
PAUSE_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a message asks for: its attribute, and the effects that it is about."""

    attribute: str
    states: frozenset[EffectState]
    nothing: str


RETRY = Wish(
    attribute="replay",
    states=frozenset({EffectState.FAILED, EffectState.OWED}),
    nothing="nothing is owed and nothing has failed",
)
RELEASE = Wish(attribute="release", states=frozenset({EffectState.HELD}), nothing="nothing is held")


def waiting(command: F) -> F:
    """Adds the option that says how long to wait for the outcome."""
    told = "Seconds to wait until it is done."
    return click.option("--wait", type=click.IntRange(0), default=60, show_default=True, help=told)(command)


@order_operation("retry")
@click.argument("order")
@waiting
@changing
async def retry_order(deployment: Deployment, *, order: str, wait: int, yes: bool) -> Report:
    """What has failed for good in ORDER is owed again; what is still owed gets a message.

    ORDER is what `orders show` takes, and must mean one.
    """
    return await _wish(RETRY, deployment, order, wait, yes=yes)


@order_operation("release")
@click.argument("order")
@waiting
@changing
async def release_order(deployment: Deployment, *, order: str, wait: int, yes: bool) -> Report:
    """What is held in ORDER, until a person has looked at it, is owed again.

    ORDER is what `orders show` takes, and must mean one.
    """
    return await _wish(RELEASE, deployment, order, wait, yes=yes)


async def _wish(wish: Wish, deployment: Deployment, text: str, wait: int, *, yes: bool) -> Report:
    orders = orders_of(deployment)
    order = (await look_up_one(orders, text)).order
    names = [name for name, each in order.effects.items() if each.state in wish.states]
    data: dict[str, Any] = {"order": order.id, "effects": names, "published": None}
    if not names:
        return Report(ok=True, lines=[f"{order.id}: {wish.nothing}, so there is nothing to do"], data=data)
    if not yes:
        would = f"would publish a message by which {', '.join(names)} of {order.id} is owed again. Do it: --yes"
        return Report(ok=True, lines=[would], data=data)
    topic = PubSubTopic(deployment.project, deployment.topics.events, os.environ.get("PUBSUB_EMULATOR_HOST"))
    message = await Finder(topic, SOURCE).publish(source_event(order), Trace.of({}), {wish.attribute: "true"})
    data["published"] = message
    if not wait:
        return Report(ok=True, lines=[f"published {message} about {order.id}"], data=data)
    return _outcome(await _awaited(orders, order, message, wait), names, message, data)


async def _awaited(orders: Orders, order: Order, message: str, seconds: int) -> Order:
    """The order once it has granted the message's wish and owes nothing, or as it is when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        stored = await orders.get(order.id)
        order = stored.order if stored else order
        owing = any(each.state is EffectState.OWED for each in order.effects.values())
        if (message in order.granted and not owing) or time.monotonic() > deadline:
            return order
        await asyncio.sleep(PAUSE_SECONDS)


def _outcome(order: Order, names: list[str], message: str, data: dict[str, Any]) -> Report:
    states = {name: order.effects[name].state.value if name in order.effects else "dropped" for name in names}
    data |= {"granted": message in order.granted, "status": order.status.value, "states": states}
    if message not in order.granted:
        why = "no subscriber has taken the message up yet; it waits for days and comes again: orders show, doctor"
        return Report(ok=False, lines=[f"{order.id}: {why}"], data=data)
    told = [f"{name} {states[name]}{f': {error}' if (error := _error(order, name)) else ''}" for name in names]
    fine = all(state in {EffectState.DONE.value, "dropped"} for state in states.values())
    return Report(ok=fine, lines=[f"{order.id} is {order.status.value}", *told], data=data)


def _error(order: Order, name: str) -> str | None:
    return order.effects[name].error if name in order.effects else None
