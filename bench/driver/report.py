# SPDX-License-Identifier: Apache-2.0
"""Puts the tables together, for the terminal and for docs/benchmarks.md."""

import tables
import targets
from figures import Figures
from plot import svg

BEGIN = "<!-- figures: begin; written by ./dev bench --docs -->"
END = "<!-- figures: end -->"


def heading(results):
    machine = results["machine"]
    lines = [
        f"Commit {results['commit']}, {results['date']}, {results['rounds']} rounds"
        + (f" with {' '.join(results['flags'])}" if results["flags"] else "") + ".",
        f"{machine['processor']}, {machine['processors']} processors, {machine['memory_gib']} GiB,"
        f" {machine['system']}, kernel {machine['kernel']}.",
        f"{results['compiler']}; {results['libraries']}.",
    ]
    if results["disturbed"]:
        lines.append(f"{results['disturbed']} samples were taken while others used the machine.")
    if results["failures"]:
        lines.append("Failed: " + ", ".join(results["failures"]) + ".")
    return "\n".join(lines)


def sections(figures):
    """(title, table), only for what was measured."""
    time = [name for name in figures.workloads(tables.TIME)
            if not tables.OTHER_TABLES.match(name)]
    def any_of(*prefixes):
        return any(name.startswith(prefixes) for name in
                   (full.split("/")[0] for full in figures.samples))
    if time:
        yield "Ratios", tables.ratios(figures)
    aims = targets.table_rows(figures)
    if aims:
        yield "Targets", tables.markdown(["of medians", "target", "figure", ""], aims)
    if any_of("size_"):
        yield "Efficiency by size of a task, 2 threads", tables.efficiencies(figures)
    if any_of("conserve_"):
        yield "Work conservation, in multiples of the lower bound", tables.conservation(figures)
    if any_of("memory_"):
        yield "Memory", tables.memory(figures)
    if any_of("idle", "wake", "stream"):
        yield "Idling, waking, streaming", tables.upkeep(figures)
    if any_of("priority_honour_"):
        yield "Priorities, by counting", tables.priorities(figures)
    if any_of("makespan_"):
        yield "Length of a graph's run, in multiples of the lower bound", tables.makespans(figures)
    if any_of("parked_"):
        yield "100,000 parked tasks", tables.parked(figures)
    if any_of("feature_"):
        yield "Cost of a feature when used", tables.features(figures)
    if time:
        yield "Every library", tables.details(figures)


def terminal(results):
    figures = Figures(results["samples"])
    parts = [heading(results)]
    # The last one repeats in detail what the first one sums up.
    parts += [f"{title}\n{table}" for title, table in sections(figures)
              if title != "Every library"]
    return "\n\n".join(parts)


def documented(page, results):
    """`page` with the figures between its two marks replaced."""
    if BEGIN not in page or END not in page:
        raise ValueError(f"expected the marks '{BEGIN}' and '{END}'")
    figures = Figures(results["samples"])
    parts = [heading(results)]
    for title, table in sections(figures):
        parts.append(f"### {title}\n{table}")
        if title.startswith("Efficiency"):
            parts.append("![the table above as curves](benchmarks.svg)")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    return before + BEGIN + "\n" + "\n\n".join(parts) + "\n" + END + after


def drawn(results):
    figures = Figures(results["samples"])
    return svg({library: tables.efficiency(figures, library)
                for library in tables.efficiency_libraries(figures)})
