# Every function, written once: its account, its roles, its callers, its settings. What is special about a function is its
# entry, in the file of its station: webhook.tf, subscribers.tf, after_sale.tf, stripe_events.tf, reconcile.tf, order_status.tf. An entry
# has a slug for the names of its resources, a description, a timeout, max_instances, a concurrency, and what is not as here:

locals {
  # By default no account may call a function, and its own account has no roles.
  function_defaults = {
    enabled       = true
    ingress       = "ALLOW_INTERNAL_ONLY"
    public        = false # whether `allUsers` may call it
    caller        = null  # who else calls it (`who`), and the `slug` of that caller's account
    memory        = "512Mi"
    min_instances = 0
    topics        = []    # where it publishes; a setting tells it each topic's name
    orders_role   = null  # its role on the database; settings tell it where the orders are
    secrets       = {}    # what it reads of local.secrets, and the setting that tells it the file
    hook          = false # whether it runs the user's code: hooks.py or handlers
    environment   = {}    # its other settings; what is null is not set
  }

  # By entry point, also those that are switched off: log queries list them.
  declared_functions = {
    for entry_point, each in merge(local.subscriber_functions, {
      stripe_webhook  = local.webhook
      on_stripe_event = local.stripe_events
      reconcile       = local.reconcile
      order_status    = local.order_status
    }) : entry_point => merge(local.function_defaults, each)
  }

  functions     = { for entry_point, each in local.declared_functions : entry_point => each if each.enabled }
  function_name = { for entry_point, each in local.declared_functions : entry_point => "${var.name}-${each.slug}" }

  # What a function reads and where it publishes, of what this deployment has.
  function_secrets = {
    for entry_point, each in local.functions : entry_point => {
      for secret, setting in each.secrets : secret => setting if contains(keys(local.secrets), secret)
    }
  }
  function_topics = {
    for entry_point, each in local.functions : entry_point => [
      for topic in each.topics : topic if contains(local.published_topics, topic)
    ]
  }

  common_environment = {
    GOOGLE_CLOUD_PROJECT = var.project_id
    STRIPE_LIVEMODE      = tostring(var.stripe.livemode)
  }
  orders_environment = {
    FIRESTORE_DATABASE = google_firestore_database.orders.name
    ORDERS_COLLECTION  = var.orders.collection
  }

  environment = {
    for entry_point, each in local.functions : entry_point => {
      for setting, value in merge(
        each.hook ? var.hook.environment : {},
        local.common_environment,
        { for topic in local.function_topics[entry_point] : local.topics[topic].setting => google_pubsub_topic.this[topic].name },
        each.orders_role == null ? {} : local.orders_environment,
        {
          for secret, setting in local.function_secrets[entry_point] :
          setting => "/secrets/${secret}/${local.secrets[secret].file}"
        },
        each.environment,
      ) : setting => value if value != null
    }
  }
}

resource "google_service_account" "function" {
  for_each = local.functions

  project      = var.project_id
  account_id   = "${var.name}-${each.value.slug}"
  display_name = "Runs ${var.name}-${each.value.slug}"

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = merge([
    for entry_point, topics in local.function_topics :
    { for topic in topics : "${entry_point} ${topic}" => { function = entry_point, topic = topic } }
  ]...)

  project = var.project_id
  topic   = google_pubsub_topic.this[each.value.topic].name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.function[each.value.function].member

  lifecycle {
    # A role that is no longer needed is removed after the function that still uses it was updated.
    create_before_destroy = true
  }
}

resource "google_secret_manager_secret_iam_member" "accessor" {
  for_each = merge([
    for entry_point, each in local.functions : merge(
      {
        for secret in keys(local.function_secrets[entry_point]) :
        "${entry_point} ${secret}" => { function = entry_point, secret = google_secret_manager_secret.this[secret].secret_id }
      },
      {
        for name, hooks in each.hook ? var.hook.secrets : {} :
        "${entry_point} hook-${name}" => { function = entry_point, secret = hooks.secret }
      },
    )
  ]...)

  project   = var.project_id
  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.value.function].member

  lifecycle {
    # A role that is no longer needed is removed after the function that still uses it was updated.
    create_before_destroy = true
  }
}

# Firestore has no resource to give a role on but the project: the condition narrows it to this database.
resource "google_project_iam_member" "orders" {
  for_each = { for entry_point, each in local.functions : entry_point => each.orders_role if each.orders_role != null }

  project = var.project_id
  role    = each.value
  member  = google_service_account.function[each.key].member

  condition {
    title       = "${google_firestore_database.orders.name}-only"
    description = "Only the database of the orders"
    expression  = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.orders.name}\""
  }
}

# The further roles that the user's code needs.
resource "google_project_iam_member" "hook" {
  for_each = merge([
    for entry_point, each in local.functions :
    { for role in each.hook ? var.hook.roles : [] : "${entry_point} ${role}" => { function = entry_point, role = role } }
  ]...)

  project = var.project_id
  role    = each.value.role
  member  = google_service_account.function[each.value.function].member

  lifecycle {
    # A role that is no longer needed is removed after the function that still uses it was updated.
    create_before_destroy = true
  }
}

resource "google_cloudfunctions2_function" "this" {
  #checkov:skip=CKV_GCP_124:The webhook and the order status page are called from the internet; the others say ALLOW_INTERNAL_ONLY
  for_each = local.functions

  project     = var.project_id
  location    = var.region
  name        = "${var.name}-${each.value.slug}"
  description = each.value.description

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
    service_account_email            = google_service_account.function[each.key].email
    ingress_settings                 = each.value.ingress
    available_cpu                    = "1" # less forces one request at a time
    available_memory                 = each.value.memory
    timeout_seconds                  = each.value.timeout
    min_instance_count               = each.value.min_instances
    max_instance_count               = each.value.max_instances
    max_instance_request_concurrency = each.value.concurrency
    all_traffic_on_latest_revision   = true
    direct_vpc_egress                = one((each.value.hook ? local.hook_network : local.other_network)[*].egress)
    environment_variables            = local.environment[each.key]

    dynamic "direct_vpc_network_interface" {
      for_each = each.value.hook ? local.hook_network : local.other_network
      content {
        network    = direct_vpc_network_interface.value.network
        subnetwork = direct_vpc_network_interface.value.subnetwork
        tags       = direct_vpc_network_interface.value.tags
      }
    }

    dynamic "secret_volumes" {
      for_each = local.function_secrets[each.key]
      content {
        mount_path = "/secrets/${secret_volumes.key}"
        project_id = var.project_id
        secret     = google_secret_manager_secret.this[secret_volumes.key].secret_id

        versions {
          version = "latest" # read again every few seconds: a rotation needs no deploy
          path    = local.secrets[secret_volumes.key].file
        }
      }
    }

    dynamic "secret_environment_variables" {
      for_each = each.value.hook ? var.hook.secrets : {}
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
    google_project_iam_member.orders,
    google_pubsub_topic_iam_member.publisher,
    google_secret_manager_secret_iam_member.accessor,
    google_secret_manager_secret_version.this,
    time_sleep.build_roles,
  ]
}

# The account as which Pub/Sub or Cloud Scheduler calls a function.
resource "google_service_account" "caller" {
  for_each = { for entry_point, each in local.functions : entry_point => each.caller if each.caller != null }

  project      = var.project_id
  account_id   = "${var.name}-${each.value.slug}"
  display_name = "${each.value.who} calls ${local.function_name[each.key]} as this account"

  depends_on = [google_project_service.api]
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = { for entry_point, each in local.functions : entry_point => each if each.public || each.caller != null }

  project  = var.project_id
  location = google_cloudfunctions2_function.this[each.key].location
  name     = google_cloudfunctions2_function.this[each.key].name
  role     = "roles/run.invoker"
  member   = each.value.public ? "allUsers" : google_service_account.caller[each.key].member

  lifecycle {
    # A function that is replaced loses its invoker. A function that is updated keeps it.
    replace_triggered_by = [google_cloudfunctions2_function.this[each.key].id]
  }
}
