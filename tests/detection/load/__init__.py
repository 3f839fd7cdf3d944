"""Detection by load tests: what must turn their verdict, and what must not."""
