# The subscribers of the orders' topic: each brings its events into the order and does what the order owes. Those of a sale are
# here, with what all have in common. Those of what happens after it, or instead, are in after_sale.tf.

locals {
  # A slug has nine characters at most: the id of the push account is NAME-push-SLUG, and NAME has up to 15 of its 30.
  sale_subscribers = {
    on_checkout_session_completed = { slug = "completed", event_types = ["checkout.session.completed"] }
    on_async_payment_succeeded    = { slug = "succeeded", event_types = ["checkout.session.async_payment_succeeded"] }
    on_async_payment_failed       = { slug = "failed", event_types = ["checkout.session.async_payment_failed"] }
  }

  # By entry point, also those that are switched off: log queries list them.
  declared_subscribers = merge(local.sale_subscribers, local.after_sale_subscribers, local.cart_subscribers)
  subscribers          = { for entry_point, each in local.declared_subscribers : entry_point => each if contains(keys(local.functions), entry_point) }

  # What all functions that change orders have in common. An effect is done by whichever of them gets the message, so their
  # settings and secrets are the same.
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
      EMAIL_FROM      = try(var.mail.from, null)
      SHOP_URL        = try(var.mail.shop_url, null)
      SHOP_TIME_ZONE  = var.time_zone
      HOOK_TIMEOUT    = tostring(var.hook.timeout)
      HOLD_ON_REVIEW  = tostring(var.hook.hold_on_review)
      ORDER_FILTER    = var.stripe.order_filter
      ACCESS_POLICY   = join(",", var.after_sale.access_policy)
      REFUND_MAILS    = tostring(var.after_sale.refund_mails)
      RECONCILE_SINCE = local.sold_since
    }
  }

  subscriber_functions = merge(
    {
      for entry_point, each in local.sale_subscribers : entry_point => merge(local.subscriber, {
        slug        = each.slug
        description = "Brings ${each.event_types[0]} into its order"
        caller      = { who = "Pub/Sub", slug = "push-${each.slug}" }
      })
    },
    {
      for entry_point, each in local.after_sale_subscribers : entry_point => merge(local.subscriber, {
        slug          = each.slug
        description   = each.description
        caller        = { who = "Pub/Sub", slug = "push-${each.slug}" }
        min_instances = 0 # no buyer waits for these
      })
    },
    { on_checkout_session_expired = local.abandoned_carts },
  )

  # Each filters the events of one function, and pushes to it as the function's caller. A function has two: one for snapshot
  # events, one for their thin twins. A filter cannot be changed, so one filter for both would have made the subscriptions of
  # earlier versions anew, and the messages that wait in them would be lost. It has 256 bytes at most.
  subscriptions = merge([
    for entry_point, each in local.subscribers : {
      (entry_point)         = { function = entry_point, slug = each.slug, filter = local.filters[entry_point].snapshot }
      "${entry_point} thin" = { function = entry_point, slug = "${each.slug}-thin", filter = local.filters[entry_point].thin }
    }
  ]...)

  # By a function's one event type, or by what its event types begin with.
  filters = {
    for entry_point, each in local.declared_subscribers : entry_point => {
      snapshot = join(" OR ", try(
        [for prefix in concat(each.prefixes, each.prefixes_without_twin) : "hasPrefix(attributes.event_type, \"${prefix}\")"],
        [for event_type in each.event_types : "attributes.event_type = \"${event_type}\""],
      ))
      thin = join(" OR ", try(
        [for prefix in each.prefixes : "hasPrefix(attributes.event_type, \"v1.${prefix}\")"],
        [for event_type in each.event_types : "attributes.event_type = \"v1.${event_type}\""],
      ))
    }
  }

  ack_deadline = local.subscriber.timeout + 30
}

resource "google_pubsub_subscription" "subscriber" {
  for_each = local.subscriptions

  project                    = var.project_id
  name                       = "${var.name}-${each.value.slug}"
  topic                      = google_pubsub_topic.this["events"].id
  filter                     = each.value.filter
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
