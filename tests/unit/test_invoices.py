"""An invoice's payment says which subscription was paid, and with which PaymentIntent."""

from typing import Any

import pytest

from fulfillment.domain.invoices import InvoicePayment
from fulfillment.domain.shape import ShapeError, read

PAID = {"type": "payment_intent", "payment_intent": "pi_1"}
OF_SUBSCRIPTION = {"id": "in_1", "parent": {"subscription_details": {"subscription": "sub_1"}}}


@pytest.mark.parametrize(
    ("invoice", "payment", "found"),
    [
        (OF_SUBSCRIPTION, PAID, ("in_1", "sub_1", "pi_1")),
        (OF_SUBSCRIPTION, PAID | {"payment_intent": {"id": "pi_1"}}, ("in_1", "sub_1", "pi_1")),
        (OF_SUBSCRIPTION, PAID | {"payment_intent": None}, ("in_1", "sub_1", None)),
        (OF_SUBSCRIPTION, None, ("in_1", "sub_1", None)),
        ({"id": "in_1", "parent": {"subscription_details": {"subscription": None}}}, PAID, ("in_1", None, "pi_1")),
        ({"id": "in_1", "parent": {"subscription_details": None}}, PAID, ("in_1", None, "pi_1")),
        ({"id": "in_1", "parent": None}, PAID, ("in_1", None, "pi_1")),
        ({"id": "in_1"}, PAID, ("in_1", None, "pi_1")),
    ],
)
def test_a_payment_ties_its_invoice_to_what_paid_it(invoice: Any, payment: Any, found: tuple[str, ...]) -> None:
    seen: InvoicePayment = read(InvoicePayment, {"invoice": invoice, "payment": payment})
    assert (seen.invoice.id, seen.invoice.subscription, seen.payment_intent) == found


def test_a_payment_of_no_invoice_has_the_wrong_shape() -> None:
    with pytest.raises(ShapeError, match="^invoice: missing"):
        read(InvoicePayment, {"payment": PAID})
