"""The `vidgen` command: parse, call one service, present."""
