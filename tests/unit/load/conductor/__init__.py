"""The conductor's parts, each without Locust."""
