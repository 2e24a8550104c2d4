# Every event in BigQuery: events.bigquery. Each message is a row; the views show one row for each event and each order.

locals {
  bigquery_count = var.events.bigquery == null ? 0 : 1

  # None or one: the table by its full name.
  events_table = [for each in google_bigquery_table.events : "${each.project}.${each.dataset_id}.${each.table_id}"]
}

resource "google_bigquery_dataset" "events" {
  count = local.bigquery_count

  project                    = var.project_id
  dataset_id                 = coalesce(var.events.bigquery.dataset, "${replace(var.name, "-", "_")}_events")
  location                   = coalesce(var.events.bigquery.location, var.region)
  description                = "Every event that the deployment ${var.name} got from Stripe. It holds buyers' names and addresses."
  delete_contents_on_destroy = false

  # By default every reader and writer of the project could read it.
  access {
    role          = "OWNER"
    special_group = "projectOwners"
  }

  dynamic "default_encryption_configuration" {
    for_each = var.encryption.kms_key[*]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  lifecycle {
    ignore_changes = [access] # who else may read it is yours to say: an apply takes nothing away
  }

  depends_on = [google_project_service.api]
}

resource "google_bigquery_table" "events" {
  #checkov:skip=CKV_GCP_121:It is protected by default: events.bigquery.protected
  count = local.bigquery_count

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.events[0].dataset_id
  table_id            = "events"
  description         = "A row for each message that was written: an event may have several."
  deletion_protection = var.events.bigquery.protected

  # What Pub/Sub writes with write_metadata. The body is a STRING: the JSON type refuses some numbers, such as 67.174118,
  # and drops duplicate keys.
  schema = jsonencode([
    { name = "subscription_name", type = "STRING", description = "The subscription that wrote the row." },
    { name = "message_id", type = "STRING", description = "Pub/Sub's id of the message." },
    { name = "publish_time", type = "TIMESTAMP", description = "When the message was published. The table's partitions are its days." },
    { name = "attributes", type = "JSON", description = "The message's attributes: docs/data-model.md." },
    { name = "data", type = "STRING", description = "The event, byte for byte as Stripe sent it." },
  ])

  time_partitioning {
    type          = "DAY"
    field         = "publish_time"
    expiration_ms = var.events.bigquery.expiration_days * 86400000
  }

  dynamic "encryption_configuration" {
    for_each = var.encryption.kms_key[*]
    content {
      kms_key_name = encryption_configuration.value
    }
  }
}

# They hold nothing, so they are not protected.
resource "google_bigquery_table" "view" {
  #checkov:skip=CKV_GCP_121:A view holds no data
  #checkov:skip=CKV_GCP_80:A view holds no data
  for_each = local.bigquery_count == 0 ? {} : {
    events_once = "One row for each event."
    orders      = "One row for each order: what the newest status of its events is. What was fulfilled is in Firestore."
  }

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.events[0].dataset_id
  table_id            = each.key
  description         = each.value
  deletion_protection = false

  view {
    query          = templatefile("${path.module}/views/${each.key}.sql", { table = local.events_table[0] })
    use_legacy_sql = false
  }
}

resource "google_bigquery_table_iam_member" "agent_writes_events" {
  count = local.bigquery_count

  project    = var.project_id
  dataset_id = google_bigquery_dataset.events[0].dataset_id
  table_id   = google_bigquery_table.events[0].table_id
  role       = "roles/bigquery.dataEditor"
  member     = local.pubsub_agent

  lifecycle {
    replace_triggered_by = [google_bigquery_table.events[0].id] # a table that is made anew has no roles
  }

  depends_on = [time_sleep.pubsub_agent]
}
