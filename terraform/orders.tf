# Where the orders are kept.

locals {
  # Every other field of an order is out of the index: an index costs a write each, and one on a growing timestamp
  # would cap the collection at 500 writes a second. What is said of a map holds for all that is in it, but for what has a
  # resource of its own.
  unindexed_fields = toset([
    "access", "amount_discount", "amount_shipping", "amount_subtotal", "amount_tax", "amount_total", "announced", "consent",
    "context", "created_at", "custom_fields", "discounts", "disputes", "effects", "erased_at", "events", "fulfilled_at",
    "granted", "lease", "line_items", "locale", "metadata", "money", "paid_at", "presentment", "radar_reviews",
    "recovered_from", "refunds", "renewals", "schema", "session_created_at", "shipping", "shipping_cost", "source",
    "updated_at", "warnings",
  ])
}

resource "google_firestore_database" "orders" {
  project                           = var.project_id
  name                              = coalesce(var.orders.database, "${var.name}-orders")
  location_id                       = coalesce(var.orders.location, var.region)
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC"
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.orders.protected ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.orders.protected ? "ABANDON" : "DELETE" # a destroy leaves the orders alone

  dynamic "cmek_config" {
    for_each = var.encryption.orders_kms_key[*]
    content {
      kms_key_name = cmek_config.value
    }
  }

  lifecycle {
    ignore_changes = [cmek_config] # another key would be another database

    postcondition {
      condition     = coalesce(one(self.cmek_config[*].kms_key_name), "Google's") == coalesce(var.encryption.orders_kms_key, "Google's")
      error_message = "encryption.orders_kms_key is chosen with the first apply and stays: set it as it was (${coalesce(one(self.cmek_config[*].kms_key_name), "null")}), or make another deployment with another name."
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_firestore_field" "unindexed" {
  for_each = local.unindexed_fields

  project    = var.project_id
  database   = google_firestore_database.orders.name
  collection = var.orders.collection
  field      = each.value

  deletion_policy = var.orders.protected ? "ABANDON" : "DELETE" # orders that are kept, keep their indexes

  index_config {}
}

# The one part of `money` that orders are searched by: by equality, so one direction is enough.
resource "google_firestore_field" "money_status" {
  project    = var.project_id
  database   = google_firestore_database.orders.name
  collection = var.orders.collection
  field      = "money.status"

  deletion_policy = var.orders.protected ? "ABANDON" : "DELETE" # as above

  index_config {
    indexes {
      order       = "ASCENDING"
      query_scope = "COLLECTION"
    }
  }
}

resource "google_firestore_backup_schedule" "daily" {
  count = var.orders.daily_backup_days > 0 ? 1 : 0

  project   = var.project_id
  database  = google_firestore_database.orders.name
  retention = "${var.orders.daily_backup_days * 86400}s"

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  count = var.orders.weekly_backup_days > 0 ? 1 : 0

  project   = var.project_id
  database  = google_firestore_database.orders.name
  retention = "${var.orders.weekly_backup_days * 86400}s"

  weekly_recurrence {
    day = "SUNDAY"
  }
}
