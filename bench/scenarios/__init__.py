"""What bench/run measures, one scenario per file.

A scenario has NAME, TARGETS (what to build), `measure(bench, options)`, which returns one round's
figures, `lines(rounds)`, which returns Line objects for the table, and `charts(rounds)`, which
returns Chart objects for the plot; and WHY_MISSED, if what is wanted is known to be missed: why, in
whole sentences. A bench is a Bench.
"""

import dataclasses
import statistics


@dataclasses.dataclass
class Line:
    """A line of the table. `missed` says by how much less was reached than is wanted, if so."""

    what: str
    reached: str
    wanted: str = ""
    missed: str = ""

    def verdict(self):
        if not self.wanted:
            return ""
        return f"missed by {self.missed}" if self.missed else "reached"


@dataclasses.dataclass
class Chart:
    """Points are (label, value), in order. A curve joins them; else they are bars."""

    title: str
    unit: str
    points: list
    is_curve: bool = False


def median(rounds, *path):
    return statistics.median(value_at(one, path) for one in rounds)


def spread(rounds, *path):
    """(least, median, most)"""
    values = [value_at(one, path) for one in rounds]
    return min(values), statistics.median(values), max(values)


def value_at(figures, path):
    for word in path:
        figures = figures[word]
    return figures


def at_least(what, rounds, path, wanted, text="{:,.0f}"):
    low, middle, high = spread(rounds, *path)
    missed = f"{(wanted - middle) / wanted:.0%}" if middle < wanted else ""
    return Line(what, ranged(text, low, middle, high), "≥ " + text.format(wanted), missed)


def at_most(what, rounds, path, wanted, text="{:,.0f}"):
    low, middle, high = spread(rounds, *path)
    missed = f"{(middle - wanted) / wanted:.0%}" if middle > wanted else ""
    return Line(what, ranged(text, low, middle, high), "≤ " + text.format(wanted), missed)


def share_at_least(what, rounds, path, wanted):
    """Of shares, which are short by points."""
    low, middle, high = spread(rounds, *path)
    missed = f"{(wanted - middle) * 100:.0f} points" if middle < wanted else ""
    return Line(what, ranged("{:.0%}", low, middle, high), f"≥ {wanted:.0%}", missed)


def ranged(text, low, middle, high):
    if low == high:
        return text.format(middle)
    return f"{text.format(middle)} ({text.format(low)} – {text.format(high)})"
