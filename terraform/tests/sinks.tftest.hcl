# Copies of every event in BigQuery and Cloud Storage.

mock_provider "archive" {}
mock_provider "time" {}

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  stripe                 = { livemode = true, api_key_version = 1 }
  stripe_api_key         = "rk_live_abcdefgh12345678"
  stripe_webhook_secrets = "whsec_0123456789abcdef0123456789abcdef"
  smtp_url               = "smtps://shop:hunter2@mail.acme.example:465"
}

run "by_default_nothing_is_copied" {
  assert {
    condition = alltrue([
      for each in [google_bigquery_dataset.events, google_bigquery_table.events, google_storage_bucket.archive, time_sleep.sink_roles] : length(each) == 0
    ]) && length(google_pubsub_subscription.sink) == 0 && length(google_bigquery_table.view) == 0
    error_message = "No sink is made that was not asked for."
  }
  assert {
    condition     = !contains(local.apis, "bigquery.googleapis.com") && !contains(keys(local.alerts_on_queries), "sinks_unacked") && output.deployment.stripe_events == null
    error_message = "BigQuery's API is for those who use it."
  }
}

run "both_sinks_get_both_topics" {
  variables {
    events = { bigquery = {}, archive = {} }
  }

  assert {
    condition = { for name, each in google_pubsub_subscription.sink : each.name => each.topic } == {
      checkout-events-bigquery        = "projects/acme-shop/topics/checkout-events"
      checkout-events-archive         = "projects/acme-shop/topics/checkout-events"
      checkout-stripe-events-bigquery = "projects/acme-shop/topics/checkout-stripe-events"
      checkout-stripe-events-archive  = "projects/acme-shop/topics/checkout-stripe-events"
    }
    error_message = "Orders' events and other events go to each sink."
  }
  assert {
    condition = alltrue([
      for each in google_pubsub_subscription.sink :
      each.filter == null && each.expiration_policy[0].ttl == "" && each.message_retention_duration == "604800s" && length(each.push_config) == 0
      && each.dead_letter_policy[0].dead_letter_topic == "projects/acme-shop/topics/checkout-stripe-events-dead-letter"
      && each.dead_letter_policy[0].max_delivery_attempts == 100 && each.retry_policy[0].maximum_backoff == "600s"
    ])
    error_message = "A sink gets everything where carts are off, keeps what it cannot write, and gives up into the dead letter alone."
  }
  assert {
    condition = alltrue([
      for name, each in google_pubsub_subscription_iam_member.agent_acknowledges_sinks_dead_letters :
      each.subscription == google_pubsub_subscription.sink[name].name && each.role == "roles/pubsub.subscriber"
      && each.member == "serviceAccount:service-123456789@gcp-sa-pubsub.iam.gserviceaccount.com"
    ]) && length(google_pubsub_subscription_iam_member.agent_acknowledges_sinks_dead_letters) == 4
    error_message = "Without that role Pub/Sub forwards no dead letter."
  }
  assert {
    condition = { for name, each in google_pubsub_subscription.sink : name => [each.bigquery_config[0].table, each.bigquery_config[0].write_metadata] if length(each.bigquery_config) > 0 } == {
      for name in ["events bigquery", "stripe_events bigquery"] : name => ["acme-shop.checkout_events.events", true]
    }
    error_message = "Both write to one table, with attributes and times."
  }
  assert {
    condition = {
      for name, each in google_pubsub_subscription.sink : name => [for file in each.cloud_storage_config : "${file.bucket} ${file.filename_prefix}${file.filename_datetime_format}${file.filename_suffix}"]
      } == {
      "events bigquery"        = []
      "stripe_events bigquery" = []
      "events archive"         = ["acme-shop-checkout-events orders/YYYY/MM/DD/hh_mm_ssZ.avro"]
      "stripe_events archive"  = ["acme-shop-checkout-events stripe/YYYY/MM/DD/hh_mm_ssZ.avro"]
    }
    error_message = "Each topic has a folder, with a folder for each day in it."
  }
  assert {
    condition = alltrue(flatten([
      for each in google_pubsub_subscription.sink : [
        for file in each.cloud_storage_config :
        file.avro_config[0].write_metadata && file.max_bytes == 100000000 && each.ack_deadline_seconds >= tonumber(trimsuffix(file.max_duration, "s"))
      ]
    ]))
    error_message = "Attributes and times are in the files; Pub/Sub refuses a file that may take longer than the acknowledgement."
  }
  assert {
    condition = strcontains(
      google_monitoring_alert_policy.query["sinks_unacked"].conditions[0].condition_prometheus_query_language[0].query,
      "subscription_id=~\"checkout-events-archive|checkout-events-bigquery|checkout-stripe-events-archive|checkout-stripe-events-bigquery\"}) > 3600"
    )
    error_message = "What Pub/Sub may not write becomes no dead letter: it waits, and is lost after seven days."
  }
  assert {
    condition = output.deployment.stripe_events.bigquery == {
      name          = "checkout_events"
      subscriptions = ["checkout-events-bigquery", "checkout-stripe-events-bigquery"]
      } && output.deployment.stripe_events.archive == {
      name          = "acme-shop-checkout-events"
      subscriptions = ["checkout-events-archive", "checkout-stripe-events-archive"]
    }
    error_message = "scripts/ops is told where the copies are."
  }
}

run "the_table_is_what_pubsub_writes" {
  variables {
    name   = "acme-shop-2"
    events = { bigquery = { location = "EU", expiration_days = 30 } }
  }

  assert {
    condition = { for each in jsondecode(google_bigquery_table.events[0].schema) : each.name => each.type } == {
      subscription_name = "STRING"
      message_id        = "STRING"
      publish_time      = "TIMESTAMP"
      attributes        = "JSON"
      data              = "STRING"
    }
    error_message = "Google says which columns Pub/Sub writes; a body that the JSON type refuses would be a dead letter."
  }
  assert {
    condition     = google_bigquery_table.events[0].time_partitioning[0].field == "publish_time" && google_bigquery_table.events[0].time_partitioning[0].expiration_ms == 2592000000
    error_message = "A row goes after expiration_days."
  }
  assert {
    condition     = google_bigquery_dataset.events[0].dataset_id == "acme_shop_2_events" && google_bigquery_dataset.events[0].location == "EU" && contains(local.apis, "bigquery.googleapis.com")
    error_message = "A dataset's id has no hyphens."
  }
  assert {
    condition     = google_bigquery_table.events[0].deletion_protection && !google_bigquery_dataset.events[0].delete_contents_on_destroy
    error_message = "No destroy takes the events along."
  }
  assert {
    condition     = tolist(google_bigquery_dataset.events[0].access)[0].special_group == "projectOwners" && tolist(google_bigquery_dataset.events[0].access)[0].role == "OWNER" && length(google_bigquery_dataset.events[0].access) == 1
    error_message = "A reader of the project may not read its buyers."
  }
  assert {
    condition = (
      google_bigquery_table_iam_member.agent_writes_events[0].role == "roles/bigquery.dataEditor" && google_bigquery_table_iam_member.agent_writes_events[0].table_id == "events"
      && google_bigquery_table_iam_member.agent_writes_events[0].member == "serviceAccount:service-123456789@gcp-sa-pubsub.iam.gserviceaccount.com"
    )
    error_message = "Pub/Sub writes to this table, and to no other."
  }
  assert {
    condition = alltrue([
      for name, each in google_bigquery_table.view :
      strcontains(each.view[0].query, "FROM `acme-shop.acme_shop_2_events.events`") && !each.view[0].use_legacy_sql && each.table_id == name && !each.deletion_protection
    ]) && keys(google_bigquery_table.view) == ["events_once", "orders"]
    error_message = "The views read the table."
  }
  assert {
    condition     = [for each in google_pubsub_subscription.sink : each.name] == ["acme-shop-2-events-bigquery", "acme-shop-2-stripe-events-bigquery"] && output.deployment.stripe_events.archive == null
    error_message = "One sink alone."
  }
}

run "a_table_that_is_not_protected_can_be_removed" {
  command = plan

  variables {
    events = { bigquery = { protected = false, dataset = "stripe" } }
  }

  assert {
    condition     = !google_bigquery_table.events[0].deletion_protection && google_bigquery_dataset.events[0].dataset_id == "stripe"
    error_message = "First protected = false, then bigquery = null."
  }
}

run "the_archive_is_shut_and_forgets" {
  variables {
    events = { archive = { bucket = "acme-events", location = "EUR4", expiration_days = 7 } }
  }

  assert {
    condition = alltrue([
      for each in google_storage_bucket.archive :
      each.name == "acme-events" && each.location == "EUR4" && !each.force_destroy && each.uniform_bucket_level_access
      && each.public_access_prevention == "enforced"
    ])
    error_message = "It is never public, and a destroy does not empty it."
  }
  assert {
    condition     = one(google_storage_bucket.archive[0].lifecycle_rule).condition == toset([merge(one(one(google_storage_bucket.archive[0].lifecycle_rule).condition), { age = 7 })]) && one(one(google_storage_bucket.archive[0].lifecycle_rule).action).type == "Delete"
    error_message = "A file goes after expiration_days."
  }
  assert {
    condition = {
      for each in concat(google_storage_bucket_iam_member.agent_writes_archive, google_storage_bucket_iam_member.agent_reads_archive) : each.role => [each.bucket, each.member]
      } == {
      for role in ["roles/storage.objectCreator", "roles/storage.legacyBucketReader"] : role => ["acme-events", "serviceAccount:service-123456789@gcp-sa-pubsub.iam.gserviceaccount.com"]
    }
    error_message = "Pub/Sub may add files, and look whether the bucket exists."
  }
  assert {
    condition     = [for each in google_pubsub_subscription.sink : each.name] == ["checkout-events-archive", "checkout-stripe-events-archive"] && output.deployment.stripe_events.bigquery == null && length(google_bigquery_dataset.events) == 0
    error_message = "One sink alone."
  }
}

run "copies_lie_where_messages_may_and_under_the_same_key" {
  command   = plan
  state_key = "none"

  variables {
    residency  = { message_regions = ["europe-west1", "europe-west4"] }
    encryption = { kms_key = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/shop" }
    events     = { bigquery = {}, archive = { location = "europe-west1" } }
  }

  assert {
    condition = (
      google_bigquery_dataset.events[0].default_encryption_configuration[0].kms_key_name == var.encryption.kms_key
      && google_bigquery_table.events[0].encryption_configuration[0].kms_key_name == var.encryption.kms_key
      && google_storage_bucket.archive[0].encryption[0].default_kms_key_name == var.encryption.kms_key
    )
    error_message = "Each copy has the key."
  }
  assert {
    condition     = google_bigquery_dataset.events[0].location == "europe-west1" && lower(google_storage_bucket.archive[0].location) == "europe-west1"
    error_message = "Each copy is in the region of the functions by default."
  }
}

run "another_of_the_messages_regions_will_do" {
  command = plan

  variables {
    residency = { message_regions = ["europe-west1", "europe-west4"] }
    events    = { bigquery = { location = "europe-west4" } }
  }

  assert {
    condition     = google_bigquery_dataset.events[0].location == "europe-west4"
    error_message = "Messages may lie there, so copies of them may."
  }
}

run "refuses_what_cannot_be_1" {
  command = plan

  variables {
    # an id with a hyphen
    events = { bigquery = { dataset = "my-events" } }
  }

  expect_failures = [var.events]
}

run "refuses_what_cannot_be_2" {
  command = plan

  variables {
    # a zone
    events = { bigquery = { location = "europe-west1-b" } }
  }

  expect_failures = [var.events]
}

run "refuses_what_cannot_be_3" {
  command = plan

  variables {
    # capitals in a bucket's name
    events = { archive = { bucket = "Acme" } }
  }

  expect_failures = [var.events]
}

run "refuses_what_cannot_be_4" {
  command = plan

  variables {
    # a country
    events = { archive = { location = "DE" } }
  }

  expect_failures = [var.events]
}

run "refuses_what_cannot_be_5" {
  command = plan

  variables {
    # a multi-region where messages must stay in one region
    residency = { message_regions = ["europe-west1"] }
    events    = { bigquery = { location = "EU" } }
  }

  expect_failures = [var.events]
}

run "refuses_what_cannot_be_6" {
  command = plan

  variables {
    # a bucket that the key cannot encrypt
    encryption = { kms_key = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/shop" }
    events     = { archive = { location = "europe-west4" } }
  }

  expect_failures = [var.events]
}

run "refuses_what_cannot_be_7" {
  command = plan

  variables {
    # a name that Google keeps for itself
    events = { archive = { bucket = "my-google-events" } }
  }

  expect_failures = [var.events]
}

run "refuses_what_cannot_be_8" {
  command = plan

  variables {
    # a default name that Google keeps for itself
    name   = "my-google-shop"
    events = { archive = {} }
  }

  expect_failures = [var.events]
}

run "with_abandoned_carts_no_sink_gets_their_links" {
  command = plan

  variables {
    after_sale = { abandoned_carts = true }
    events     = { bigquery = {}, archive = {} }
  }

  assert {
    condition = jsonencode({ for name, each in google_pubsub_subscription.sink : each.name => each.filter }) == jsonencode({
      checkout-events-bigquery        = "NOT attributes.event_type = \"checkout.session.expired\""
      checkout-events-archive         = "NOT attributes.event_type = \"checkout.session.expired\""
      checkout-stripe-events-bigquery = null
      checkout-stripe-events-archive  = null
    })
    error_message = "The link opens a cart without a password. What you route is copied as it is."
  }
}
