output "webhook_url" {
  description = "The address that Stripe sends events to. `scripts/ops register-webhook` registers it."
  value       = google_cloudfunctions2_function.this["stripe_webhook"].url
}

output "order_status_url" {
  description = "The order status page; null if it is off. In your Checkout Sessions: success_url = this and ?session_id={CHECKOUT_SESSION_ID}."
  value       = try(google_cloudfunctions2_function.this["order_status"].url, null)
}

output "orders_database" {
  description = "Id of the Firestore database with the orders."
  value       = google_firestore_database.orders.name
}

output "order_events_topic" {
  description = "Id of the topic that tells your other services of each change of an order's status; null if it is off."
  value       = try(google_pubsub_topic.this["order_events"].id, null)
}

output "subscriber_accounts" {
  description = "The accounts that your hooks.py and your handlers run as, by entry point: for roles on resources of your own."
  value       = { for entry_point, each in local.functions : entry_point => google_service_account.function[entry_point].email if each.hook }
}

output "deployment" {
  description = "What `scripts/ops` needs to know of this deployment: names, no secrets."
  value = {
    project        = var.project_id
    project_number = tostring(data.google_project.this.number)
    region         = var.region
    name           = var.name
    livemode       = var.stripe.livemode
    api_version    = var.stripe.api_version
    connect        = var.stripe.connect
    order_filter   = var.stripe.order_filter
    database       = google_firestore_database.orders.name
    collection     = var.orders.collection
    topics = {
      events       = google_pubsub_topic.this["events"].name
      dead_letter  = google_pubsub_topic.this["dead_letter"].name
      order_events = try(google_pubsub_topic.this["order_events"].name, null)
    }
    dead_letter_subscription = google_pubsub_subscription.dead_letter.name
    webhook = {
      function = google_cloudfunctions2_function.this["stripe_webhook"].name
      url      = google_cloudfunctions2_function.this["stripe_webhook"].url
      ingress  = local.ingress[var.webhook.ingress]
      account  = google_service_account.function["stripe_webhook"].email
    }
    subscribers = {
      for entry_point, subscriber in local.subscribers : entry_point => {
        function          = google_cloudfunctions2_function.this[entry_point].name
        url               = google_cloudfunctions2_function.this[entry_point].service_config[0].uri
        event_type        = length(subscriber.event_types) == 1 ? subscriber.event_types[0] : null
        event_types       = subscriber.event_types
        subscription      = google_pubsub_subscription.subscriber[entry_point].name
        thin_subscription = google_pubsub_subscription.subscriber["${entry_point} thin"].name
        account           = google_service_account.function[entry_point].email
        push_account      = google_service_account.caller[entry_point].email
      }
    }
    after_sale = {
      access_policy   = var.after_sale.access_policy
      refund_mails    = var.after_sale.refund_mails
      abandoned_carts = var.after_sale.abandoned_carts
    }
    stripe_events = local.stripe_events_on ? {
      route                    = var.events.route
      topic                    = google_pubsub_topic.this["stripe_events"].name
      dead_letter              = google_pubsub_topic.this["stripe_events_dead_letter"].name
      dead_letter_subscription = google_pubsub_subscription.stripe_events_dead_letter[0].name
      handlers = one([for entry_point, each in google_cloudfunctions2_function.this : {
        function     = each.name
        url          = each.service_config[0].uri
        subscription = google_pubsub_subscription.stripe_events[0].name
        push_account = google_service_account.caller["on_stripe_event"].email
        account      = google_service_account.function["on_stripe_event"].email
      } if entry_point == "on_stripe_event"])
      bigquery = local.sink_outputs.bigquery
      archive  = local.sink_outputs.archive
    } : null
    reconcile = one([for entry_point, each in google_cloudfunctions2_function.this : {
      function = each.name
      url      = each.service_config[0].uri
      job      = google_cloud_scheduler_job.reconcile[0].name
      account  = google_service_account.function["reconcile"].email
      caller   = google_service_account.caller["reconcile"].email
      since    = local.environment[entry_point].RECONCILE_SINCE
      limits = {
        max_age_days     = var.reconcile.max_age_days
        late_minutes     = var.reconcile.late_minutes
        reads_per_second = var.reconcile.reads_per_second
      }
    } if entry_point == "reconcile"])
    order_status = one([for entry_point, each in google_cloudfunctions2_function.this : {
      function = each.name
      url      = each.url
      ingress  = local.ingress[var.order_status.ingress]
      account  = google_service_account.function["order_status"].email
    } if entry_point == "order_status"])
    secrets = {
      webhook        = local.secrets.webhook.id
      stripe_api_key = try(local.secrets.stripe_api_key.id, null)
      smtp_url       = try(local.secrets.smtp_url.id, null)
    }
  }
}
