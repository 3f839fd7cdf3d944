"""Begins, follows and ends a run over all its processes: one leads, each that makes load is a member.

```
leader   configuration, lock, folder, sandbox -> Prepare -> clocks -> Go -> follow every second -> End -> verdict
member   Prepare: make people -> Ready -> arrivals, a Report every second -> End: drain, last Report, Done
```

A process on its own is both, by the same messages, which Locust's local runner hands to itself. What is said is in
`messages`, how it travels in `post`; `roster` is what the leader knows of its members; `leader` and `member` are the
two parts, and neither knows Locust. `wiring` puts them into Locust's events.
"""
