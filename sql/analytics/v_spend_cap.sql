-- What is spent of each limit, and where will that lead?
CREATE VIEW analytics.v_spend_cap AS
WITH today AS (
    SELECT budgets.*, users.name AS user_name, coalesce(settings.time_zone, 'UTC') AS zone,
        (as_of() AT TIME ZONE coalesce(settings.time_zone, 'UTC'))::date AS day
    FROM budgets
    LEFT JOIN users ON users.id = budgets.user_id
    LEFT JOIN user_generation_settings AS settings ON settings.user_id = budgets.user_id
), dated AS (
    SELECT today.*,
        CASE period WHEN 'day' THEN day WHEN 'month' THEN date_trunc('month', day)::date END AS starts_on,
        CASE period WHEN 'day' THEN day + 1
            WHEN 'month' THEN (date_trunc('month', day) + interval '1 month')::date END AS ends_before
    FROM today
), timed AS (
    SELECT dated.*,
        starts_on::timestamp AT TIME ZONE zone AS starts_at,
        extract(epoch FROM as_of() - starts_on::timestamp AT TIME ZONE zone) / 86400 AS days_gone,
        extract(epoch FROM ends_before::timestamp AT TIME ZONE zone - starts_on::timestamp AT TIME ZONE zone) / 86400
            AS days_in_all
    FROM dated
), held AS (
    SELECT timed.*,
        CASE WHEN period <> 'video' THEN coalesce(periods.spent_usd, already.usd, 0) END AS spent_usd,
        CASE WHEN period <> 'video' THEN coalesce(periods.reserved_usd, 0) END AS reserved_usd
    FROM timed
    LEFT JOIN budget_periods AS periods ON periods.budget_id = timed.id AND periods.starts_on = timed.starts_on
    LEFT JOIN LATERAL (
        SELECT sum(cost_amount) AS usd FROM provider_calls
        WHERE periods.budget_id IS NULL AND NOT test_mode AND finished_at >= timed.starts_at
            AND (timed.user_id IS NULL OR provider_calls.user_id = timed.user_id)
    ) AS already ON true
)
SELECT
    user_id,
    user_name,
    period,
    starts_on,
    limit_usd,
    warn_percent,
    spent_usd,
    reserved_usd,
    CASE WHEN period <> 'video' THEN greatest(limit_usd - spent_usd - reserved_usd, 0) END AS left_usd,
    CASE WHEN period <> 'video'
        THEN coalesce(round(100 * (spent_usd + reserved_usd) / nullif(limit_usd, 0), 1), 100.0) END AS used_percent,
    round(spent_usd * days_in_all / nullif(days_gone, 0), 2) AS projected_usd,
    round(greatest(limit_usd - spent_usd, 0) * days_gone / nullif(spent_usd, 0), 1) AS days_to_cap
FROM held;

COMMENT ON VIEW analytics.v_spend_cap IS
    'Each limit with what its present day or month (in its owner''s zone) holds.';
COMMENT ON COLUMN analytics.v_spend_cap.user_id IS 'Null: the limit of all users together.';
COMMENT ON COLUMN analytics.v_spend_cap.starts_on IS 'Null for a limit for a single video, which has no period.';
COMMENT ON COLUMN analytics.v_spend_cap.projected_usd IS 'Spent by the end of the period if it goes on as so far.';
COMMENT ON COLUMN analytics.v_spend_cap.days_to_cap IS
    'Until the limit is spent if it goes on as so far; null: nothing is spent.';
