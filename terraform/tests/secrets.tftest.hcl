# A placeholder is written into a secret that this apply has made, and never again.

mock_provider "archive" {}
mock_provider "time" {}

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  stripe = { livemode = false, api_key_version = 1 }
  mail   = { from = "Acme <orders@acme.example>" }

  # Nothing is handed over. (Empty, as `terraform test` cannot apply an ephemeral variable that is null.)
  stripe_api_key         = ""
  stripe_webhook_secrets = ""
  smtp_url               = ""
}

run "a_new_key_and_mail_server_need_their_values" {
  override_resource {
    target = google_secret_manager_secret.this
    values = { create_time = "2999-01-01T00:00:00Z" }
  }
  expect_failures = [
    google_secret_manager_secret_version.this["stripe_api_key"],
    google_secret_manager_secret_version.this["smtp_url"],
  ]
}

run "a_new_webhook_begins_with_a_secret_that_cannot_be_guessed" {
  state_key = "webhook"

  variables {
    stripe = { livemode = false }
    mail   = null
  }

  override_resource {
    target = google_secret_manager_secret.this
    values = { create_time = "2999-01-01T00:00:00Z" }
  }

  assert {
    condition     = can(regex("^whsec_unregistered[0-9a-f]{32}$", local.secret_values.webhook))
    error_message = "The function needs a version to start."
  }
}

run "no_later_apply_hides_a_real_value" {
  state_key = "webhook"

  variables {
    stripe = { livemode = false }
    mail   = null
  }

  assert {
    condition     = local.secret_values.webhook == ""
    error_message = "Whatever has become of the first version, a placeholder would be newer than a real value."
  }
  assert {
    condition     = terraform_data.first_apply["webhook"].output != plantimestamp()
    error_message = "The first apply is remembered as it was."
  }
}

run "an_older_deployment_s_secret_is_not_new_though_nothing_is_remembered_of_it" {
  state_key = "upgrade"

  variables {
    stripe = { livemode = false }
    mail   = null
  }

  override_resource {
    target = google_secret_manager_secret.this
    values = { create_time = "2026-01-31T12:00:00Z" }
  }

  assert {
    condition     = terraform_data.first_apply["webhook"].output == plantimestamp() && local.secret_values.webhook == ""
    error_message = "The apply that upgrades is the first that remembers: the secret's age must count too."
  }
}

run "a_value_is_handed_over_at_any_time" {
  command = plan

  variables {
    stripe                 = { livemode = false, api_key_version = 7 }
    stripe_webhook_secrets = "whsec_0123456789abcdef0123456789abcdef"
    stripe_api_key         = "rk_test_abcdefgh12345678"
    smtp_url               = "smtps://shop:hunter2@mail.acme.example:465"
  }

  assert {
    condition     = local.secret_values == { webhook = "whsec_0123456789abcdef0123456789abcdef", stripe_api_key = "rk_test_abcdefgh12345678", smtp_url = "smtps://shop:hunter2@mail.acme.example:465" }
    error_message = "A value is passed on as it is."
  }
}

run "a_version_that_was_destroyed_by_mistake_can_be_enabled_again" {
  command = plan

  assert {
    condition     = alltrue([for each in google_secret_manager_secret.this : each.version_destroy_ttl == "2592000s"])
    error_message = "Google keeps a destroyed version for 30 days."
  }
  assert {
    condition     = alltrue([for each in google_secret_manager_secret_version.this : each.deletion_policy == "DISABLE"])
    error_message = "Terraform itself destroys none."
  }
}
