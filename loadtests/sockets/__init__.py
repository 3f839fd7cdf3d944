"""Websockets of load tests: for a greenlet, in the engine, and tens of thousands that only stay open."""
