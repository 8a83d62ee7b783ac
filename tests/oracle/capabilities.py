"""What the engine cannot do yet: the generator leaves it out.

Take a word from MISSING when the feature has landed, and run
`python3 -m tests.oracle.compare --seeds 0:2000`. In the end the set is empty.
"""

# aggregates: all but a plain count.      filters: View.filter.
# sessions: SessionWindow.                emit: View.emit.
# time-formats: epoch formats, patterns.  table-formats: .ndjson, .jsonl, .csv.
ALL = frozenset(("aggregates", "filters", "sessions", "emit", "time-formats", "table-formats"))
MISSING = frozenset()
