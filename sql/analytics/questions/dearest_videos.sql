-- Which videos cost the most, and which step of them?
SELECT video_id, title, user_name, status, sum(usd) AS usd,
    (array_agg(step ORDER BY usd DESC, step))[1] AS dearest_step
FROM analytics.v_cost_video
WHERE video_id IS NOT NULL
GROUP BY video_id, title, user_name, status
HAVING sum(usd) > 0
ORDER BY usd DESC, video_id
LIMIT 20;
