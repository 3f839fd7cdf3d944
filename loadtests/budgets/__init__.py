"""What a load test has to hold, line by line: a small checked grammar in the text of a profile.

```
# subject: clause
*: rate >= 99 % of asked
each: share over guide
each: errors <= guide
chat sendMessage: p99 <= 800 ms
chat sendMessage: samples >= 500
delivery: delivered >= 99.9 %
```

A subject is an operation of the contract (`<service> <operationId>`), a journey, `each` (every operation by itself) or
`*` (all operations together). `guide` stands for the guide's own number in its place. `model` has the lines as values,
`grammar` reads them, `questions` says what has to be counted and judged for them.
"""
