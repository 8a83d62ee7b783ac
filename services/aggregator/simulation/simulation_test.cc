// Random pipelines in random weather: the real workers against the recount. A seed that fails
// prints how to repeat it, and what happened.
//
// SEEDS=N runs N seeds, from FIRST_SEED on; SEED=N runs that one and prints what happens in it.
#include "services/aggregator/simulation/simulation.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/aggregator/simulation/random.h"
#include "services/aggregator/simulation/scenario.h"
#include "services/aggregator/simulation/seeds.h"
#include "services/aggregator/simulation/weather.h"
#include "services/platform/runtime/log.h"

namespace windrow::aggregator {
namespace {

struct World {
  Scenario scenario;
  Simulation::Options options;
};

World MakeWorld(int64_t seed, bool trace) {
  Random random(static_cast<uint64_t>(seed));
  World world;
  world.scenario = MakeScenario(&random, {});
  world.options.seed = static_cast<uint64_t>(seed);
  world.options.weather = Weather::Draw(&random);
  world.options.trace = trace;
  world.options.most_fetched = random.OneIn(2) ? static_cast<int>(random.Between(1, 50)) : 0;
  world.options.commit_interval_ms = random.Pick(std::vector<int64_t>{0, 10, 10, 200});
  world.options.workers = static_cast<int>(random.Between(1, world.options.weather.most_workers));
  return world;
}

class SimulationTest : public testing::Test {
 protected:
  void SetUp() override {
    runtime::InitLog(
        "simulation", "text",
        FromEnvironment("SEED", -1) < 0 ? runtime::LogLevel::kError : runtime::LogLevel::kInfo);
  }

  // How a seed that failed is told.
  static std::string Describe(int64_t seed, const absl::Status& status) {
    const World world = MakeWorld(seed, true);
    Simulation again(world.scenario, world.options);
    again.Run().IgnoreError();
    return absl::StrCat(
        "seed ", seed, ": ", status.message(), "\nrepeat it by\n  bazel test ",
        "//services/aggregator/simulation:simulation_test --test_output=all --test_env=SEED=", seed,
        "\n", world.scenario.pipeline.DebugString(), again.trace());
  }
};

TEST_F(SimulationTest, LastValuesAreThoseOfARecount) {
  const int64_t only = FromEnvironment("SEED", -1);
  const int64_t first = only >= 0 ? only : FromEnvironment("FIRST_SEED", 1);
  const int64_t seeds = only >= 0 ? 1 : FromEnvironment("SEEDS", 2000);
  const absl::Time start = absl::Now();
  Simulation::Counts counts;
  int64_t uncompared = 0;
  int64_t rows = 0;
  int64_t late = 0;
  int64_t expired = 0;
  int64_t corrected = 0;
  for (int64_t seed = first; seed < first + seeds; ++seed) {
    const World world = MakeWorld(seed, false);
    Simulation simulation(world.scenario, world.options);
    const absl::Status status = simulation.Run();
    if (!status.ok()) FAIL() << Describe(seed, status);
    if (only >= 0) std::cout << Describe(seed, status) << std::endl;
    counts.steps += simulation.counts().steps;
    counts.crashes += simulation.counts().crashes;
    counts.commits += simulation.counts().commits;
    counts.ahead += simulation.counts().ahead;
    counts.fatal_ends += simulation.counts().fatal_ends;
    counts.purges += simulation.counts().purges;
    counts.table_changes += simulation.counts().table_changes;
    counts.blocked += simulation.counts().blocked;
    uncompared += !simulation.results().is_compared();
    rows += static_cast<int64_t>(simulation.results().rows().size());
    late += static_cast<int64_t>(simulation.results().late().size());
    expired += static_cast<int64_t>(simulation.results().expired());
    for (const auto& row : simulation.results().rows()) corrected += row.second.revision > 0;
  }
  std::cout << seeds << " seeds in " << absl::FormatDuration(absl::Now() - start) << ": "
            << counts.steps << " steps, " << counts.commits << " commits (" << counts.ahead
            << " with frames taken in ahead), " << counts.crashes << " crashes, "
            << counts.fatal_ends << " processes that ended themselves, " << counts.purges
            << " purges, " << counts.table_changes << " new tables (" << uncompared
            << " worlds whose frames went unseen), " << counts.blocked
            << " rounds with too much state, " << rows << " rows (" << corrected << " corrected), "
            << late << " windows with late records, " << expired << " expired records" << std::endl;
  if (seeds < 500) return;
  // The runs would prove nothing if nothing happened in them.
  EXPECT_GT(counts.commits, 20 * seeds);
  EXPECT_GT(counts.ahead, 2 * seeds);
  EXPECT_GT(counts.crashes, 2 * seeds);
  EXPECT_GT(counts.purges, seeds);
  EXPECT_GT(counts.table_changes, seeds / 10);
  EXPECT_LT(uncompared, seeds / 50);
  EXPECT_GT(counts.blocked, seeds);
  EXPECT_GT(rows, 50 * seeds);
  EXPECT_GT(corrected, seeds);
  EXPECT_GT(late, 5 * seeds);
  EXPECT_GT(expired, 0);
}

}  // namespace
}  // namespace windrow::aggregator
