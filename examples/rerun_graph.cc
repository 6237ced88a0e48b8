// SPDX-License-Identifier: Apache-2.0
//
// A graph that is built once and run for many inputs: how many steps does Collatz's
// rule take from each number to 1? With a loop, and a choice inside it.

#include <iostream>

#include "weft/weft.h"

int main() {
  int start = 0;
  int number = 0;
  int steps = 0;
  int most_steps = 0;
  int found = 0;

  weft::TaskGraph step;  // one round: an even number is halved, an odd one is tripled
  auto odd = step.AddCondition([&] { return number % 2; });
  auto halve = step.Add([&] { number /= 2; });
  auto triple = step.Add([&] { number = 3 * number + 1; });
  odd.Before(halve, triple);  // numbers 0 and 1

  weft::TaskGraph graph;
  auto begin = graph.Add([&] { number = start, steps = 0; }).Name("begin");
  auto repeat = graph.AddGraph(step, [&] { return ++steps, number != 1; }).Name("repeat");
  auto compare = graph.Add([&] {
    if (steps > most_steps) most_steps = steps, found = start;
  });
  repeat.After(begin);
  repeat.Before(compare.Name("compare"));

  weft::TaskScheduler scheduler;
  for (start = 2; start < 100; ++start) {
    if (const weft::RunSummary summary = scheduler.Run(graph); !summary.ok()) return 1;
  }
  std::cout << found << " takes " << most_steps << " steps\n" << graph.ToDot();
  return found == 97 && most_steps == 118 ? 0 : 1;
}
