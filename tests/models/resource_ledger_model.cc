// SPDX-License-Identifier: Apache-2.0
//
// Bodies that acquire resources, give them back, are cancelled, throw and block; and the gate that
// closes when memory runs short.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "models/model_check.h"
#include "models/model_platform.h"
#include "weft/scheduler/internal/memory_gate.h"
#include "weft/scheduler/internal/resource_claim.h"
#include "weft/scheduler/internal/resource_ledger.h"
#include "weft/scheduler/internal/resource_waiter.h"

namespace weft::models {
namespace {

using internal::GrantedWaiters;
using internal::ResourceClaim;
using internal::ResourceShare;
using Ledger = internal::ResourceLedger<ModelPlatform>;
using Gate = internal::MemoryGate<ModelPlatform>;

constexpr std::size_t kA = ResourceClaim::kFirstNamed;
constexpr std::size_t kB = kA + 1;

// It waits on its own thread.
struct Body : internal::ResourceWaiter {
  explicit Body(std::vector<ResourceShare> shares, bool minds_memory = false)
      : ResourceWaiter(ResourceClaim(std::move(shares), minds_memory)) {}
  ModelPlatform::Parker parker;
};

void LetGo(GrantedWaiters granted) {
  while (auto* const body = static_cast<Body*>(granted.TakeFirst())) body->parker.Unpark();
}

// One unit of A and one of B; what holds A is alone with `of_a`.
struct Shared {
  Shared() : ledger(std::vector<std::int64_t>{1, 1}) {}

  void Acquire(Body& body) {
    if (ledger.TryAcquire(body) != Ledger::Acquired::kGranted) body.parker.Park();
  }
  void Release(Body& body) { LetGo(ledger.Release(body)); }
  void UseA() { of_a.Write(of_a.Read() + 1); }
  void CheckAllIsBack() const {
    for (const std::size_t resource : {kA, kB, ResourceClaim::kMemory}) {
      const ResourceFigures figures = ledger.figures(resource);
      Check(figures.in_use == 0, "all is given back");
      Check(figures.waiting == 0, "nobody waits");
    }
  }

  Ledger ledger;
  ModelPlatform::Plain<int> of_a{0};
};

TEST(ResourceLedgerModel, ReleaseAgainstAcquire) {
  CheckModel({.name = "resource_release", .preemptions = 3}, [](Model& m) {
    Shared shared;
    for (int i = 0; i < 3; ++i) {
      m.Thread([&, i] {
        Body body(i == 2 ? std::vector<ResourceShare>{{kA, 1}, {kB, 1}}
                         : std::vector<ResourceShare>{{kA, 1}});
        shared.Acquire(body);
        shared.UseA();
        shared.Release(body);
      });
    }
    m.Finally([&] {
      Check(shared.of_a.Read() == 3, "each had it");
      shared.CheckAllIsBack();
    });
  });
}

// Cancelled while it waits, or when it has just been granted: one of the two ends it. Whom it has
// held back goes on.
TEST(ResourceLedgerModel, WithdrawAgainstGrant) {
  CheckModel({.name = "resource_withdraw", .preemptions = 3}, [](Model& m) {
    Shared shared;
    Body holder({{kA, 1}});
    Body both({{kA, 1}, {kB, 1}});
    Body behind({{kB, 1}});
    shared.Acquire(holder);
    Check(shared.ledger.TryAcquire(both) == Ledger::Acquired::kQueued, "A is taken");
    Check(shared.ledger.TryAcquire(behind) == Ledger::Acquired::kQueued, "it is younger");
    m.Thread([&] { shared.Release(holder); });
    bool withdrawn = false;
    m.Thread([&] {
      Ledger::Withdrawn done = shared.ledger.Withdraw(both);
      withdrawn = done.was_queued;
      LetGo(std::move(done.granted));
      if (withdrawn) return;
      both.parker.Park();  // the grant is on its way
      shared.UseA();
      shared.Release(both);
    });
    m.Thread([&] {
      behind.parker.Park();
      shared.Release(behind);
    });
    m.Finally([&] {
      Check(shared.of_a.Read() == (withdrawn ? 0 : 1), "it ran unless it was withdrawn");
      shared.CheckAllIsBack();
    });
  });
}

// A cancel that comes before its task is queued finds nothing: the task finds the cancel.
TEST(ResourceLedgerModel, CancelAgainstAcquire) {
  CheckModel({.name = "resource_cancel"}, [](Model& m) {
    Shared shared;
    Body holder({{kA, 1}});
    Body body({{kA, 1}});
    ModelPlatform::Atomic<bool> cancelled{false};
    int ended = 0;
    shared.Acquire(holder);
    const auto withdraw = [&] {
      Ledger::Withdrawn done = shared.ledger.Withdraw(body);
      LetGo(std::move(done.granted));
      if (done.was_queued) ++ended;
    };
    m.Thread([&] {
      if (shared.ledger.TryAcquire(body) == Ledger::Acquired::kGranted) Check(false, "A is taken");
      // relaxed: of the two locks, that of TryAcquire came second, or Withdraw finds it.
      if (cancelled.load(std::memory_order_relaxed)) withdraw();
    });
    m.Thread([&] {
      cancelled.store(true, std::memory_order_relaxed);
      withdraw();
    });
    m.Finally([&] {
      Check(ended == 1, "it is ended, once");
      shared.Release(holder);
      shared.CheckAllIsBack();
    });
  });
}

// As what runs a body: what it holds goes back, whatever it throws.
TEST(ResourceLedgerModel, ReleaseOfABodyThatThrows) {
  CheckModel({.name = "resource_throw", .preemptions = 3}, [](Model& m) {
    struct Hold {
      Hold(Shared& given, Body& holder) : shared(given), body(holder) {}
      Hold(const Hold&) = delete;
      Hold& operator=(const Hold&) = delete;
      ~Hold() { shared.Release(body); }
      Shared& shared;
      Body& body;
    };
    Shared shared;
    int caught = 0;
    for (int i = 0; i < 2; ++i) {
      m.Thread([&] {
        Body body({{kA, 1}});
        shared.Acquire(body);
        try {
          const Hold hold(shared, body);
          shared.UseA();
          throw 17;
        } catch (int) {
          ++caught;
        }
      });
    }
    m.Finally([&] {
      Check(caught == 2, "both threw");
      Check(shared.of_a.Read() == 2, "each had it");
      shared.CheckAllIsBack();
    });
  });
}

// `holder` waits for a task that stands behind one which waits for the holder.
TEST(ResourceLedgerModel, ABlockedBodyLetsThroughWhatItWaitsFor) {
  CheckModel({.name = "resource_blocked", .preemptions = 3}, [](Model& m) {
    Shared shared;
    Body holder({{kA, 1}});
    Body stuck({{kA, 1}, {kB, 1}});
    ModelPlatform::Parker ended;
    shared.Acquire(holder);
    m.Thread([&] {
      shared.Acquire(stuck);
      shared.UseA();
      shared.Release(stuck);
    });
    m.Thread([&] {
      Body wanted({{kB, 1}});
      shared.Acquire(wanted);
      shared.Release(wanted);
      ended.Unpark();
    });
    LetGo(shared.ledger.Block(holder));
    ended.Park();
    shared.ledger.Unblock(holder);
    shared.UseA();
    shared.Release(holder);
    m.Finally([&] {
      Check(shared.of_a.Read() == 2, "each had it");
      shared.CheckAllIsBack();
    });
  });
}

// A machine with a limit of 100 bytes.
struct Host final : internal::MemoryHost {
  std::optional<MemoryReading> Read() noexcept override {
    readings.Write(readings.Read() + 1);
    return MemoryReading{.limit_bytes = 100, .used_bytes = used};
  }
  void Trim() noexcept override { trims.Write(trims.Read() + 1); }

  std::int64_t used = 0;
  ModelPlatform::Plain<int> readings{0};
  ModelPlatform::Plain<int> trims{0};
};

TEST(ResourceLedgerModel, OneAtATimeLooksAtTheMemory) {
  CheckModel({.name = "memory_looks", .preemptions = 3}, [](Model& m) {
    Shared shared;
    Host host;
    host.used = 90;
    Gate gate({.max_percent = 75, .interval = 10}, host, shared.ledger);
    for (int i = 0; i < 2; ++i) {
      m.Thread([&] {
        LetGo(std::move(gate.Tick(0).granted));
        LetGo(std::move(gate.Tick(10).granted));
      });
    }
    m.Finally([&] {
      Check(shared.ledger.closed(), "it is closed");
      Check(host.readings.Read() <= 2, "once in each interval");
      Check(host.trims.Read() == 1, "once when it closes");
    });
  });
}

// Who comes to the gate while it opens is not left there, and with one that runs nobody else is.
TEST(ResourceLedgerModel, GateThatOpensAgainstAcquire) {
  CheckModel({.name = "memory_opens", .preemptions = 3}, [](Model& m) {
    Shared shared;
    Host host;
    host.used = 90;
    Gate gate({.max_percent = 75, .interval = 10}, host, shared.ledger);
    LetGo(std::move(gate.Tick(0).granted));
    host.used = 10;
    Body first({{ResourceClaim::kGate, 0}}, true);
    Body second({{ResourceClaim::kGate, 0}}, true);
    ModelPlatform::Parker both;
    shared.Acquire(first);  // goes on, for nothing else does
    m.Thread([&] {
      shared.Acquire(second);
      both.Unpark();
      shared.Release(second);
    });
    m.Thread([&] { LetGo(std::move(gate.Tick(10).granted)); });
    both.Park();  // until the gate opens: `first` goes on running
    shared.Release(first);
    m.Finally([&] { shared.CheckAllIsBack(); });
  });
}

// At a closed gate they go one by one, memory or not.
TEST(ResourceLedgerModel, OneByOneAtAClosedGate) {
  CheckModel({.name = "memory_one_by_one", .preemptions = 3}, [](Model& m) {
    Shared shared;
    Check(!shared.ledger.SetMemory(10, /*closed=*/true).look_again, "nobody waits");
    for (int i = 0; i < 3; ++i) {
      m.Thread([&, i] {
        Body body({{i == 0 ? ResourceClaim::kGate : ResourceClaim::kMemory, i == 0 ? 0 : 50}},
                  true);
        shared.Acquire(body);
        shared.UseA();
        shared.Release(body);
      });
    }
    m.Finally([&] {
      Check(shared.of_a.Read() == 3, "each ran");
      shared.CheckAllIsBack();
    });
  });
}

}  // namespace
}  // namespace weft::models
