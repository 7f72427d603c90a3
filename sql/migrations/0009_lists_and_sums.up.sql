-- A user's videos in one state, and how many there are in each, without a look at the others.
CREATE INDEX videos_by_status ON videos (user_id, status, created_at DESC, id DESC) WHERE deleted_at IS NULL;
-- A user's trash, without a look at anybody else's.
CREATE INDEX videos_in_trash ON videos (user_id, created_at DESC, id DESC) WHERE deleted_at IS NOT NULL;
-- What everybody paid since a day, by whatever: read from the index alone, not from among the counted exchanges.
CREATE INDEX usage_hourly_paid_by_day ON usage_hourly (day)
    INCLUDE (provider, step, model, test_mode, paid_calls, usd) WHERE endpoint = '';
