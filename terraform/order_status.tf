# The buyer's landing page: says where an order is. Public, as the webhook is: the session's id is what lets a buyer in.

locals {
  order_status_name  = "${var.name}-order-status"
  order_status_count = var.order_status.enabled ? 1 : 0
  order_status_key   = contains(keys(local.secrets), "stripe_api_key") ? local.order_status_count : 0

  order_status_environment = {
    for name, value in {
      GOOGLE_CLOUD_PROJECT          = var.project_id
      STRIPE_LIVEMODE               = tostring(var.stripe.livemode)
      EVENTS_TOPIC                  = google_pubsub_topic.events.name
      FIRESTORE_DATABASE            = google_firestore_database.orders.name
      ORDERS_COLLECTION             = var.orders.collection
      ORDER_FILTER                  = var.stripe.order_filter
      STRIPE_CONNECT                = tostring(var.stripe.connect)
      STRIPE_API_KEY_FILE           = contains(keys(local.secrets), "stripe_api_key") ? "/secrets/stripe_api_key/secret" : null
      ORDER_STATUS_READS_PER_MINUTE = tostring(floor(var.order_status.reads_per_minute / var.order_status.max_instances))
      EMAIL_FROM                    = try(var.mail.from, null)
      SHOP_URL                      = try(coalesce(var.order_status.shop_url, try(var.mail.shop_url, null)), null)
      SHOP_TIME_ZONE                = var.time_zone
    } : name => value if value != null
  }
}

resource "google_service_account" "order_status" {
  count = local.order_status_count

  project      = var.project_id
  account_id   = "${var.name}-order-status"
  display_name = "Runs ${var.name}-order-status"

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "order_status_publishes_events" {
  count = local.order_status_count

  project = var.project_id
  topic   = google_pubsub_topic.events.name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.order_status[0].member
}

resource "google_secret_manager_secret_iam_member" "order_status_reads_api_key" {
  count = local.order_status_key

  project   = var.project_id
  secret_id = google_secret_manager_secret.this["stripe_api_key"].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.order_status[0].member

  lifecycle {
    # A role that is not needed any more goes after the function that still runs with it was rebuilt.
    create_before_destroy = true
  }
}

# It may look, and change nothing: whatever is wrong with a public page, the orders are safe.
resource "google_project_iam_member" "order_status_reads_orders" {
  count = local.order_status_count

  project = var.project_id
  role    = "roles/datastore.viewer"
  member  = google_service_account.order_status[0].member

  condition {
    title       = "${google_firestore_database.orders.name}-only"
    description = "Only the database of the orders"
    expression  = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.orders.name}\""
  }
}

resource "google_cloudfunctions2_function" "order_status" {
  #checkov:skip=CKV_GCP_124:Buyers come from the internet; a session's id is what lets one in
  count = local.order_status_count

  project     = var.project_id
  location    = var.region
  name        = local.order_status_name
  description = "The buyer's landing page: where is my order?"

  kms_key_name = var.encryption.kms_key

  build_config {
    runtime           = var.runtime
    entry_point       = "order_status"
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
    service_account_email            = google_service_account.order_status[0].email
    ingress_settings                 = local.ingress[var.order_status.ingress]
    available_cpu                    = "1"
    available_memory                 = "512Mi"
    timeout_seconds                  = 30 # Firestore has 8 s, Stripe 5 s, Pub/Sub 8 s
    min_instance_count               = 0
    max_instance_count               = var.order_status.max_instances
    max_instance_request_concurrency = var.order_status.concurrency
    all_traffic_on_latest_revision   = true
    direct_vpc_egress                = one(local.other_network[*].egress)
    environment_variables            = local.order_status_environment

    dynamic "direct_vpc_network_interface" {
      for_each = local.other_network
      content {
        network    = direct_vpc_network_interface.value.network
        subnetwork = direct_vpc_network_interface.value.subnetwork
        tags       = direct_vpc_network_interface.value.tags
      }
    }

    dynamic "secret_volumes" {
      for_each = toset(local.order_status_key == 1 ? ["stripe_api_key"] : [])
      content {
        mount_path = "/secrets/${secret_volumes.key}"
        project_id = var.project_id
        secret     = google_secret_manager_secret.this[secret_volumes.key].secret_id

        versions {
          version = "latest"
          path    = "secret"
        }
      }
    }
  }

  depends_on = [
    google_project_iam_member.order_status_reads_orders,
    google_pubsub_topic_iam_member.order_status_publishes_events,
    google_secret_manager_secret_iam_member.order_status_reads_api_key,
    google_secret_manager_secret_version.this,
    time_sleep.build_roles,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "anybody_calls_order_status" {
  count = var.order_status.public ? local.order_status_count : 0

  project  = var.project_id
  location = google_cloudfunctions2_function.order_status[0].location
  name     = google_cloudfunctions2_function.order_status[0].name
  role     = "roles/run.invoker"
  member   = "allUsers" # a buyer has no Google account

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.order_status[0].id]
  }
}
