-- Does the ledger agree with the vendors' invoices, and what is still open?
CREATE VIEW analytics.v_reconcile AS
SELECT
    date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month,
    provider,
    model,
    cost_currency AS currency,
    count(*) AS calls,
    coalesce(sum(cost_amount), 0) AS usd,
    count(*) FILTER (WHERE status = 'failed' AND cost_amount > 0) AS failed_and_charged,
    count(*) FILTER (WHERE status IN ('intent', 'sent', 'accepted')) AS open,
    count(*) FILTER (WHERE status = 'unknown') AS unknown,
    count(*) FILTER (WHERE status = 'written_off') AS written_off,
    min(created_at) FILTER (WHERE status = 'unknown') AS oldest_unknown_at
FROM provider_calls
WHERE NOT test_mode
GROUP BY 1, 2, 3, 4;

COMMENT ON VIEW analytics.v_reconcile IS
    'The ledger by month (UTC), provider and model, to lay beside the vendor''s invoice. Test mode is left out.';
COMMENT ON COLUMN analytics.v_reconcile.unknown IS
    'Calls whose answer was lost: an invoice may be higher by what they cost.';
COMMENT ON COLUMN analytics.v_reconcile.written_off IS
    'Unknown calls that their owners allowed to be paid for again.';
