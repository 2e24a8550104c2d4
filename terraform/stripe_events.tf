# Stripe's other events: those that var.events.route names go to a topic of their own, and from there to the user's handlers.
# The topics are in topic.tf.

locals {
  # A sink has dead letters, also where nothing is routed: it copies the orders' events, too.
  stripe_events_on    = length(var.events.route) > 0 || var.events.bigquery != null || var.events.archive != null
  stripe_events_count = local.stripe_events_on ? 1 : 0
  handlers_count      = var.events.handlers ? 1 : 0

  routed_events = length(var.events.route) > 0 ? join(",", var.events.route) : null

  stripe_events = {
    enabled       = var.events.handlers
    slug          = "stripe-events"
    description   = "Runs functions/handlers for Stripe's other events"
    caller        = { who = "Pub/Sub", slug = "push-events" } # as short as a subscriber's slug: see there
    timeout       = local.subscriber.timeout
    max_instances = var.subscribers.max_instances
    concurrency   = var.subscribers.concurrency
    topics        = ["stripe_events_dead_letter"]
    orders_role   = "roles/datastore.viewer" # a handler may look up an order; what changes one is its own events
    secrets       = { stripe_api_key = "STRIPE_API_KEY_FILE" }
    hook          = true
    environment = {
      ROUTED_EVENTS = local.routed_events
      HOOK_TIMEOUT  = tostring(var.hook.timeout)
    }
  }
}

check "invoices_are_not_delayed" {
  assert {
    condition     = length(setintersection([for each in var.events.route : trimprefix(each, "v1.")], ["invoice.created", "invoice.*"])) == 0
    error_message = "invoice.created is routed: while this deployment does not answer, Stripe delays invoices by up to 72 hours. Leave it out of events.route unless you need it."
  }
}

resource "google_pubsub_subscription" "stripe_events" {
  count = local.handlers_count

  project                    = var.project_id
  name                       = "${var.name}-stripe-events"
  topic                      = google_pubsub_topic.this["stripe_events"].id
  ack_deadline_seconds       = local.ack_deadline
  message_retention_duration = "604800s" # seven days: longer than the attempts last

  push_config {
    push_endpoint = google_cloudfunctions2_function.this["on_stripe_event"].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.caller["on_stripe_event"].email
      audience              = google_cloudfunctions2_function.this["on_stripe_event"].service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = "${var.subscribers.minimum_backoff}s"
    maximum_backoff = "${var.subscribers.maximum_backoff}s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.this["stripe_events_dead_letter"].id
    max_delivery_attempts = var.subscribers.max_delivery_attempts
  }

  expiration_policy {
    ttl = "" # else it is dropped after 31 quiet days
  }

  depends_on = [
    google_cloud_run_v2_service_iam_member.invoker,
    google_pubsub_topic_iam_member.agent_publishes_stripe_events_dead_letters,
  ]
}

resource "google_pubsub_subscription_iam_member" "agent_acknowledges_stripe_events_dead_letters" {
  count = local.handlers_count

  project      = var.project_id
  subscription = google_pubsub_subscription.stripe_events[0].name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent

  lifecycle {
    # A subscription that is made anew has the same name and no roles.
    replace_triggered_by = [google_pubsub_subscription.stripe_events[0].id]
  }

  depends_on = [time_sleep.pubsub_agent]
}

# Where the dead letters of handlers and sinks lie until a person has looked at them.
resource "google_pubsub_subscription" "stripe_events_dead_letter" {
  count = local.stripe_events_count

  project                    = var.project_id
  name                       = "${var.name}-stripe-events-dead-letter"
  topic                      = google_pubsub_topic.this["stripe_events_dead_letter"].id
  message_retention_duration = "2678400s"
  ack_deadline_seconds       = 600

  expiration_policy {
    ttl = "" # else it is dropped after 31 quiet days, and with it the next dead letter
  }
}

resource "google_pubsub_topic_iam_member" "agent_publishes_stripe_events_dead_letters" {
  count = local.stripe_events_count

  project = var.project_id
  topic   = google_pubsub_topic.this["stripe_events_dead_letter"].name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent

  depends_on = [time_sleep.pubsub_agent]
}
