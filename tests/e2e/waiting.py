"""Waiting for conditions, never for time."""

import time

POLL_SECONDS = 0.05


class NotInTime(AssertionError):
    """What was waited for did not happen before its deadline."""


def wait_until(what, condition, timeout_seconds, failed=None):
    """Polls `condition` until it returns something true, and returns that.

    Args:
      what: completes "waited N s for ...".
      condition: called without arguments; may return (False, text) to say what it saw instead.
      timeout_seconds: after this NotInTime is raised, with what was last seen.
      failed: called without arguments at each poll; a true value (text) ends the wait at once.
    """
    deadline = time.monotonic() + timeout_seconds
    seen = None
    while True:
        result = condition()
        if isinstance(result, tuple) and len(result) == 2 and result[0] is False:
            seen = result[1]
        elif result:
            return result
        else:
            seen = result
        if failed is not None:
            reason = failed()
            if reason:
                raise NotInTime(f"gave up waiting for {what}: {reason}; last seen: {seen}")
        if time.monotonic() >= deadline:
            raise NotInTime(f"waited {timeout_seconds} s for {what}; last seen: {seen}")
        time.sleep(POLL_SECONDS)
