terraform {
  required_version = ">= 1.11" # write-only arguments: secrets that never reach the state

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.34, < 9.0"
    }
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.7, < 3.0"
    }
    time = {
      source  = "hashicorp/time"
      version = ">= 0.12, < 1.0"
    }
  }
}

provider "google" {
  project        = var.project_id
  region         = var.region
  default_labels = local.labels

  # The budgets' API counts its use on a project of the caller's: that is this one.
  user_project_override = var.budget != null
  billing_project       = var.budget == null ? null : var.project_id
}
