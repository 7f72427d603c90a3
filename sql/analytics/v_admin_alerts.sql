-- What should an administrator look at?
CREATE VIEW analytics.v_admin_alerts AS
WITH alerts (alert, user_id, subject, detail, since) AS (
    SELECT 'key unused', user_id, provider::text, 'Not used for 30 days.', coalesce(last_used_at, set_at)
    FROM integrations
    WHERE enabled AND coalesce(last_used_at, set_at) < as_of() - interval '30 days'
    UNION ALL
    SELECT 'key rejected', user_id, provider::text, 'The provider does not accept it.', checked_at
    FROM integrations
    WHERE enabled AND check_outcome = 'rejected'
    UNION ALL
    SELECT 'token unused', user_id, name, 'Not used for 30 days.', coalesce(last_used_at, created_at)
    FROM api_tokens
    WHERE revoked_at IS NULL AND expires_at > as_of()
        AND coalesce(last_used_at, created_at) < as_of() - interval '30 days'
    UNION ALL
    SELECT 'token expires', user_id, name, 'It ends on ' || to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || '.',
        created_at
    FROM api_tokens
    WHERE revoked_at IS NULL AND expires_at > as_of() AND expires_at < as_of() + interval '14 days'
    UNION ALL
    SELECT 'near the limit', user_id, period, used_percent || ' % of ' || round(limit_usd, 2) || ' USD is used.',
        starts_on::timestamp AT TIME ZONE 'UTC'
    FROM analytics.v_spend_cap
    WHERE used_percent >= warn_percent
    UNION ALL
    SELECT 'outcome unknown', user_id, provider::text,
        count(*) || ' paid call(s) of ' || step || ' wait for their owner.', min(created_at)
    FROM provider_calls
    WHERE status = 'unknown' AND NOT test_mode AND created_at < as_of() - interval '1 hour'
    GROUP BY user_id, provider, step
    UNION ALL
    SELECT 'rollups behind', NULL, 'usage_deltas', count(*) || ' deltas wait to be folded.', min(written_at)
    FROM usage_deltas
    HAVING min(written_at) < as_of() - interval '1 hour'
    UNION ALL
    SELECT 'log days missing', NULL, 'api_request_logs', count(*) || ' days are made ahead; there should be 14.', NULL
    FROM pg_inherits
    JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'api_request_logs'::regclass
        AND relname > 'api_request_logs_' || to_char(as_of() AT TIME ZONE 'UTC', 'YYYYMMDD')
    HAVING count(*) < 3
)
SELECT alert, alerts.user_id, users.name AS user_name, subject, detail, since
FROM alerts
LEFT JOIN users ON users.id = alerts.user_id;

COMMENT ON VIEW analytics.v_admin_alerts IS
    'Keys and tokens that are unused, rejected or about to end; limits nearly reached; paid calls in doubt; upkeep '
    'that is behind.';
COMMENT ON COLUMN analytics.v_admin_alerts.user_id IS 'Null: it concerns all.';
COMMENT ON COLUMN analytics.v_admin_alerts.subject IS
    'The provider, the token''s name, the limit''s period or the table.';
