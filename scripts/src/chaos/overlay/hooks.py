"""The hooks of a chaos run: they record each call on disk before and after the work, so that a crash is visible.

The order's metadata says how a hook behaves: `hook` = slow, raise, hang or refuse. Those of a refund or a dispute never
hang: each time-out keeps the order's lease, and there are many of them.
"""

import json
import os
import time
import uuid
from pathlib import Path

from google.cloud.firestore_v1 import base_client

from fulfillment.domain.access import Access
from fulfillment.domain.after_sale import Dispute, Refund
from fulfillment.domain.order import Order
from fulfillment.errors import PermanentError

FOLDER = Path(os.environ["CHAOS_FOLDER"])
FUNCTION = os.environ["FUNCTION_TARGET"]
HANG_SECONDS = 6  # longer than HOOK_TIMEOUT
KEEPALIVE = int(os.environ["CHAOS_KEEPALIVE_MS"])

# Firestore's library sends keepalives to detect silent connections, but not to its emulator. Here it also sends them to
# the emulator.
base_client._GRPC_MSG_SIZE_OPTIONS = [  # noqa: SLF001
    *base_client._DEFAULT_CHANNEL_OPTIONS[1:],  # noqa: SLF001
    ("grpc.keepalive_time_ms", KEEPALIVE),
    ("grpc.keepalive_timeout_ms", KEEPALIVE * 2 // 3),
]


def fulfill(order: Order, key: str) -> None:
    """Fulfills the order, as its metadata says."""
    _call(order, key)


def payment_failed(order: Order, key: str) -> None:
    """Handles the failed payment, as the order's metadata says."""
    _call(order, key)


def access_changed(order: Order, access: Access, key: str) -> None:
    """Sets the access, as the order's metadata says."""
    if key != f"{order.id}:access:{access.number}":
        raise PermanentError("the key must hold the access level's number")
    _call(order, key, access.level)


def refunded(order: Order, refund: Refund, key: str) -> None:
    """Books a refund, as the order's metadata says."""
    _check_status(refund.status, key)
    _call(order, key, may_hang=False)


def disputed(order: Order, dispute: Dispute, key: str) -> None:
    """Books a dispute, as the order's metadata says."""
    _check_status(dispute.status, key)
    _call(order, key, may_hang=False)


def _check_status(status: str, key: str) -> None:
    if not key.endswith(f":{status}"):
        raise PermanentError("the key must hold the object's status")


def _call(order: Order, key: str, level: str | None = None, *, may_hang: bool = True) -> None:
    call = uuid.uuid4().hex
    first = _record("begin", key, call, level)
    match order.metadata.get("hook"):
        case "slow":
            time.sleep(1)
        case "hang" if first and may_hang:
            time.sleep(HANG_SECONDS)
        case "raise" if first:
            _record("raised", key, call)
            raise ConnectionError("the warehouse does not answer")
        case "refuse" if not (FOLDER / "fixed").exists():
            _record("refused", key, call)
            raise PermanentError("not for sale")
    _record("done", key, call)


def _record(what: str, key: str, call: str, level: str | None = None) -> bool:
    """Appends a line that survives a crash. Returns whether it is the first for that key."""
    now = time.clock_gettime(time.CLOCK_REALTIME)  # the machine's clock: this process's may be wrong
    line = {"what": what, "key": key, "call": call, "function": FUNCTION, "at": now, "level": level}
    descriptor = os.open(FOLDER / f"{key}.calls", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        first = os.fstat(descriptor).st_size == 0
        os.write(descriptor, json.dumps(line).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return first
