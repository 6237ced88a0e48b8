# SPDX-License-Identifier: Apache-2.0
"""The tables of a report, in Markdown that can also be read as it stands."""

import re

from figures import BASELINE, OWN, short

TIME = "ns_per_task"
OTHER_TABLES = re.compile(r"^(size_|feature_|stream)")


def markdown(headers, rows):
    cells = [headers] + [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|",
                      *lines[1:]])


def number(value, scale=1.0):
    return None if value is None else short(value * scale)


def ratios(figures):
    """One row a workload: our time against the baseline and against the best of the others."""
    headers = ["workload", "serial ns"]
    for threads in ("2 threads", "1 thread"):
        headers += [f"{threads}: weft ns", "/ serial", "best peer", "its ns", "weft / best"]
    rows = []
    for workload in figures.workloads(TIME):
        if OTHER_TABLES.match(workload):
            continue
        row = [workload, number(figures.median(workload, BASELINE, 1, TIME))]
        for threads in (2, 1):
            peer = figures.best_peer(workload, threads, TIME)
            row += [number(figures.median(workload, OWN, threads, TIME)),
                    figures.ratio(workload, OWN, BASELINE, threads, TIME), peer,
                    number(figures.median(workload, peer, threads, TIME)),
                    figures.ratio(workload, OWN, peer, threads, TIME)]
        rows.append(row)
    return markdown(headers, rows)


def details(figures):
    """Every library: time, its spread, CPU time, and the ratio to the baseline."""
    headers = ["workload", "library"]
    for threads in ("2 threads", "1 thread"):
        headers += [f"{threads}: ns", "spread", "CPU ns", "/ serial"]
    rows = []
    for workload in figures.workloads(TIME):
        if OTHER_TABLES.match(workload):
            continue
        for library in figures.libraries([workload]):
            row = [workload, library]
            for threads in (2, 1):
                if library == BASELINE and threads == 2:
                    row += [None] * 4
                    continue
                spread = figures.relative_spread(workload, library, threads, TIME)
                row += [number(figures.median(workload, library, threads, TIME)),
                        None if spread is None else f"{spread:.0%}",
                        number(figures.median(workload, library, threads, "cpu_" + TIME)),
                        figures.ratio(workload, library, BASELINE, threads, TIME)]
            rows.append(row)
    return markdown(headers, rows)


def sizes(figures):
    """The sizes of the efficiency curve, in microseconds."""
    found = [re.match(r"^size_(\d+)us$", workload) for workload in figures.workloads(TIME)]
    return sorted(int(match[1]) for match in found if match)


def efficiency(figures, library, threads=2):
    """[(microseconds, share of a perfect speed-up)]"""
    points = []
    for size in sizes(figures):
        ratio = figures.ratio(f"size_{size}us", BASELINE, library, threads, TIME)
        if ratio is not None:
            points.append((size, ratio.median / threads))
    return points


def efficiency_libraries(figures):
    names = figures.libraries([f"size_{size}us" for size in sizes(figures)])
    return [name for name in names if name != BASELINE]


def efficiencies(figures):
    libraries = efficiency_libraries(figures)
    curves = [dict(efficiency(figures, library)) for library in libraries]
    rows = [[f"{size} us"] + [f"{curve[size]:.0%}" if size in curve else None for curve in curves]
            for size in sizes(figures)]
    return markdown(["body", *libraries], rows)


def features(figures):
    rows = []
    for workload in figures.workloads(TIME):
        if not workload.startswith("feature_"):
            continue
        row = [workload.removeprefix("feature_")]
        for threads in (2, 1):
            own = figures.median(workload, OWN, threads, TIME)
            plain = figures.median(workload, OWN, threads, "plain_" + TIME)
            row += [number(own),
                    None if None in (own, plain) else f"{own - plain:+.0f}",
                    number(figures.median(workload, OWN, threads, "x_of_plain"))]
        rows.append(row)
    return markdown(["feature", "2 threads: ns", "more than plain", "/ plain", "1 thread: ns",
                     "more than plain", "/ plain"], rows)


def priorities(figures):
    """Whether priorities are kept, by number of workers."""
    rows = []
    for label, workload, counter in (
            ("% of tasks before all lower ones that were ready later", "order", "honoured_percent"),
            ("% of such pairs", "order", "pairs_percent"),
            ("% of starts while nothing higher was ready", "order", "strict_percent"),
            ("starts due to age, of 10,000", "order", "started_by_age"),
            ("starts from higher lanes before one of a lower: least", "ageing",
             "starts_before_lower_least"),
            ("... most", "ageing", "starts_before_lower_most"),
            ("urgent task behind a low chain: its start is number", "inheritance", "position"),
            ("... in strict order", "inheritance", "strict_position")):
        counts = [figures.median("priority_honour_" + workload, OWN, workers, counter)
                  for workers in (1, 2, 8)]
        rows.append([label] + [None if count is None else f"{count:.6g}" for count in counts])
    return markdown(["", "1 worker", "2 workers", "8 workers"], rows)


def makespans(figures):
    rows = []
    for name in figures.samples:
        workload, library, workers = name.split("/")
        if not workload.startswith("makespan_"):
            continue
        row = [workload, workers]
        for mode in ("hints", "history", "neither", "fifo"):
            row += [number(figures.median(workload, library, workers, f"{mode}_{which}"))
                    for which in ("mean", "worst")]
        rows.append(row)
    return markdown(["", "workers", "hints: mean", "worst", "history: mean", "worst",
                     "neither: mean", "worst", "first come: mean", "worst"], rows)


def parked(figures):
    rows = []
    for workers in (2, 1):
        def median(workload, counter, count=workers):
            return number(figures.median("parked_" + workload, OWN, count, counter))
        rows.append([workers, median("rest", "bytes_per_task"), median("rest", "threads"),
                     median("rest", "threads_before"), median("rest", "cpu_ms"),
                     median("rest", "seconds"), median("wake", "p50_us"),
                     median("wake", "p99_us"), median("wake", "most_us"),
                     median("wake", "cpu_us_per_task")])
    return markdown(["workers", "bytes each", "threads", "without", "CPU ms", "in s",
                     "wake-up late: p50 us", "p99 us", "most us", "CPU us for a task"], rows)


def conservation(figures):
    workloads = figures.workloads("x_of_bound")
    libraries = figures.libraries(workloads)
    rows = [[workload] + [number(figures.median(workload, library, 8, "x_of_bound"))
                          for library in libraries] for workload in workloads]
    return markdown(["8 threads, sleeping bodies", *libraries], rows)


def memory(figures):
    """Bytes for a task, and what an edge adds."""
    libraries = figures.libraries(figures.workloads("bytes_per_task"))
    rows = []
    for label, workload in (("waiting task", "memory_waiting"), ("node of a graph", "memory_graph")):
        tasks = [figures.median(workload, library, 2, "bytes_per_task") for library in libraries]
        edges = []
        for library, alone in zip(libraries, tasks):
            both = figures.median(workload + "_edges", library, 2, "bytes_per_task")
            count = figures.median(workload + "_edges", library, 2, "edges_per_task")
            edges.append(None if None in (alone, both) else (both - alone) / count)
        rows.append([f"bytes for a {label}", *map(number, tasks)])
        rows.append(["... for each edge", *map(number, edges)])
    return markdown(["", *libraries], rows)


def upkeep(figures):
    """Idle CPU time, wake latency, and the memory of a stream."""
    rows = []
    for library in figures.libraries(["idle", "wake", "stream"]):
        def median(workload, counter, scale=1.0, name=library):
            return number(figures.median(workload, name, 2, counter), scale)
        rows.append([library, median("idle", "idle_cpu_ms"), median("idle", "idle_seconds"),
                     median("wake", "p50_ns", 1e-3), median("wake", "p99_ns", 1e-3),
                     median("wake", "cpu_us_per_wake"),
                     median("stream", "tasks"), median("stream", "peak_mib"),
                     median("stream", "growth_mib")])
    return markdown(["library", "idle: CPU ms", "in s", "wake: p50 us", "p99 us", "CPU us",
                     "stream: tasks", "peak MiB", "growth MiB"], rows)
