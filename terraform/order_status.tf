# The order status page: says where an order is. Public, as the webhook is: the session's id is what lets a buyer in.

locals {
  order_status = {
    enabled       = var.order_status.enabled
    slug          = "order-status"
    description   = "The order status page: where is my order?"
    ingress       = local.ingress[var.order_status.ingress]
    public        = var.order_status.public # a buyer has no Google account
    timeout       = 30                      # Firestore has 8 s, Stripe 5 s, Pub/Sub 8 s
    max_instances = var.order_status.max_instances
    concurrency   = var.order_status.concurrency
    topics        = ["events"]
    orders_role   = "roles/datastore.viewer" # whatever is wrong with a public page, the orders are safe
    secrets       = { stripe_api_key = "STRIPE_API_KEY_FILE" }
    environment = {
      DEPLOYMENT                    = var.name
      ORDER_FILTER                  = var.stripe.order_filter
      STRIPE_CONNECT                = tostring(var.stripe.connect)
      ORDER_STATUS_READS_PER_MINUTE = tostring(floor(var.order_status.reads_per_minute / var.order_status.max_instances))
      EMAIL_FROM                    = try(var.mail.from, null)
      SHOP_URL                      = try(coalesce(var.order_status.shop_url, try(var.mail.shop_url, null)), null)
      SHOP_TIME_ZONE                = var.time_zone
    }
  }
}
