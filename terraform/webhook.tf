# The public endpoint for Stripe: verifies Stripe's signature, publishes the event, answers.

locals {
  webhook = {
    slug          = "webhook"
    description   = "Verifies Stripe's signature and publishes the event"
    ingress       = local.ingress[var.webhook.ingress]
    public        = var.webhook.public # Stripe has no Google account: its signature is what lets it in
    timeout       = 30                 # it answers within 10
    min_instances = coalesce(var.webhook.min_instances, var.stripe.livemode ? 1 : 0)
    max_instances = var.webhook.max_instances
    concurrency   = var.webhook.concurrency
    topics        = ["events", "stripe_events"]
    secrets       = { webhook = "STRIPE_WEBHOOK_SECRETS_FILE" }
    environment = {
      ROUTED_EVENTS   = local.routed_events
      ABANDONED_CARTS = tostring(var.after_sale.abandoned_carts)
    }
  }
}
