# Copies of every event, for analysis (bigquery.tf) and to keep (archive.tf). Pub/Sub itself writes them: no function runs.

locals {
  sinks = [for sink, each in { bigquery = var.events.bigquery, archive = var.events.archive } : sink if each != null]

  # The link in an abandoned cart's event opens the cart without a password, so it is copied nowhere. A thin event has none. A message
  # without a type is copied. A changed filter makes a subscription anew: there is one only where carts are on.
  without_links = "NOT attributes.event_type = \"checkout.session.expired\""

  # Each gets both topics: the orders' events, and Stripe's other ones.
  sink_subscriptions = {
    for pair in setproduct(["events", "stripe_events"], local.sinks) :
    join(" ", pair) => {
      topic  = pair[0]
      sink   = pair[1]
      slug   = "${replace(pair[0], "_", "-")}-${pair[1]}"
      filter = pair[0] == "events" && var.after_sale.abandoned_carts ? local.without_links : null
    }
  }

  # What the output says of a sink; null if it is off.
  sink_outputs = {
    for sink, names in { bigquery = google_bigquery_dataset.events[*].dataset_id, archive = google_storage_bucket.archive[*].name } :
    sink => one([for name in names : {
      name          = name
      subscriptions = [for each in local.sink_subscriptions : local.sink_names["${each.topic} ${sink}"] if each.sink == sink]
    }])
  }
  sink_names = { for key, each in google_pubsub_subscription.sink : key => each.name }
}

resource "google_pubsub_subscription" "sink" {
  for_each = local.sink_subscriptions

  project                    = var.project_id
  name                       = "${var.name}-${each.value.slug}"
  topic                      = google_pubsub_topic.this[each.value.topic].id
  filter                     = each.value.filter
  ack_deadline_seconds       = 600 # an archive's file may take as long as that, and no longer
  message_retention_duration = "604800s"

  dynamic "bigquery_config" {
    for_each = each.value.sink == "bigquery" ? local.events_table : []
    content {
      table          = bigquery_config.value
      write_metadata = true
    }
  }

  dynamic "cloud_storage_config" {
    for_each = each.value.sink == "archive" ? google_storage_bucket.archive : []
    content {
      bucket                   = cloud_storage_config.value.name
      filename_prefix          = "${local.archive_folders[each.value.topic]}/"
      filename_datetime_format = "YYYY/MM/DD/hh_mm_ssZ"
      filename_suffix          = ".avro"
      max_duration             = "300s"
      max_bytes                = 100000000

      avro_config {
        write_metadata = true
      }
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
    google_pubsub_topic_iam_member.agent_publishes_stripe_events_dead_letters,
    time_sleep.sink_roles,
  ]
}

resource "google_pubsub_subscription_iam_member" "agent_acknowledges_sinks_dead_letters" {
  for_each = local.sink_subscriptions

  project      = var.project_id
  subscription = google_pubsub_subscription.sink[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent

  lifecycle {
    # A subscription that is made anew has the same name and no roles.
    replace_triggered_by = [google_pubsub_subscription.sink[each.key].id]
  }

  depends_on = [time_sleep.pubsub_agent]
}

# Pub/Sub makes such a subscription only if its account may write already, and a new role takes some time to be in force.
resource "time_sleep" "sink_roles" {
  count = length(local.sinks) > 0 ? 1 : 0

  create_duration = "60s"

  triggers = {
    bigquery = join("", google_bigquery_table_iam_member.agent_writes_events[*].dataset_id)
    archive  = join("", google_storage_bucket_iam_member.agent_writes_archive[*].bucket)
    bucket   = join("", google_storage_bucket_iam_member.agent_reads_archive[*].bucket)
  }
}
