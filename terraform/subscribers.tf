# One subscriber for each event type of orders: brings its event into the order and does what the order owes.

locals {
  # A slug has nine characters at most: the id of the push account is NAME-push-SLUG, and NAME has up to 15 of its 30.
  subscribers = {
    on_checkout_session_completed = { event_type = "checkout.session.completed", slug = "completed" }
    on_async_payment_succeeded    = { event_type = "checkout.session.async_payment_succeeded", slug = "succeeded" }
    on_async_payment_failed       = { event_type = "checkout.session.async_payment_failed", slug = "failed" }
  }

  # What all subscribers have in common.
  subscriber = {
    timeout       = var.hook.timeout + 120 # one hook, and 90 s for everything else; then it answers and is still heard
    min_instances = var.subscribers.min_instances
    max_instances = var.subscribers.max_instances
    concurrency   = var.subscribers.concurrency
    topics        = ["dead_letter", "order_events"]
    orders_role   = "roles/datastore.user"
    secrets       = { stripe_api_key = "STRIPE_API_KEY_FILE", smtp_url = "SMTP_URL_FILE" }
    hook          = true
    environment = {
      EMAIL_FROM     = try(var.mail.from, null)
      SHOP_URL       = try(var.mail.shop_url, null)
      SHOP_TIME_ZONE = var.time_zone
      HOOK_TIMEOUT   = tostring(var.hook.timeout)
      HOLD_ON_REVIEW = tostring(var.hook.hold_on_review)
      ORDER_FILTER   = var.stripe.order_filter
    }
  }

  subscriber_functions = {
    for entry_point, each in local.subscribers : entry_point => merge(local.subscriber, {
      slug        = each.slug
      description = "Brings ${each.event_type} into its order"
      caller      = { who = "Pub/Sub", slug = "push-${each.slug}" }
    })
  }

  # Each filters one event type, and pushes to its function as the function's caller. A function has two: one for the snapshot
  # event, one for its thin twin. A filter cannot be changed, so one filter for both would have made the subscriptions of
  # earlier versions anew, and the messages that wait in them would be lost.
  subscriptions = merge([
    for entry_point, each in local.subscribers : {
      (entry_point)         = { function = entry_point, slug = each.slug, event_type = each.event_type }
      "${entry_point} thin" = { function = entry_point, slug = "${each.slug}-thin", event_type = "v1.${each.event_type}" }
    }
  ]...)

  ack_deadline = local.subscriber.timeout + 30
}

resource "google_pubsub_subscription" "subscriber" {
  for_each = local.subscriptions

  project                    = var.project_id
  name                       = "${var.name}-${each.value.slug}"
  topic                      = google_pubsub_topic.this["events"].id
  filter                     = "attributes.event_type = \"${each.value.event_type}\""
  ack_deadline_seconds       = local.ack_deadline
  message_retention_duration = "604800s" # seven days: longer than the attempts last

  push_config {
    push_endpoint = google_cloudfunctions2_function.this[each.value.function].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.caller[each.value.function].email
      audience              = google_cloudfunctions2_function.this[each.value.function].service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = "${var.subscribers.minimum_backoff}s"
    maximum_backoff = "${var.subscribers.maximum_backoff}s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.this["dead_letter"].id
    max_delivery_attempts = var.subscribers.max_delivery_attempts
  }

  expiration_policy {
    ttl = "" # else it is dropped after 31 quiet days
  }

  lifecycle {
    precondition {
      condition     = local.ack_deadline <= 600
      error_message = "The ack deadline is hook.timeout + 150 s, and Pub/Sub waits 600 s at most: lower hook.timeout."
    }
  }

  depends_on = [
    google_cloud_run_v2_service_iam_member.invoker,
    google_pubsub_topic_iam_member.agent_publishes_dead_letters,
  ]
}
