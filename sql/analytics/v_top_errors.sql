-- Which errors are met most?
CREATE VIEW analytics.v_top_errors AS
SELECT
    provider,
    coalesce(error_code, 'http_' || status_code) AS code,
    left(regexp_replace(coalesce(error_message, ''),
        '[[:alnum:]_-]*[0-9][[:alnum:]_-]*', '#', 'g'), 300) AS text,
    count(*) AS times,
    min(created_at) AS first_seen,
    max(created_at) AS last_seen,
    count(DISTINCT video_id) AS videos,
    count(DISTINCT user_id) AS users
FROM api_request_logs
WHERE (status_code >= 400 OR error_code IS NOT NULL) AND error_code IS DISTINCT FROM 'cancelled' AND NOT test_mode
GROUP BY 1, 2, 3;

COMMENT ON VIEW analytics.v_top_errors IS
    'The errors of the days the log is kept for, those that differ only in numbers and ids as one. Reads the failed '
    'rows alone.';
COMMENT ON COLUMN analytics.v_top_errors.text IS 'The message with # in the place of every word that has a digit.';
