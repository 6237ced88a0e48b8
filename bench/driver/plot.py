# SPDX-License-Identifier: Apache-2.0
"""The task-size curve as SVG: how much of a perfect speed-up is reached with tasks of which size."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 400
LEFT, TOP, RIGHT, BOTTOM = 60, 40, 560, 350
COLOURS = ["#c0392b", "#2c3e50", "#2980b9", "#27ae60", "#8e44ad", "#d68910", "#7f8c8d"]


def x_of(size, smallest, largest):
    span = math.log(largest / smallest) or 1.0
    return LEFT + (RIGHT - LEFT) * math.log(size / smallest) / span


def y_of(share):
    return BOTTOM - (BOTTOM - TOP) * min(share, 1.1) / 1.1


def text(x, y, words, anchor="middle", colour="#333"):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">' \
           f"{escape(words)}</text>"


def line(x1, y1, x2, y2, colour="#ddd"):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def axes(sizes):
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts += [line(LEFT, y_of(share), RIGHT, y_of(share)),
                  text(LEFT - 8, y_of(share) + 4, f"{share:.0%}", "end")]
    for size in sizes:
        x = x_of(size, sizes[0], sizes[-1])
        parts += [line(x, TOP, x, BOTTOM), text(x, BOTTOM + 18, str(size))]
    return parts + [text((LEFT + RIGHT) / 2, BOTTOM + 38, "length of a task in microseconds"),
                    text((LEFT + RIGHT) / 2, TOP - 16, "share of a perfect speed-up, 2 threads")]


def curve(points, sizes, name, index):
    colour = COLOURS[index % len(COLOURS)]
    places = " ".join(f"{x_of(size, sizes[0], sizes[-1]):.1f},{y_of(share):.1f}"
                      for size, share in points)
    return [f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"/>',
            text(RIGHT + 14, TOP + 12 + 20 * index, name, "start", colour)]


def svg(curves):
    """`curves`: {name: [(microseconds, share)]}, each in ascending order."""
    sizes = sorted({size for points in curves.values() for size, _ in points})
    parts = axes(sizes) if sizes else [text(WIDTH / 2, HEIGHT / 2, "no sizes were measured")]
    for index, (name, points) in enumerate(curves.items()):
        parts += curve(points, sizes, name, index)
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                      'font-family="sans-serif" font-size="12">',
                      f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
                      *parts, "</svg>", ""])
