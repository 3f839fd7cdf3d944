"""What must be true: one folder is one tier is one marker."""
