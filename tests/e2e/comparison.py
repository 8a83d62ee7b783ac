"""Compares rows of windows with what a recount says they must be."""

SHOWN = 10


def key_of(row):
    """What names a row: all but its values."""
    return tuple(
        (name, row[name]) for name in row if name not in ("count", "final", "revision", "description")
    )


def sort_key(row):
    """By window start, then group, null first, text by its UTF-8 bytes."""
    group = next(
        value for name, value in key_of(row) if name not in ("window_start", "window_end")
    )
    return row["window_start"], group is not None, (group or "").encode()


def differences(expected, actual, ignore=("revision",)):
    """Says how two lists of rows differ, one text for each difference; an empty list: not at all.

    A row that comes twice is a difference, and so are rows that are not sorted.
    """
    found = []
    by_key = {}
    for row in actual:
        if key_of(row) in by_key:
            found.append(f"twice: {row}")
        by_key[key_of(row)] = row
    for row in expected:
        other = by_key.pop(key_of(row), None)
        if other is None:
            found.append(f"missing: {row}")
        elif without(row, ignore) != without(other, ignore):
            found.append(f"expected {row}, got {other}")
    found += [f"not expected: {row}" for row in by_key.values()]
    for before, after in zip(actual, actual[1:]):
        if sort_key(before) >= sort_key(after):
            found.append(f"not in order: {before} before {after}")
    return found


def without(row, names):
    return {name: value for name, value in row.items() if name not in names}


def assert_same(test, expected, actual, what, ignore=("revision",)):
    """Fails with the first few differences."""
    found = differences(expected, actual, ignore)
    if found:
        test.fail(
            f"{what}: {len(found)} differences, {len(expected)} rows expected, {len(actual)} got:\n  "
            + "\n  ".join(found[:SHOWN])
        )
    test.assertGreater(len(expected), 0, f"{what}: nothing was compared")
