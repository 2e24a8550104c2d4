"""Parses the JSON object in a body strictly. Python's extensions of JSON are refused."""

import json
import math
from typing import Any, NoReturn

from fulfillment.errors import MalformedEvent


def load_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises `MalformedEvent`: not UTF-8, not JSON, not an object, nested too deep."""
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
    """A finite number: Python turns large JSON numbers into infinity."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _refuse_constant(_name: str) -> NoReturn:
    """Refuses NaN and Infinity: they are Python's extension of JSON."""
    raise ValueError


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
