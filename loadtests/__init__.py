"""Load tests: users, shapes, budgets and profiles for locust."""
