#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks a trace against the format as perfetto.dev publishes it (perfetto.protos.Trace, TrackEvent)
and imports it as a viewer does. `validate_trace.py TRACE [EDGES]` prints what is in it, and one line
for each rule that is broken; EDGES has a line "<from> <to>" for each arrow that must be there, by
correlation id. Ends with 1 if a rule is broken. validate_trace_test.py proves each rule."""

import collections
import struct
import sys

RULES = {
    "only_packets": "the file is a Trace: nothing but field 1, TracePackets",
    "cut_short": "the last packet is whole",
    "wire": "each message is well formed, each field of the type that its number has",
    "known_field": "no field that has no business in such a trace",
    "one_sequence": "every packet belongs to sequence 1",
    "state_cleared_first": "the first packet, and no other, clears the incremental state",
    "needs_state": "a packet that defines or uses interned texts says so",
    "interned_once": "an interned text is defined once, with a number above 0, in UTF-8",
    "interned_before_use": "it is defined before it is used",
    "track_once": "a track is described once, below one that was described before",
    "track_before_use": "it is described before its first event",
    "event_type": "an event is a beginning, an end, a mark or a counter's value, and has a time",
    "track_kind": "counters lie on tracks of counters, everything else on others",
    "time_order": "times do not fall within a track, but for that of other threads",
    "slices_nest": "each end closes the innermost slice of its track, and none is left open",
    "rows_are_flat": "slices in a row of waits do not overlap",
    "flow_once": "a flow begins once and ends once",
    "flow_forward": "a flow ends later than it begins",
    "flow_has_task": "flows lead from a task to a task",
    "counter_values": "the last value of what is ready, and of what runs, is zero",
    "arrows": "the arrows are the edges, each once",
}

VARINT, EIGHT, SIZED = 0, 1, 2
PACKET = {8: VARINT, 10: VARINT, 11: SIZED, 12: SIZED, 13: VARINT, 60: SIZED}
TRACK = {1: VARINT, 2: SIZED, 3: SIZED, 5: VARINT, 8: SIZED, 11: VARINT, 12: VARINT, 15: VARINT}
EVENT = {3: VARINT, 4: SIZED, 9: VARINT, 10: VARINT, 11: VARINT, 30: VARINT, 47: EIGHT, 48: EIGHT,
         52: VARINT}
NOTE = {1: VARINT, 4: VARINT, 17: VARINT}
LISTS = {1: SIZED, 2: SIZED, 3: SIZED, 29: SIZED}
TEXT = {1: VARINT, 2: SIZED}
PROCESS = {1: VARINT, 6: SIZED}
COUNTER = {3: VARINT, 6: SIZED}
BEGIN, END, MARK, COUNT = 1, 2, 3, 4


class Malformed(Exception):
    pass


def varint(data, at, end):
    value = shift = 0
    while True:
        if at >= end or shift > 63:
            raise Malformed
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            return value, at
        shift += 7


class Trace:
    def __init__(self, data):
        self.data = data
        self.broken = collections.Counter()
        self.first = {}
        self.packets = 0
        self.texts = collections.defaultdict(dict)
        self.tracks = {}  # id: (name, whether a counter)
        self.last = {}  # track: its latest time in the file
        self.events = []  # (time, order, type, track, task, flows, ending flows, value)

    def fault(self, rule, what=""):
        assert rule in RULES, rule
        self.broken[rule] += 1
        self.first.setdefault(rule, f"packet {self.packets}: {what}")

    def fields(self, at, end, known):
        """(number, value or (begin, end)) of each field of a message."""
        data = self.data
        while at < end:
            tag, at = varint(data, at, end)
            number, kind = tag >> 3, tag & 7
            if kind == VARINT:
                value, at = varint(data, at, end)
            elif kind == EIGHT:
                if at + 8 > end:
                    raise Malformed
                value = struct.unpack_from("<Q", data, at)[0]
                at += 8
            elif kind == SIZED:
                size, at = varint(data, at, end)
                if at + size > end:
                    raise Malformed
                value = (at, at + size)
                at += size
            else:
                raise Malformed
            if number not in known:
                self.fault("known_field", number)
            elif known[number] != kind:
                self.fault("wire", f"field {number} is of type {kind}")
            else:
                yield number, value

    def read(self):
        at, end = 0, len(self.data)
        while at < end:
            try:
                tag, begin = varint(self.data, at, end)
                size, begin = varint(self.data, begin, end)
            except Malformed:
                return self.fault("cut_short")
            if tag != (1 << 3 | SIZED):
                return self.fault("only_packets", f"tag {tag}")
            if begin + size > end:
                return self.fault("cut_short")
            self.packets += 1
            at = begin + size
            try:
                self.packet(begin, at)
            except Malformed:
                self.fault("wire")

    def packet(self, at, end):
        time = sequence = texts = track = event = None
        flags = 0
        for number, value in self.fields(at, end, PACKET):
            if number == 8:
                time = value
            elif number == 10:
                sequence = value
            elif number == 11:
                event = value
            elif number == 12:
                texts = value
            elif number == 13:
                flags = value
            else:
                track = value
        if sequence != 1:
            self.fault("one_sequence", sequence)
        if (self.packets == 1) != bool(flags & 1):
            self.fault("state_cleared_first")
        uses = texts is not None
        if texts is not None:
            self.define(*texts)
        if track is not None:
            self.describe(*track)
        if event is not None:
            uses |= self.event(time, *event)
        if uses and not flags & 2:
            self.fault("needs_state")

    def define(self, at, end):
        for kind, inside in self.fields(at, end, LISTS):
            number, text = 0, (0, 0)
            for field, value in self.fields(*inside, TEXT):
                if field == 1:
                    number = value
                else:
                    text = value
            raw = bytes(self.data[text[0]:text[1]])
            try:
                decoded = raw.decode("utf-8")
            except UnicodeDecodeError:
                decoded = None
            if number == 0 or number in self.texts[kind] or decoded is None:
                self.fault("interned_once", number)
            self.texts[kind][number] = decoded

    def describe(self, at, end):
        track, name, parent, counter, process = 0, "", 0, False, False
        for number, value in self.fields(at, end, TRACK):
            if number == 1:
                track = value
            elif number == 2:
                name = bytes(self.data[value[0]:value[1]]).decode("utf-8", "replace")
            elif number == 3:
                process = True
                collections.deque(self.fields(*value, PROCESS), 0)
            elif number == 5:
                parent = value
            elif number == 8:
                counter = True
                collections.deque(self.fields(*value, COUNTER), 0)
        if track == 0 or track in self.tracks or (parent not in self.tracks) != process:
            self.fault("track_once", f"{track} {name}")
        self.tracks[track] = (name, counter)
        self.last[track] = 0

    def text(self, kind, number):
        if number not in self.texts[kind]:
            self.fault("interned_before_use", number)

    def event(self, time, at, end):
        kind = track = task = value = 0
        flows, endings, uses = (), (), False
        for number, found in self.fields(at, end, EVENT):
            if number == 9:
                kind = found
            elif number == 11:
                track = found
            elif number == 52:
                task = found
            elif number == 30:
                value = found
            elif number == 47:
                flows += (found,)
            elif number == 48:
                endings += (found,)
            elif number == 4:
                uses = True
                for note, what in self.fields(*found, NOTE):
                    if note != 4:
                        self.text(3 if note == 1 else 29, what)
            else:
                uses = True
                self.text(1 if number == 3 else 2, found)
        if not BEGIN <= kind <= COUNT or time is None:
            self.fault("event_type", kind)
        elif track not in self.tracks:
            self.fault("track_before_use", track)
        else:
            name, counter = self.tracks[track]
            if counter != (kind == COUNT):
                self.fault("track_kind", name)
            if time < self.last[track] and name != "other threads":
                self.fault("time_order", name)
            self.last[track] = time
            self.events.append((time, len(self.events), kind, track, task, flows, endings, value))
        return uses

    def follow(self):
        """As an importer: by time, and in the order of the file at one time."""
        self.events.sort()
        opened = collections.defaultdict(list)
        begun, self.arrows, values = {}, [], {}
        self.slices = self.marks = 0
        for time, _, kind, track, task, flows, endings, value in self.events:
            name = self.tracks[track][0]
            if kind == COUNT:
                values[name] = value
                continue
            if kind == BEGIN:
                if name in ("waiting", "parked") and opened[track]:
                    self.fault("rows_are_flat", time)
                opened[track].append(task)
                self.slices += 1
            elif kind == END:
                if not opened[track]:
                    self.fault("slices_nest", time)
                    continue
                task = opened[track].pop()
            else:
                self.marks += 1
            if (flows or endings) and task == 0:
                self.fault("flow_has_task", time)
            for flow in flows:
                if flow in begun:
                    self.fault("flow_once", flow)
                begun[flow] = (time, task)
            for flow in endings:
                if begun.get(flow) is None:
                    self.fault("flow_once", flow)
                    continue
                began, source = begun[flow]
                if began >= time:
                    self.fault("flow_forward", flow)
                begun[flow] = None
                self.arrows.append((source, task))
        if any(opened.values()):
            self.fault("slices_nest", "left open")
        for flow, end in begun.items():
            if end is not None:
                self.fault("flow_once", flow)
        for name in ("ready tasks", "running tasks"):
            if values.get(name, 0) != 0:
                self.fault("counter_values", name)

    def compare(self, edges):
        found, expected = collections.Counter(self.arrows), collections.Counter(edges)
        if found != expected:
            self.fault("arrows", f"{sum((found - expected).values())} too many, "
                       f"{sum((expected - found).values())} missing")


def validate(data, edges=None):
    trace = Trace(data)
    trace.read()
    trace.follow()
    if edges is not None:
        trace.compare(edges)
    return trace


def main(arguments):
    with open(arguments[0], "rb") as file:
        data = file.read()
    edges = None
    if len(arguments) > 1:
        with open(arguments[1], encoding="ascii") as file:
            edges = [tuple(map(int, line.split())) for line in file]
    trace = validate(data, edges)
    print(f"{len(data)} bytes, {trace.packets} packets, {len(trace.tracks)} tracks, "
          f"{trace.slices} slices, {trace.marks} marks, {len(trace.arrows)} arrows")
    for rule, times in sorted(trace.broken.items()):
        print(f"{rule}: {RULES[rule]}; broken {times} times, first in {trace.first[rule]}")
    return 1 if trace.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
