# The secrets. Their values never reach the state: Terraform passes them on, write-only, when a version is new.

locals {
  secrets = {
    for name, secret in {
      webhook        = { id = "${var.name}-webhook-secrets", version = 1 } # the others are made by `scripts/ops`: see decision 20
      stripe_api_key = { id = "${var.name}-stripe-api-key", version = var.stripe.api_key_version }
      smtp_url       = { id = "${var.name}-smtp-url", version = try(var.mail.smtp_url_version, null) }
    } : name => secret if secret.version != null
  }

  secret_values = {
    # Until `scripts/ops register-webhook` has stored a real one: a signing secret that nobody can guess. It is made
    # while applying and kept nowhere but in Secret Manager.
    webhook        = coalesce(var.stripe_webhook_secrets, "whsec_unregistered${replace(uuid(), "-", "")}")
    stripe_api_key = coalesce(var.stripe_api_key, "missing: export TF_VAR_stripe_api_key and raise stripe.api_key_version")
    smtp_url       = coalesce(var.smtp_url, "missing: export TF_VAR_smtp_url and raise mail.smtp_url_version")
  }
}

resource "google_secret_manager_secret" "this" {
  for_each = local.secrets

  project   = var.project_id
  secret_id = each.value.id

  replication {
    auto {}
  }

  lifecycle {
    # `scripts/ops register-webhook` notes here whose secrets are stored.
    ignore_changes = [annotations]
  }

  depends_on = [google_project_service.api]
}

resource "google_secret_manager_secret_version" "this" {
  for_each = local.secrets

  secret                 = google_secret_manager_secret.this[each.key].id
  secret_data_wo         = local.secret_values[each.key]
  secret_data_wo_version = each.value.version

  # A rotation adds the new version before the old one ends, and the old one can be enabled again.
  deletion_policy = "DISABLE"

  lifecycle {
    create_before_destroy = true
  }
}
