"""The place of a run in one of Stripe's lists."""

from dataclasses import dataclass

from fulfillment.domain.cursor import Cursor
from fulfillment.reconcile.rate_limited_stripe import Listed


@dataclass
class Paging:
    """`listed`: the last object that this run listed, after which the next page starts."""

    listed: str | None = None

    def after(self, page: Listed | None, reached: Cursor) -> Cursor:
        """The cursor after a page. The last page, or none, ends the stage."""
        if page is None or not page.has_more:
            self.listed = None
            return reached.next_stage()
        self.listed = str(page.data[-1]["id"])
        return reached.down_to(int(page.data[-1]["created"]))
