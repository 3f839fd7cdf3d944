"""How much is walked; apart from the process that does it, which needs gevent."""

PAIRS = 5
ROUNDS = 2
