#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves each rule of validate_trace.py with a trace that breaks it, and imports one of a random
graph: `validate_trace_test.py WRITE_RANDOM_TRACE TASKS SEED...`."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import validate_trace  # noqa: E402


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def fixed(field, value):
    return varint(field << 3 | 1) + value.to_bytes(8, "little")


def sized(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def packet(*fields, flags=0):
    return sized(1, number(10, 1) + (number(13, flags) if flags else b"") + b"".join(fields))


def text(kind, iid, what, flags=2):
    return packet(sized(12, sized(kind, number(1, iid) + sized(2, what))), flags=flags)


def track(uuid, name, parent=1, *more):
    return packet(sized(60, number(1, uuid) + number(5, parent) + sized(2, name) + b"".join(more)))


def event(time, kind, on, *fields, flags=2):
    return packet(number(8, time), sized(11, number(9, kind) + number(11, on) + b"".join(fields)),
                  flags=flags)


PROCESS = packet(sized(60, number(1, 1) + sized(3, number(1, 42))), flags=1)
COUNTER = sized(8, sized(6, b"tasks"))
HEAD = (PROCESS + text(2, 1, b"task") + track(16, b"worker 0") + track(3, b"ready tasks", 1, COUNTER) +
        track(6, b"other threads") + track(20, b"waiting"))
NAME, A, B = number(10, 1), number(52, 7), number(52, 8)
RUN_A = event(10, 1, 16, NAME, A) + event(20, 2, 16, fixed(47, 99))
RUN_B = event(30, 1, 16, NAME, B, fixed(48, 99)) + event(40, 2, 16)
GOOD = HEAD + event(5, 4, 3, number(30, 0), flags=0) + RUN_A + RUN_B
EDGES = [(7, 8)]

BROKEN = {
    "only_packets": GOOD + number(2, 1),
    "cut_short": GOOD + event(50, 3, 16)[:-1],
    "wire": GOOD + packet(sized(11, number(9, 3) + number(11, 16) + number(47, 1)), number(8, 50)),
    "known_field": GOOD + packet(number(77, 1)),
    "one_sequence": GOOD + sized(1, number(8, 50)),
    "state_cleared_first": GOOD + packet(flags=1),
    "needs_state": GOOD + text(2, 2, b"more", flags=0),
    "interned_once": GOOD + text(2, 1, b"task"),
    "interned_before_use": GOOD + event(50, 3, 16, number(10, 2)),
    "track_once": GOOD + track(16, b"worker 0"),
    "track_before_use": GOOD + event(50, 3, 17),
    "event_type": GOOD + event(50, 5, 16),
    "track_kind": GOOD + event(50, 3, 3),
    "time_order": GOOD + event(39, 3, 16),
    "slices_nest": GOOD + event(50, 2, 16),
    "rows_are_flat": GOOD + event(1, 1, 20) + event(2, 1, 20) + event(3, 2, 20) + event(4, 2, 20),
    "flow_once": GOOD + event(50, 3, 16, A, fixed(47, 98)),
    "flow_forward": GOOD + event(50, 3, 16, A, fixed(47, 98)) + event(50, 3, 6, B, fixed(48, 98)),
    "flow_has_task": GOOD + event(50, 3, 16, fixed(47, 98)) + event(51, 3, 6, B, fixed(48, 98)),
    "counter_values": GOOD + event(60, 4, 3, number(30, 2), flags=0),
}


class RulesTest(unittest.TestCase):
    def test_a_good_trace_breaks_none(self):
        self.assertEqual(dict(validate_trace.validate(GOOD, EDGES).broken), {})

    def test_times_of_other_threads_may_fall(self):
        trace = GOOD + event(50, 3, 6) + event(49, 3, 6)
        self.assertEqual(dict(validate_trace.validate(trace, EDGES).broken), {})

    def test_each_rule_is_broken_alone(self):
        self.assertEqual(set(BROKEN), set(validate_trace.RULES) - {"arrows"})
        for rule, trace in BROKEN.items():
            with self.subTest(rule):
                self.assertEqual(set(validate_trace.validate(trace).broken), {rule})

    def test_an_open_slice_is_told(self):
        trace = validate_trace.validate(GOOD + event(50, 1, 16))
        self.assertEqual(set(trace.broken), {"slices_nest"})

    def test_arrows_are_compared_with_edges(self):
        for edges in ([], [(8, 7)], [(7, 8), (7, 8)], [(7, 9)]):
            with self.subTest(edges):
                self.assertEqual(set(validate_trace.validate(GOOD, edges).broken), {"arrows"})


class RandomTracesTest(unittest.TestCase):
    def test_of_random_graphs(self):
        for seed in SEEDS:
            for slots in ("1", "2", "8"):
                with self.subTest(seed=seed, slots=slots), tempfile.TemporaryDirectory() as folder:
                    trace, edges = f"{folder}/trace", f"{folder}/edges"
                    subprocess.run([WRITE, trace, edges, TASKS, slots, seed], check=True,
                                   stdout=subprocess.DEVNULL)
                    self.assertEqual(validate_trace.main([trace, edges]), 0)


if __name__ == "__main__":
    WRITE, TASKS, *SEEDS = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
