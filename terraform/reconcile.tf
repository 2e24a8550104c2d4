# Finds what Stripe knows and did not tell, on a schedule. Made only with an API key: without one nobody reads Stripe.

locals {
  reconcile_name    = "${var.name}-reconcile"
  reconcile_count   = var.stripe.api_key_version == null ? 0 : 1
  reconcile_timeout = 900 # a run ends itself after ten minutes, at the end of a page

  reconcile_schedule = (
    var.reconcile.every_minutes < 60 ? "*/${var.reconcile.every_minutes} * * * *" :
    var.reconcile.every_minutes == 60 ? "7 * * * *" : "7 */${floor(var.reconcile.every_minutes / 60)} * * *"
  )

  reconcile_environment = merge({
    for name, value in {
      GOOGLE_CLOUD_PROJECT       = var.project_id
      STRIPE_LIVEMODE            = tostring(var.stripe.livemode)
      STRIPE_API_KEY_FILE        = "/secrets/stripe_api_key/secret"
      EVENTS_TOPIC               = google_pubsub_topic.events.name
      FIRESTORE_DATABASE         = google_firestore_database.orders.name
      ORDERS_COLLECTION          = var.orders.collection
      ORDER_FILTER               = var.stripe.order_filter
      RECONCILE_MAX_AGE_DAYS     = tostring(var.reconcile.max_age_days)
      RECONCILE_LATE_MINUTES     = tostring(var.reconcile.late_minutes)
      RECONCILE_READS_PER_SECOND = tostring(var.reconcile.reads_per_second)
    } : name => value if value != null
    }, {
    # This product's first secret is as old as the product here: what was sold before is another system's. Without it a sale
    # between the first apply and the first run, whose event is lost, would be nobody's.
    RECONCILE_SINCE = coalesce(var.reconcile.since, google_secret_manager_secret.this["webhook"].create_time)
  })
}

resource "google_service_account" "reconcile" {
  count = local.reconcile_count

  project      = var.project_id
  account_id   = "${var.name}-reconcile"
  display_name = "Runs ${local.reconcile_name}"

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "reconcile_publishes_events" {
  count = local.reconcile_count

  project = var.project_id
  topic   = google_pubsub_topic.events.name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.reconcile[0].member
}

resource "google_secret_manager_secret_iam_member" "reconcile_reads_api_key" {
  count = local.reconcile_count

  project   = var.project_id
  secret_id = google_secret_manager_secret.this["stripe_api_key"].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.reconcile[0].member
}

# To read the orders, and to write how far it has come.
resource "google_project_iam_member" "reconcile_reads_orders" {
  count = local.reconcile_count

  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.reconcile[0].member

  condition {
    title       = "${google_firestore_database.orders.name}-only"
    description = "Only the database of the orders"
    expression  = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.orders.name}\""
  }
}

resource "google_cloudfunctions2_function" "reconcile" {
  count = local.reconcile_count

  project     = var.project_id
  location    = var.region
  name        = "${var.name}-reconcile"
  description = "Publishes what Stripe knows and did not tell"

  kms_key_name = var.encryption.kms_key

  build_config {
    runtime           = var.runtime
    entry_point       = "reconcile"
    service_account   = google_service_account.build.id
    docker_repository = google_artifact_registry_repository.images.id
    worker_pool       = var.build_worker_pool

    source {
      storage_source {
        bucket     = google_storage_bucket.source.name
        object     = google_storage_bucket_object.functions.name
        generation = google_storage_bucket_object.functions.generation
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.reconcile[0].email
    ingress_settings                 = "ALLOW_INTERNAL_ONLY" # Cloud Scheduler of the same project is internal
    available_cpu                    = "1"
    available_memory                 = "512Mi"
    timeout_seconds                  = local.reconcile_timeout
    min_instance_count               = 0
    max_instance_count               = 1
    max_instance_request_concurrency = 1
    all_traffic_on_latest_revision   = true
    direct_vpc_egress                = one(local.other_network[*].egress)
    environment_variables            = local.reconcile_environment

    dynamic "direct_vpc_network_interface" {
      for_each = local.other_network
      content {
        network    = direct_vpc_network_interface.value.network
        subnetwork = direct_vpc_network_interface.value.subnetwork
        tags       = direct_vpc_network_interface.value.tags
      }
    }

    secret_volumes {
      mount_path = "/secrets/stripe_api_key"
      project_id = var.project_id
      secret     = google_secret_manager_secret.this["stripe_api_key"].secret_id

      versions {
        version = "latest"
        path    = "secret"
      }
    }
  }

  depends_on = [
    google_project_iam_member.reconcile_reads_orders,
    google_pubsub_topic_iam_member.reconcile_publishes_events,
    google_secret_manager_secret_iam_member.reconcile_reads_api_key,
    google_secret_manager_secret_version.this,
    time_sleep.build_roles,
  ]
}

resource "google_service_account" "schedule" {
  count = local.reconcile_count

  project      = var.project_id
  account_id   = "${var.name}-schedule"
  display_name = "Cloud Scheduler calls ${local.reconcile_name} as this account"

  depends_on = [google_project_service.api]
}

resource "google_cloud_run_v2_service_iam_member" "schedule_calls_reconcile" {
  count = local.reconcile_count

  project  = var.project_id
  location = google_cloudfunctions2_function.reconcile[0].location
  name     = google_cloudfunctions2_function.reconcile[0].name
  role     = "roles/run.invoker"
  member   = google_service_account.schedule[0].member

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.reconcile[0].id]
  }
}

resource "google_cloud_scheduler_job" "reconcile" {
  count = local.reconcile_count

  project          = var.project_id
  region           = var.region
  name             = local.reconcile_name
  description      = "Every ${var.reconcile.every_minutes} minutes: are all orders where Stripe says?"
  schedule         = local.reconcile_schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "${local.reconcile_timeout + 30}s"

  retry_config {
    retry_count          = 2
    min_backoff_duration = "60s"
    max_backoff_duration = "300s"
  }

  http_target {
    http_method = "POST"
    uri         = google_cloudfunctions2_function.reconcile[0].service_config[0].uri # run.app: no other is internal

    oidc_token {
      service_account_email = google_service_account.schedule[0].email
      audience              = google_cloudfunctions2_function.reconcile[0].service_config[0].uri
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.schedule_calls_reconcile]
}

# How far Stripe and the orders were apart, run by run: counts, and ages in seconds.
resource "google_logging_metric" "drift" {
  for_each = toset(["missing", "behind", "unattended", "late", "oldest_missing_s", "oldest_late_s"])

  project         = var.project_id
  name            = "${local.reconcile_name}-${replace(each.value, "_", "-")}"
  description     = "`${each.value}` in the lines of reconcile: see functions/fulfillment/reconcile/tally.py"
  filter          = "${local.reconcile_lines} AND jsonPayload.${each.value}:*"
  value_extractor = "EXTRACT(jsonPayload.${each.value})"

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "DISTRIBUTION"
    unit         = endswith(each.value, "_s") ? "s" : "1"
    display_name = "${local.reconcile_name}: ${each.value}"
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 24
      growth_factor      = 2
      scale              = 1
    }
  }

  depends_on = [google_project_service.api]
}
