#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of lint.py must refuse its bad samples, at their line, and let the good one pass."""

import pathlib
import tempfile
import unittest

import lint

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"

GOOD = {
    "core/a.h": SPDX + '#include <vector>\n#include "absl/status/status.h"\n',
    "core/internal/c.h": SPDX + "#include <hwloc.h>\n",  # seen by no public header
    "sync/a.h": SPDX + '#include "weft/core/a.h"\n',
    "sync/a.cc": SPDX + '#include "weft/sync/a.h"\n#include <hwloc.h>\n'
                 "void F() { try { G(); } catch (...) { Keep(std::current_exception()); } }\n"
                 'const char* k = "sleep_for(1) std::regex"; // sleep_for(1), catch (...) {}\n',
    "scheduler/internal/d.h": SPDX + "#include <atomic>\n// std::atomic\n"
                              "typename P::template Atomic<int> a{std::memory_order_relaxed};\n",
    "scheduler/t.cc": SPDX + '#include "oneapi/tbb/task_arena.h"\nvoid F() { arena.enqueue(f); }\n',
    "scheduler/b.cc": SPDX + "std::atomic<int> a;\n",  # no protocol: the rule is for internal/
    "tools/m.cc": SPDX + '#include "weft/weft.h"\n#include <CLI/CLI.hpp>\n',
    "integrations/codebase/grammars/a.c": SPDX + '#include "alloc.h"\n',
    "tests/a_test.cc": SPDX + '#include "weft/core/internal/c.h"\n',
    "tests/run.sh": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n",
    "core/CMakeLists.txt": "# SPDX-License-Identifier: Apache-2.0\n",
    "README.md": "Anything.\n",
}

# rule: [(path, text without its SPDX line, line of the finding)]
BAD = {
    "upward_include": [
        ("core/b.h", '#include "weft/sync/a.h"\n', 2),
        ("sync/b.cc", '\n#  include <weft/scheduler/x.h>\n', 3),
        ("scheduler/internal/b.h", '#include "weft/integrations/codebase/x.h"\n', 2),
        ("integrations/codebase/b.h", '#include "weft/weft.h"\n', 2),
        ("core/b.cc", '#include "weft/testing/fake.h"\n', 2),
    ],
    "path_of_include": [
        ("core/b.cc", '#include "a.h"\n', 2),
        ("core/b.cc", '#include "core/a.h"\n', 2),
        ("sync/b.cc", '#include "../core/a.h"\n', 2),
    ],
    "internal_include": [
        ("tools/b.cc", '#include "weft/core/internal/c.h"\n', 2),
        ("examples/b.cc", '#include "weft/core/internal/c.h"\n', 2),
    ],
    "hidden_library": [
        ("scheduler/b.h", "#include <tbb/task_arena.h>\n", 2),
        ("scheduler/b.h", '#include "oneapi/tbb/task_arena.h"\n', 2),
        ("distribution/b.h", "#include <hwloc.h>\n", 2),
        ("distribution/b.h", "#include <hwloc/glibc-sched.h>\n", 2),
        ("integrations/codebase/b.h", "#include <tree_sitter/api.h>\n", 2),
        ("core/b.h", '#include "nlohmann/json.hpp"\n', 2),
        ("core/b.h", "#include <CLI/CLI.hpp>\n", 2),
    ],
    "sleep_in_test": [
        ("tests/b_test.cc", "void F() { std::this_thread::sleep_for(d); }\n", 2),
        ("tests/b_test.cc", "\nabsl::SleepFor(d);\n", 3),
        ("tests/testing/b.h", "inline void F() { usleep(10); }\n", 2),
        ("tests/b_test.cc", "void F() { ::sleep(1); }\n", 2),
        ("tests/b_test.cc", "void F() { t.sleep_until(u); }\n", 2),
    ],
    "std_regex": [
        ("core/b.cc", "#include <regex>\n", 2),
        ("tests/b_test.cc", 'auto r = std::regex("a");\n', 2),
    ],
    "atomic_outside_seam": [
        ("scheduler/internal/b.h", "#include <atomic>\nstd::atomic<int> a;\n", 3),
        ("scheduler/internal/b.cc", "std::atomic_ref<int> a(b);\n", 2),
        ("sync/b.h", "std::atomic_flag a;\n", 2),
        ("sync/internal/b.h", "std::atomic_thread_fence(std::memory_order_seq_cst);\n", 2),
        ("sync/b.cc", "\n__atomic_load_n(&a, __ATOMIC_RELAXED);\n", 3),
    ],
    "tasks_given_to_tbb": [
        ("scheduler/b.cc", "#include <oneapi/tbb/parallel_for.h>\n", 2),
        ("scheduler/b.cc", '#include "oneapi/tbb/task_group.h"\n', 2),
        ("scheduler/b.cc", '#include "oneapi/tbb/task_arena.h"\narena.execute(f);\n', 3),
        ("scheduler/b.cc", '#include "tbb/task_arena.h"\n\ntbb::this_task_arena::isolate(f);\n', 4),
    ],
    "empty_catch": [
        ("core/b.cc", "void F() {\n  try { G(); } catch (...) {}\n}\n", 3),
        ("tests/b_test.cc", "try { G(); } catch ( ... )\n{ /* never mind */ }\n", 2),
        ("core/b.cc", "try { G(); } catch (...) {\n  // never mind\n}\n", 2),
    ],
}


def write(root, files):
    for name, text in files.items():
        path = pathlib.Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(files, installed=None):
    with tempfile.TemporaryDirectory() as root:
        write(root, files)
        return lint.findings(lint.Tree(root, installed))


class LintTest(unittest.TestCase):
    def test_good_tree_has_no_finding(self):
        self.assertEqual(found(GOOD, {"weft/core/a.h", "weft/sync/a.h"}), [])

    def test_each_bad_sample_is_refused_once_at_its_line(self):
        for rule, samples in BAD.items():
            for path, text, line in samples:
                with self.subTest(rule=rule, text=text):
                    result = found(GOOD | {path: SPDX + text})
                    self.assertEqual(len(result), 1, result)
                    self.assertTrue(result[0].startswith(f"{path}:{line}: {rule}: "), result[0])

    def test_internal_header_is_public_when_a_public_one_includes_it(self):
        result = found(GOOD | {"core/b.h": SPDX + '#include "weft/core/internal/c.h"\n'})
        self.assertEqual(len(result), 1, result)
        self.assertIn("core/internal/c.h:2: hidden_library: public by core/b.h", result[0])

    def test_missing_spdx_is_refused_in_every_kind_of_file(self):
        for path, text, line in [("core/b.h", "#include <vector>\n", 1), ("core/b.cc", "", 1),
                                 ("tools/CMakeLists.txt", "add(x)\n", 1),
                                 ("cmake/b.cmake", "// SPDX-License-Identifier: Apache-2.0\n", 1),
                                 ("tests/b.py", "pass\n", 1), (".ci/run", "#!/bin/sh\necho\n", 2),
                                 ("dev", "#!/bin/sh\necho\n", 2)]:
            with self.subTest(path=path):
                result = found(GOOD | {path: text})
                self.assertEqual(len(result), 1, result)
                self.assertTrue(result[0].startswith(f"{path}:{line}: missing_spdx: "), result[0])

    def test_sleep_is_refused_in_scripts(self):
        spdx = "# SPDX-License-Identifier: Apache-2.0\n"
        for path, text in [("tests/b.py", "import time\ntime.sleep(1)\n"),
                           ("tests/b.sh", "true\n  sleep 1\n")]:
            with self.subTest(path=path):
                result = found(GOOD | {path: spdx + text})
                self.assertEqual(len(result), 1, result)
                self.assertTrue(result[0].startswith(f"{path}:3: sleep_in_test: "), result[0])

    def test_header_that_is_not_installed_is_refused(self):
        result = found(GOOD, {"weft/core/a.h"})
        self.assertEqual(len(result), 1, result)
        self.assertTrue(result[0].startswith("sync/a.h:1: header_not_installed: "), result[0])

    def test_readme_that_shows_another_example_is_refused(self):
        example = {"examples/first_graph.cc": SPDX + "\nint main() {}\n"}
        self.assertEqual(found(GOOD | example | {"README.md": "```cpp\nint main() {}\n```\n"}), [])
        for readme in ["Anything.\n", "```cpp\nint main() { return 1; }\n```\n"]:
            result = found(GOOD | example | {"README.md": readme})
            self.assertEqual(len(result), 1, result)
            self.assertTrue(result[0].startswith("README.md:1: readme_example: "), result[0])

    def test_readme_with_lines_of_no_example_is_refused(self):
        examples = {"examples/first_graph.cc": SPDX + "\nint main() {}\n",
                    "examples/b.cc": SPDX + "\nvoid F() {\n  a = 1;\n  // Why.\n  b = 2;\n  c = 3;\n}\n"}
        first = "```cpp\nint main() {}\n```\n"
        for part in ["a = 1;\nb = 2;\n", "// What.\nb = 2;\n\na = 1;\n"]:
            readme = {"README.md": f"{first}```cpp\n{part}```\n"}
            self.assertEqual(found(GOOD | examples | readme), [])
        for part in ["a = 2;\n", "a = 1;\nc = 3;\n", "= 1;\n", "a = 1;\n\nd = 4;\n"]:
            with self.subTest(part=part):
                result = found(GOOD | examples | {"README.md": f"{first}```cpp\n{part}```\n"})
                self.assertEqual(len(result), 1, result)
                self.assertTrue(result[0].startswith("README.md:4: readme_example: in no example: "))

    def test_contract_whose_test_is_missing_is_refused(self):
        tests = {"tests/a_test.cc": SPDX + "TEST(ATest, Holds) {}\nTEST_P(BTest, Holds) {}\n",
                 "tests/models/c_model.cc": SPDX + "TEST_F(CModel, Holds) {}\n"}
        head = "| no. | contract | fails without it |\n|---|---|---|\n"
        good = ["`ATest.Holds`", "`BTest.*`, `ATest`", "`CModel.Holds`, *DTest*", "*DTest*"]
        for named in good:
            page = {"docs/contracts.md": head + f"| 1 | order | {named} |\n"}
            self.assertEqual(found(GOOD | tests | page), [])
        for named in ["nothing", "ATest.Holds", "`ATest.Falls`", "`DTest.*`", "`DTest`",
                      "`ATest.Holds`, `BTest.Falls`", "*ATest*"]:
            with self.subTest(named=named):
                page = {"docs/contracts.md": head + f"| i1 | order | {named} |\n"}
                result = found(GOOD | tests | page)
                self.assertEqual(len(result), 1, result)
                self.assertIn("docs/contracts.md:3: contract_without_test: ", result[0])

    def test_every_rule_has_a_bad_sample(self):
        proven = set(BAD) | {"missing_spdx", "header_not_installed", "readme_example",
                             "contract_without_test"}
        self.assertEqual({rule.__name__ for rule in lint.RULES}, proven)


if __name__ == "__main__":
    unittest.main()
