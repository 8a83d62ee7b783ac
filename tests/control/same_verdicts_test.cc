// The aggregator and the query service apply the same proposals, each by rules of its own, and must
// come to the same: which pipelines exist, and which incarnation of each is served.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/aggregator/core/control_state.h"
#include "services/query/core/served_pipelines.h"

namespace windrow {
namespace {

using aggregator::ControlProposal;
using query::ControlChange;

using Kind = ControlProposal::Kind;

ControlChange::Kind ToQuery(Kind kind) {
  switch (kind) {
    case Kind::kCreate:
      return ControlChange::Kind::kCreate;
    case Kind::kDelete:
      return ControlChange::Kind::kDelete;
    case Kind::kNewIncarnation:
      return ControlChange::Kind::kNewIncarnation;
    case Kind::kSwitchOver:
      return ControlChange::Kind::kSwitchOver;
    default:
      return ControlChange::Kind::kOther;
  }
}

std::map<std::string, int> Served(const aggregator::ControlState& state) {
  std::map<std::string, int> served;
  for (const auto& pipeline : state.pipelines()) {
    served[pipeline.first] = pipeline.second.served.number;
  }
  return served;
}

class Random {
 public:
  explicit Random(uint64_t seed) : generator_(seed) {}
  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(generator_); }

 private:
  std::mt19937_64 generator_;
};

// What the proposer may have seen: mostly what is, sometimes what was, or nothing.
ControlProposal Propose(const aggregator::ControlState& state, int step, Random* random) {
  constexpr Kind kKinds[] = {Kind::kCreate,         Kind::kSettings,   Kind::kDrain,
                             Kind::kTable,          Kind::kDelete,     Kind::kNewIncarnation,
                             Kind::kNewIncarnation, Kind::kSwitchOver, Kind::kSwitchOver,
                             Kind::kPause,          Kind::kCreate};
  ControlProposal proposal;
  proposal.request_id = absl::StrCat(random->Below(10) == 0 ? random->Below(step + 1) : step);
  proposal.pipeline = absl::StrCat("pipelines/", random->Below(2));
  proposal.kind = kKinds[random->Below(sizeof(kKinds) / sizeof(kKinds[0]))];
  const auto found = state.pipelines().find(proposal.pipeline);
  if (found != state.pipelines().end()) {
    proposal.expected_generation = found->second.generation - (random->Below(6) == 0 ? 1 : 0);
    proposal.incarnation = found->second.newest().number - (random->Below(6) == 0 ? 1 : 0);
  } else if (random->Below(6) == 0) {
    proposal.expected_generation = 1 + random->Below(5);
  }
  return proposal;
}

TEST(SameVerdictsTest, WhateverIsProposed) {
  int deletions = 0;
  int switches = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    aggregator::ControlState state;
    query::ServedPipelines served;
    for (int step = 0; step < 200; ++step) {
      const ControlProposal proposal = Propose(state, step, &random);
      const std::map<std::string, int> before = Served(state);
      state.Apply(proposal);
      ControlChange change;
      change.request_id = proposal.request_id;
      change.pipeline = proposal.pipeline;
      change.expected_generation = proposal.expected_generation;
      change.kind = ToQuery(proposal.kind);
      change.incarnation = proposal.incarnation;
      served.Apply(change);
      const std::map<std::string, int> after = Served(state);
      ASSERT_EQ(served.served(), after) << "seed " << seed << " step " << step;
      for (const std::string& name : served.deleted()) ASSERT_EQ(after.count(name), 0);
      deletions += after.size() < before.size() ? 1 : 0;
      switches += after.size() == before.size() && after != before ? 1 : 0;
    }
  }
  // Or nothing was compared.
  EXPECT_GT(deletions, 500);
  EXPECT_GT(switches, 500);
}

}  // namespace
}  // namespace windrow
