"""Profiles of load runs: who arrives when, what they do, and what has to hold.

A profile is a TOML file; `smoke.toml` documents the form. `quantities` reads numbers with units, `phases` is what
happens over time, `model` is the profile as a value, `form` and `reading` judge the file key by key, `load` what keys
mean together. Beside each `<name>.toml` lies `<name>.conf`, with which Locust runs it.
"""
