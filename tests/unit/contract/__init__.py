"""Tests of the contract: the documents, the operations, and that both say the same."""
