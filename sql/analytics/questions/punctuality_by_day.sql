-- How late do planned videos begin, by day?
SELECT day, count(*) FILTER (WHERE outcome IN ('on time', 'late')) AS begun,
    count(*) FILTER (WHERE outcome = 'late') AS late,
    count(*) FILTER (WHERE outcome = 'missed') AS missed, count(*) FILTER (WHERE outcome = 'overdue') AS overdue,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY late_seconds::double precision)::numeric, 1) AS p95_late_seconds
FROM analytics.v_punctuality
GROUP BY day
ORDER BY day DESC;
