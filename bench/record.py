"""The figures of record: what bench/run --record printed last, scenario by scenario, and the blocks of
the pages that show them.

A block is what stands in a page between the lines <!-- bench NAME --> and <!-- /bench -->. The block
"NAME-why" says why something that is wanted is missed.
"""

import json
import pathlib
import re
import textwrap

REPO = pathlib.Path(__file__).resolve().parents[1]
FILE = REPO / "bench/record.json"
PAGES = ("README.md", "docs/performance.md")
BLOCK = re.compile(r"(?<=<!-- bench )([a-z-]+)( -->\n).*?(?=<!-- /bench -->)", re.DOTALL)


def load():
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def store(name, lines, why, charts, run):
    """`run` says of what: date, commit, machine, rounds, records."""
    record = load()
    record[name] = {
        "run": run,
        "lines": [{"what": line.what, "reached": line.reached, "wanted": line.wanted,
                   "verdict": line.verdict()} for line in lines],
        "why": why,
        "charts": [{"title": chart.title, "unit": chart.unit, "points": chart.points,
                    "is_curve": chart.is_curve} for chart in charts],
    }
    FILE.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def block(name, entry):
    """What a page shows of a scenario."""
    run = entry["run"]
    machine = run["machine"]
    rounds = "1 round" if run["rounds"] == 1 else f"{run['rounds']} rounds"
    command = "--peers" if name == "peers" else f"--only {name}"
    return "\n".join([
        f"`bench/run {command}` of {run['date']}, {rounds}, on {machine['cores']} cores "
        f"({machine['cpu']}), broker on the same machine:", "", *rows(name, entry["lines"]), ""])


def rows(name, lines):
    """A table; lines without a figure of their own are one already."""
    if all(not line["reached"] for line in lines):
        return ["```text", *(line["what"].rstrip() for line in lines), "```"]
    found = ["| | median (least – most) | wanted | |", "| --- | --- | --- | --- |"]
    for line in lines:
        what = line["what"].removeprefix(f"{name}: ")
        found.append(f"| {what} | {line['reached']} | {line['wanted']} | {line['verdict']} |")
    return found


def why_block(why):
    return textwrap.fill(f"What is short, and why: {why}", 120) + "\n" if why else ""


def with_blocks(page, record):
    """The page with the record's figures; scenarios without any say so."""
    def replace(match):
        name = match[1]
        if name.endswith("-why"):
            text = why_block(record.get(name.removesuffix("-why"), {}).get("why", ""))
        elif name in record:
            text = block(name, record[name])
        else:
            text = "Not measured yet.\n"
        return f"{name}{match[2]}{text}"

    return BLOCK.sub(replace, page)


def write_pages():
    record = load()
    for name in PAGES:
        page = REPO / name
        page.write_text(with_blocks(page.read_text(), record))
