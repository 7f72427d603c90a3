"""The parts of the door to the network: addresses, retries, the circuit breaker, records, downloads."""
