-- What should be looked at today?
SELECT alert, coalesce(user_name, 'all') AS who, subject, detail, since
FROM analytics.v_admin_alerts
ORDER BY alert, who, subject;
