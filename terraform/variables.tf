variable "project_id" {
  description = "Id of the Google Cloud project. It must exist and have billing."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project's id: 6 to 30 lower case letters, digits and hyphens, a letter first, no hyphen last."
  }
}

variable "region" {
  description = "Region of the functions, such as europe-west1. The nearer to Firestore, the faster the ack."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "region must be a region, such as europe-west1: no zone (europe-west1-b), no multi-region (eu)."
  }
}

variable "name" {
  description = "First part of every resource's name. A second deployment in the same project (test mode beside live mode) needs another one. Beside X, no other may be called X-stripe, X-order or X-push: topics or accounts of the two would have the same name."
  type        = string
  default     = "checkout"
  nullable    = false

  validation {
    # The longest account id is NAME-push-succeeded, and Google allows 30 characters.
    condition     = can(regex("^[a-z][a-z0-9-]{1,13}[a-z0-9]$", var.name)) && !startswith(var.name, "goog")
    error_message = "name must be 3 to 15 lower case letters, digits and hyphens, a letter first, no hyphen last, not goog…."
  }
}

variable "runtime" {
  description = "Runtime of the functions. The unit tests run on each of python311, python312, python313 and python314 that the machine has."
  type        = string
  default     = "python314"
  nullable    = false

  validation {
    condition     = contains(["python311", "python312", "python313", "python314"], var.runtime)
    error_message = "runtime must be python311, python312, python313 or python314: the Pythons that the unit tests run on."
  }
}

variable "stripe" {
  description = <<-EOT
    The Stripe side. `livemode`: true for live mode, false for test mode; events of the other mode are dropped.
    `api_version`: what the webhook endpoint is pinned to by `scripts/ops register-webhook`. `connect`: whether it gets
    the events of connected accounts. `order_filter`: which sessions are ours, `metadata.KEY=VALUE` or
    `payment_link=plink_1,plink_2`. `api_key_version`: 1 once `stripe_api_key` is given, and one more for every new
    value; null for no key: then line items are not read.
  EOT
  type = object({
    livemode        = bool
    api_version     = optional(string, "2026-10-28.endive")
    connect         = optional(bool, false)
    order_filter    = optional(string)
    api_key_version = optional(number)
  })
  nullable = false

  validation {
    condition     = can(regex("^20[0-9]{2}-[0-9]{2}-[0-9]{2}(\\.[a-z]+)?$", var.stripe.api_version))
    error_message = "stripe.api_version must be a version of Stripe's API, such as 2026-10-28.endive."
  }
  validation {
    condition     = var.stripe.order_filter == null || can(regex("^(metadata\\.[^=]+|payment_link)=[^,]+(,[^,]+)*$", var.stripe.order_filter))
    error_message = "stripe.order_filter must be metadata.KEY=VALUE or payment_link=plink_1,plink_2."
  }
  validation {
    condition     = var.stripe.api_key_version == null || try(var.stripe.api_key_version >= 1 && floor(var.stripe.api_key_version) == var.stripe.api_key_version, false)
    error_message = "stripe.api_key_version must be a whole number from 1 on, or null."
  }
}

variable "stripe_api_key" {
  description = "A restricted key of Stripe's API that may read Checkout Sessions and PaymentIntents, and for what happens after the sale Charges and Refunds, Disputes, Invoices and Radar. Never stored in the state: needed only when stripe.api_key_version is new. Give it as TF_VAR_stripe_api_key."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = try(length(var.stripe_api_key), 0) == 0 || can(regex("^[sr]k_(test|live|org)_[A-Za-z0-9_]{8,}$", var.stripe_api_key))
    error_message = "stripe_api_key must be a secret or restricted key: sk_ or rk_, then test_, live_ or org_, as in rk_test_…."
  }
  validation {
    condition     = try(length(var.stripe_api_key), 0) == 0 || !can(regex("[sr]k_(test|live|org)_.*[sr]k_(test|live|org)_", var.stripe_api_key))
    error_message = "stripe_api_key must be one key: two run into each other."
  }
  validation {
    condition     = try(length(var.stripe_api_key), 0) == 0 || startswith(substr(coalesce(var.stripe_api_key, "none"), 2, -1), "_org_") || strcontains(substr(coalesce(var.stripe_api_key, "none"), 0, 8), "_live_") == var.stripe.livemode
    error_message = "stripe_api_key must be of the mode that stripe.livemode says: rk_live_… with true, rk_test_… with false; an organization's key (rk_org_…) goes with both."
  }
}

variable "stripe_webhook_secrets" {
  description = "Signing secrets of webhook endpoints that exist already, separated by commas, semicolons or whitespace. Looked at by the first apply alone. Leave it out: `scripts/ops register-webhook` stores the secret of the endpoint that it makes. Never stored in the state."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = try(length(var.stripe_webhook_secrets), 0) == 0 || can(regex("^[,;\\s]*whsec_[A-Za-z0-9+/=_-]{16,}([,;\\s]+whsec_[A-Za-z0-9+/=_-]{16,})*[,;\\s]*$", var.stripe_webhook_secrets))
    error_message = "stripe_webhook_secrets must hold one or more signing secrets, each `whsec_` and 16 or more letters, digits or any of + / = _ -, separated by commas, semicolons or whitespace."
  }
  validation {
    condition     = alltrue([for secret in regexall("[^,;\\s]+", coalesce(var.stripe_webhook_secrets, ",")) : length(regexall("whsec_", secret)) <= 1])
    error_message = "stripe_webhook_secrets holds signing secrets that run into each other (whsec_…whsec_…): put a comma between them."
  }
}

variable "mail" {
  description = <<-EOT
    Mails to the buyer; null for none. `from`: the sender, `Acme <orders@acme.example>`. `shop_url`: the shop, linked
    where a payment has failed. `smtp_url_version`: as stripe.api_key_version, for `smtp_url`.
  EOT
  type = object({
    from             = string
    shop_url         = optional(string)
    smtp_url_version = optional(number, 1)
  })
  default = null

  validation {
    condition     = var.mail == null || can(regex("^([^<>\\r\\n]* <[^@<>\\s]+@[^@<>\\s]+\\.[^@<>\\s]+>|[^@<>\\s]+@[^@<>\\s]+\\.[^@<>\\s]+)$", var.mail.from))
    error_message = "mail.from must be an e-mail address, or a name and an address: Acme <orders@acme.example>."
  }
  validation {
    condition     = var.mail == null || try(var.mail.shop_url == null || can(regex("^https://[^\\s/]+\\.[^\\s]+$", var.mail.shop_url)), false)
    error_message = "mail.shop_url must be an https:// address."
  }
  validation {
    condition     = var.mail == null || try(var.mail.smtp_url_version >= 1 && floor(var.mail.smtp_url_version) == var.mail.smtp_url_version, false)
    error_message = "mail.smtp_url_version must be a whole number from 1 on."
  }
}

variable "time_zone" {
  description = "The shop's time zone, by its IANA name, such as Europe/Berlin: the day on receipts and on the order status page is the shop's."
  type        = string
  default     = "UTC"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$", var.time_zone)) && !can(regex("^(localtime|posixrules|Factory|right|posix)(/|$)", var.time_zone))
    error_message = "time_zone must be the IANA name of a time zone, such as Europe/Berlin or UTC."
  }
}

variable "smtp_url" {
  description = "The mail server with its password: smtps://user:password@host:465, or smtp://user:password@host:587 (STARTTLS required). Never stored in the state: needed only when mail.smtp_url_version is new. Give it as TF_VAR_smtp_url."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = try(length(var.smtp_url), 0) == 0 || can(regex("^[\\x00-\\x7F]*$", var.smtp_url))
    error_message = "smtp_url must hold ASCII characters alone: write any other, such as an umlaut in the password, as %XX (ü is %C3%BC)."
  }
  validation {
    # As SmtpServer.parse in functions/fulfillment/settings/hosts.py reads it, which refuses anything else when a function starts.
    condition     = try(length(var.smtp_url), 0) == 0 || can(regex("^smtps?://((%([2-6][0-9A-Fa-f]|7[0-9A-Ea-e]|[89A-Fa-f][0-9A-Fa-f])|[!\"$&-.0-9;->A-Z\\\\^-~])+:(%([2-6][0-9A-Fa-f]|7[0-9A-Ea-e]|[89A-Fa-f][0-9A-Fa-f])|[!\"$&-.0-9;->A-Z\\\\^-~])+@)?([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\]):([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])/?$", var.smtp_url))
    error_message = "smtp_url must be smtps://user:password@host:465 or smtp://user:password@host:587, with its port and without a path; special characters of user and password as %XX."
  }
}

variable "hook" {
  description = <<-EOT
    What functions/hooks.py needs, and functions/handlers with `events.handlers`. `timeout`: seconds of one call, 1 to 400.
    `environment`: variables. `secrets`: variables whose value is in a secret of this project, by its id. `roles`: roles on
    this project for the accounts that this code runs as, beyond what the product needs: as few as can be.
    `hold_on_review`: whether an order under review waits for a person.
  EOT
  type = object({
    timeout        = optional(number, 30)
    environment    = optional(map(string), {})
    secrets        = optional(map(object({ secret = string, version = optional(string, "latest") })), {})
    roles          = optional(set(string), [])
    hold_on_review = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.hook.timeout >= 1 && var.hook.timeout <= 400 && floor(var.hook.timeout) == var.hook.timeout
    error_message = "hook.timeout must be whole seconds, 1 to 400: a push is acknowledged within 600 s or comes again."
  }
  validation {
    condition     = alltrue([for name in concat(keys(var.hook.environment), keys(var.hook.secrets)) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])
    error_message = "hook.environment and hook.secrets must be named as variables are: letters, digits and _, no digit first."
  }
  validation {
    condition = length(setintersection(concat(keys(var.hook.environment), keys(var.hook.secrets)), [
      "GOOGLE_CLOUD_PROJECT", "STRIPE_LIVEMODE", "EVENTS_TOPIC", "DEAD_LETTER_TOPIC", "FIRESTORE_DATABASE", "ORDERS_COLLECTION",
      "ABANDONED_CARTS", "ACCESS_POLICY", "REFUND_MAILS", "ORDER_FILTER", "STRIPE_API_KEY", "STRIPE_API_KEY_FILE", "STRIPE_API_BASE", "ORDER_EVENTS_TOPIC", "SMTP_URL",
      "SMTP_URL_FILE", "EMAIL_FROM", "SHOP_URL", "SHOP_TIME_ZONE", "HOOK_TIMEOUT", "HOLD_ON_REVIEW", "PUBSUB_EMULATOR_HOST", "FIRESTORE_EMULATOR_HOST",
      "ORDER_STATUS_READS_PER_MINUTE", "STRIPE_CONNECT", "RECONCILE_SINCE", "RECONCILE_MAX_AGE_DAYS", "RECONCILE_LATE_MINUTES", "RECONCILE_READS_PER_SECOND",
      "RECONCILE_RUN_SECONDS", "RECONCILE_GRACE_SECONDS",
      "STRIPE_WEBHOOK_SECRETS", "STRIPE_WEBHOOK_SECRETS_FILE", "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE", "K_SERVICE",
      "K_REVISION", "K_CONFIGURATION", "PORT", "ROUTED_EVENTS", "STRIPE_EVENTS_TOPIC",
    ])) == 0
    error_message = "hook.environment and hook.secrets must not set a variable of the product or of Cloud Run."
  }
  validation {
    condition     = length(setintersection(keys(var.hook.environment), keys(var.hook.secrets))) == 0
    error_message = "hook.environment and hook.secrets must not set the same variable."
  }
  validation {
    condition     = alltrue([for each in var.hook.secrets : can(regex("^[A-Za-z0-9_-]{1,255}$", each.secret)) && can(regex("^(latest|[1-9][0-9]*)$", each.version))])
    error_message = "hook.secrets must name each secret by its id (no projects/…), and its version as a number or latest."
  }
  validation {
    condition     = alltrue([for role in var.hook.roles : can(regex("^(roles/|projects/[^/]+/roles/|organizations/[0-9]+/roles/)[A-Za-z0-9_.]+$", role)) && !contains(["roles/owner", "roles/editor", "roles/viewer"], role)])
    error_message = "hook.roles must be roles such as roles/pubsub.publisher, and none of owner, editor, viewer."
  }
}

variable "after_sale" {
  description = <<-EOT
    What happens after a sale. `access_policy`: what revokes the buyer's access, of which your hook `access_changed` is told:
    one or more of full_refund, any_refund, dispute_opened and dispute_lost. `refund_mails`: whether the buyer gets a mail
    when a refund has succeeded; Stripe can send its own. `abandoned_carts`: whether your hook `cart_abandoned` is told of
    Checkouts that ended without a sale; run `scripts/ops register-webhook` after a change. With `events.bigquery` or
    `events.archive` such a change replaces their subscriptions: see docs/sinks.md.
  EOT
  type = object({
    access_policy   = optional(list(string), ["full_refund", "dispute_lost"])
    refund_mails    = optional(bool, false)
    abandoned_carts = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    # As rules() in functions/fulfillment/domain/access.py reads it.
    condition = length(var.after_sale.access_policy) > 0 && alltrue([
      for rule in var.after_sale.access_policy : contains(["full_refund", "any_refund", "dispute_opened", "dispute_lost"], rule)
    ])
    error_message = "after_sale.access_policy must be one or more of full_refund, any_refund, dispute_opened, dispute_lost."
  }
  validation {
    condition     = !var.after_sale.refund_mails || var.mail != null
    error_message = "after_sale.refund_mails needs mail: the sender and the mail server."
  }
}

variable "webhook" {
  description = <<-EOT
    The webhook. `public`: whether `allUsers` may call it, as Stripe must; false where an organization policy forbids
    `allUsers` (then see docs/deploy.md). `ingress`: `internal-and-load-balancer` where a policy forbids `all`; then Stripe calls a load
    balancer of yours: docs/organization-policies.md. `min_instances`: null keeps one warm in live mode, none in test mode.
  EOT
  type = object({
    public        = optional(bool, true)
    ingress       = optional(string, "all")
    min_instances = optional(number)
    max_instances = optional(number, 20)
    concurrency   = optional(number, 80)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["all", "internal-and-load-balancer"], var.webhook.ingress)
    error_message = "webhook.ingress must be all or internal-and-load-balancer."
  }
  validation {
    condition     = var.webhook.ingress == "all" || var.alerts.webhook_url != null
    error_message = "webhook.ingress = \"internal-and-load-balancer\" needs alerts.webhook_url: the address of the load balancer, which is then looked at from outside."
  }
  validation {
    condition     = var.webhook.min_instances == null || try(var.webhook.min_instances >= 0 && var.webhook.min_instances <= var.webhook.max_instances, false)
    error_message = "webhook.min_instances must be from 0 to webhook.max_instances."
  }
  validation {
    condition     = var.webhook.max_instances >= 1 && var.webhook.max_instances <= 1000
    error_message = "webhook.max_instances must be from 1 to 1000."
  }
  validation {
    condition     = var.webhook.concurrency >= 1 && var.webhook.concurrency <= 1000
    error_message = "webhook.concurrency must be from 1 to 1000 requests per instance."
  }
}

variable "subscribers" {
  description = <<-EOT
    Scaling of the subscribers, and how often a message comes again. `min_instances`: of each of the three subscribers of a
    sale; no buyer waits for the others. Backoffs in seconds. After `max_delivery_attempts` it goes to the dead letter: 100
    attempts last most of a day, so that an outage of your hook does not turn into dead orders. All but `min_instances` holds
    for the function of `events.handlers`, too.
  EOT
  type = object({
    min_instances         = optional(number, 0)
    max_instances         = optional(number, 10)
    concurrency           = optional(number, 20)
    max_delivery_attempts = optional(number, 100)
    minimum_backoff       = optional(number, 10)
    maximum_backoff       = optional(number, 600)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.subscribers.max_delivery_attempts >= 20 && var.subscribers.max_delivery_attempts <= 100
    error_message = "subscribers.max_delivery_attempts must be from 20 to 100: fewer would make dead letters of a short outage, and Pub/Sub allows no more."
  }
  validation {
    condition     = var.subscribers.minimum_backoff >= 10 && var.subscribers.minimum_backoff <= 600
    error_message = "subscribers.minimum_backoff must be from 10 to 600 seconds: faster uses up the delivery attempts."
  }
  validation {
    condition     = var.subscribers.maximum_backoff >= var.subscribers.minimum_backoff && var.subscribers.maximum_backoff <= 600
    error_message = "subscribers.maximum_backoff must be from subscribers.minimum_backoff to 600 seconds."
  }
  validation {
    # A refused mail rests for 7 h 45 in all (BACKOFFS in functions/fulfillment/domain/lifecycle.py), and each rest ends with a delivery.
    condition     = var.subscribers.max_delivery_attempts * var.subscribers.maximum_backoff >= 9 * 3600
    error_message = "subscribers.max_delivery_attempts times subscribers.maximum_backoff must be at least 32400 seconds (9 hours): else Pub/Sub gives a message up before its mail is tried for the last time."
  }
  validation {
    condition     = var.subscribers.min_instances >= 0 && var.subscribers.min_instances <= var.subscribers.max_instances
    error_message = "subscribers.min_instances must be from 0 to subscribers.max_instances."
  }
  validation {
    condition     = var.subscribers.max_instances >= 1 && var.subscribers.max_instances <= 1000
    error_message = "subscribers.max_instances must be from 1 to 1000."
  }
  validation {
    condition     = var.subscribers.concurrency >= 1 && var.subscribers.concurrency <= 1000
    error_message = "subscribers.concurrency must be from 1 to 1000 messages per instance."
  }
}

variable "order_status" {
  description = <<-EOT
    The order status page. `public` and `ingress`: as for the webhook. `reads_per_minute`: of Stripe's API, for all buyers together; it
    is shared among `max_instances`, and guessed ids cannot exceed it. `shop_url`: the shop, linked where a payment has
    failed; null for mail.shop_url.
  EOT
  type = object({
    enabled          = optional(bool, true)
    public           = optional(bool, true)
    ingress          = optional(string, "all")
    reads_per_minute = optional(number, 60)
    max_instances    = optional(number, 2)
    concurrency      = optional(number, 80)
    shop_url         = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["all", "internal-and-load-balancer"], var.order_status.ingress)
    error_message = "order_status.ingress must be all or internal-and-load-balancer."
  }
  validation {
    condition     = var.order_status.reads_per_minute >= 0 && var.order_status.reads_per_minute <= 3000 && floor(var.order_status.reads_per_minute) == var.order_status.reads_per_minute
    error_message = "order_status.reads_per_minute must be a whole number from 0 to 3000: half of what Stripe allows in live mode."
  }
  validation {
    condition     = var.order_status.max_instances >= 1 && var.order_status.max_instances <= 100 && floor(var.order_status.max_instances) == var.order_status.max_instances
    error_message = "order_status.max_instances must be a whole number from 1 to 100."
  }
  validation {
    condition     = var.order_status.reads_per_minute == 0 || var.order_status.reads_per_minute >= var.order_status.max_instances
    error_message = "order_status.reads_per_minute must be 0, or at least one for each of order_status.max_instances."
  }
  validation {
    condition     = var.order_status.concurrency >= 1 && var.order_status.concurrency <= 1000
    error_message = "order_status.concurrency must be from 1 to 1000 requests per instance."
  }
  validation {
    condition     = var.order_status.shop_url == null || can(regex("^https://[^\\s/]+\\.[^\\s]+$", var.order_status.shop_url))
    error_message = "order_status.shop_url must be an https:// address."
  }
}

variable "topics" {
  description = "Days for which Pub/Sub keeps messages that were delivered already, for a replay of everything (`events_retention_days`), and whether each change of an order's status is published for your other services (`order_events`)."
  type = object({
    events_retention_days = optional(number, 7)
    order_events          = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.topics.events_retention_days >= 1 && var.topics.events_retention_days <= 31 && floor(var.topics.events_retention_days) == var.topics.events_retention_days
    error_message = "topics.events_retention_days must be whole days, 1 to 31."
  }
}

variable "reconcile" {
  description = <<-EOT
    How often Stripe and the orders are compared (`every_minutes`), once there is an API key. `since`: the day or time
    before which nothing is looked at, such as 2026-11-25; null for the first apply: what was sold before may have been
    fulfilled by something else. `max_age_days`: how long a delayed payment is asked for. `late_minutes`: how long a
    paid order may take to be fulfilled, and how long a debt may lie before reconcile sends its message again.
    `reads_per_second`: of Stripe's API, whose limit is 100 in live mode and 25 in a sandbox, for all who use it.
  EOT
  type = object({
    every_minutes    = optional(number, 60)
    since            = optional(string)
    max_age_days     = optional(number, 30)
    late_minutes     = optional(number, 30)
    reads_per_second = optional(number, 10)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([5, 10, 15, 20, 30, 60, 120, 180, 240, 360], var.reconcile.every_minutes)
    error_message = "reconcile.every_minutes must be one of 5, 10, 15, 20, 30, 60, 120, 180, 240, 360."
  }
  validation {
    condition     = var.reconcile.since == null || can(regex("^20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}))?$", var.reconcile.since))
    error_message = "reconcile.since must be a day or a time with its zone: 2026-11-25 or 2026-11-25T09:30:00Z."
  }
  validation {
    condition     = var.reconcile.max_age_days >= 1 && var.reconcile.max_age_days <= 365 && floor(var.reconcile.max_age_days) == var.reconcile.max_age_days
    error_message = "reconcile.max_age_days must be whole days, 1 to 365."
  }
  validation {
    condition     = var.reconcile.late_minutes >= 20 && var.reconcile.late_minutes <= 1440 && floor(var.reconcile.late_minutes) == var.reconcile.late_minutes
    error_message = "reconcile.late_minutes must be whole minutes, 20 to 1440: before, Pub/Sub's own next try may still be on its way."
  }
  validation {
    condition     = var.reconcile.reads_per_second >= 1 && var.reconcile.reads_per_second <= 100 && floor(var.reconcile.reads_per_second) == var.reconcile.reads_per_second
    error_message = "reconcile.reads_per_second must be a whole number, 1 to 100."
  }
}

variable "orders" {
  description = <<-EOT
    The Firestore database of the orders. `database`: null for NAME-orders. `location`: null for the region; a
    multi-region such as eur3 or nam5 costs more and survives the loss of a region. Backups are kept for so many
    days; 0 makes none of that kind. A `protected` database cannot be deleted, neither by Terraform nor by a person.
  EOT
  type = object({
    database           = optional(string)
    location           = optional(string)
    collection         = optional(string, "orders")
    protected          = optional(bool, true)
    daily_backup_days  = optional(number, 7)
    weekly_backup_days = optional(number, 98)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.orders.database == null || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.orders.database))
    error_message = "orders.database must be a database's id: 4 to 63 lower case letters, digits and hyphens, a letter first, no hyphen last. (default) is left to others: its settings may be theirs."
  }
  validation {
    condition     = var.orders.location == null || can(regex("^([a-z]+-[a-z]+[0-9]{1,2}|nam5|nam7|eur3)$", var.orders.location))
    error_message = "orders.location must be a region such as europe-west1, or one of nam5, nam7, eur3. It can never be changed."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.orders.collection)) && !can(regex("^__.*__$", var.orders.collection))
    error_message = "orders.collection must be a Firestore collection's id: letters, digits, - or _, not __so__."
  }
  validation {
    condition     = var.orders.daily_backup_days >= 0 && var.orders.daily_backup_days <= 98 && var.orders.weekly_backup_days >= 0 && var.orders.weekly_backup_days <= 98
    error_message = "orders.daily_backup_days and orders.weekly_backup_days must be from 0 to 98: Firestore keeps a backup for 14 weeks at most."
  }
}
