# SPDX-License-Identifier: Apache-2.0
"""What weft aims at, beside what was measured: met or missed."""

from figures import OWN, short

TIME = "ns_per_task"
SHAPES = ("chain", "tree", "wavefront", "random", "independent", "wave32")
TO_SERIAL = {2: (1.35, 0.90, 0.40, 0.95, 1.7, 1.9), 1: (1.38, 1.22, 0.39, 1.38, 1.24, 1.13)}
# Those that keep a node that has become ready for later: OpenMP runs it in place on one thread.
DEFERRING = {2: ("tbb_flow_graph", "tbb_task_group", "openmp"),
             1: ("tbb_flow_graph", "tbb_task_group")}


class Row:
    def __init__(self, what, limit, figure, least=False, exact=False):
        self.cells = None
        if figure is not None:
            met = figure >= limit if least else figure <= limit
            bound = f"at least {limit}" if least else f"at most {limit}"
            self.cells = [what, bound, f"{figure:.6g}" if exact else short(figure),
                          "met" if met else "missed"]


def rows(figures):
    def time(name, library=OWN, threads=2):
        return figures.median(name, library, threads, TIME)

    def over(top, bottom):
        return top / bottom if top is not None and bottom else None

    def best(name, libraries, threads):
        found = [time(name, library, threads) for library in libraries]
        return min((value for value in found if value is not None), default=None)

    for threads in (2, 1):
        of = "2 threads" if threads == 2 else "1 thread"
        for shape, limit in zip(SHAPES, TO_SERIAL[threads]):
            name = f"rerun_{shape}"
            yield Row(f"{name} / serial, {of}", limit,
                      over(time(name, OWN, threads), time(name, "serial", 1)))
        for shape in SHAPES:
            name = f"rerun_{shape}"
            yield Row(f"{name} / best of {', '.join(DEFERRING[threads])}, {of}", 0.40,
                      over(time(name, OWN, threads), best(name, DEFERRING[threads], threads)))
        group = {name: time(name, "tbb_task_group", threads)
                 for name in ("spawn_inside", "fork_join", "submit_outside")}
        for name, limit in (("spawn_inside", 0.5), ("fork_join", 0.5), ("submit_outside", 0.3)):
            yield Row(f"{name} / tbb_task_group, {of}", limit,
                      over(time(name, OWN, threads), group[name]))
        yield Row(f"submit_bulk / submit_outside of tbb_task_group, {of}", 0.5,
                  over(time("submit_bulk", OWN, threads), group["submit_outside"]))
        yield Row(f"once_warm_independent / submit_outside of tbb_task_group, {of}", 1.0,
                  over(time("once_warm_independent", OWN, threads), group["submit_outside"]))
        for shape in ("wavefront", "random"):
            own = time(f"deps_handle_{shape}", OWN, threads)
            yield Row(f"deps_handle_{shape} / openmp, {of}", 0.5,
                      over(own, time(f"deps_handle_{shape}", "openmp", threads)))
            yield Row(f"deps_handle_{shape} / once_cold_{shape} of tbb_flow_graph, {of}", 0.5,
                      over(own, time(f"once_cold_{shape}", "tbb_flow_graph", threads)))
        string, handle = (time(f"deps_{kind}_wavefront", OWN, threads)
                          for kind in ("string", "handle"))
        if string is not None and handle is not None:
            yield Row(f"deps_string_wavefront - deps_handle_wavefront / flat_hash_map, {of}", 1.3,
                      over(string - handle, time("deps_string_wavefront", "flat_hash_map", 1)))
    for threads in (2, 1):
        yield Row(f"trace_task, nanoseconds of a worker, {threads} thread(s)", 40,
                  time("trace_task", OWN, threads))
    for shape, limit in (("tree", 0.95), ("wavefront", 0.95), ("independent", 0.95),
                         ("random", 0.88)):
        name = f"rerun_{shape}_700ns"
        half = over(time(name, "serial", 1), 2)
        yield Row(f"{name}, share of a perfect speed-up on 2 threads", limit,
                  over(half, time(name)), least=True)


    yield from priority_rows(figures)
    yield Row("parked_rest, milliseconds of CPU in two seconds: none", 1,
              figures.median("parked_rest", OWN, 2, "cpu_ms"))
    for threads in (2, 1):
        of = "2 threads" if threads == 2 else "1 thread"
        yield Row(f"feature_options / plain: options that ask for nothing, {of}", 1.05,
                  figures.median("feature_options", OWN, threads, "x_of_plain"))


def priority_rows(figures):
    def figure(workload, workers, counter):
        return figures.median(f"priority_honour_{workload}", OWN, workers, counter)

    for workers, limit in ((1, 100), (2, 99), (8, 99)):
        yield Row(f"priority_honour_order, % of higher tasks, {workers} worker(s)", limit,
                  figure("order", workers, "honoured_percent"), least=True, exact=True)
    yield Row("priority_honour_ageing, starts before one of a lower lane: least", 64,
              figure("ageing", 1, "starts_before_lower_least"), least=True)
    yield Row("priority_honour_ageing, starts before one of a lower lane: most", 64,
              figure("ageing", 1, "starts_before_lower_most"))
    yield Row("priority_honour_inheritance, starts behind strict order, 1 worker", 0,
              figure("inheritance", 1, "behind_strict"))


def table_rows(figures):
    return [row.cells for row in rows(figures) if row.cells is not None]
