# SPDX-License-Identifier: Apache-2.0
"""What the samples of a run come to: medians over rounds, spreads, ratios."""

import statistics

BASELINE = "serial"
OWN = "weft"
PARTS = ("flat_hash_map",)  # what a library must do at least, not a library


class Ratio:
    """Median of the ratios within a round, and half the distance of their quartiles."""

    def __init__(self, values):
        self.median = statistics.median(values)
        self.spread = 0.0
        if len(values) > 1:
            low, _, high = statistics.quantiles(values, n=4, method="inclusive")
            self.spread = (high - low) / 2

    def __str__(self):
        return f"{short(self.median)} ±{short(self.spread)}"


def short(number):
    """Three digits that matter: 0.0123, 1.23, 123, 12300."""
    if number == 0:
        return "0"
    if abs(number) >= 100:
        return f"{number:.0f}"
    return f"{number:.3g}"


class Figures:
    def __init__(self, samples):
        self.samples = {name: rounds for name, rounds in samples.items() if rounds}

    def workloads(self, counter):
        """Those with this counter, in the order in which they were registered."""
        found = {}
        for name, rounds in self.samples.items():
            if any(counter in counters for counters in rounds.values()):
                found[name.split("/")[0]] = None
        return list(found)

    def libraries(self, workloads):
        found = {}
        for name in self.samples:
            if name.split("/")[0] in workloads:
                found[name.split("/")[1]] = None
        return list(found)

    def values(self, workload, library, threads, counter):
        """{round: value}; the baseline's one thread stands beside any number of them."""
        threads = 1 if library == BASELINE else threads
        rounds = self.samples.get(f"{workload}/{library}/{threads}", {})
        return {number: counters[counter] for number, counters in rounds.items()
                if counter in counters}

    def median(self, workload, library, threads, counter):
        values = self.values(workload, library, threads, counter)
        return statistics.median(values.values()) if values else None

    def relative_spread(self, workload, library, threads, counter):
        values = self.values(workload, library, threads, counter)
        if not values:
            return None
        ratio = Ratio(list(values.values()))
        return ratio.spread / ratio.median if ratio.median else 0.0

    def ratio(self, workload, over, under, threads, counter):
        top = self.values(workload, over, threads, counter)
        bottom = self.values(workload, under, threads, counter)
        values = [top[number] / bottom[number] for number in top if bottom.get(number)]
        return Ratio(values) if values else None

    def best_peer(self, workload, threads, counter):
        """The library with the least, neither the baseline nor our own."""
        found = []
        for library in self.libraries([workload]):
            median = self.median(workload, library, threads, counter)
            if library not in (BASELINE, OWN, *PARTS) and median is not None:
                found.append((median, library))
        return min(found)[1] if found else None
