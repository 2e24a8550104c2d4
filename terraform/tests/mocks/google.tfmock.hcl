# What the tests' stand-in of the google provider answers. The real provider checks an IAM member, so a random string will
# not do. Each account and each topic has an answer of its own: with one for all, no test could tell which one is meant.

mock_data "google_project" {
  defaults = { number = "123456789" }
}

# A time, as it is compared with the plan's.
mock_resource "google_secret_manager_secret" {
  defaults = { create_time = "2026-01-31T12:00:00Z" }
}

override_resource {
  target = google_service_account.build
  values = {
    email  = "checkout-build@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-build@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-build@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.function["stripe_webhook"]
  values = {
    email  = "checkout-webhook@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-webhook@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-webhook@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.function["on_checkout_session_completed"]
  values = {
    email  = "checkout-completed@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-completed@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-completed@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.function["on_async_payment_succeeded"]
  values = {
    email  = "checkout-succeeded@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-succeeded@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-succeeded@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.function["on_async_payment_failed"]
  values = {
    email  = "checkout-failed@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-failed@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-failed@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.function["reconcile"]
  values = {
    email  = "checkout-reconcile@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-reconcile@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-reconcile@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.function["order_status"]
  values = {
    email  = "checkout-order-status@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-order-status@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-order-status@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.caller["on_checkout_session_completed"]
  values = {
    email  = "checkout-push-completed@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-push-completed@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-push-completed@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.caller["on_async_payment_succeeded"]
  values = {
    email  = "checkout-push-succeeded@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-push-succeeded@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-push-succeeded@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.caller["on_async_payment_failed"]
  values = {
    email  = "checkout-push-failed@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-push-failed@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-push-failed@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.caller["reconcile"]
  values = {
    email  = "checkout-schedule@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-schedule@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-schedule@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.function["on_stripe_event"]
  values = {
    email  = "checkout-stripe-events@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-stripe-events@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-stripe-events@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.caller["on_stripe_event"]
  values = {
    email  = "checkout-push-events@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-push-events@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-push-events@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.function["on_refund"]
  values = {
    email  = "checkout-refund@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-refund@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-refund@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.caller["on_refund"]
  values = {
    email  = "checkout-push-refund@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-push-refund@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-push-refund@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.function["on_dispute"]
  values = {
    email  = "checkout-dispute@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-dispute@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-dispute@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.caller["on_dispute"]
  values = {
    email  = "checkout-push-dispute@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-push-dispute@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-push-dispute@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.function["on_checkout_session_expired"]
  values = {
    email  = "checkout-expired@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-expired@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-expired@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.caller["on_checkout_session_expired"]
  values = {
    email  = "checkout-push-expired@acme-shop.iam.gserviceaccount.com"
    member = "serviceAccount:checkout-push-expired@acme-shop.iam.gserviceaccount.com"
    name   = "projects/acme-shop/serviceAccounts/checkout-push-expired@acme-shop.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_pubsub_topic.this["events"]
  values = { id = "projects/acme-shop/topics/checkout-events" }
}

override_resource {
  target = google_pubsub_topic.this["dead_letter"]
  values = { id = "projects/acme-shop/topics/checkout-events-dead-letter" }
}

override_resource {
  target = google_pubsub_topic.this["order_events"]
  values = { id = "projects/acme-shop/topics/checkout-order-events" }
}

override_resource {
  target = google_pubsub_topic.this["stripe_events"]
  values = { id = "projects/acme-shop/topics/checkout-stripe-events" }
}

override_resource {
  target = google_pubsub_topic.this["stripe_events_dead_letter"]
  values = { id = "projects/acme-shop/topics/checkout-stripe-events-dead-letter" }
}

mock_resource "google_artifact_registry_repository" {
  defaults = { name = "checkout-functions" }
}
