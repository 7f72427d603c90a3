"""The embedded Postgres: its programs, account, place and life, and the addresses of the databases on it."""
