# The secrets, and the file in which a function finds each. Their values never reach the state: Terraform passes them on, write-only, when a version is new.

locals {
  declared_secrets = {
    # Later versions of the webhook's are made by `scripts/ops`: see decision 20.
    webhook        = { id = "${var.name}-webhook-secrets", file = "secrets", version = 1 }
    stripe_api_key = { id = "${var.name}-stripe-api-key", file = "secret", version = var.stripe.api_key_version }
    smtp_url       = { id = "${var.name}-smtp-url", file = "secret", version = try(var.mail.smtp_url_version, null) }
  }

  secrets = { for name, secret in local.declared_secrets : name => secret if secret.version != null }

  secret_replicas = join(" ", sort([
    for location in length(var.residency.secret_regions) == 0 ? ["global"] : tolist(var.residency.secret_regions) :
    "${location}:${lookup(var.encryption.secrets_kms_keys, location, "")}"
  ]))

  # Whether this apply has made the secret, so that it cannot have had a value. Both must say so: Terraform's memory, and
  # Google's clock (five minutes are for a clock that is wrong), since a deployment may be older than that memory.
  secret_is_new = {
    for name in keys(local.secrets) : name => (
      terraform_data.first_apply[name].output == plantimestamp() &&
      timecmp(google_secret_manager_secret.this[name].create_time, timeadd(plantimestamp(), "-5m")) > 0
    )
  }

  # What was handed over; a variable that is exported and empty, as a CI job's may be, hands over nothing.
  given_secrets = {
    webhook        = var.stripe_webhook_secrets == null ? "" : var.stripe_webhook_secrets
    stripe_api_key = var.stripe_api_key == null ? "" : var.stripe_api_key
    smtp_url       = var.smtp_url == null ? "" : var.smtp_url
  }

  # What a version is made of, should one be made. Without a value it is empty, which Google refuses ("Field [payload] is
  # required"): better no version than one that hides a real value. Only the secret of the webhook begins without one, as
  # `scripts/ops register-webhook` needs the function, and the function a version: with a signing secret that cannot
  # be guessed, made while applying and kept nowhere but in Secret Manager.
  secret_values = merge(local.given_secrets, {
    webhook = (
      local.given_secrets.webhook == "" && local.secret_is_new["webhook"]
      ? "whsec_unregistered${replace(uuid(), "-", "")}" : local.given_secrets.webhook
    )
  })
}

resource "google_secret_manager_secret" "this" {
  for_each = local.secrets

  project             = var.project_id
  secret_id           = each.value.id
  version_destroy_ttl = "2592000s" # a version that is destroyed by mistake can be enabled again for 30 days

  replication {
    dynamic "auto" {
      for_each = length(var.residency.secret_regions) == 0 ? [1] : []
      content {
        dynamic "customer_managed_encryption" {
          for_each = values(var.encryption.secrets_kms_keys)
          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }

    dynamic "user_managed" {
      for_each = length(var.residency.secret_regions) > 0 ? [1] : []
      content {
        dynamic "replicas" {
          for_each = sort(var.residency.secret_regions)
          content {
            location = replicas.value

            dynamic "customer_managed_encryption" {
              for_each = compact([lookup(var.encryption.secrets_kms_keys, replicas.value, null)])
              content {
                kms_key_name = customer_managed_encryption.value
              }
            }
          }
        }
      }
    }
  }

  lifecycle {
    # `scripts/ops register-webhook` notes in the annotations whose secrets are stored. Another replication would be another
    # secret, and the values would be gone.
    ignore_changes = [annotations, replication]

    postcondition {
      condition = local.secret_replicas == join(" ", sort(concat(
        [for auto in self.replication[0].auto : "global:${try(auto.customer_managed_encryption[0].kms_key_name, "")}"],
        [
          for replica in flatten([for each in self.replication[0].user_managed : each.replicas]) :
          "${replica.location}:${try(replica.customer_managed_encryption[0].kms_key_name, "")}"
        ],
      )))
      error_message = "residency.secret_regions and encryption.secrets_kms_keys are chosen with the first apply and stay: set them as they were for ${self.secret_id}, or make another deployment with another name."
    }
  }

  depends_on = [google_project_service.api]
}

# Remembers when a secret was made, by the time of the plan: it is the current one in that apply alone.
resource "terraform_data" "first_apply" {
  for_each = local.secrets

  input            = plantimestamp()
  triggers_replace = google_secret_manager_secret.this[each.key].create_time

  lifecycle {
    ignore_changes = [input]
  }
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

    precondition {
      condition     = !local.secret_is_new[each.key] || local.secret_values[each.key] != ""
      error_message = "The secret ${each.value.id} is new and has no value: export TF_VAR_${each.key} and apply again."
    }
  }
}
