"""Test mode: a faithful local double of every remote vendor, with a charge ledger of its own."""
