# Every event as files in Cloud Storage: events.archive. Their layout is in docs/sinks.md.

locals {
  archive_count = var.events.archive == null ? 0 : 1

  # A file is called FOLDER/YYYY/MM/DD/hh_mm_ssZ_ID.avro, by the time when it was begun.
  archive_folders = {
    events        = "orders"
    stripe_events = "stripe"
  }
}

resource "google_storage_bucket" "archive" {
  #checkov:skip=CKV_GCP_62:A log of its readers would need a bucket of its own; Cloud Audit Logs can say who read it
  #checkov:skip=CKV_GCP_78:A file is written once and never changed; a version that is kept would outlive its expiration
  count = local.archive_count

  project                     = var.project_id
  name                        = coalesce(var.events.archive.bucket, "${var.project_id}-${var.name}-events")
  location                    = coalesce(var.events.archive.location, var.region)
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false # events are deleted by their age alone

  dynamic "encryption" {
    for_each = var.encryption.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  lifecycle_rule {
    condition {
      age = var.events.archive.expiration_days
    }
    action {
      type = "Delete"
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_storage_bucket_iam_member" "agent_writes_archive" {
  count = local.archive_count

  bucket = google_storage_bucket.archive[0].name
  role   = "roles/storage.objectCreator"
  member = local.pubsub_agent

  depends_on = [time_sleep.pubsub_agent]
}

# Pub/Sub looks whether the bucket exists before it makes the subscription.
resource "google_storage_bucket_iam_member" "agent_reads_archive" {
  count = local.archive_count

  bucket = google_storage_bucket.archive[0].name
  role   = "roles/storage.legacyBucketReader"
  member = local.pubsub_agent

  depends_on = [time_sleep.pubsub_agent]
}
