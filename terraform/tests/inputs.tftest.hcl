# Every input that is refused. One run refuses many variables at once, each by one of its rules: a run costs a second.

mock_provider "archive" {}
mock_provider "time" {}
mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  stripe = { livemode = false }
}

run "refuses_all_of_these_1" {
  command = plan

  variables {
    # project id with capitals
    project_id = "Acme"
    # region that is a zone
    region = "europe-west1-b"
    # name too long for an account
    name = "a-name-that-is-16"
    # runtime that is not tested
    runtime = "python310"
    # api version of no date
    stripe = { livemode = false, api_version = "latest" }
    # webhook secret that is short
    stripe_webhook_secrets = "whsec_short"
    # sender without a domain
    mail = { from = "orders" }
    # mail server that is no url
    smtp_url = "mail.acme.example:465"
    # hook that outlives the push
    hook = { timeout = 401 }
    # more warm webhooks than allowed
    webhook = { min_instances = 3, max_instances = 2 }
    # five attempts
    subscribers = { max_delivery_attempts = 5 }
    # retention beyond a month
    topics = { events_retention_days = 32 }
    # database that is the default
    orders = { database = "(default)" }
    # order status page without an instance
    order_status = { max_instances = 0 }
    # reconcile every seven minutes
    reconcile = { every_minutes = 7 }
  }

  expect_failures = [
    var.project_id,
    var.region,
    var.name,
    var.runtime,
    var.stripe,
    var.stripe_webhook_secrets,
    var.mail,
    var.smtp_url,
    var.hook,
    var.webhook,
    var.subscribers,
    var.topics,
    var.orders,
    var.order_status,
    var.reconcile,
  ]
}

run "refuses_all_of_these_2" {
  command = plan

  variables {
    # project id too short
    project_id = "acme"
    # region that is a multi region
    region = "eu"
    # name with a hyphen last
    name = "checkout-"
    # order filter without a value
    stripe = { livemode = false, order_filter = "metadata.shop" }
    # webhook secret that is a key
    stripe_webhook_secrets = "whsec_0123456789abcdef,sk_test_0123456789abcdef"
    # sender with a line break
    mail = { from = "Acme\nBcc: x <orders@acme.example>" }
    # mail server in the clear
    smtp_url = "smtp+insecure://mail.acme.example:25"
    # hook without time
    hook = { timeout = 0 }
    # no webhook
    webhook = { max_instances = 0 }
    # too many attempts
    subscribers = { max_delivery_attempts = 101 }
    # location that does not exist
    orders = { location = "europe" }
    # order status page that reads too much
    order_status = { reads_per_minute = 3001 }
    # reconcile since some day
    reconcile = { since = "yesterday" }
  }

  expect_failures = [
    var.project_id,
    var.region,
    var.name,
    var.stripe,
    var.stripe_webhook_secrets,
    var.mail,
    var.smtp_url,
    var.hook,
    var.webhook,
    var.subscribers,
    var.orders,
    var.order_status,
    var.reconcile,
  ]
}

run "refuses_all_of_these_3" {
  command = plan

  variables {
    # name that google keeps for itself
    name = "google"
    # order filter of another field
    stripe = { livemode = false, order_filter = "customer=cus_1" }
    # shop in the clear
    mail = { from = "orders@acme.example", shop_url = "http://acme.example" }
    # hook variable with a hyphen
    hook = { environment = { "MY-VAR" = "x" } }
    # no concurrency
    webhook = { concurrency = 0 }
    # backoff too fast
    subscribers = { minimum_backoff = 1 }
    # collection that is reserved
    orders = { collection = "__orders__" }
    # order status page without concurrency
    order_status = { concurrency = 0 }
    # reconcile for no time
    reconcile = { max_age_days = 0 }
  }

  expect_failures = [
    var.name,
    var.stripe,
    var.mail,
    var.hook,
    var.webhook,
    var.subscribers,
    var.orders,
    var.order_status,
    var.reconcile,
  ]
}

run "refuses_all_of_these_4" {
  command = plan

  variables {
    # api key version zero
    stripe = { livemode = false, api_key_version = 0 }
    # smtp url version zero
    mail = { from = "orders@acme.example", smtp_url_version = 0 }
    # hook variable of the product
    hook = { environment = { STRIPE_LIVEMODE = "true" } }
    # backoff too slow
    subscribers = { maximum_backoff = 601 }
    # backup for longer than there is
    orders = { weekly_backup_days = 99 }
    # order status page of a shop in the clear
    order_status = { shop_url = "http://acme.example" }
    # reconcile before pubsub has tried
    reconcile = { late_minutes = 19 }
  }

  expect_failures = [
    var.stripe,
    var.mail,
    var.hook,
    var.subscribers,
    var.orders,
    var.order_status,
    var.reconcile,
  ]
}

run "refuses_all_of_these_5" {
  command = plan

  variables {
    # api key version in halves
    stripe = { livemode = false, api_key_version = 1.5 }
    # hook secret over the product
    hook = { secrets = { STRIPE_API_KEY = { secret = "mine" } } }
    # backoff upside down
    subscribers = { minimum_backoff = 100, maximum_backoff = 50 }
    # order status page whose instances may read nothing
    order_status = { reads_per_minute = 1 }
    # reconcile without a read
    reconcile = { reads_per_second = 0 }
  }

  expect_failures = [
    var.stripe,
    var.hook,
    var.subscribers,
    var.order_status,
    var.reconcile,
  ]
}

run "refuses_all_of_these_6" {
  command = plan

  variables {
    # publishable key
    stripe_api_key = "pk_test_abcdefgh12345678"
    # hook variable twice
    hook = { environment = { KEY = "x" }, secrets = { KEY = { secret = "mine" } } }
    # more warm subscribers than allowed
    subscribers = { min_instances = 11 }
  }

  expect_failures = [
    var.stripe_api_key,
    var.hook,
    var.subscribers,
  ]
}

run "refuses_all_of_these_7" {
  command = plan

  variables {
    # key of the other mode
    stripe_api_key = "rk_live_abcdefgh12345678"
    # hook secret by its path
    hook = { secrets = { KEY = { secret = "projects/acme/secrets/mine" } } }
    # no subscribers
    subscribers = { max_instances = 0 }
  }

  expect_failures = [
    var.stripe_api_key,
    var.hook,
    var.subscribers,
  ]
}

run "takes_an_organizations_key_in_test_mode" {
  command = plan

  variables {
    stripe_api_key = "rk_org_abcdefgh12345678"
  }
}

run "refuses_all_of_these_8" {
  command = plan

  variables {
    # hook secret of no version
    hook = { secrets = { KEY = { secret = "mine", version = "newest" } } }
    # subscribers without concurrency
    subscribers = { concurrency = 1001 }
  }

  expect_failures = [
    var.hook,
    var.subscribers,
  ]
}

run "refuses_all_of_these_9" {
  command = plan

  variables {
    # hook that owns the project
    hook = { roles = ["roles/editor"] }
    # deliveries that end before a mail's rests do
    subscribers = { max_delivery_attempts = 53 }
    # password with an umlaut
    smtp_url = "smtps://shop:hünter2@mail.acme.example:465"
    # webhook secrets that were pasted together
    stripe_webhook_secrets = "whsec_0123456789abcdefwhsec_fedcba9876543210"
  }

  expect_failures = [
    var.hook,
    var.subscribers,
    var.smtp_url,
    var.stripe_webhook_secrets,
  ]
}

run "refuses_all_of_these_10" {
  command = plan

  variables {
    # time zone that is no name
    time_zone = "Berlin time"
    # hook role that is none
    hook = { roles = ["pubsub.publisher"] }
    # backoff that ends before a mail's rests do
    subscribers = { maximum_backoff = 323 }
    # mail server without a port
    smtp_url = "smtps://shop:hunter2@mail.acme.example"
    # webhook secrets of which two were pasted together
    stripe_webhook_secrets = "whsec_0123456789abcdef, whsec_0123456789abcdef=whsec_fedcba9876543210"
  }

  expect_failures = [
    var.time_zone,
    var.hook,
    var.subscribers,
    var.smtp_url,
    var.stripe_webhook_secrets,
  ]
}

run "takes_deliveries_of_nine_hours_and_special_characters_as_hexadecimal" {
  command = plan

  variables {
    subscribers            = { max_delivery_attempts = 54 }
    smtp_url               = "smtps://shop%40acme.example:h%C3%BCnter2@mail.acme.example:465"
    stripe_webhook_secrets = "whsec_0123456789abcdef;whsec_fedcba9876543210"
  }
}

run "takes_many_deliveries_with_a_short_backoff" {
  command = plan

  variables {
    subscribers = { maximum_backoff = 324 }
  }
}

run "refuses_all_of_these_11" {
  command = plan

  variables {
    # a file of the machine's, and no name of IANA's
    time_zone = "right/UTC"
    # two keys that were pasted together
    stripe_api_key = "rk_test_abcdefgh12345678rk_test_abcdefgh12345678"
  }

  expect_failures = [
    var.time_zone,
    var.stripe_api_key,
  ]
}

run "refuses_a_policy_of_nothing" {
  command = plan
  variables {
    after_sale = { access_policy = [] }
  }
  expect_failures = [var.after_sale]
}

run "refuses_a_rule_that_no_function_knows" {
  command = plan
  variables {
    after_sale = { access_policy = ["full_refund", "dispute_won"] }
  }
  expect_failures = [var.after_sale]
}

run "refuses_mails_on_refunds_without_a_mail_server" {
  command = plan
  variables {
    mail       = null
    after_sale = { refund_mails = true }
  }
  expect_failures = [var.after_sale]
}

run "takes_every_rule_of_access" {
  command = plan
  variables {
    after_sale = { access_policy = ["full_refund", "any_refund", "dispute_opened", "dispute_lost"] }
  }
}
