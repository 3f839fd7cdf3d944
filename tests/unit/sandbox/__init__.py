"""Units of the sandbox's infrastructure: nothing here starts it."""
