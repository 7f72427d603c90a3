"""A script goes in; a narrated, word-captioned, social-ready video comes out."""

import os

__version__ = "0.1.0"

# The speech model's runtime reports its use to its maker over the network, and asks this when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
