# For projects whose organization has policies on where data may lie, on keys, and on networks. By default nothing of it.

variable "residency" {
  description = <<-EOT
    Where data may lie (`constraints/gcp.resourceLocations`). `secret_regions`: the regions that keep the secrets; empty leaves it
    to Google; chosen with the first apply. `message_regions`: the regions in which Pub/Sub may store messages; empty for all.
    `refuse_elsewhere`: whether a message that is published in another region is refused instead of carried over.
  EOT
  type = object({
    secret_regions   = optional(set(string), [])
    message_regions  = optional(set(string), [])
    refuse_elsewhere = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for region in setunion(var.residency.secret_regions, var.residency.message_regions) : can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", region))])
    error_message = "residency.secret_regions and residency.message_regions must be regions, such as europe-west1: no zones, no multi-regions."
  }
  validation {
    condition     = length(var.residency.message_regions) == 0 || !var.residency.refuse_elsewhere || contains(var.residency.message_regions, var.region)
    error_message = "residency.message_regions must contain the region of the functions, or residency.refuse_elsewhere refuses all that they publish."
  }
  validation {
    condition     = length(var.residency.message_regions) > 0 || !var.residency.refuse_elsewhere
    error_message = "residency.refuse_elsewhere needs residency.message_regions."
  }
}

variable "encryption" {
  description = <<-EOT
    Keys of your own in Cloud KMS (CMEK), by their full names; null for Google's. Chosen with the first apply; Google's own accounts
    must be allowed to use them before: docs/organization-policies.md. `kms_key`: topics, source, images and functions, in the
    region. `orders_kms_key`: the database, in its location (us for nam5 and nam7, europe for eur3). `secrets_kms_keys`: by region for
    each of residency.secret_regions; without these one key named global.
  EOT
  type = object({
    kms_key          = optional(string)
    orders_kms_key   = optional(string)
    secrets_kms_keys = optional(map(string), {})
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for key in concat([var.encryption.kms_key, var.encryption.orders_kms_key], values(var.encryption.secrets_kms_keys)) :
      key == null || can(regex("^projects/[^/]+/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]{1,63}/cryptoKeys/[A-Za-z0-9_-]{1,63}$", key))
    ])
    error_message = "encryption must name each key in full: projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY, without a version."
  }
  validation {
    condition     = var.encryption.kms_key == null || try(split("/", var.encryption.kms_key)[3] == var.region, false)
    error_message = "encryption.kms_key must be in the region of the functions."
  }
  validation {
    condition = var.encryption.orders_kms_key == null || try(
      split("/", var.encryption.orders_kms_key)[3] == lookup(
        { nam5 = "us", nam7 = "us", eur3 = "europe" }, coalesce(var.orders.location, var.region), coalesce(var.orders.location, var.region)
      ), false
    )
    error_message = "encryption.orders_kms_key must be in the location of the database: its region, us for nam5 and nam7, europe for eur3."
  }
  validation {
    condition = length(var.encryption.secrets_kms_keys) == 0 || (
      toset(keys(var.encryption.secrets_kms_keys)) == (
        length(var.residency.secret_regions) == 0 ? toset(["global"]) : var.residency.secret_regions
      ) && alltrue([for location, key in var.encryption.secrets_kms_keys : try(split("/", key)[3] == location, false)])
    )
    error_message = "encryption.secrets_kms_keys must have a key for each of residency.secret_regions, in that region; without residency.secret_regions one named global, in global."
  }
}

variable "network" {
  description = <<-EOT
    Sends what the subscribers (your hooks.py) open through a network of yours (direct VPC egress); null for the internet. `network`
    and `subnetwork`: names, or full names where the network is another project's; one of the two is enough. `tags`: for
    firewall rules. `all_traffic`: also what goes to public addresses; then the network needs a way out (Cloud NAT) for Stripe
    and the mail server, and Private Google Access. `all_functions`: the other functions too.
  EOT
  type = object({
    network       = optional(string)
    subnetwork    = optional(string)
    tags          = optional(set(string), [])
    all_traffic   = optional(bool, false)
    all_functions = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.network == null || try(var.network.network != null || var.network.subnetwork != null, false)
    error_message = "network must have a network or a subnetwork."
  }
  validation {
    condition = var.network == null || try(alltrue([
      for kind, name in { networks = var.network.network, subnetworks = var.network.subnetwork } :
      name == null || can(regex("^([a-z]([a-z0-9-]{0,61}[a-z0-9])?|projects/[^/]+/(global|regions/[a-z0-9-]+)/${kind}/[a-z]([a-z0-9-]{0,61}[a-z0-9])?)$", name))
    ]), false)
    error_message = "network.network and network.subnetwork must be names, or projects/PROJECT/global/networks/NAME and projects/PROJECT/regions/REGION/subnetworks/NAME."
  }
  validation {
    condition     = var.network == null || try(alltrue([for tag in var.network.tags : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", tag))]), false)
    error_message = "network.tags must be network tags: lower case letters, digits and hyphens, a letter first, no hyphen last."
  }
}

variable "build_worker_pool" {
  description = "A private pool of Cloud Build in the region that builds the functions, by its full name; null for Google's own workers (`constraints/cloudbuild.allowedWorkerPools`)."
  type        = string
  default     = null

  validation {
    condition     = var.build_worker_pool == null || try(regex("^projects/[^/]+/locations/([^/]+)/workerPools/[^/]+$", var.build_worker_pool)[0] == var.region, false)
    error_message = "build_worker_pool must be projects/PROJECT/locations/REGION/workerPools/NAME, in the region of the functions."
  }
}
