"""Applies news to its order, and performs the effects that the order owes.

1  write the news and the lease on the order's effects, in one atomic write
2  if this delivery has the lease: perform, mark done, release              (`effects.runner`)
3  if nothing is owed, or reconcile publishes it later: the message may be acknowledged
   if anything else is owed: Pub/Sub must redeliver the message
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from fulfillment.domain import lifecycle
from fulfillment.domain.decision import Decision, News, ReplayRequest, decide
from fulfillment.domain.effects import owed
from fulfillment.domain.order import Order
from fulfillment.domain.transitions import Outcome
from fulfillment.effects.attempts import Attempt, AttemptState
from fulfillment.effects.runner import EffectExecutors, EffectRunner, Park
from fulfillment.errors import EffectsOutstanding
from fulfillment.orders.store import Orders, Stored, commit

_DROPPED = Attempt(AttemptState.DROPPED, "overtaken, or not configured here")


@dataclass(kw_only=True)
class Delivery:
    """One delivery of one order's news. `outcome` is the result of the news, `attempts` the result of each effect. Both
    are set when the store is asked to write, for the log. `known` is the order if it was read already.
    """

    orders: Orders
    executors: EffectExecutors
    news: News
    known: Stored | None = None
    request: ReplayRequest = field(default_factory=ReplayRequest)
    owner: str = field(default_factory=lambda: secrets.token_hex(8))
    outcome: Outcome = Outcome.DUPLICATE
    attempts: dict[str, Attempt] = field(default_factory=dict)

    @property
    def texts(self) -> dict[str, str]:
        """The results by the effects' kinds, for the log; of several objects the worst."""
        texts: dict[str, Attempt] = {}
        for name, attempt in self.attempts.items():
            kind = name.partition(":")[0]
            texts[kind] = max(texts.get(kind, attempt), attempt, key=lambda each: each.state.severity)
        return {kind: str(attempt) for kind, attempt in texts.items()}

    async def run(self, park: Park) -> Order:
        """Applies the news and performs the effects. Raises EffectsOutstanding while the order owes any."""
        stored, _ = await commit(self.orders, self.news.order_id, self._decide, self.known)
        runner = EffectRunner(self.orders, self.executors, park, self.owner)
        runner.attempts.update(self.attempts)
        self.attempts = runner.attempts
        stored = await runner.run(stored)
        if (names := owed(stored.order.effects)) and not self._left_to_reconcile(stored.order):
            raise EffectsOutstanding(f"still owed: {', '.join(names)}")
        return stored.order

    def _decide(self, stored: Stored | None) -> Decision:
        order, read_at = (stored.order, stored.read_at) if stored else (None, None)
        decision = decide(order, self.news, self.executors.policy, self.request, datetime.now(UTC))
        self.outcome, self.attempts = decision.outcome, dict.fromkeys(decision.dropped, _DROPPED)
        leased = lifecycle.acquire_lease(decision.order, self.owner, read_at, self.executors.lease)
        return replace(decision, order=leased)

    def _left_to_reconcile(self, order: Order) -> bool:
        """Whether reconcile publishes a message when the owed effects may be retried. Then this one is acknowledged: a
        message that waits hours for a refused mail would look like a stalled subscription.
        """
        return self.executors.reconciled and lifecycle.is_backing_off(order, datetime.now(UTC))
