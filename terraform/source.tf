# One zip for all functions: exactly functions/, named by its hash, so that a new source is a new object.

locals {
  source_excludes = [
    "**/__pycache__/**",
    "**/*.pyc",
    "**/.?*",
    "**/.?*/**",
    "**/*~",
    "**/*.swp",
    "requirements.in",
  ]
}

data "archive_file" "functions" {
  type             = "zip"
  source_dir       = "${path.module}/../functions"
  output_path      = "${path.module}/.build/functions.zip"
  output_file_mode = "0644" # the same bytes on every machine
  excludes         = local.source_excludes
}

resource "google_storage_bucket" "source" {
  #checkov:skip=CKV_GCP_62:It holds what is in git and no secret; a log of its readers would need a bucket of its own
  project                     = var.project_id
  name                        = "${var.project_id}-${var.name}-source"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # nothing but what a checkout can make again

  versioning {
    enabled = true
  }

  dynamic "encryption" {
    for_each = var.encryption.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 30
    }
    action {
      type = "Delete"
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_storage_bucket_object" "functions" {
  bucket = google_storage_bucket.source.name
  name   = "functions-${data.archive_file.functions.output_sha256}.zip"
  source = data.archive_file.functions.output_path
}
