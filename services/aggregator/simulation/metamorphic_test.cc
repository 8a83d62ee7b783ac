// The same logs give the same results: with one worker and with eight, with other batches, whoever
// dies and whatever is read again. No recount is needed to say so.
//
// SEEDS=N compares N scenarios, from FIRST_SEED on.
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/aggregator/simulation/random.h"
#include "services/aggregator/simulation/scenario.h"
#include "services/aggregator/simulation/seeds.h"
#include "services/aggregator/simulation/simulation.h"
#include "services/aggregator/simulation/weather.h"
#include "services/platform/runtime/log.h"

namespace windrow::aggregator {
namespace {

// What must not depend on anything but the logs.
struct Results {
  std::map<RowName, std::pair<uint64_t, std::map<std::string, std::string>>> rows;
  std::map<WindowName, uint64_t> late;

  bool operator==(const Results& other) const { return rows == other.rows && late == other.late; }
};

// A way to run a scenario.
struct Way {
  std::string name;
  Simulation::Options options;
};

std::vector<Way> Ways(uint64_t seed) {
  std::vector<Way> ways(7);
  ways[0].name = "one worker, large batches";
  ways[0].options.commit_interval_ms = 200;
  ways[1].name = "eight workers";
  ways[1].options.weather.most_workers = 8;
  ways[1].options.workers = 8;
  ways[2].name = "small batches";
  ways[2].options.workers = 2;
  ways[2].options.most_fetched = 2;
  ways[2].options.commit_interval_ms = 0;
  ways[3].name = "deaths at any call";
  ways[3].options.weather.crash = 200;
  ways[3].options.weather.interleave = 1000;
  ways[3].options.workers = 3;
  ways[4].name = "restarts in order, other numbers of workers";
  ways[4].options.weather.resize = 1000;
  ways[4].options.weather.replicas = 2;
  ways[4].options.workers = 2;
  ways[5].name = "records read again";
  ways[5].options.weather.redelivered = 5000;
  ways[5].options.weather.slow = 5000;
  ways[5].options.most_fetched = 30;
  ways[6].name = "rough weather";
  Random random(seed);
  ways[6].options.weather = Weather::Draw(&random);
  for (size_t i = 0; i < ways.size(); ++i) ways[i].options.seed = seed * 100 + i;
  return ways;
}

Results ResultsOf(const Simulation& simulation) {
  Results results;
  for (const auto& row : simulation.results().rows()) {
    results.rows[row.first] = {row.second.accepted, row.second.values};
  }
  results.late = simulation.results().late();
  return results;
}

TEST(MetamorphicTest, TheSameLogsGiveTheSameResults) {
  runtime::InitLog("simulation", "text", runtime::LogLevel::kError);
  const int64_t first = FromEnvironment("FIRST_SEED", 1);
  const int64_t seeds = FromEnvironment("SEEDS", 60);
  size_t rows = 0;
  for (int64_t seed = first; seed < first + seeds; ++seed) {
    Random random(static_cast<uint64_t>(seed));
    const Scenario scenario = MakeScenario(&random, {250, false, false});
    Results expected;
    for (const Way& way : Ways(static_cast<uint64_t>(seed))) {
      Simulation simulation(scenario, way.options);
      const absl::Status status = simulation.Run();
      const std::string repeat =
          absl::StrCat("seed ", seed, ", ", way.name,
                       ": repeat it by\n  bazel test "
                       "//services/aggregator/simulation:metamorphic_test --test_output=all "
                       "--test_env=SEEDS=1 --test_env=FIRST_SEED=",
                       seed);
      ASSERT_TRUE(status.ok()) << status.message() << "\n" << repeat;
      Results results = ResultsOf(simulation);
      rows += results.rows.size();
      if (way.options.seed % 100 == 0) {
        expected = std::move(results);
      } else {
        ASSERT_TRUE(results == expected) << repeat;
      }
    }
  }
  std::cout << seeds << " scenarios, " << rows << " rows" << std::endl;
  EXPECT_GT(rows, 50u * static_cast<size_t>(seeds));
}

}  // namespace
}  // namespace windrow::aggregator
