-- One row for each order, by the rule of functions/fulfillment/domain/transitions.py: of all events of a session the one
-- with the highest claim (paid > payment_failed > awaiting_payment) has the fields; of several, the one with the
-- smallest id; of several renderings of that one, the newest API version.
-- A thin event has no session in it. It adds its claim if its type alone says it, and no fields: an order that has thin
-- events only is a row without fields.
WITH
  deliveries AS (
    SELECT
      JSON_VALUE(attributes, '$.session_id') AS session_id,
      JSON_VALUE(attributes, '$.event_id') AS event_id,
      REGEXP_REPLACE(JSON_VALUE(attributes, '$.event_type'), r'^v1\.', '') AS event_type,
      STARTS_WITH(JSON_VALUE(attributes, '$.event_type'), 'v1.') AS is_thin,
      JSON_VALUE(attributes, '$.account') AS account,
      JSON_VALUE(attributes, '$.context') AS context,
      JSON_VALUE(attributes, '$.livemode') = 'true' AS livemode,
      COALESCE(JSON_VALUE(attributes, '$.api_version'), '') AS api_version,
      SAFE_CAST(JSON_VALUE(attributes, '$."ce-time"') AS TIMESTAMP) AS created,
      publish_time,
      message_id,
      JSON_QUERY(data, '$.data.object') AS session,
      JSON_QUERY(data, '$.data.object.currency_conversion') AS conversion
    FROM `${table}`
    WHERE
      JSON_VALUE(attributes, '$.session_id') IS NOT NULL
      AND REGEXP_REPLACE(JSON_VALUE(attributes, '$.event_type'), r'^v1\.', '') IN (
        'checkout.session.completed',
        'checkout.session.async_payment_succeeded',
        'checkout.session.async_payment_failed'
      )
  ),
  claims AS (
    SELECT
      *,
      JSON_VALUE(conversion, '$.source_currency') IS NOT NULL
        AND JSON_VALUE(session, '$.presentment_details.presentment_currency') IS NULL AS is_converted,
      CASE
        WHEN event_type = 'checkout.session.async_payment_succeeded' THEN 3
        WHEN event_type = 'checkout.session.async_payment_failed' THEN 2
        WHEN is_thin THEN 0
        WHEN JSON_VALUE(session, '$.payment_status') IN ('paid', 'no_payment_required') THEN 3
        ELSE 1
      END AS claim
    FROM deliveries
    -- A setup session saves a card and sells nothing.
    WHERE COALESCE(JSON_VALUE(session, '$.mode'), '') != 'setup'
  ),
  leaders AS (
    SELECT
      *,
      MAX(claim) OVER (PARTITION BY session_id) AS highest_claim,
      -- What reconcile finds again has the same id and a later time.
      MIN(created) OVER (PARTITION BY session_id, event_id) AS first_created
    FROM claims
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY session_id
      ORDER BY is_thin, claim DESC, event_id, api_version DESC, publish_time, message_id
    ) = 1
  )
SELECT
  session_id,
  CASE highest_claim WHEN 3 THEN 'paid' WHEN 2 THEN 'payment_failed' WHEN 1 THEN 'awaiting_payment' END AS status,
  event_id,
  IF(NOT is_thin AND claim = 3, first_created, NULL) AS paid_at,
  account,
  context,
  livemode,
  JSON_VALUE(session, '$.mode') AS mode,
  JSON_VALUE(session, '$.payment_status') AS payment_status,
  -- With `currency_conversion` (before API version 2025-03-31) the session itself has the buyer's amount.
  SAFE_CAST(JSON_VALUE(IF(is_converted, conversion, session), '$.amount_total') AS INT64) AS amount_total,
  IF(is_converted, JSON_VALUE(conversion, '$.source_currency'), JSON_VALUE(session, '$.currency')) AS currency,
  JSON_VALUE(session, '$.customer') AS customer,
  JSON_VALUE(session, '$.customer_details.email') AS customer_email,
  JSON_VALUE(session, '$.client_reference_id') AS client_reference_id,
  JSON_VALUE(session, '$.payment_intent') AS payment_intent,
  JSON_VALUE(session, '$.subscription') AS subscription,
  JSON_VALUE(session, '$.invoice') AS invoice,
  JSON_VALUE(session, '$.payment_link') AS payment_link,
  SAFE.TIMESTAMP_SECONDS(SAFE_CAST(JSON_VALUE(session, '$.created') AS INT64)) AS session_created_at,
  -- NULL if BigQuery's JSON type refuses it: the view events_once has the body as Stripe sent it.
  SAFE.PARSE_JSON(session, wide_number_mode => 'round') AS session,
  publish_time
FROM leaders
