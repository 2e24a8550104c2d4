# Who builds the functions' images, and where they are kept.

resource "google_service_account" "build" {
  project      = var.project_id
  account_id   = "${var.name}-build"
  display_name = "Builds the functions of ${var.name}"

  depends_on = [google_project_service.api]
}

resource "google_artifact_registry_repository" "images" {
  project       = var.project_id
  location      = var.region
  repository_id = "${var.name}-functions"
  description   = "Images of the functions"
  format        = "DOCKER"
  kms_key_name  = var.encryption.kms_key

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }

  lifecycle {
    ignore_changes = [kms_key_name] # another key would make another repository, and the functions' images would be gone

    postcondition {
      condition     = coalesce(self.kms_key_name, "Google's") == coalesce(var.encryption.kms_key, "Google's")
      error_message = "encryption.kms_key is chosen with the first apply and stays: set it as it was (${coalesce(self.kms_key_name, "null")}), or make another deployment with another name."
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_artifact_registry_repository_iam_member" "build_writes_images" {
  project    = var.project_id
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_storage_bucket_iam_member" "build_reads_source" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}

locals {
  staged_sources = "projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}"
}

# Cloud Functions copies the source to a bucket of its own, which it makes with the first deployment: nothing to
# give a role on before. So it is a role on the project with a condition. With a key of one's own (kms_key_name) the
# bucket's name goes on after a hyphen; without the end of the name, europe-west1 would be europe-west10 as well.
resource "google_project_iam_member" "build_reads_staged_source" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title       = "staged-function-sources"
    description = "Only the buckets in which Cloud Functions stages sources"
    expression  = join(" || ", [for end in ["/", "-"] : "resource.name.startsWith(\"${local.staged_sources}${end}\")"])
  }

  lifecycle {
    create_before_destroy = true # the builds of the apply that changes the condition
  }
}

# Logs have no resource of a build's own to give a role on.
resource "google_project_iam_member" "build_writes_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

# Google takes a minute until a new role is in force everywhere, and a build that starts before fails.
resource "time_sleep" "build_roles" {
  create_duration = "90s"

  triggers = { account = google_service_account.build.member }

  depends_on = [
    google_artifact_registry_repository_iam_member.build_writes_images,
    google_project_iam_member.build_reads_staged_source,
    google_project_iam_member.build_writes_logs,
    google_storage_bucket_iam_member.build_reads_source,
  ]
}
