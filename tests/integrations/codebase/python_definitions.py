#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the interpreter's own parser says of Python files. `python_definitions.py FOLDER` prints
one line for each class and function at any depth of every .py file below FOLDER, path, line and
name with tabs between, `path<TAB>0<TAB>` for the file itself, and `path<TAB>-<TAB>reason` for a file
that the interpreter refuses. What was installed beside the library is left out."""

import ast
import pathlib
import sys
import warnings

BESIDE = {"site-packages", "dist-packages"}
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def main():
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(100_000)
    root = pathlib.Path(sys.argv[1])
    out = sys.stdout.buffer
    for path in sorted(root.rglob("*.py")):
        if path.is_symlink() or not path.is_file() or BESIDE & set(path.parts):
            continue
        name = str(path.relative_to(root)).encode("utf-8", "surrogateescape")
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            out.write(b"%s\t-\t%s\n" % (name, type(error).__name__.encode()))
            continue
        out.write(b"%s\t0\t\n" % name)
        for node in ast.walk(tree):
            if isinstance(node, DEFINITIONS):
                out.write(b"%s\t%d\t%s\n" % (name, node.lineno, node.name.encode()))


main()
