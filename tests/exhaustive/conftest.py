"""The searches run the same lines thousands of times. The unit tests measure whether these are covered."""

from collections.abc import Iterator

import coverage
import pytest


@pytest.fixture(scope="module", autouse=True)
def not_measured() -> Iterator[None]:
    """A search takes half as long without the tracer."""
    measuring = coverage.Coverage.current()
    if measuring:
        measuring.stop()
    yield
    if measuring:
        measuring.start()
