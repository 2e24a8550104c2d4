# The topics, and who may move messages between them.

locals {
  message_storage = length(var.residency.message_regions) > 0 ? [var.residency.message_regions] : []
}

resource "google_pubsub_topic" "events" {
  project                    = var.project_id
  name                       = "${var.name}-events"
  message_retention_duration = "${var.topics.events_retention_days * 86400}s"

  kms_key_name = var.encryption.kms_key

  dynamic "message_storage_policy" {
    for_each = local.message_storage
    content {
      allowed_persistence_regions = message_storage_policy.value
      enforce_in_transit          = var.residency.refuse_elsewhere
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic" "dead_letter" {
  project                    = var.project_id
  name                       = "${var.name}-events-dead-letter"
  message_retention_duration = "2678400s" # 31 days, as long as Pub/Sub keeps anything

  kms_key_name = var.encryption.kms_key

  dynamic "message_storage_policy" {
    for_each = local.message_storage
    content {
      allowed_persistence_regions = message_storage_policy.value
      enforce_in_transit          = var.residency.refuse_elsewhere
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic" "order_events" {
  count = var.topics.order_events ? 1 : 0

  project = var.project_id
  name    = "${var.name}-order-events"

  kms_key_name = var.encryption.kms_key

  dynamic "message_storage_policy" {
    for_each = local.message_storage
    content {
      allowed_persistence_regions = message_storage_policy.value
      enforce_in_transit          = var.residency.refuse_elsewhere
    }
  }

  depends_on = [google_project_service.api]
}

# Where the dead letters lie until a person has looked at them.
resource "google_pubsub_subscription" "dead_letter" {
  project                    = var.project_id
  name                       = "${var.name}-events-dead-letter"
  topic                      = google_pubsub_topic.dead_letter.id
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

  depends_on = [google_pubsub_topic.events]
}

resource "google_pubsub_topic_iam_member" "agent_publishes_dead_letters" {
  project = var.project_id
  topic   = google_pubsub_topic.dead_letter.name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent

  depends_on = [time_sleep.pubsub_agent]
}

resource "google_pubsub_subscription_iam_member" "agent_acknowledges_dead_letters" {
  for_each = local.subscribers

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
  for_each = local.subscribers

  service_account_id = google_service_account.push[each.key].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent

  depends_on = [time_sleep.pubsub_agent]
}
