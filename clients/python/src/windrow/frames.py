"""Views as pandas DataFrames, and as a plot that moves while calls come in. For notebooks.

    from windrow import Client, frames

    client = Client()
    view = "pipelines/sf-calls/views/calls-by-type"
    frames.results(client, view, filter="count >= 10", order_by="count desc")
    frames.series(client, view, "count").plot()
    frames.LivePlot(client, view, "count").run(seconds=60)

Needs the packages of the extra "frames": pip install 'windrow[frames]'.
"""

import threading
import time
from typing import Any, Dict, Optional

import pandas

from windrow.client import Client
from windrow.rows import field_value, group_of, row_key, values_of

_WINDOW_START, _WINDOW_END = "window_start", "window_end"


def results(client: Client, view: str, **fields: Any) -> pandas.DataFrame:
    """The rows of a view: a DataFrame with the columns window_start and window_end (UTC), those of the
    group, joined columns and aggregates, then final, revision and accepted. `fields`: as in
    ListResultsRequest, such as filter, order_by, start_time."""
    return _frame(list(client.results(view, **fields)))


def windows(client: Client, view: str, **fields: Any) -> pandas.DataFrame:
    """The windows of a view: start, end, final, rows, accepted, late, revision."""
    return pandas.DataFrame([
        {_WINDOW_START: _time(window.start_time), _WINDOW_END: _time(window.end_time),
         "final": window.final, "rows": window.rows, "accepted": window.accepted, "late": window.late,
         "revision": window.revision}
        for window in client.windows(view, **fields)])


def series(client: Client, view: str, value: str, **fields: Any) -> pandas.DataFrame:
    """One value of each group over time: a DataFrame with a row per window, by its start, and a column per
    group; NaN where a window has none. `fields`: as in ListSeriesRequest, such as order_by="count desc" and
    page_size."""
    columns = {}
    for one in client.series(view, **fields):
        columns[_label(one.group)] = pandas.Series(
            {_time(point.window_start_time): values_of(point).get(value) for point in one.points},
            dtype=object)
    return _sorted_by_time(pandas.DataFrame(columns))


def totals(client: Client, view: str, **fields: Any) -> pandas.DataFrame:
    """What the rows of each window add up to: a DataFrame by the window's start."""
    rows = [{_WINDOW_START: _time(total.window_start_time), _WINDOW_END: _time(total.window_end_time),
             **values_of(total), "rows": total.rows, "accepted": total.accepted, "final": total.final}
            for total in client.totals(view, **fields)]
    return pandas.DataFrame(rows).set_index(_WINDOW_START) if rows else pandas.DataFrame()


class LiveTable:
    """The rows of a view as of now, kept by a feed on a thread of its own. Thread-safe. Memory: a row of
    the view each; `options`, as in Client.follow, can narrow it, such as window_start_time."""

    def __init__(self, client: Client, view: str, **options: Any) -> None:
        self._lock = threading.Lock()
        self._rows: Dict[Any, Any] = {}
        self._changes = 0
        self._error = None
        self._feed = client.follow(view, **options)
        self._thread = threading.Thread(target=self._follow, name="windrow-live-table", daemon=True)
        self._thread.start()

    def frame(self) -> pandas.DataFrame:
        """As `results` returns it, by window start and group. Raises what has ended the feed, if any."""
        with self._lock:
            if self._error is not None:
                raise self._error
            rows = [self._rows[key] for key in sorted(self._rows, key=repr)]
        frame = _frame(rows)
        return frame.sort_values(_WINDOW_START, kind="stable", ignore_index=True) if rows else frame

    @property
    def changes(self) -> int:
        """How often rows have come in."""
        with self._lock:
            return self._changes

    @property
    def ended(self) -> bool:
        """Whether no more rows will come: the feed has reached its end_time, has failed, or was closed."""
        return not self._thread.is_alive()

    def close(self) -> None:
        self._feed.close()
        self._thread.join(10)

    def __enter__(self) -> "LiveTable":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self):
        try:
            for update in self._feed:
                with self._lock:
                    if update.kind == "snapshot":
                        self._rows.clear()
                    self._rows.update((row_key(row), row) for row in update.results)
                    for row in update.retracted:
                        self._rows.pop(row_key(row), None)
                    self._changes += bool(update.kind == "snapshot" or update.results or update.retracted)
        except Exception as error:  # pylint: disable=broad-except
            with self._lock:
                self._error = error


class LivePlot:
    """A plot of one value over time, a line for each of the groups with the largest sum.

    In a notebook run() shows it and redraws it in place; elsewhere it redraws the figure's window, if there
    is one. `figure` and `axes` are matplotlib's.
    """

    def __init__(self, client: Client, view: str, value: str, top: int = 8, windows: int = 48, axes: Any = None,
                 **options: Any) -> None:
        from matplotlib import pyplot

        self._value, self._top, self._windows = value, top, windows
        self.axes = axes if axes is not None else pyplot.subplots(figsize=(10, 4))[1]
        self.figure = self.axes.figure
        self.table = LiveTable(client, view, **options)
        self._title = view.rpartition("/")[2]

    def wide(self) -> pandas.DataFrame:
        """What is drawn: a row per window, a column per group, the largest first."""
        frame = self.table.frame()
        if frame.empty:
            return frame
        wide = frame.pivot_table(index=_WINDOW_START, columns=frame.attrs["group"], values=self._value,
                                 aggfunc="sum", dropna=False)
        wide = wide.dropna(axis="columns", how="all").tail(self._windows)
        return wide[wide.sum().sort_values(ascending=False).index[:self._top]]

    def draw(self) -> None:
        """Draws the rows as they are now."""
        wide = self.wide()
        self.axes.clear()
        for group in wide.columns:
            name = ", ".join(map(str, group)) if isinstance(group, tuple) else str(group)
            self.axes.plot(wide.index, wide[group], label=name)
        self.axes.set_title(self._title)
        self.axes.set_ylabel(self._value)
        if len(wide.columns):
            self.axes.legend(loc="upper left", fontsize="small")
        self.figure.autofmt_xdate()
        self.figure.canvas.draw_idle()

    def run(self, seconds: Optional[float] = None, interval: float = 1.0) -> None:
        """Redraws every `interval` seconds when rows have come in: for so many seconds, until the feed ends, or
        until it is interrupted (Ctrl-C, or the notebook's stop button). Raises what has ended the feed, if any."""
        show = _shower(self.figure)
        end = None if seconds is None else time.monotonic() + seconds
        drawn = -1
        try:
            while True:
                ended, changes = self.table.ended, self.table.changes
                if changes != drawn or ended:
                    self.draw()
                    show()
                    drawn = changes
                if ended or end is not None and time.monotonic() >= end:
                    return
                _pause(self.figure, interval if end is None else min(interval, max(0.0, end - time.monotonic())))
        except KeyboardInterrupt:
            pass

    def close(self) -> None:
        self.table.close()


def _shower(figure):
    """What shows the figure again, in place: in a notebook by its display."""
    import matplotlib
    from matplotlib import pyplot
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return lambda: None
    if get_ipython() is None:
        return lambda: None
    handle = display(figure, display_id=True)
    if "inline" in matplotlib.get_backend():
        pyplot.close(figure)  # Else the backend shows it once more below, when the cell has run.
    return lambda: handle.update(figure)


def _pause(figure, seconds):
    if getattr(figure.canvas, "manager", None) is not None and _has_window():
        from matplotlib import pyplot
        pyplot.pause(max(seconds, 0.01))
    else:
        time.sleep(seconds)


def _has_window():
    import matplotlib
    return matplotlib.get_backend().lower() in (
        name.lower() for name in getattr(matplotlib.rcsetup, "interactive_bk", ()))


def _frame(rows):
    frame = pandas.DataFrame([
        {_WINDOW_START: _time(row.window_start_time), _WINDOW_END: _time(row.window_end_time),
         **group_of(row), **values_of(row), "final": row.final, "revision": row.revision,
         "accepted": row.accepted}
        for row in rows])
    frame.attrs["group"] = [field.name for field in rows[0].group] if rows else []
    return frame


def _label(group):
    values = tuple(field_value(field) for field in group)
    return values[0] if len(values) == 1 else values


def _time(timestamp):
    return pandas.Timestamp(timestamp.ToNanoseconds(), unit="ns", tz="UTC")


def _sorted_by_time(frame):
    frame = frame.sort_index()
    frame.index.name = _WINDOW_START
    return frame.infer_objects()
