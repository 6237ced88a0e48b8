#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the protocols, one patch at a time, and expects a model to notice. `mutate.py TREE
SCRATCH [WORD...]` tries the mutants whose name contains one of the words, or all; `./dev mutate`
calls it. docs/concurrency.md says how a mutant is written."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

KINDS = {"weakened ordering", "dropped re-check", "notify one for all",
         "decrement before result stored", "push twice at zero", "forgotten permit",
         "non-atomic update", "wrong reset on re-run", "wrong bound"}
FOLDERS = ["core", "sync", "distribution", "scheduler", "integrations/trace", "tests/models"]
FLAGS = ["-std=c++20", "-O1", "-DWEFT_SANITIZED=0", "-w"]
LIBRARIES = ["-lgtest_main", "-lgtest", "-lgmock", "-pthread"]
TIMEOUT = 300  # seconds, of one run
FAILURE = re.compile(r"^model (\w+): (.*?)$.*?^found after (\d+) schedules", re.M | re.S)


class Broken(Exception):
    """The mutant, not what it mutates, is at fault."""


class Mutant:
    def __init__(self, path):
        self.path = path
        self.name = path.stem
        text = path.read_text(encoding="utf-8")
        head = text.split("\n--- ")[0]
        self.headers = dict(re.findall(r"^(Kind|Model|Test): (.+)$", head, re.M))
        self.targets = re.findall(r"^\+\+\+ b/(\S+)", text, re.M)
        missing = {"Kind", "Model", "Test"} - set(self.headers)
        if missing:
            raise Broken(f"{path.name}: no line '{sorted(missing)[0]}: ...'")
        if self.headers["Kind"] not in KINDS:
            raise Broken(f"{path.name}: unknown kind '{self.headers['Kind']}'")
        if not self.targets or any("/internal/" not in t for t in self.targets):
            raise Broken(f"{path.name}: must change headers under an internal/ folder")


class Bench:
    """A copy of what the models need, and objects of what no mutant changes."""

    def __init__(self, tree, scratch):
        self.scratch = scratch
        self.base = scratch / "base"
        shutil.rmtree(scratch, ignore_errors=True)
        for folder in FOLDERS:
            shutil.copytree(tree / folder, self.base / folder)
        (self.base / "include").mkdir()
        (self.base / "include" / "weft").symlink_to(self.base)
        compiler = os.environ.get("CXX", "g++")
        self.compiler = (["ccache"] if shutil.which("ccache") else []) + compiler.split()
        self.link = compiler.split()

    def compile(self, source, output, overlay=None):
        """None, or what the compiler said."""
        includes = ([f"-I{overlay}"] if overlay else []) + \
            [f"-I{self.base / 'include'}", f"-I{self.base / 'tests'}"]
        command = self.compiler + FLAGS + includes + ["-c", str(source), "-o", str(output)]
        done = subprocess.run(command, cwd=self.scratch, capture_output=True, text=True)
        return done.stderr if done.returncode else None

    def prepare(self, pool):
        folder = self.base / "tests/models"
        sources = sorted(s for s in folder.glob("*.cc") if not re.search("_(test|model)$", s.stem))
        self.objects = [self.scratch / (s.stem + ".o") for s in sources]
        for error in pool.map(self.compile, sources, self.objects):
            if error:
                raise Broken(error)

    def run(self, name, model, test, overlay=None):
        """(code, output) of one test of a model, built with the headers of an overlay."""
        output = self.scratch / f"{name}.o"
        error = self.compile(self.base / "tests/models" / model, output, overlay)
        if error:
            raise Broken(f"{name} does not compile:\n{error}")
        program = self.scratch / name
        done = subprocess.run(self.link + [str(output)] + [str(o) for o in self.objects] +
                              ["-o", str(program)] + LIBRARIES, capture_output=True, text=True)
        if done.returncode:
            raise Broken(f"{name} does not link:\n{done.stderr}")
        try:
            done = subprocess.run([str(program), f"--gtest_filter={test}"], capture_output=True,
                                  text=True, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            return None, f"not at its end after {TIMEOUT} s"
        if " 0 tests from" in done.stdout:
            raise Broken(f"{name}: there is no test {test} in {model}")
        return done.returncode, done.stdout + done.stderr

    def run_mutant(self, mutant):
        """The models that killed it, one line each, or None."""
        overlay = self.scratch / "overlays" / mutant.name
        for target in mutant.targets:
            (overlay / "weft" / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.base / target, overlay / "weft" / target)
        done = subprocess.run(["patch", "-p1", "-F0", "-s", "-d", str(overlay / "weft"), "-i",
                               str(mutant.path)], capture_output=True, text=True)
        if done.returncode:
            raise Broken(f"{mutant.path.name} does not apply any more:\n{done.stdout}{done.stderr}")
        code, output = self.run(mutant.name, mutant.headers["Model"], mutant.headers["Test"],
                                overlay)
        found = FAILURE.search(output)
        # A crash says that something is wrong, not that a model has found it.
        if code == 1 and found:
            return f"{found[1]} after {found[3]}: {found[2]}"
        return None


def attempt(bench, mutant):
    """(whether all is well, a line of the table)"""
    try:
        killed = bench.run_mutant(mutant)
    except Broken as error:
        return False, f"{mutant.name:<34} BROKEN    {error}"
    if killed is None:
        how = f"{mutant.headers['Test']} ({mutant.headers['Kind']})"
        return False, f"{mutant.name:<34} SURVIVED  {how}"
    return True, f"{mutant.name:<34} killed    {killed}"


def main(tree, scratch, words):
    paths = sorted((tree / "tests/models/mutants").glob("*.patch"))
    mutants = [Mutant(p) for p in paths if not words or any(w in p.stem for w in words)]
    if not mutants:
        raise Broken("no such mutant")
    bench = Bench(tree, scratch)
    workers = os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        bench.prepare(pool)
        models = sorted({m.headers["Model"] for m in mutants})
        for model in models:
            tests = ":".join({m.headers["Test"] for m in mutants if m.headers["Model"] == model})
            code, output = bench.run(pathlib.Path(model).stem, model, tests)
            if code != 0:
                raise Broken(f"{model} fails without a mutant:\n{output}")
        survived = 0
        for good, line in pool.map(lambda m: attempt(bench, m), mutants):
            survived += not good
            print(line, flush=True)
    print(f"{len(mutants) - survived} killed, {survived} not")
    return 1 if survived else 0


if __name__ == "__main__":
    try:
        sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:]))
    except Broken as problem:
        print(f"mutate: {problem}", file=sys.stderr)
        sys.exit(1)
