# One subscriber for each routed event type: brings its event into the order and pays what the order owes.

locals {
  subscribers = {
    on_checkout_session_completed = { event_type = "checkout.session.completed", slug = "completed" }
    on_async_payment_succeeded    = { event_type = "checkout.session.async_payment_succeeded", slug = "succeeded" }
    on_async_payment_failed       = { event_type = "checkout.session.async_payment_failed", slug = "failed" }
  }

  # A delivery takes the time of one hook and 90 s for everything else; then it answers and is still heard.
  subscriber_timeout = var.hook.timeout + 120
  ack_deadline       = local.subscriber_timeout + 30

  subscriber_secrets = {
    for name, file in { stripe_api_key = "STRIPE_API_KEY_FILE", smtp_url = "SMTP_URL_FILE" } :
    name => file if contains(keys(local.secrets), name)
  }

  subscriber_environment = merge(var.hook.environment, {
    for name, value in {
      GOOGLE_CLOUD_PROJECT = var.project_id
      STRIPE_LIVEMODE      = tostring(var.stripe.livemode)
      DEAD_LETTER_TOPIC    = google_pubsub_topic.dead_letter.name
      FIRESTORE_DATABASE   = google_firestore_database.orders.name
      ORDERS_COLLECTION    = var.orders.collection
      ORDER_FILTER         = var.stripe.order_filter
      STRIPE_API_KEY_FILE  = contains(keys(local.secrets), "stripe_api_key") ? "/secrets/stripe_api_key/secret" : null
      ORDER_EVENTS_TOPIC   = one(google_pubsub_topic.order_events[*].name)
      SMTP_URL_FILE        = contains(keys(local.secrets), "smtp_url") ? "/secrets/smtp_url/secret" : null
      EMAIL_FROM           = try(var.mail.from, null)
      SHOP_URL             = try(var.mail.shop_url, null)
      SHOP_TIME_ZONE       = var.time_zone
      HOOK_TIMEOUT         = tostring(var.hook.timeout)
      HOLD_ON_REVIEW       = tostring(var.hook.hold_on_review)
    } : name => value if value != null
  })
}

resource "google_service_account" "subscriber" {
  for_each = local.subscribers

  project      = var.project_id
  account_id   = "${var.name}-${each.value.slug}"
  display_name = "Runs ${var.name}-${each.value.slug}"

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "subscriber_parks" {
  for_each = local.subscribers

  project = var.project_id
  topic   = google_pubsub_topic.dead_letter.name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.subscriber[each.key].member
}

resource "google_pubsub_topic_iam_member" "subscriber_announces" {
  for_each = var.topics.order_events ? local.subscribers : {}

  project = var.project_id
  topic   = google_pubsub_topic.order_events[0].name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.subscriber[each.key].member

  lifecycle {
    # A role that is not needed any more goes after the function that still runs with it was rebuilt.
    create_before_destroy = true
  }
}

resource "google_secret_manager_secret_iam_member" "subscriber_reads_secrets" {
  for_each = {
    for pair in setproduct(keys(local.subscribers), concat(
      [for name in keys(local.subscriber_secrets) : { name = name, id = google_secret_manager_secret.this[name].secret_id }],
      [for name, each in var.hook.secrets : { name = "hook-${name}", id = each.secret }],
    )) : "${pair[0]} ${pair[1].name}" => { subscriber = pair[0], secret = pair[1].id }
  }

  project   = var.project_id
  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.subscriber[each.value.subscriber].member

  lifecycle {
    # A role that is not needed any more goes after the function that still runs with it was rebuilt.
    create_before_destroy = true
  }
}

# Firestore has no resource to give a role on but the project: the condition narrows it to this database.
resource "google_project_iam_member" "subscriber_writes_orders" {
  for_each = local.subscribers

  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.subscriber[each.key].member

  condition {
    title       = "${google_firestore_database.orders.name}-only"
    description = "Only the database of the orders"
    expression  = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.orders.name}\""
  }
}

# What the user's hooks.py needs beyond, and only that.
resource "google_project_iam_member" "hook" {
  for_each = { for pair in setproduct(keys(local.subscribers), var.hook.roles) : "${pair[0]} ${pair[1]}" => pair }

  project = var.project_id
  role    = each.value[1]
  member  = google_service_account.subscriber[each.value[0]].member

  lifecycle {
    # A role that is not needed any more goes after the function that still runs with it was rebuilt.
    create_before_destroy = true
  }
}

resource "google_cloudfunctions2_function" "subscriber" {
  for_each = local.subscribers

  project     = var.project_id
  location    = var.region
  name        = "${var.name}-${each.value.slug}"
  description = "Brings ${each.value.event_type} into its order"

  kms_key_name = var.encryption.kms_key

  build_config {
    runtime           = var.runtime
    entry_point       = each.key
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
    service_account_email            = google_service_account.subscriber[each.key].email
    ingress_settings                 = "ALLOW_INTERNAL_ONLY"
    available_cpu                    = "1"
    available_memory                 = "512Mi"
    timeout_seconds                  = local.subscriber_timeout
    min_instance_count               = var.subscribers.min_instances
    max_instance_count               = var.subscribers.max_instances
    max_instance_request_concurrency = var.subscribers.concurrency
    all_traffic_on_latest_revision   = true
    direct_vpc_egress                = one(local.hook_network[*].egress)
    environment_variables            = local.subscriber_environment

    dynamic "direct_vpc_network_interface" {
      for_each = local.hook_network
      content {
        network    = direct_vpc_network_interface.value.network
        subnetwork = direct_vpc_network_interface.value.subnetwork
        tags       = direct_vpc_network_interface.value.tags
      }
    }

    dynamic "secret_volumes" {
      for_each = local.subscriber_secrets
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

    dynamic "secret_environment_variables" {
      for_each = var.hook.secrets
      content {
        key        = secret_environment_variables.key
        project_id = var.project_id
        secret     = secret_environment_variables.value.secret
        version    = secret_environment_variables.value.version
      }
    }
  }

  depends_on = [
    google_project_iam_member.hook,
    google_project_iam_member.subscriber_writes_orders,
    google_pubsub_topic_iam_member.subscriber_announces,
    google_pubsub_topic_iam_member.subscriber_parks,
    google_secret_manager_secret_iam_member.subscriber_reads_secrets,
    google_secret_manager_secret_version.this,
    time_sleep.build_roles,
  ]
}

resource "google_service_account" "push" {
  for_each = local.subscribers

  project      = var.project_id
  account_id   = "${var.name}-push-${each.value.slug}"
  display_name = "Pub/Sub calls ${var.name}-${each.value.slug} as this account"

  depends_on = [google_project_service.api]
}

resource "google_cloud_run_v2_service_iam_member" "push_calls_subscriber" {
  for_each = local.subscribers

  project  = var.project_id
  location = google_cloudfunctions2_function.subscriber[each.key].location
  name     = google_cloudfunctions2_function.subscriber[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.push[each.key].member

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.subscriber[each.key].id]
  }
}

resource "google_pubsub_subscription" "subscriber" {
  for_each = local.subscribers

  project                    = var.project_id
  name                       = "${var.name}-${each.value.slug}"
  topic                      = google_pubsub_topic.events.id
  filter                     = "attributes.event_type = \"${each.value.event_type}\""
  ack_deadline_seconds       = local.ack_deadline
  message_retention_duration = "604800s" # seven days: longer than the attempts last

  push_config {
    push_endpoint = google_cloudfunctions2_function.subscriber[each.key].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.push[each.key].email
      audience              = google_cloudfunctions2_function.subscriber[each.key].service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = "${var.subscribers.minimum_backoff}s"
    maximum_backoff = "${var.subscribers.maximum_backoff}s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letter.id
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
    google_cloud_run_v2_service_iam_member.push_calls_subscriber,
    google_pubsub_topic_iam_member.agent_publishes_dead_letters,
  ]
}
