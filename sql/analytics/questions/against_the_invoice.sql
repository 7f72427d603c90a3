-- What should each vendor's invoice say, and what is in doubt?
SELECT month, provider, currency, sum(usd) AS usd, sum(calls) AS calls, sum(unknown) AS unknown,
    sum(written_off) AS written_off,
    min(oldest_unknown_at) AS oldest_unknown_at
FROM analytics.v_reconcile
GROUP BY month, provider, currency
ORDER BY month DESC, provider;
