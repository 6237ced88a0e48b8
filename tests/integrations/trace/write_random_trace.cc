// SPDX-License-Identifier: Apache-2.0
//
// `write_random_trace TRACE EDGES TASKS SLOTS SEED` writes the trace of a random graph, and its
// edges as lines "<task> <task>", each number as the trace has it: for validate_trace.py, and for a
// viewer.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "integrations/trace/fake_scheduler.h"
#include "weft/integrations/trace/trace_writer.h"

namespace weft::testing {
namespace {

std::uint64_t Packed(TaskId id) { return (std::uint64_t{id.generation} << 32) | id.index; }

int Main(char** arguments) {
  auto writer = TraceWriter::Create(arguments[1]);
  if (!writer.ok()) {
    std::fprintf(stderr, "%s\n", writer.status().ToString().c_str());
    return 1;
  }
  FakePlan plan;
  plan.tasks = std::atoi(arguments[3]);
  plan.slots = std::atoi(arguments[4]);
  plan.seed = std::strtoull(arguments[5], nullptr, 10);
  FakeScheduler scheduler(plan, **writer);
  scheduler.RunThreads();
  const absl::Status closed = (*writer)->Close();
  if (!closed.ok()) {
    std::fprintf(stderr, "%s\n", closed.ToString().c_str());
    return 1;
  }
  std::ofstream edges(arguments[2]);
  for (const auto& [from, to] : scheduler.edges())
    edges << Packed(from) << ' ' << Packed(to) << '\n';
  edges.close();
  const TraceStats stats = (*writer)->stats();
  std::printf("%d tasks, %lld arrows, %lld bytes, writer %.0f ms\n", plan.tasks,
              static_cast<long long>(stats.arrows), static_cast<long long>(stats.bytes),
              absl::ToDoubleMilliseconds(stats.writer_cpu));
  return edges.good() ? 0 : 1;
}

}  // namespace
}  // namespace weft::testing

int main(int count, char** arguments) {
  if (count == 6) return weft::testing::Main(arguments);
  std::fprintf(stderr, "write_random_trace TRACE EDGES TASKS SLOTS SEED\n");
  return 2;
}
