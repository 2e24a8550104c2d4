# What happens after a sale, or instead of one: refunds, disputes, fraud warnings, Radar reviews, and carts that were abandoned.

locals {
  # Each gets several event types. `prefixes`: what they begin with.
  after_sale_subscribers = {
    on_refund = {
      slug                  = "refund"
      description           = "Brings refunds into their orders"
      event_types           = ["refund.created", "refund.updated", "refund.failed"]
      prefixes              = ["refund."]
      prefixes_without_twin = ["charge.refund"] # charge.refunded and charge.refund.updated, of API versions before 2024-10-28
    }
    on_dispute = {
      slug        = "dispute"
      description = "Brings disputes, fraud warnings and Radar reviews into their orders"
      event_types = [
        "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated", "radar.early_fraud_warning.created", "radar.early_fraud_warning.updated",
        "review.opened", "review.closed",
      ]
      prefixes              = ["charge.dispute.", "radar.early_fraud_warning.", "review."]
      prefixes_without_twin = []
    }
  }

  cart_subscribers = {
    on_checkout_session_expired = { slug = "expired", event_types = ["checkout.session.expired"] }
  }

  # It knows no orders: it runs a hook, and stores nothing.
  abandoned_carts = {
    enabled       = var.after_sale.abandoned_carts
    slug          = "expired"
    description   = "Runs your hook cart_abandoned for a Checkout that ended without a sale"
    caller        = { who = "Pub/Sub", slug = "push-expired" }
    timeout       = local.subscriber.timeout
    max_instances = var.subscribers.max_instances
    concurrency   = var.subscribers.concurrency
    topics        = ["dead_letter"]
    secrets       = { stripe_api_key = "STRIPE_API_KEY_FILE" }
    hook          = true
    environment = {
      HOOK_TIMEOUT = tostring(var.hook.timeout)
      ORDER_FILTER = var.stripe.order_filter
    }
  }
}
