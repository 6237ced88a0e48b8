#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The driver of the benchmarks, on made-up samples and on the real binary's command line:
`driver_test.py BINARY`. No case looks at a time that was measured."""

import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "driver"))

import figures
import measure
import plot
import report
import run
import tables
import targets

BINARY = ""


def rounds(counter, *values):
    return {str(index): {counter: value} for index, value in enumerate(values)}


def times(*values):
    return rounds("ns_per_task", *values)


SAMPLES = {
    "rerun_chain/serial/1": times(10, 20, 30),
    "rerun_chain/weft/2": times(20, 20, 60),
    "rerun_chain/weft/1": times(10, 20, 30),
    "rerun_chain/openmp/2": times(40, 80, 240),
    "rerun_chain/tbb_flow_graph/2": times(100, 100, 100),
    "size_1us/serial/1": times(1000, 1000, 1000),
    "size_1us/weft/2": times(1000, 1000, 1000),
    "size_10us/serial/1": times(10000, 10000, 10000),
    "size_10us/weft/2": times(5000, 5000, 5000),
    "memory_waiting/weft/2": rounds("bytes_per_task", 64),
    "memory_waiting_edges/weft/2": {"0": {"bytes_per_task": 96, "edges_per_task": 2}},
    "feature_name/weft/2": {"0": {"ns_per_task": 350, "plain_ns_per_task": 100,
                                  "x_of_plain": 3.4}},
    "feature_options/weft/1": rounds("x_of_plain", 1.5),
    "priority_honour_order/weft/1": rounds("honoured_percent", 100),
    "priority_honour_order/weft/8": rounds("honoured_percent", 98.9996),
    "makespan_threads_deep/weft/2": {"0": {"hints_mean": 1.01, "fifo_worst": 1.25}},
    "parked_rest/weft/2": {"0": {"cpu_ms": 0.04, "bytes_per_task": 321}},
    "conserve_fan/weft/8": rounds("x_of_bound", 1.03),
    "idle/weft/2": {"0": {"idle_cpu_ms": 0.5, "idle_seconds": 10}},
}

RESULTS = {
    "machine": {"processor": "loom", "processors": 2, "memory_gib": 4, "system": "any",
                "kernel": "1"},
    "commit": "abc", "date": "2026-01-01", "compiler": "c", "libraries": "l", "flags": [],
    "rounds": 3, "disturbed": 0, "failures": [], "samples": SAMPLES,
}


def rows_of(table):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.split("\n")]


class FiguresTest(unittest.TestCase):
    def setUp(self):
        self.figures = figures.Figures(SAMPLES)

    def test_ratio_is_taken_within_a_round(self):
        ratio = self.figures.ratio("rerun_chain", "weft", "serial", 2, "ns_per_task")
        self.assertEqual(ratio.median, 2)  # of 2, 1 and 2, not 20 / 20

    def test_one_thread_of_the_baseline_stands_beside_any_number(self):
        self.assertEqual(self.figures.median("rerun_chain", "serial", 2, "ns_per_task"), 20)

    def test_best_peer_is_neither_we_nor_the_baseline(self):
        self.assertEqual(self.figures.best_peer("rerun_chain", 2, "ns_per_task"), "openmp")
        self.assertIsNone(self.figures.best_peer("rerun_chain", 1, "ns_per_task"))

    def test_what_is_missing_is_none(self):
        self.assertIsNone(self.figures.median("rerun_chain", "dispenso", 2, "ns_per_task"))
        self.assertIsNone(self.figures.ratio("rerun_chain", "weft", None, 2, "ns_per_task"))

    def test_spread_is_half_the_distance_of_the_quartiles(self):
        self.assertEqual(figures.Ratio([1, 2, 3, 4, 5]).spread, 1)
        self.assertEqual(figures.Ratio([7]).spread, 0)


class TablesTest(unittest.TestCase):
    def setUp(self):
        self.figures = figures.Figures(SAMPLES)

    def test_ratios_have_a_row_for_each_workload_and_columns_for_both_thread_counts(self):
        header, _, row = rows_of(tables.ratios(self.figures))
        self.assertEqual(len(header), len(row))
        self.assertEqual(row[:2], ["rerun_chain", "20"])
        self.assertEqual(row[4], "openmp")
        self.assertTrue(row[6].startswith("0.25 ±"), row[6])
        self.assertEqual(row[8], "1 ±0")

    def test_efficiency_is_the_share_of_a_perfect_speed_up(self):
        self.assertEqual(rows_of(tables.efficiencies(self.figures))[2:],
                         [["1 us", "50%"], ["10 us", "100%"]])

    def test_an_edge_is_what_a_task_with_edges_takes_more(self):
        rows = rows_of(tables.memory(self.figures))
        self.assertEqual(rows[2], ["bytes for a waiting task", "64"])
        self.assertEqual(rows[3], ["... for each edge", "16"])

    def test_a_feature_is_compared_with_none(self):
        self.assertIn(["name", "350", "+250", "3.4", "", "", ""],
                      rows_of(tables.features(self.figures)))

    def test_counts_of_starts_are_not_rounded_up(self):
        rows = rows_of(tables.priorities(self.figures))
        self.assertEqual(rows[2][1:], ["100", "", "98.9996"])

    def test_makespans_have_a_row_for_each_number_of_workers(self):
        header, _, row = rows_of(tables.makespans(self.figures))
        self.assertEqual(len(header), len(row))
        self.assertEqual(row[:3] + row[-1:], ["makespan_threads_deep", "2", "1.01", "1.25"])

    def test_parked_tasks_have_a_row_for_each_number_of_workers(self):
        header, _, row, other = rows_of(tables.parked(self.figures))
        self.assertEqual(len(header), len(row))
        self.assertEqual(row[:2] + other[:2], ["2", "321", "1", ""])


class TargetsTest(unittest.TestCase):
    def setUp(self):
        self.rows = {row[0]: row[1:] for row in targets.table_rows(figures.Figures(SAMPLES))}

    def test_what_was_not_measured_has_no_row(self):
        self.assertFalse([name for name in self.rows if "ageing" in name or "2 worker" in name])

    def test_a_share_that_is_nearly_enough_is_missed(self):
        name = "priority_honour_order, % of higher tasks, "
        self.assertEqual(self.rows[name + "1 worker(s)"], ["at least 100", "100", "met"])
        self.assertEqual(self.rows[name + "8 worker(s)"], ["at least 99", "98.9996", "missed"])

    def test_most_and_least_are_told_apart(self):
        self.assertEqual(self.rows["feature_options / plain: options that ask for nothing, 1 thread"],
                         ["at most 1.05", "1.5", "missed"])
        self.assertEqual(self.rows["parked_rest, milliseconds of CPU in two seconds: none"][2], "met")


class ReportTest(unittest.TestCase):
    def test_page_keeps_what_is_outside_the_marks(self):
        page = f"above\n{report.BEGIN}\nold\n{report.END}\nbelow\n"
        written = report.documented(page, RESULTS)
        self.assertTrue(written.startswith("above\n") and written.endswith("\nbelow\n"))
        self.assertNotIn("old", written)
        self.assertIn("Commit abc", written)
        self.assertEqual(report.documented(written, RESULTS), written)

    def test_page_without_marks_is_refused(self):
        with self.assertRaisesRegex(ValueError, "expected the marks"):
            report.documented("nothing", RESULTS)

    def test_real_page_has_the_marks(self):
        report.documented((run.DOCS / "benchmarks.md").read_text(encoding="utf-8"), RESULTS)

    def test_terminal_names_failures_and_every_section(self):
        text = report.terminal({**RESULTS, "failures": ["stream/weft/2"]})
        for words in ("Failed: stream/weft/2", "Ratios", "Efficiency", "Memory", "1.03", "Idling", "Priorities",
                      "lower bound", "parked", "Targets"):
            self.assertIn(words, text)

    def test_nothing_measured_is_no_error(self):
        self.assertIn("Commit abc", report.terminal({**RESULTS, "samples": {}}))
        self.assertIn("no sizes", report.drawn({**RESULTS, "samples": {}}))


class PlotTest(unittest.TestCase):
    def test_is_well_formed_with_one_curve_a_library(self):
        drawing = plot.svg({"a<b": [(1, 0.5), (1000, 1.0)], "c": [(1, 1.0)]})
        root = xml.etree.ElementTree.fromstring(drawing)
        self.assertEqual(len(root.findall("{http://www.w3.org/2000/svg}polyline")), 2)


class CommandLineTest(unittest.TestCase):
    def refused(self, *arguments):
        with contextlib.redirect_stderr(io.StringIO()) as errors, \
                self.assertRaises(SystemExit) as ended:
            run.parse([BINARY, *arguments])
        self.assertEqual(ended.exception.code, 2)
        return errors.getvalue()

    def test_bad_values_are_refused_with_what_was_expected(self):
        self.assertIn("whole number of at least 1, not '0'", self.refused("--rounds", "0"))
        self.assertIn("no regular expression", self.refused("--filter", "("))
        self.assertIn("--load runs nothing", self.refused("--load", "a", "--small"))
        self.assertIn("unrecognized", self.refused("--benchmark_filter=x"))

    def test_saved_samples_are_merged(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder, name) for name in ("a", "b")]
            paths[0].write_text(json.dumps(RESULTS))
            paths[1].write_text(json.dumps({**RESULTS, "samples": {"stream/weft/2": times(1)}}))
            merged = run.load(paths)
        self.assertEqual(len(merged["samples"]), len(SAMPLES) + 1)


class BinaryTest(unittest.TestCase):
    def setUp(self):
        measure.QUIET_SECONDS = 0  # no time is looked at

    def ended_with(self, *arguments):
        done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_bad_flags_are_refused_by_name(self):
        for flag, words in (("--runs=0", "whole number from 1"), ("--runs=", "--runs="),
                            ("--benchmark_min_time=1", "no effect"),
                            ("--benchmark_format=csv", "take json"), ("--nonsense", "--nonsense"),
                            ("--benchmark_filter=^no such name$", "no such name")):
            code, output = self.ended_with(flag)
            self.assertEqual(code, 2, flag)
            self.assertIn(words, output)

    def test_help_names_every_flag(self):
        code, output = self.ended_with("--help")
        self.assertEqual(code, 0)
        for flag in ("--small", "--runs=", "--stream_tasks=", "--idle_seconds="):
            self.assertIn(flag, output)

    def test_names_are_workload_library_and_threads(self):
        for name in measure.list_names(BINARY, [], ""):
            self.assertRegex(name, r"^[a-z0-9_]+/[a-z_]+/[0-9]+$")

    def test_a_run_gives_a_report(self):
        pattern = r"^(rerun_tree|stream|size_1us)/(serial|tbb_task_group)/"
        with contextlib.redirect_stderr(io.StringIO()):
            results = measure.record(BINARY, ["--small"], pattern, 2)
        self.assertEqual(results["failures"], [])
        self.assertEqual(set(results["samples"]["rerun_tree/serial/1"]), {"0", "1"})
        self.assertIn("rerun_tree", report.terminal(results))

    def test_nothing_to_run_is_an_error(self):
        with self.assertRaisesRegex(measure.Failed, "no benchmark"):
            measure.record(BINARY, [], "no such name", 1)


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
