# The deployments that are compared from version to version: the smallest one, one with everything on, one with every event,
# and one with everything that comes after a sale. Each version was applied as it says here, with mocked providers. See tests/support/terraform_states.py.

mock_provider "archive" {}
mock_provider "time" {}

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id             = "acme-shop"
  region                 = "europe-west1"
  stripe                 = { livemode = false }
  alerts                 = { emails = ["on-call@acme.example"], webhook_url = "https://pay.acme.example/stripe" }
  stripe_webhook_secrets = "whsec_0123456789abcdef0123456789abcdef"
  stripe_api_key         = ""
  smtp_url               = ""
}

run "smallest" {
  state_key = "smallest"

  variables {
    topics       = { order_events = false }
    webhook      = { public = false }
    order_status = { enabled = false }
    orders       = { daily_backup_days = 0, weekly_backup_days = 0 }
  }
}

run "everything" {
  state_key = "everything"

  variables {
    stripe         = { livemode = true, api_key_version = 2, order_filter = "metadata.shop=acme", connect = true }
    stripe_api_key = "rk_live_abcdefgh12345678"
    mail           = { from = "Acme <orders@acme.example>", shop_url = "https://acme.example", smtp_url_version = 3 }
    smtp_url       = "smtps://shop:hunter2@mail.acme.example:465"

    hook = {
      environment = { WAREHOUSE_URL = "https://warehouse.acme.example" }
      secrets     = { WAREHOUSE_KEY = { secret = "warehouse-key" } }
      roles       = ["roles/cloudtasks.enqueuer"]
    }

    residency = { secret_regions = ["europe-west1"], message_regions = ["europe-west1"] }
    encryption = {
      kms_key          = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/shop"
      orders_kms_key   = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/orders"
      secrets_kms_keys = { europe-west1 = "projects/acme-keys/locations/europe-west1/keyRings/shop/cryptoKeys/secrets" }
    }

    network           = { network = "shop", all_functions = true }
    build_worker_pool = "projects/acme-shop/locations/europe-west1/workerPools/private"
    slos              = { burn_rate_alert = true }
    budget            = { billing_account = "012345-6789AB-CDEF01", amount = 40 }
    alerts = {
      emails         = ["on-call@acme.example"]
      webhook_url    = "https://pay.acme.example/stripe"
      no_event_hours = 12
    }
  }
}

# Since 1.1.0.
run "every_event" {
  state_key = "every_event"

  variables {
    events = {
      route    = ["invoice.paid", "customer.subscription.*"]
      handlers = true
      bigquery = {}
      archive  = {}
    }
  }
}

# Since 1.2.0.
run "after_sale" {
  state_key = "after_sale"

  variables {
    mail       = { from = "Acme <orders@acme.example>", smtp_url_version = 1 }
    smtp_url   = "smtps://shop:hunter2@mail.acme.example:465"
    after_sale = { access_policy = ["any_refund", "dispute_opened"], refund_mails = true, abandoned_carts = true }
    events     = { bigquery = {}, archive = {} }
  }
}
