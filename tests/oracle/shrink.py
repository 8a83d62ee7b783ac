"""Makes a case that fails smaller, as long as it fails."""

import copy


def shrunk(case, fails, most_trials=2_000):
    """The smallest case found that still `fails`."""
    trials = [most_trials]

    def attempt(smaller):
        trials[0] -= 1
        return trials[0] >= 0 and fails(smaller)

    before = None
    while before is None or _size(case) < before:
        before = _size(case)
        case = _fewer_records(case, attempt)
        case = _smaller_pipeline(case, attempt)
    return case


def _size(case):
    return len(case.log), sum(map(len, (record.value or b"" for record in case.log))), len(
        str(case.pipeline))


def _fewer_records(case, attempt):
    """Without runs of records, the long ones first."""
    length = max(len(case.log) // 2, 1)
    while length >= 1:
        at = 0
        while at < len(case.log):
            smaller = case._replace(log=case.log[:at] + case.log[at + length:])
            if attempt(smaller):
                case = smaller
            else:
                at += length
        length //= 2
    return case


def _smaller_pipeline(case, attempt):
    for path in _removable(case.pipeline):
        pipeline = copy.deepcopy(case.pipeline)
        try:
            _remove(pipeline, path)
        except (KeyError, IndexError):
            continue
        if pipeline["views"] and all(view["aggregates"] for view in pipeline["views"]):
            smaller = case._replace(pipeline=pipeline)
            if attempt(smaller):
                case = smaller
    return case


def _removable(pipeline):
    """Paths of what may be left out; indexes from the last to the first, so that they stay true."""
    for i in reversed(range(len(pipeline["views"]))):
        view = pipeline["views"][i]
        yield "views", i
        for j in reversed(range(len(view["aggregates"]))):
            yield "views", i, "aggregates", j
        for name in ("filter", "join", "emit"):
            yield "views", i, name
        for j in reversed(range(len(view.get("group_by", [])))):
            yield "views", i, "group_by", j
        yield "views", i, "window", "offset_us"
    for i in reversed(range(len(pipeline["tables"]))):
        yield "tables", i
    for name in ("max_future_skew_us", "idle_policy", "watermark_delay_us"):
        yield (name,)


def _remove(pipeline, path):
    for name in path[:-1]:
        pipeline = pipeline[name]
    del pipeline[path[-1]]
