#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses what the tree must not contain. `lint.py TREE [INSTALLED_HEADERS]` prints one line a
finding, `path:line: rule: text`, and ends with 1 if there is any; lint_test.py proves each rule."""

import pathlib
import re
import sys

FLOORS = ["core", "sync", "distribution", "scheduler", "integrations", "tools"]
FOLDERS = FLOORS + ["tests", "bench", "examples", "cmake", ".ci"]
CODE = {".h", ".cc", ".c"}
SCRIPTS = {".py", ".sh", ".cmake", ".txt"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include\s*([<"])([^>"]+)[>"]', re.M)
SLEEP = re.compile(r"\b(sleep_for|sleep_until|SleepFor|usleep|nanosleep|sleep)\s*\(|time\.sleep|^\s*sleep\s", re.M)
EMPTY_CATCH = re.compile(r"catch\s*\(\s*\.\.\.\s*\)\s*\{\s*;?\s*\}")
STD_REGEX = re.compile(r"\bstd::w?(regex|smatch|cmatch|sregex)|#\s*include\s*<regex>")
STD_ATOMIC = re.compile(r"\bstd::atomic\w*|\b__atomic_\w+|\b__sync_\w+")
HIDDEN_LIBRARIES = re.compile(
    r"^(tbb|oneapi|hwloc|tree_sitter|nlohmann|CLI|sqlite3?|curl|xxhash)(/|\.h|\.hpp|$)")
TBB_HEADER = re.compile(r"^(oneapi/)?tbb(/|\.h)")
LENT_THREADS = re.compile(r"/(task_arena|global_control)\.h$")
RUNS_IN_ARENA = re.compile(r"\.(execute|wait_for|drain)\s*\(|\bthis_task_arena\b")
TEST_NAME = re.compile(r"^TEST(?:_P|_F)?\(\s*(\w+),\s*(\w+)\)", re.M)
NAMED_TEST = re.compile(r"`(\w+(?:Test|Model))(?:\.(\w+|\*))?`|\*(\w+(?:Test|Model))\*")
COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<raw>[^()\s\\]*)\(.*?\)(?P=raw)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.S)


def without_comments(text, strings=False):
    """`text` with comments (and the insides of strings) blanked, every line in its place."""
    def blank(match):
        found = match.group(0)
        if found[0] == "/" or strings:
            return re.sub(r"[^\n]", " ", found)
        return found
    return COMMENT_OR_STRING.sub(blank, text)


def floor_of(path):
    """Which floor a path within the tree belongs to, or None."""
    return path.split("/")[0] if path.split("/")[0] in FLOORS else None


def is_internal(path):
    return "internal" in path.split("/")[:-1]


class Tree:
    def __init__(self, root, installed=None):
        self.root = pathlib.Path(root)
        self.installed = installed
        self.files = {}
        for folder in FOLDERS:
            for path in sorted((self.root / folder).rglob("*")):
                self.add(path)
        for path in sorted(self.root.iterdir()):
            self.add(path)

    def add(self, path):
        name = path.relative_to(self.root).as_posix()
        if not path.is_file() or path.is_symlink():
            return
        script = path.suffix in SCRIPTS and (path.suffix != ".txt" or path.name == "CMakeLists.txt")
        if path.suffix in CODE or script or path.read_bytes()[:2] == b"#!":
            self.files[name] = path.read_text(encoding="utf-8")

    def code(self, *folders):
        return {n: t for n, t in self.files.items()
                if pathlib.Path(n).suffix in CODE and (not folders or n.split("/")[0] in folders)}

    def includes(self, name):
        """(line, quote, target) of each include of a file."""
        text = without_comments(self.files[name])
        return [(text.count("\n", 0, m.start()) + 1, m.group(1), m.group(2))
                for m in INCLUDE.finditer(text)]


def matches(pattern, text):
    for match in pattern.finditer(text):
        start = match.start() + len(match.group(0)) - len(match.group(0).lstrip())
        yield text.count("\n", 0, start) + 1, match.group(0).strip()


def upward_include(tree):
    for name in tree.code(*FLOORS):
        own = floor_of(name)
        for line, _, target in tree.includes(name):
            parts = target.split("/")
            if parts[0] != "weft":
                continue
            if parts[1] in FLOORS:
                if FLOORS.index(parts[1]) > FLOORS.index(own):
                    yield name, line, f"{own} stands below {parts[1]}: {target}"
            elif own != "tools":
                yield name, line, f"{own} may include only the floors below it: {target}"


def path_of_include(tree):
    for name in tree.code(*FLOORS):
        if "grammars" in name.split("/")[:-1]:
            continue  # C that is compiled as a part of tree-sitter, with its folders
        for line, quote, target in tree.includes(name):
            if quote == '"' and ("/" not in target or ".." in target or floor_of(target)):
                yield name, line, f'write the full path, "weft/...": {target}'


def internal_include(tree):
    for name in tree.code("tools", "examples"):
        for line, _, target in tree.includes(name):
            if target.startswith("weft/") and is_internal(target):
                yield name, line, f"uses only the public headers: {target}"


def hidden_library(tree):
    """Third parties must not be seen through a public header, nor through what that includes."""
    headers = [n for n in tree.code(*FLOORS) if n.endswith(".h")]
    seen = {n: n for n in headers if not is_internal(n) and floor_of(n) != "tools"}
    todo = list(seen)
    while todo:
        name = todo.pop()
        for line, _, target in tree.includes(name):
            if HIDDEN_LIBRARIES.match(target):
                yield name, line, f"public by {seen[name]}, must not include {target}"
            below = target.removeprefix("weft/")
            if target.startswith("weft/") and below in tree.files and below not in seen:
                seen[below] = seen[name]
                todo.append(below)


def sleep_in_test(tree):
    for name, text in tree.files.items():
        if name.split("/")[0] == "tests" and not name.startswith("tests/lint/"):
            blanked = without_comments(text, strings=True) if name in tree.code() else text
            for line, found in matches(SLEEP, blanked):
                yield name, line, f"wait for what you mean: {found}"


def std_regex(tree):
    for name, text in tree.code().items():
        for line, found in matches(STD_REGEX, without_comments(text, strings=True)):
            yield name, line, f"recurses over its input: {found}"


def atomic_outside_seam(tree):
    """What is not written over a platform (core/internal/platform.h) no model can check."""
    for name, text in tree.code("sync", "scheduler").items():
        if floor_of(name) == "sync" or name.startswith("scheduler/internal/"):
            for line, found in matches(STD_ATOMIC, without_comments(text, strings=True)):
                yield name, line, f"use the platform's Atomic: {found}"


def empty_catch(tree):
    for name, text in tree.code().items():
        for line, _ in matches(EMPTY_CATCH, without_comments(text)):
            yield name, line, "keeps no record of what was thrown"


def missing_spdx(tree):
    for name, text in tree.files.items():
        lines = text.split("\n")
        at = 1 if text.startswith("#!") else 0
        mark = "//" if name in tree.code() else "#"
        if len(lines) <= at or lines[at] != f"{mark} SPDX-License-Identifier: Apache-2.0":
            yield name, at + 1, f"expected '{mark} SPDX-License-Identifier: Apache-2.0'"


def header_not_installed(tree):
    """An outsider would miss it; what is private belongs to an internal/ folder."""
    if tree.installed is None:
        return
    for name in tree.code(*FLOORS):
        if name.endswith(".h") and not is_internal(name) and floor_of(name) != "tools":
            if "weft/" + name not in tree.installed:
                yield name, 1, "name it in HEADERS, or move it to an internal/ folder"


def readme_example(tree):
    """What a reader copies has been compiled and run."""
    readme = tree.root / "README.md"
    example = tree.files.get("examples/first_graph.cc")
    if example is None or not readme.is_file():
        return
    text = readme.read_text(encoding="utf-8")
    shown = list(re.finditer(r"```cpp\n(.*?)```", text, re.S))
    if not shown or shown[0][1] != example.split("\n\n", 1)[1]:
        yield "README.md", 1, "the example must be examples/first_graph.cc below its header"
    examples = [bare_lines(code) for code in tree.code("examples").values()]
    for block in shown[1:]:
        line = text[:block.start()].count("\n") + 1
        for part in map(bare_lines, block[1].split("\n\n")):
            if not any(part in each for each in examples):
                yield "README.md", line, "in no example: " + part.strip().replace("\n", " ")


def bare_lines(text):
    """Its lines, without indentation and without those that only comment."""
    lines = [line.strip() for line in text.split("\n")]
    return "\n" + "".join(line + "\n" for line in lines if line and not line.startswith("//"))


def contract_without_test(tree):
    """Each row of docs/contracts.md names what fails without it; *Suite* is one to come."""
    page = tree.root / "docs/contracts.md"
    if not page.is_file():
        return
    suites = {}
    for name, text in tree.code("tests").items():
        for suite, case in TEST_NAME.findall(text):
            suites.setdefault(suite, set()).add(case)
    for line, text in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
        found = list(NAMED_TEST.finditer(text))
        row = re.match(r"\| *(\d+|[a-z]+\d*) *\|", text)
        if row and not found:
            yield "docs/contracts.md", line, f"row {row[1]} names no test"
        for suite, case, to_come in (match.groups() for match in found):
            if to_come in suites:
                yield "docs/contracts.md", line, f"has come, write `{to_come}.*`: {to_come}"
            elif suite and (suite not in suites or case not in suites[suite] | {"*", None}):
                yield "docs/contracts.md", line, f"no such test: {suite}.{case or '*'}"


def tasks_given_to_tbb(tree):
    """oneTBB lends threads by enqueue and runs no task of ours: its rules for exceptions, waits
    and nesting must not reach them."""
    for name, text in tree.code("scheduler").items():
        ours = [(line, t) for line, _, t in tree.includes(name) if TBB_HEADER.match(t)]
        for line, target in ours:
            if not LENT_THREADS.search(target):
                yield name, line, f"only task_arena.h and global_control.h: {target}"
        for line, found in matches(RUNS_IN_ARENA, without_comments(text, strings=True)):
            if ours:
                yield name, line, f"pumps are started by enqueue alone: {found}"


RULES = [upward_include, path_of_include, internal_include, hidden_library, sleep_in_test,
         std_regex, atomic_outside_seam, empty_catch, missing_spdx, header_not_installed,
         readme_example, contract_without_test, tasks_given_to_tbb]


def findings(tree):
    return sorted(f"{name}:{line}: {rule.__name__}: {text}"
                  for rule in RULES for name, line, text in rule(tree))


def main(arguments):
    installed = None
    if len(arguments) > 1:
        installed = set(pathlib.Path(arguments[1]).read_text().split())
    tree = Tree(arguments[0], installed)
    found = findings(tree)
    print("\n".join(found + [f"{len(tree.files)} files, {len(found)} findings"]))
    return 1 if found or not tree.files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
