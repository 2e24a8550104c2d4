# The public door for Stripe: verifies Stripe's signature, publishes, answers.

resource "google_service_account" "webhook" {
  project      = var.project_id
  account_id   = "${var.name}-webhook"
  display_name = "Runs ${var.name}-webhook"

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "webhook_publishes_events" {
  project = var.project_id
  topic   = google_pubsub_topic.events.name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.webhook.member
}

resource "google_secret_manager_secret_iam_member" "webhook_reads_secrets" {
  project   = var.project_id
  secret_id = google_secret_manager_secret.this["webhook"].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.webhook.member
}

resource "google_cloudfunctions2_function" "webhook" {
  #checkov:skip=CKV_GCP_124:Stripe calls from the internet; its signature is what lets it in
  project     = var.project_id
  location    = var.region
  name        = "${var.name}-webhook"
  description = "Verifies Stripe's signature and publishes the event"

  kms_key_name = var.encryption.kms_key

  build_config {
    runtime           = var.runtime
    entry_point       = "stripe_webhook"
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
    service_account_email            = google_service_account.webhook.email
    ingress_settings                 = local.ingress[var.webhook.ingress]
    available_cpu                    = "1" # less forces one request at a time
    available_memory                 = "512Mi"
    timeout_seconds                  = 30 # it answers within 10
    min_instance_count               = coalesce(var.webhook.min_instances, var.stripe.livemode ? 1 : 0)
    max_instance_count               = var.webhook.max_instances
    max_instance_request_concurrency = var.webhook.concurrency
    all_traffic_on_latest_revision   = true
    direct_vpc_egress                = one(local.other_network[*].egress)

    environment_variables = {
      GOOGLE_CLOUD_PROJECT        = var.project_id
      STRIPE_LIVEMODE             = tostring(var.stripe.livemode)
      STRIPE_WEBHOOK_SECRETS_FILE = "/secrets/webhook/secrets"
      EVENTS_TOPIC                = google_pubsub_topic.events.name
    }

    dynamic "direct_vpc_network_interface" {
      for_each = local.other_network
      content {
        network    = direct_vpc_network_interface.value.network
        subnetwork = direct_vpc_network_interface.value.subnetwork
        tags       = direct_vpc_network_interface.value.tags
      }
    }

    secret_volumes {
      mount_path = "/secrets/webhook"
      project_id = var.project_id
      secret     = google_secret_manager_secret.this["webhook"].secret_id

      versions {
        version = "latest" # read again every few seconds: a rotation needs no deploy
        path    = "secrets"
      }
    }
  }

  depends_on = [
    google_pubsub_topic_iam_member.webhook_publishes_events,
    google_secret_manager_secret_iam_member.webhook_reads_secrets,
    google_secret_manager_secret_version.this,
    time_sleep.build_roles,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "anybody_calls_webhook" {
  count = var.webhook.public ? 1 : 0

  project  = var.project_id
  location = google_cloudfunctions2_function.webhook.location
  name     = google_cloudfunctions2_function.webhook.name
  role     = "roles/run.invoker"
  member   = "allUsers" # Stripe has no Google account: its signature is what lets it in

  lifecycle {
    # A function that is made anew has no invoker; one that is only updated keeps it, without a gap.
    replace_triggered_by = [google_cloudfunctions2_function.webhook.id]
  }
}
