-- One row for each event. A table row is a delivery: an event can have several, because Stripe, Pub/Sub and the write to
-- BigQuery each deliver at least once, and because one type can be on both topics. The first published one is shown.
-- A thin event and its snapshot are two events: snapshot_event of the thin one is the id of the other.
SELECT
  JSON_VALUE(attributes, '$.event_id') AS event_id,
  JSON_VALUE(attributes, '$.event_type') AS event_type,
  SAFE_CAST(JSON_VALUE(attributes, '$."ce-time"') AS TIMESTAMP) AS created,
  JSON_VALUE(attributes, '$.object_id') AS object_id,
  JSON_VALUE(attributes, '$.session_id') AS session_id,
  JSON_VALUE(attributes, '$.account') AS account,
  JSON_VALUE(attributes, '$.context') AS context,
  JSON_VALUE(attributes, '$.livemode') = 'true' AS livemode,
  JSON_VALUE(attributes, '$.api_version') AS api_version,
  JSON_VALUE(attributes, '$.source') AS source,
  JSON_VALUE(data, '$.snapshot_event') AS snapshot_event,
  -- NULL if BigQuery's JSON type refuses the body. `body` has it as Stripe sent it.
  SAFE.PARSE_JSON(data, wide_number_mode => 'round') AS data,
  data AS body,
  attributes,
  publish_time,
  message_id
FROM `${table}`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  -- An event without a usable id has no duplicates that could be told.
  PARTITION BY COALESCE(JSON_VALUE(attributes, '$.event_id'), CONCAT('message ', message_id))
  ORDER BY publish_time, message_id
) = 1
