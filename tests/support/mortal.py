"""Death between any two steps: a caller of the outside may die right before a call and right after it."""

import inspect
from collections.abc import Awaitable, Collection
from dataclasses import dataclass, field
from typing import Any


class Died(BaseException):
    """The process is gone. No Exception: nothing of ours gets to see it."""


@dataclass
class Life:
    """Ends at the moments it is told to; each moment comes once. `steps` are their names."""

    deaths: Collection[int]
    steps: list[str] = field(default_factory=list)

    def moment(self, step: str) -> None:
        self.steps.append(step)
        if len(self.steps) - 1 in self.deaths:
            raise Died(step)

    async def around(self, step: str, call: Awaitable[Any]) -> Any:
        try:
            self.moment(f"before {step}")
            done = await call
        finally:
            getattr(call, "close", lambda: None)()
        self.moment(f"after {step}")
        return done


class Mortal:
    """Passes every call on to the outside, and dies at the moments of a life."""

    def __init__(self, outside: object, life: Life) -> None:
        self._outside, self._life = outside, life

    def __getattr__(self, name: str) -> Any:
        called = getattr(self._outside, name)
        if not inspect.iscoroutinefunction(called):
            return called

        async def call(*args: Any, **more: Any) -> Any:
            return await self._life.around(name, called(*args, **more))

        return call
