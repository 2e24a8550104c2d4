"""`orders retry` and `orders release` publish a message that makes failed or held effects owed again.

A release frees what waits for a person. What waits because access is revoked (`money`) stays held, until access is
granted again.

Only subscribers perform effects. The message repeats the order's source event (`domain.source_event`) with a request.
The order stores the id of the message whose request was granted, so that the command can wait for it.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from fulfillment.domain.effects import KNOWN, MONEY, OF_AN_OBJECT, REVIEW, Effect, EffectState, kind_of, owed
from fulfillment.domain.order import Order
from fulfillment.domain.source_event import source_event
from fulfillment.orders.store import Orders
from fulfillment.telemetry import Trace
from fulfillment.topic.finder import Finder, origin_of
from fulfillment.topic.publisher import PubSubTopic
from ops.command import F, Report, changing, order_operation
from ops.deployment.model import Deployment
from ops.orders.lookup import look_up_one
from ops.orders.stored import orders_of

SOURCE = "ops"
PAUSE_SECONDS = 0.5
DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True)
class _Request:
    """The request of a message: its attribute, and which effects it changes."""

    attribute: str
    changes: Callable[[Effect], bool]
    nothing: str


RETRY = _Request(
    attribute="replay",
    changes=lambda effect: effect.state in {EffectState.FAILED, EffectState.OWED},
    nothing="nothing is owed and nothing has failed",
)
RELEASE = _Request(
    attribute="release",
    changes=lambda effect: REVIEW in effect.reasons,
    nothing="nothing is held for a review",
)


def waiting(command: F) -> F:
    """Adds --wait: how long to wait for the outcome."""
    text = "Seconds to wait until it is done."
    return click.option("--wait", type=click.IntRange(0), default=60, show_default=True, help=text)(command)


@order_operation("retry")
@click.argument("order")
@waiting
@changing
async def retry_order(deployment: Deployment, *, order: str, wait: int, yes: bool) -> Report:
    """Retry the failed effects of ORDER, and those still owed.

    ORDER is what `orders show` takes, and must match one order.
    """
    return await _request(RETRY, deployment, order, wait, yes=yes)


@order_operation("release")
@click.argument("order")
@waiting
@changing
async def release_order(deployment: Deployment, *, order: str, wait: int, yes: bool) -> Report:
    """Release the effects of ORDER that are held for a review, once a person has reviewed it.

    What is held because the money went back stays held. ORDER is what `orders show` takes, and must match one order.
    """
    return await _request(RELEASE, deployment, order, wait, yes=yes)


async def _request(request: _Request, deployment: Deployment, text: str, wait: int, *, yes: bool) -> Report:
    orders = orders_of(deployment)
    order = (await look_up_one(orders, text)).order
    names = [name for name, each in order.effects.items() if _is_known(order, name) and request.changes(each)]
    stays = _held_by_money(order)
    data: dict[str, Any] = {"order": order.id, "effects": names, "held_by_money": stays, "published": None}
    told = _stay(stays) if request is RELEASE else []
    if not names:
        nothing = f"{order.id}: {request.nothing}, so there is nothing to do"
        return Report(ok=True, lines=[nothing, *told], data=data)
    if not yes:
        would = f"would publish a message that makes {', '.join(names)} of {order.id} owed again. Do it: --yes"
        return Report(ok=True, lines=[would, *told], data=data)
    topic = PubSubTopic(deployment.project, deployment.topics.events, os.environ.get("PUBSUB_EMULATOR_HOST"))
    finder = Finder(topic, SOURCE, origin_of(deployment.project, deployment.name))
    message = await finder.publish(source_event(order), Trace.of({}), {request.attribute: "true"})
    data["published"] = message
    if not wait:
        return Report(ok=True, lines=[f"published {message} about {order.id}"], data=data)
    return _outcome(await _awaited(orders, order, message, wait), names, message, data)


async def _awaited(orders: Orders, order: Order, message: str, seconds: int) -> Order:
    """The order once it has granted the message's request and owes nothing, or as it is after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        stored = await orders.get(order.id)
        order = stored.order if stored else order
        owing = any(_is_known(order, name) for name in owed(order.effects))
        if (message in order.granted and not owing) or time.monotonic() > deadline:
            return order
        await asyncio.sleep(PAUSE_SECONDS)


def _outcome(order: Order, names: list[str], message: str, data: dict[str, Any]) -> Report:
    states, stays = {name: _state(order, name) for name in names}, _held_by_money(order)
    data |= {"granted": message in order.granted, "status": order.status.value, "states": states}
    data["held_by_money"] = stays
    if message not in order.granted:
        why = "no subscriber has processed the message yet; Pub/Sub retries it for days: see orders show and doctor"
        return Report(ok=False, lines=[f"{order.id}: {why}"], data=data)
    outcomes = [f"{name} {states[name]}{f': {error}' if (error := _error(order, name)) else ''}" for name in names]
    fine = all(state in {EffectState.DONE.value, DROPPED} or name in stays for name, state in states.items())
    return Report(ok=fine, lines=[f"{order.id} is {order.status.value}", *outcomes, *_stay(stays)], data=data)


def _state(order: Order, name: str) -> str:
    """The state of an effect. Done effects of a refund or a dispute are not kept."""
    if name in order.effects:
        return order.effects[name].state.value
    return EffectState.DONE.value if name.partition(":")[0] in OF_AN_OBJECT else DROPPED


def _held_by_money(order: Order) -> list[str]:
    """The names of the effects that wait because access is revoked."""
    return sorted(name for name, each in order.effects.items() if MONEY in each.reasons)


def _stay(names: list[str]) -> list[str]:
    why = "access is revoked. They are owed again when access is granted; no command releases them"
    return [f"held by money: {', '.join(names)}: {why}"] if names else []


def _is_known(order: Order, name: str) -> bool:
    """Whether this version knows the effect: it does not change others."""
    return kind_of(name, order.effects[name]) in KNOWN


def _error(order: Order, name: str) -> str | None:
    return order.effects[name].error if name in order.effects else None
