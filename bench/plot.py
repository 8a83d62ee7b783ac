"""Draws charts into one SVG, by gnuplot."""

import math
import shutil
import subprocess

COLUMNS = 2
WIDTH, HEIGHT = 480, 300
INSTALL_HINT = "there is no plot: it takes gnuplot (apt-get install gnuplot-nox)"


def draw(charts, path):
    """Returns None, or why there is no plot. A chart is a bench.scenarios.Chart."""
    if shutil.which("gnuplot") is None:
        return INSTALL_HINT
    done = subprocess.run(["gnuplot"], input=script(charts, path), capture_output=True, text=True,
                          timeout=60, check=False)
    return None if done.returncode == 0 else f"there is no plot: {done.stderr.strip()}"


def script(charts, path):
    columns = min(COLUMNS, len(charts))
    rows = math.ceil(len(charts) / columns)
    lines = [
        f"set terminal svg size {columns * WIDTH},{rows * HEIGHT} font 'sans-serif,11' "
        "background '#ffffff'",
        f"set output {quoted(path)}",
        f"set multiplot layout {rows},{columns}",
        "set style fill solid 0.8 border -1",
        "set boxwidth 0.6",
        "set grid ytics linecolor '#dddddd'",
        "set key off",
        "set yrange [0:*]",
        "set format y '%.1s%c'",
        "set datafile separator '\\t'",
        "set xtics noenhanced",
    ]
    for chart in charts:
        lines += chart_lines(chart)
    return "\n".join([*lines, "unset multiplot", ""])


def chart_lines(chart):
    """Values stand at even distances, each above its label: labels may be powers or words."""
    rows = [f"{index}\t{label}\t{value:.6g}"
            for index, (label, value) in enumerate(chart.points)]
    style = "linespoints linewidth 2 pointtype 7" if chart.is_curve else "boxes"
    return [
        f"set title {quoted(chart.title)} noenhanced",
        f"set ylabel {quoted(chart.unit)} noenhanced",
        f"set xrange [-0.6:{len(rows) - 0.4}]",
        "$data << END_OF_DATA", *rows, "END_OF_DATA",
        f"plot $data using 1:3:xticlabels(2) with {style} linecolor '#2a6f97'",
    ]


def quoted(text):
    """A literal of gnuplot's without escapes."""
    return "'" + str(text).replace("'", "''") + "'"
