locals {
  labels = {
    app        = "stripe-checkout-fulfillment"
    deployment = var.name
  }

  ingress = {
    all                        = "ALLOW_ALL"
    internal-and-load-balancer = "ALLOW_INTERNAL_AND_GCLB"
  }

  # None or one: the network of the subscribers, and that of the other functions.
  hook_network = [for each in var.network[*] : {
    network    = each.network
    subnetwork = each.subnetwork
    tags       = sort(each.tags)
    egress     = each.all_traffic ? "VPC_EGRESS_ALL_TRAFFIC" : "VPC_EGRESS_PRIVATE_RANGES_ONLY"
  }]
  other_network = try(var.network.all_functions, false) ? local.hook_network : []

  apis = toset(concat([
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
  ], var.budget == null ? [] : ["billingbudgets.googleapis.com"], var.events.bigquery == null ? [] : ["bigquery.googleapis.com"]))
}

data "google_project" "this" {
  project_id = var.project_id
}

resource "google_project_service" "api" {
  for_each = local.apis

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false # others in the project may use it
}
