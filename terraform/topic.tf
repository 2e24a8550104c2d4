# The topics, and what Pub/Sub's own account may do with them.

locals {
  # The setting tells a function that publishes to the topic what it is called.
  declared_topics = {
    events = {
      name      = "${var.name}-events"
      setting   = "EVENTS_TOPIC"
      retention = "${var.topics.events_retention_days * 86400}s"
      enabled   = true
    }
    dead_letter = {
      name      = "${var.name}-events-dead-letter"
      setting   = "DEAD_LETTER_TOPIC"
      retention = "2678400s" # 31 days, as long as Pub/Sub keeps anything
      enabled   = true
    }
    order_events = {
      name      = "${var.name}-order-events"
      setting   = "ORDER_EVENTS_TOPIC"
      retention = null
      enabled   = var.topics.order_events
    }
    stripe_events = {
      name      = "${var.name}-stripe-events"
      setting   = "STRIPE_EVENTS_TOPIC"
      retention = "${var.topics.events_retention_days * 86400}s"
      enabled   = local.stripe_events_on
    }
    stripe_events_dead_letter = {
      name      = "${var.name}-stripe-events-dead-letter"
      setting   = "DEAD_LETTER_TOPIC" # of on_stripe_event, which parks nothing on the orders' one
      retention = "2678400s"
      enabled   = local.stripe_events_on
    }
  }

  topics = { for topic, each in local.declared_topics : topic => each if each.enabled }

  # Those that functions publish to: nothing comes to the topic of Stripe's other events as long as no type is routed.
  published_topics = [for topic in keys(local.topics) : topic if topic != "stripe_events" || length(var.events.route) > 0]
}

resource "google_pubsub_topic" "this" {
  for_each = local.topics

  project                    = var.project_id
  name                       = each.value.name
  message_retention_duration = each.value.retention

  kms_key_name = var.encryption.kms_key

  dynamic "message_storage_policy" {
    for_each = length(var.residency.message_regions) > 0 ? [1] : []
    content {
      allowed_persistence_regions = var.residency.message_regions
      enforce_in_transit          = var.residency.refuse_elsewhere
    }
  }

  depends_on = [google_project_service.api]
}

# Where the dead letters lie until a person has looked at them.
resource "google_pubsub_subscription" "dead_letter" {
  project                    = var.project_id
  name                       = "${var.name}-events-dead-letter"
  topic                      = google_pubsub_topic.this["dead_letter"].id
  message_retention_duration = "2678400s"
  ack_deadline_seconds       = 600

  expiration_policy {
    ttl = "" # else it is dropped after 31 quiet days, and with it the next dead letter
  }
}

locals {
  # Pub/Sub's own account moves dead letters and signs what it pushes.
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

# The account is made with the project's first topic, and a role can be given to it only once it is known everywhere.
resource "time_sleep" "pubsub_agent" {
  create_duration = "60s"

  triggers = { account = local.pubsub_agent }

  depends_on = [google_pubsub_topic.this]
}

resource "google_pubsub_topic_iam_member" "agent_publishes_dead_letters" {
  project = var.project_id
  topic   = google_pubsub_topic.this["dead_letter"].name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent

  depends_on = [time_sleep.pubsub_agent]
}

resource "google_pubsub_subscription_iam_member" "agent_acknowledges_dead_letters" {
  for_each = local.subscriptions

  project      = var.project_id
  subscription = google_pubsub_subscription.subscriber[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent

  lifecycle {
    # A subscription that is made anew (its filter cannot be changed) has the same name and no roles.
    replace_triggered_by = [google_pubsub_subscription.subscriber[each.key].id]
  }

  depends_on = [time_sleep.pubsub_agent]
}

resource "google_service_account_iam_member" "agent_signs_pushes" {
  for_each = toset([for entry_point, each in local.functions : entry_point if try(each.caller.who, null) == "Pub/Sub"])

  service_account_id = google_service_account.caller[each.key].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent

  depends_on = [time_sleep.pubsub_agent]
}
