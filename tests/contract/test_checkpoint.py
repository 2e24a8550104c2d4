"""What reconcile's checkpoint promises: the same tests on the one in memory and on Firestore's emulator."""

import uuid

import pytest

from fulfillment.domain.cursor import Cursor
from fulfillment.domain.shape import ShapeError
from fulfillment.orders.firestore import Collection
from fulfillment.reconcile.checkpoint import COLLECTION, Checkpoint, FirestoreCheckpoint
from local.fakes.memory_checkpoint import MemoryCheckpoint
from local.runtime.emulators import Emulators

FIRST = Cursor(since=1, start=1, end=9, before=9)


@pytest.fixture(params=["memory", "firestore"])
def checkpoint(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    if request.param == "memory":
        return MemoryCheckpoint()
    emulated: Emulators = request.getfixturevalue("emulated")
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    return FirestoreCheckpoint("shared", "(default)", uuid.uuid4().hex)


async def test_before_the_first_round_there_is_none(checkpoint: Checkpoint) -> None:
    assert await checkpoint.load() == (None, None)


async def test_a_round_comes_back_as_it_was_at_every_step(checkpoint: Checkpoint) -> None:
    reached, version = FIRST, None
    for reached in (FIRST, FIRST.down_to(4), FIRST.next_stage(), FIRST.next_stage().up_to("cs_1")):
        version = await checkpoint.save(reached, version)
        assert version
        assert await checkpoint.load() == (reached, version)


async def test_of_two_runs_one_goes_on(checkpoint: Checkpoint) -> None:
    version = await checkpoint.save(FIRST, None)
    assert await checkpoint.save(FIRST.down_to(3), None) is None
    assert await checkpoint.save(FIRST.down_to(5), version)
    assert await checkpoint.save(FIRST.down_to(4), version) is None
    assert (await checkpoint.load())[0] == FIRST.down_to(5)


async def test_a_checkpoint_that_cannot_be_read_is_not_begun_anew(
    emulated: Emulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulated.firestore)
    name = uuid.uuid4().hex
    await Collection("shared", "(default)", COLLECTION).create(name, {"since": "some day"})
    with pytest.raises(ShapeError):
        await FirestoreCheckpoint("shared", "(default)", name).load()
