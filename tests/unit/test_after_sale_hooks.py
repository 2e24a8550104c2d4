"""The hooks of the time after the sale: parked, replayed, out of time, overtaken."""

import pytest

from fulfillment.domain.effects import EffectState
from fulfillment.domain.order import Order
from fulfillment.effects.runner import EffectExecutor
from fulfillment.errors import PermanentError
from support.after_sale_shop import ORDER, PAYMENT, Shop, level, money

Capture = pytest.CaptureFixture[str]


async def test_a_hook_that_refuses_for_good_is_parked_and_a_replay_makes_it_owed_again() -> None:
    for name in ("access_changed", "refunded"):
        shop = Shop()
        await shop.sell()
        shop.refusing[name] = PermanentError("no such member")
        (told,) = shop.world.refund(PAYMENT)
        assert await shop.tell(told) == [204]
        assert shop.reasons() == ["permanent: no such member"]
        (left,) = [each for each in (await shop.order()).effects.values() if each.state is EffectState.FAILED]
        assert name in {"access_changed", left.kind}
        shop.refusing.clear()
        shop.called()
        assert await shop.tell(told) == [204]
        assert shop.called() == []
        assert await shop.push(told.snapshot, replay="true") == 204
        assert [each[0] for each in shop.called()] == [name]
        order = await shop.order()
        assert order.access is not None
        assert order.access.told == order.access.number
        assert [each for each in order.effects.values() if each.state is not EffectState.DONE] == []


async def test_a_hook_out_of_time_keeps_the_lease_and_no_other_hook_begins() -> None:
    shop = Shop({"hook_timeout": 0.01})
    await shop.sell()
    shop.refusing["access_changed"] = TimeoutError()
    (told,) = shop.world.refund(PAYMENT)
    assert await shop.tell(told) == [503]
    assert [each[0] for each in shop.called()] == ["access_changed"]
    order = await shop.order()
    assert order.lease is not None
    assert {name for name, each in order.effects.items() if each.state is EffectState.OWED} == {
        "access_changed",
        f"refunded:{told.about}",
    }
    shop.refusing.clear()
    assert await shop.tell(told) == [503]
    assert shop.called() == []


async def test_mails_and_announcements_go_on_while_a_hook_is_out_of_time() -> None:
    done: list[str] = []

    async def perform(_order: Order, key: str) -> None:
        done.append(key)

    others = {name: EffectExecutor(5, perform) for name in ("notify_refund", "announce_money")}
    shop = Shop({"hook_timeout": 0.01}, more_effects=others)
    await shop.sell()
    shop.refusing["access_changed"] = TimeoutError()
    (told,) = shop.world.refund(PAYMENT)
    assert await shop.tell(told) == [503]
    assert sorted(done) == [f"{ORDER}:announce_money:1", f"{ORDER}:{told.about}:notify_refund"]
    assert [each[0] for each in shop.called()] == ["access_changed"]


async def test_a_level_that_was_refused_for_good_does_not_stop_the_next_level() -> None:
    shop = Shop(ago=0)
    await shop.sell()
    shop.refusing["access_changed"] = PermanentError("no such member")
    given = shop.world.refund(PAYMENT)
    assert await shop.tell(*given) == [204]
    shop.refusing.clear()
    shop.called()
    assert await shop.tell(*shop.world.becomes(given[0].about, "failed")) == [204]
    assert [each[:2] for each in shop.called()] == [("access_changed", "granted"), ("refunded", "failed")]
    access = (await shop.order()).access
    assert access is not None
    assert access.told == access.number


async def test_a_hook_that_is_not_there_is_owed_nothing() -> None:
    shop = Shop(hooks=("fulfill",))
    await shop.sell()
    before = (await shop.order()).effects
    assert await shop.tell(*shop.world.refund(PAYMENT)) == [204]
    order = await shop.order()
    assert (order.effects, level(order), money(order)) == (before, "revoked", "refunded")


async def test_an_overtaken_call_that_has_not_begun_is_replaced() -> None:
    shop = Shop()
    await shop.sell()
    shop.refusing["refunded"] = shop.refusing["access_changed"] = RuntimeError("down")
    given = shop.world.refund(PAYMENT)
    failed = shop.world.becomes(given[0].about, "failed")
    assert await shop.tell(*given, *failed) == [503, 503]
    shop.refusing.clear()
    assert await shop.tell(*failed) == [204]
    assert [each[:2] for each in shop.called()] == [("access_changed", "granted"), ("refunded", "failed")]
