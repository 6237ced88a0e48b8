#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the libraries: `run.py BINARY [OPTIONS]`; `./dev bench` builds the binary and calls this."""

import argparse
import json
import pathlib
import re
import sys

import measure
import report

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


def at_least_one(text):
    value = int(text) if text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, not '{text}'")
    return value


def regular_expression(text):
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no regular expression: {error}")
    return text


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="./dev bench", allow_abbrev=False,
        description="Runs every benchmark in rounds, each in a process of its own, and prints "
                    "ratios. Names are <workload>/<library>/<threads>.")
    parser.add_argument("binary", help=argparse.SUPPRESS)
    parser.add_argument("--filter", metavar="REGEX", default="", type=regular_expression,
                        help="only benchmarks in whose name this is found")
    parser.add_argument("--rounds", metavar="N", type=at_least_one, default=5,
                        help="how often each is run (5)")
    parser.add_argument("--runs", metavar="N", type=at_least_one,
                        help="timed runs in each process, of which the median counts (5)")
    parser.add_argument("--stream-tasks", metavar="N", type=at_least_one,
                        help="tasks of the workload `stream` (1000000)")
    parser.add_argument("--idle-seconds", metavar="N", type=at_least_one,
                        help="how long the workload `idle` looks (10)")
    parser.add_argument("--small", action="store_true", help="tiny sizes: does everything work?")
    parser.add_argument("--list", action="store_true", help="prints the names and runs nothing")
    parser.add_argument("--save", metavar="FILE", type=pathlib.Path,
                        help="where the samples go, as JSON (beside the binary)")
    parser.add_argument("--load", metavar="FILE", type=pathlib.Path, nargs="+",
                        help="reports on saved samples, the later ones first, and runs nothing")
    parser.add_argument("--docs", action="store_true",
                        help="writes the tables to docs/benchmarks.md and the plot beside it")
    options = parser.parse_args(arguments)
    if options.load and (options.save or options.list or flags_of(options)):
        parser.error("--load runs nothing; of the other options it takes only --docs")
    return options


def flags_of(options):
    """What the binary is told."""
    flags = ["--small"] if options.small else []
    for name in ("runs", "stream_tasks", "idle_seconds"):
        if getattr(options, name) is not None:
            flags.append(f"--{name}={getattr(options, name)}")
    return flags


def load(paths):
    """The first file's facts about the run; of each benchmark the last file's samples."""
    results = [json.loads(path.read_text()) for path in paths]
    for other in results[1:]:
        results[0]["samples"].update(other["samples"])
    return results[0]


def obtain(options):
    if options.load:
        return load(options.load)
    results = measure.record(options.binary, flags_of(options), options.filter, options.rounds)
    path = options.save or pathlib.Path(options.binary).parent / "weft_bench.json"
    path.write_text(json.dumps(results, indent=1) + "\n")
    print(f"the samples are in {path}", file=sys.stderr)
    return results


def write_docs(results):
    page = DOCS / "benchmarks.md"
    page.write_text(report.documented(page.read_text(encoding="utf-8"), results), encoding="utf-8")
    (DOCS / "benchmarks.svg").write_text(report.drawn(results), encoding="utf-8")


def main(arguments):
    options = parse(arguments)
    try:
        if options.list:
            names = measure.list_names(options.binary, flags_of(options), options.filter)
            print("\n".join(names))
            return 0 if names else 1
        results = obtain(options)
        print(report.terminal(results))
        if options.docs:
            write_docs(results)
    except (measure.Failed, OSError, ValueError) as error:
        print(f"./dev bench: {error}", file=sys.stderr)
        return 2
    return 1 if results["failures"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
