"""The JSON object in a body, read strictly: what JSON does not allow is refused, whatever Python allows."""

import json
import math
from typing import Any, NoReturn

from fulfillment.errors import MalformedEvent


def load_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, or `MalformedEvent`: not UTF-8, not JSON, no object, nested too deep."""
    try:
        loaded = _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise MalformedEvent("the body is not UTF-8") from None
    except RecursionError:
        raise MalformedEvent("the body is nested too deep") from None
    except ValueError:  # JSONDecodeError, and integers of more digits than Python reads
        raise MalformedEvent("the body is not JSON") from None
    if not isinstance(loaded, dict):
        raise MalformedEvent("the body is not a JSON object")
    return loaded


def _finite(text: str) -> float:
    """JSON's numbers have no end, Python's become infinite."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _refuse_constant(_name: str) -> NoReturn:
    """NaN and Infinity are Python's extension, not JSON."""
    raise ValueError


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
