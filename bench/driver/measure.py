# SPDX-License-Identifier: Apache-2.0
"""Runs each benchmark in a process of its own, the libraries of a workload one after the other, in
rounds: what disturbs the machine for a while then disturbs all of them."""

import json
import os
import pathlib
import platform
import random
import re
import subprocess
import sys
import tempfile
import time

BUSY = 0.10  # of the machine, by others, is too much for a sample
COARSE_TICKS = 3  # fewer than these say nothing
ATTEMPTS = 3
QUIET_SECONDS = 5.0  # how long a sample waits for the machine to calm down


class Failed(Exception):
    pass


def machine_ticks():
    """All clock ticks of all processors so far, and those that were not idle."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    ticks = [int(field) for field in fields]
    return sum(ticks), sum(ticks) - ticks[3] - ticks[4]


def wait_until_quiet():
    end = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < end:
        all_before, busy_before = machine_ticks()
        time.sleep(0.1)
        all_after, busy_after = machine_ticks()
        if all_after > all_before and (busy_after - busy_before) < BUSY * (all_after - all_before):
            return


def run_process(command):
    """Its standard output, and the share of the machine that others took meanwhile."""
    all_before, busy_before = machine_ticks()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.stdout.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode != 0:
            raise Failed(f"{' '.join(command)} ended with {process.returncode}:\n"
                         + errors.read() + output)
    all_after, busy_after = machine_ticks()
    own = (usage.ru_utime + usage.ru_stime) * os.sysconf("SC_CLK_TCK")
    others = busy_after - busy_before - own
    if others < COARSE_TICKS:
        return output, 0.0
    return output, others / (all_after - all_before)


def list_names(binary, flags, pattern):
    output, _ = run_process([binary, *flags, "--benchmark_list_tests"])
    return [name for name in output.split() if re.search(pattern, name)]


def run_one(binary, flags, name):
    """The counters of one benchmark, the context of the report, and the share of others."""
    command = [binary, *flags, f"--benchmark_filter=^{re.escape(name)}$",
               "--benchmark_format=json"]
    best = None
    for _ in range(ATTEMPTS):
        wait_until_quiet()
        output, others = run_process(command)
        if best is None or others < best[1]:
            best = output, others
        if others < BUSY:
            break
    report = json.loads(best[0])
    counters = {key: value for key, value in report["benchmarks"][0].items()
                if isinstance(value, (int, float)) and not key.endswith(("_index", "_time"))}
    return counters, report["context"], best[1]


def by_workload(names):
    groups = {}
    for name in names:
        groups.setdefault(name.split("/")[0], []).append(name)
    return groups


def measure(binary, flags, names, rounds, say):
    """{name: {round: counters}}, the context, how many samples were disturbed, and failures."""
    samples = {name: {} for name in names}
    context, disturbed, failures = {}, 0, []
    for number in range(rounds):
        start = time.monotonic()
        order = random.Random(number)  # a rerun keeps the order
        for workload, group in by_workload(names).items():
            say(f"round {number + 1} of {rounds}: {workload}")
            for name in order.sample(group, len(group)):
                if name in failures:
                    continue
                try:
                    counters, context, others = run_one(binary, flags, name)
                except Failed as failure:
                    failures.append(name)
                    say(str(failure))
                    continue
                samples[name][str(number)] = counters
                disturbed += others >= BUSY
        say(f"round {number + 1} of {rounds} took {time.monotonic() - start:.0f} s")
    return samples, context, disturbed, failures


def first_match(path, pattern):
    try:
        found = re.search(pattern, pathlib.Path(path).read_text(), re.M)
    except OSError:
        found = None
    return found[1].strip() if found else "unknown"


def commit_of(folder):
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine():
    memory = first_match("/proc/meminfo", r"^MemTotal:\s*(\d+)")
    return {
        "processor": first_match("/proc/cpuinfo", r"^model name\s*:(.*)$"),
        "processors": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory) / 2**20, 1) if memory.isdigit() else memory,
        "system": first_match("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)'),
        "kernel": platform.release(),
    }


def record(binary, flags, pattern, rounds):
    """Everything that a report needs, as plain data."""
    def say(text):
        print(text, file=sys.stderr, flush=True)

    names = list_names(binary, flags, pattern)
    if not names:
        raise Failed(f"no benchmark has a name that matches '{pattern}'")
    say(f"{len(names)} benchmarks, {rounds} rounds")
    samples, context, disturbed, failures = measure(binary, flags, names, rounds, say)
    return {
        "machine": machine(),
        "commit": commit_of(pathlib.Path(__file__).parent),
        "date": time.strftime("%Y-%m-%d"),
        "compiler": context.get("compiler", "unknown"),
        "libraries": context.get("libraries", "unknown"),
        "flags": flags,
        "rounds": rounds,
        "disturbed": disturbed,
        "failures": failures,
        "samples": samples,
    }
