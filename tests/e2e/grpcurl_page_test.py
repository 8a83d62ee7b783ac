"""docs/grpcurl.md: its commands work, every RPC occurs in it, and what it shows has fields that exist.

With WINDROW_WRITE_DOCS=1, as docs/write-grpcurl sets it, what the commands print is put into the page.
"""

import json
import os
import re
import subprocess
import unittest

from tests.e2e.grpcurl import binary
from tests.e2e.system import ROOT, SERVICES, System

PAGE = ROOT / "docs/grpcurl.md"
PORTS = {"producer": 7001, "aggregator": 7002, "query": 7003}
INDENT = "    "
COMMAND = INDENT + "$ "
CODE = re.compile(r"^  Code: (\w+)$", re.MULTILINE)
ASSIGNMENT = re.compile(r"([A-Z]+)=\$\(")
RPC = re.compile(r"\b(windrow\.[\w.]+Service)/(\w+)")
KEY = re.compile(r'^ +"(\w+)": ', re.MULTILINE)
CLOCK = re.compile(r'"20(?:2[4-9]|[3-9]\d)-\d\d-\d\dT[\d:.]+Z"')
DECLARATION = {"source_topic", "sourceTopic"}
LONGEST_LIST, LONGEST_TEXT, LONGEST_ANSWER = 2, 60, 40
COMMAND_SECONDS = 90


class Step:
    """A command and what is shown of its output."""

    def __init__(self, lines):
        self.lines = lines  # Of the command, as in the page.
        self.output = []

    @property
    def command(self):
        return "\n".join(line.strip() for line in self.lines)[2:]


def read_page(text):
    """The page as a list of lines and Steps."""
    parts = []
    step = None
    for line in text.splitlines():
        if line.startswith(COMMAND):
            step = Step([line])
            parts.append(step)
        elif step is not None and not step.output and step.lines[-1].endswith("\\"):
            step.lines.append(line)
        elif step is not None and line.startswith(INDENT):
            step.output.append(line)
        else:
            step = None
            parts.append(line)
    return parts


def write_page(parts):
    lines = []
    for part in parts:
        lines += [part] if isinstance(part, str) else part.lines + part.output
    return "\n".join(lines) + "\n"


def shown(output):
    """Output as the page shows it: values cut, clock times replaced."""
    output = CLOCK.sub('"2026-01-01T00:00:00Z"', output)
    decoder = json.JSONDecoder()
    pieces, rest = [], output.strip()
    while rest.startswith("{"):
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError:
            break
        pieces.append(json.dumps(cut(value), indent=2).replace('"...": "..."', "...").replace('"..."', "..."))
        rest = rest[end:].strip()
    lines = "\n".join(pieces + ([rest] if rest else [])).splitlines()
    if len(lines) > LONGEST_ANSWER:
        end = lines.index("ERROR:") if "ERROR:" in lines else len(lines)  # How it ended stays.
        lines = lines[:LONGEST_ANSWER] + ["..."] + lines[max(end, LONGEST_ANSWER):]
    return [(INDENT + line).rstrip() for line in lines]


def cut(value):
    if isinstance(value, dict):
        if DECLARATION & set(value):
            # A pipeline says much; what matters in most answers is beside it.
            return {"name": value["name"], "...": "...", "settings": cut(value.get("settings", {}))}
        return {key: cut(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [cut(inner) for inner in value[:LONGEST_LIST]] + ["..."] * (len(value) > LONGEST_LIST)
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return value[:LONGEST_TEXT // 2] + "..."
    return value


def code_of(output):
    found = CODE.search(output)
    return found.group(1) if found else "OK"


class GrpcurlPage(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.parts = read_page(PAGE.read_text(encoding="utf-8"))
        self.steps = [part for part in self.parts if isinstance(part, Step)]

    def test_commands(self):
        system = System(self)
        system.start()
        self.check_that_every_rpc_is_there(system)
        variables = dict(os.environ, PATH=f"{os.path.dirname(binary())}:{os.environ['PATH']}")
        writes = os.environ.get("WINDROW_WRITE_DOCS")
        for step in self.steps:
            with self.subTest(step.command):
                output = self.run_step(step, system, variables)
                if writes:
                    step.output = shown(output)
                else:
                    self.assertEqual(code_of(output), code_of("\n".join(
                        line[len(INDENT):] for line in step.output)), output)
        if writes:
            PAGE.write_text(write_page(self.parts), encoding="utf-8")

    def run_step(self, step, system, variables):
        command = step.command
        for name, port in PORTS.items():
            command = command.replace(f"127.0.0.1:{port}", system.stack.address(name))
        assignment = ASSIGNMENT.match(command)
        if assignment:
            command += f'; printf %s "${assignment.group(1)}"'
        done = subprocess.run(["bash", "-c", command], env=variables, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
        output = done.stdout + done.stderr
        # Of the codes, grpcurl's own is 64 and more.
        self.assertTrue(done.returncode == 0 or code_of(output) != "OK", output)
        if assignment:
            self.assertTrue(done.stdout, f"{assignment.group(1)} is empty")
            # As it stands within the quotes of JSON.
            variables[assignment.group(1)] = done.stdout
            return ""
        return output

    def check_that_every_rpc_is_there(self, system):
        served = set()
        for name in SERVICES:
            for service in system.rpc[name].run("list").split():
                if service.startswith("windrow."):
                    methods = system.rpc[name].run("list", service).split()
                    served |= {method.rpartition(".")[::2] for method in methods}
        in_page = {found for step in self.steps for found in RPC.findall(step.command)}
        self.assertGreater(len(served), 25)
        self.assertEqual(in_page, served)

    def test_fields_exist(self):
        """What is shown was not printed by services of long ago."""
        known = set()
        for path in (ROOT / "proto").rglob("*.proto"):
            for name in re.findall(r"^ +(?:repeated |optional )?[\w.<>, ]+ (\w+) = \d+;",
                                   path.read_text(encoding="utf-8"), re.MULTILINE):
                known |= {name, re.sub(r"_(\w)", lambda letter: letter.group(1).upper(), name)}
        answers = [step for step in self.steps if RPC.search(step.command) and step.output]
        self.assertTrue(answers)
        for step in answers:
            shows = set(KEY.findall("\n".join(step.output)))
            of_maps = {key for key in shows if not re.fullmatch("[a-z][a-zA-Z]*", key)}
            with self.subTest(step.command):
                self.assertEqual(shows - of_maps - known - MAP_KEYS, set())


# Keys of maps, and of google.rpc's details.
MAP_KEYS = {"triggerExecution", "walCommit", "max", "watermark", "minOffsetsBehindLatest",
            "maxOffsetsBehindLatest", "avgOffsetsBehindLatest", "description"}


if __name__ == "__main__":
    unittest.main()
