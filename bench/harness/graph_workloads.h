// SPDX-License-Identifier: Apache-2.0
//
// Graphs that are built first and then run: rerun_*, once_cold_*, once_warm_*,
// conserve_* and memory_graph*.

#ifndef WEFT_BENCH_HARNESS_GRAPH_WORKLOADS_H_
#define WEFT_BENCH_HARNESS_GRAPH_WORKLOADS_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bench/harness/dag.h"
#include "bench/harness/library.h"
#include "bench/harness/process_stats.h"
#include "bench/harness/suite.h"
#include "bench/harness/work.h"

namespace weft::bench {

// Runs a small graph, so that threads have started.
template <RunsGraphs L>
void WakeThreads(L& library) {
  const Dag dag = Wavefront(8);
  Work work(dag.size());
  work.Spin(kHeavySteps);
  typename L::Graph(library, dag, work).Run();
}

// Builds it, runs it untimed twice with a check of the order, then runs it timed.
template <RunsGraphs L>
void Rerun(Measurement& measurement, int threads, const Dag& dag, std::uint32_t steps) {
  Work work(dag.size());
  L library(threads);
  typename L::Graph graph(library, dag, work);
  work.CheckOrder(&dag);
  graph.Run();
  graph.Run();
  work.CheckOrder(nullptr);
  work.Spin(steps);
  measurement.TimeRuns(dag.size(), [&] { graph.Run(); });
  measurement.Expect(work.Wrong(2 + measurement.run_count()));
}

template <RunsGraphs L>
void BuildRunDestroy(L& library, const Dag& dag, Work& work) {
  typename L::Graph graph(library, dag, work);
  graph.Run();
}

// The check comes last: what is timed is the first large thing that the process does.
template <RunsGraphs L>
void OnceCold(Measurement& measurement, int threads, const Dag& dag) {
  Work work(dag.size());
  L library(threads);
  WakeThreads(library);
  ReturnFreedMemory();
  measurement.TimeRuns(dag.size(), [&] { BuildRunDestroy(library, dag, work); });
  work.CheckOrder(&dag);
  BuildRunDestroy(library, dag, work);
  measurement.Expect(work.Wrong(1 + measurement.run_count()));
}

template <RunsGraphs L>
void OnceWarm(Measurement& measurement, int threads, const Dag& dag) {
  const KeepFreedMemory keep;
  Work work(dag.size());
  L library(threads);
  work.CheckOrder(&dag);
  BuildRunDestroy(library, dag, work);
  work.CheckOrder(nullptr);
  measurement.TimeRuns(dag.size(), [&] { BuildRunDestroy(library, dag, work); });
  measurement.Expect(work.Wrong(1 + measurement.run_count()));
}

// How long one such sleep really takes.
inline double MeasureSleep(std::chrono::microseconds duration) {
  Work work(1);
  work.Sleep(1, duration);
  std::vector<double> took(15);
  for (double& one : took) {
    const auto begin = std::chrono::steady_clock::now();
    work.Run(0);
    one =
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
  }
  return Median(std::move(took));
}

// Work conservation: do all threads work while there is work? Bodies that sleep show it
// for more threads than the machine has. 1 is the lower bound.
template <RunsGraphs L>
void Conserve(Measurement& measurement, int threads, const Dag& dag, std::uint32_t every,
              std::chrono::microseconds duration) {
  Work work(dag.size());
  L library(threads);
  typename L::Graph graph(library, dag, work);
  graph.Run();
  work.Sleep(every, duration);
  const double sleeps = (dag.size() + every - 1) / every;
  const double bound = sleeps * MeasureSleep(duration) / threads;
  measurement.Report("x_of_bound", measurement.MedianOfRuns([&] { graph.Run(); }) / bound);
  measurement.Expect(work.Wrong(1 + measurement.run_count()));
}

// What a graph that is ready to run occupies, beyond what its process had before.
template <RunsGraphs L>
void GraphMemory(Measurement& measurement, int threads, const Dag& dag) {
  Work work(dag.size());
  L library(threads);
  WakeThreads(library);
  measurement.RunOnce([&] {
    ReturnFreedMemory();
    const double before = ResidentBytes();
    typename L::Graph graph(library, dag, work);
    graph.Run();
    ReturnFreedMemory();
    measurement.Report("bytes_per_task", (ResidentBytes() - before) / dag.size());
  });
  measurement.Report("edges_per_task", static_cast<double>(dag.edge_count()) / dag.size());
  measurement.Expect(work.Wrong(1));
}

template <RunsGraphs L>
void AddReruns(Suite& suite, int threads) {
  const bool small = suite.flags().small;
  for (const Shape& shape : {kChain, kTree, kWavefront, kRandom, kIndependent, kWave32}) {
    for (const bool heavy : {false, true}) {
      const std::uint32_t extent = small ? shape.small : heavy ? shape.heavy : shape.full;
      const int more = shape.name == kWave32.name && !small ? 60 : 1;
      suite.Add("rerun_" + std::string(shape.name) + (heavy ? "_700ns" : ""), L::kName, threads,
                suite.flags().runs * more, [=](Measurement& measurement) {
                  Rerun<L>(measurement, threads, shape.make(extent), heavy ? kHeavySteps : 0);
                });
    }
  }
}

template <RunsGraphs L>
void AddOnces(Suite& suite, int threads) {
  for (const Shape& shape : {kChain, kWavefront, kRandom, kIndependent}) {
    const std::uint32_t extent = suite.flags().small ? shape.small : shape.full;
    const std::string name(shape.name);
    suite.Add("once_cold_" + name, L::kName, threads, 1, [=](Measurement& measurement) {
      OnceCold<L>(measurement, threads, shape.make(extent));
    });
    suite.Add("once_warm_" + name, L::kName, threads, [=](Measurement& measurement) {
      OnceWarm<L>(measurement, threads, shape.make(extent));
    });
  }
}

template <RunsGraphs L>
void AddConservation(Suite& suite) {
  constexpr int kThreads = 8;
  struct Case {
    const char* name;
    Dag (*make)(std::uint32_t);
    std::uint32_t extent;
    std::uint32_t small;
    std::uint32_t every;
  };
  const bool small = suite.flags().small;
  const std::chrono::microseconds duration(small ? 100 : 2000);
  for (const Case& c : {Case{"fan", Fan, 400, 40, 1}, Case{"tree", Tree, 16, 8, 97},
                        Case{"random", RandomLayers, 1000, 4, 211}}) {
    suite.Add(std::string("conserve_") + c.name, L::kName, kThreads, [=](Measurement& measurement) {
      Conserve<L>(measurement, kThreads, c.make(small ? c.small : c.extent), c.every, duration);
    });
  }
}

template <RunsGraphs L>
void AddGraphMemory(Suite& suite) {
  const int threads = ThreadCounts<L>().front();
  const bool small = suite.flags().small;
  suite.Add("memory_graph", L::kName, threads, 1, [=](Measurement& measurement) {
    GraphMemory<L>(measurement, threads, Independent(small ? 500 : 1'000'000));
  });
  suite.Add("memory_graph_edges", L::kName, threads, 1, [=](Measurement& measurement) {
    GraphMemory<L>(measurement, threads, Wavefront(small ? 20 : 1000));
  });
}

template <RunsGraphs L>
void AddGraphWorkloads(Suite& suite) {
  for (const int threads : ThreadCounts<L>()) {
    AddReruns<L>(suite, threads);
    AddOnces<L>(suite, threads);
  }
  AddGraphMemory<L>(suite);
  if constexpr (!Sequential<L>) AddConservation<L>(suite);
}

}  // namespace weft::bench

#endif  // WEFT_BENCH_HARNESS_GRAPH_WORKLOADS_H_
