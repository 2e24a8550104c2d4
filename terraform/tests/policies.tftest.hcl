# What an organization's policies ask for reaches every resource that it is for; and by default nothing is asked for.

mock_provider "archive" {}
mock_provider "time" {}

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  stripe = { livemode = false, api_key_version = 1 }

  stripe_api_key         = "rk_test_abcdefgh12345678"
  stripe_webhook_secrets = "whsec_0123456789abcdef0123456789abcdef"
  smtp_url               = ""
}

run "by_default_nothing_is_asked_for" {
  command = plan

  assert {
    condition = alltrue([
      for each in google_cloudfunctions2_function.this :
      each.kms_key_name == null && each.build_config[0].worker_pool == null && length(each.service_config[0].direct_vpc_network_interface) == 0
    ])
    error_message = "A function has Google's keys, workers and network."
  }
  assert {
    condition     = alltrue([for each in google_pubsub_topic.this : each.kms_key_name == null && length(each.message_storage_policy) == 0])
    error_message = "A topic keeps its messages in the regions that Google chooses."
  }
  assert {
    condition     = length(google_firestore_database.orders.cmek_config) == 0 && length(google_storage_bucket.source.encryption) == 0 && google_artifact_registry_repository.images.kms_key_name == null
    error_message = "Google's keys encrypt."
  }
  assert {
    condition     = alltrue([for each in google_secret_manager_secret.this : length(each.replication[0].auto) == 1 && length(each.replication[0].user_managed) == 0 && length(each.replication[0].auto[0].customer_managed_encryption) == 0])
    error_message = "Google chooses where secrets are."
  }
}

run "all_of_it_arrives" {
  command = plan

  variables {
    residency = { secret_regions = ["europe-west1", "europe-west4"], message_regions = ["europe-west1", "europe-west3"], refuse_elsewhere = true }
    encryption = {
      kms_key        = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/shop"
      orders_kms_key = "projects/acme-keys/locations/europe/keyRings/shop/cryptoKeys/orders"
      secrets_kms_keys = {
        europe-west1 = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/secrets"
        europe-west4 = "projects/acme-keys/locations/europe-west4/keyRings/shop/cryptoKeys/secrets"
      }
    }
    orders            = { location = "eur3" }
    network           = { network = "shop", subnetwork = "projects/acme-net/regions/europe-west1/subnetworks/shop", tags = ["b", "a"], all_traffic = true, all_functions = true }
    build_worker_pool = "projects/acme-shop/locations/europe-west1/workerPools/private"
    webhook           = { ingress = "internal-and-load-balancer" }
    alerts            = { emails = ["on-call@acme.example"], webhook_url = "https://pay.acme.example/stripe" }
    order_status      = { ingress = "internal-and-load-balancer" }
  }

  assert {
    condition = alltrue([
      for each in google_cloudfunctions2_function.this :
      each.kms_key_name == var.encryption.kms_key && each.build_config[0].worker_pool == var.build_worker_pool
      && each.service_config[0].direct_vpc_egress == "VPC_EGRESS_ALL_TRAFFIC" && each.service_config[0].direct_vpc_network_interface[0].network == "shop"
      && each.service_config[0].direct_vpc_network_interface[0].subnetwork == var.network.subnetwork && each.service_config[0].direct_vpc_network_interface[0].tags == tolist(["a", "b"])
    ])
    error_message = "Each function has the key, the workers and the network."
  }
  assert {
    condition = alltrue([
      for each in google_pubsub_topic.this :
      each.kms_key_name == var.encryption.kms_key && each.message_storage_policy[0].enforce_in_transit
      && each.message_storage_policy[0].allowed_persistence_regions == toset(["europe-west1", "europe-west3"])
    ]) && length(google_pubsub_topic.this) == 3
    error_message = "Each topic has the key, and keeps its messages where it must."
  }
  assert {
    condition     = google_firestore_database.orders.cmek_config[0].kms_key_name == var.encryption.orders_kms_key && google_storage_bucket.source.encryption[0].default_kms_key_name == var.encryption.kms_key && google_artifact_registry_repository.images.kms_key_name == var.encryption.kms_key
    error_message = "The database, the source and the images have their keys."
  }
  assert {
    condition     = alltrue([for each in google_secret_manager_secret.this : tomap({ for replica in each.replication[0].user_managed[0].replicas : replica.location => replica.customer_managed_encryption[0].kms_key_name }) == tomap(var.encryption.secrets_kms_keys) && length(each.replication[0].auto) == 0])
    error_message = "Each secret is where it must be, with the key of that region."
  }
  assert {
    condition = { for entry_point, each in google_cloudfunctions2_function.this : entry_point => each.service_config[0].ingress_settings } == {
      for entry_point in keys(local.functions) :
      entry_point => contains(["stripe_webhook", "order_status"], entry_point) ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_INTERNAL_ONLY"
    }
    error_message = "A load balancer alone reaches the two doors."
  }
}

run "the_hooks_alone_use_a_network_and_secrets_one_key" {
  command = plan

  variables {
    encryption = { secrets_kms_keys = { global = "projects/acme-keys/locations/global/keyRings/shop/cryptoKeys/secrets" } }
    network    = { network = "shop" }
  }

  assert {
    condition = alltrue([
      for entry_point in keys(local.subscribers) :
      google_cloudfunctions2_function.this[entry_point].service_config[0].direct_vpc_egress == "VPC_EGRESS_PRIVATE_RANGES_ONLY"
    ])
    error_message = "Hooks reach the network, and the internet as before."
  }
  assert {
    condition = { for entry_point, each in google_cloudfunctions2_function.this : entry_point => length(each.service_config[0].direct_vpc_network_interface) } == {
      for entry_point in keys(local.functions) : entry_point => contains(keys(local.subscribers), entry_point) ? 1 : 0
    }
    error_message = "The other functions do not."
  }
  assert {
    condition     = alltrue([for each in google_secret_manager_secret.this : each.replication[0].auto[0].customer_managed_encryption[0].kms_key_name == var.encryption.secrets_kms_keys.global])
    error_message = "One key for secrets that Google keeps where it likes."
  }
}

run "a_deployment_is_made" {
  state_key = "made"
}

run "what_is_chosen_with_the_first_apply_is_not_changed_and_nothing_is_replaced" {
  command   = plan
  state_key = "made"

  variables {
    residency = { secret_regions = ["europe-west1"] }
    encryption = {
      kms_key        = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/shop"
      orders_kms_key = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/orders"
    }
  }

  expect_failures = [
    google_artifact_registry_repository.images,
    google_firestore_database.orders,
    google_secret_manager_secret.this["webhook"],
    google_secret_manager_secret.this["stripe_api_key"],
  ]
}

run "refuses_what_cannot_be_1" {
  command = plan

  variables {
    # a key by its version
    encryption = { kms_key = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/shop/cryptoKeyVersions/1" }
    # no network at all
    network = { tags = ["shop"] }
    # a pool elsewhere
    build_worker_pool = "projects/acme-shop/locations/europe-west4/workerPools/private"
    # the word of the API
    webhook      = { ingress = "ALLOW_ALL" }
    order_status = { ingress = "internal" }
  }

  expect_failures = [var.encryption, var.network, var.build_worker_pool, var.webhook, var.order_status]
}

run "refuses_what_cannot_be_2" {
  command = plan

  variables {
    # a key of another region
    encryption = { kms_key = "projects/acme-keys/locations/europe-west4/keyRings/shop/cryptoKeys/shop" }
    # a network by its address
    network = { network = "https://www.googleapis.com/compute/v1/projects/acme-shop/global/networks/shop" }
    # a pool by its name
    build_worker_pool = "private"
  }

  expect_failures = [var.encryption, var.network, var.build_worker_pool]
}

run "refuses_what_cannot_be_3" {
  command = plan

  variables {
    # a key of the region for a database in Europe
    orders     = { location = "eur3" }
    encryption = { orders_kms_key = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/orders" }
    # a tag with capitals
    network = { network = "shop", tags = ["Shop"] }
  }

  expect_failures = [var.encryption, var.network]
}

run "refuses_what_cannot_be_4" {
  command = plan

  variables {
    # a region without its key
    residency  = { secret_regions = ["europe-west1", "europe-west4"] }
    encryption = { secrets_kms_keys = { europe-west1 = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/secrets" } }
  }

  expect_failures = [var.encryption]
}

run "refuses_what_cannot_be_5" {
  command = plan

  variables {
    # a multi-region
    residency = { message_regions = ["eu"] }
  }

  expect_failures = [var.residency]
}

run "refuses_what_cannot_be_6" {
  command = plan

  variables {
    # all that the functions publish would be refused
    residency = { message_regions = ["europe-west4"], refuse_elsewhere = true }
  }

  expect_failures = [var.residency]
}

run "refuses_what_cannot_be_7" {
  command = plan

  variables {
    # nothing to refuse by
    residency = { refuse_elsewhere = true }
  }

  expect_failures = [var.residency]
}
