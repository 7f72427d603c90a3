-- Which errors were met most, and when last?
SELECT provider, code, text, times, videos, users, first_seen, last_seen
FROM analytics.v_top_errors
ORDER BY times DESC, provider, code, text
LIMIT 20;
