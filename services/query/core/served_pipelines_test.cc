#include "services/query/core/served_pipelines.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace windrow::query {
namespace {

using Kind = ControlChange::Kind;

class ServedPipelinesTest : public testing::Test {
 protected:
  void Apply(Kind kind, int64_t expected_generation, int incarnation = 0,
             const std::string& request_id = "") {
    ControlChange change;
    change.request_id = request_id.empty() ? std::to_string(++requests_) : request_id;
    change.pipeline = "p";
    change.expected_generation = expected_generation;
    change.kind = kind;
    change.incarnation = incarnation;
    auto definition = std::make_shared<PipelineDefinition>();
    definition->views[change.request_id];
    change.definition = std::move(definition);
    pipelines_.Apply(change);
  }
  // "incarnation:request" of each definition that is known.
  std::vector<std::string> Definitions() const {
    std::vector<std::string> known;
    for (const auto& [name, definition] : pipelines_.definitions()) {
      known.push_back(std::to_string(name.second) + ":" + definition->views.begin()->first);
    }
    return known;
  }
  // Of the pipeline p; 0 when it is not served.
  int Served() const {
    const auto found = pipelines_.served().find("p");
    return found == pipelines_.served().end() ? 0 : found->second;
  }

  ServedPipelines pipelines_;
  int requests_ = 0;
};

TEST_F(ServedPipelinesTest, IncarnationsAreSwitched) {
  EXPECT_EQ(Served(), 0);
  Apply(Kind::kCreate, 0);
  EXPECT_EQ(Served(), 1);
  Apply(Kind::kCreate, 0);
  Apply(Kind::kNewIncarnation, 1);
  EXPECT_EQ(Served(), 1);
  Apply(Kind::kSwitchOver, 2, 1);
  Apply(Kind::kSwitchOver, 1, 2);
  EXPECT_EQ(Served(), 1);
  Apply(Kind::kOther, 2);
  Apply(Kind::kSwitchOver, 3, 2);
  EXPECT_EQ(Served(), 2);
  Apply(Kind::kSwitchOver, 4, 2);
  Apply(Kind::kNewIncarnation, 4);
  Apply(Kind::kNewIncarnation, 5);
  Apply(Kind::kSwitchOver, 6, 3);
  EXPECT_EQ(Served(), 2);
  Apply(Kind::kSwitchOver, 6, 4);
  EXPECT_EQ(Served(), 4);
}

TEST_F(ServedPipelinesTest, NumbersGoOnAfterADeletion) {
  Apply(Kind::kCreate, 0);
  Apply(Kind::kNewIncarnation, 1);
  EXPECT_TRUE(pipelines_.deleted().empty());
  Apply(Kind::kDelete, 2);
  EXPECT_EQ(Served(), 0);
  EXPECT_EQ(pipelines_.deleted().count("p"), 1);
  Apply(Kind::kOther, 3);
  Apply(Kind::kNewIncarnation, 0);
  EXPECT_EQ(Served(), 3);
  EXPECT_TRUE(pipelines_.deleted().empty());
  Apply(Kind::kSwitchOver, 4, 2);
  EXPECT_EQ(Served(), 3);
}

TEST_F(ServedPipelinesTest, DefinitionsAreThoseOfServedAndNextIncarnations) {
  using Names = std::vector<std::string>;
  Apply(Kind::kCreate, 0, 0, "a");
  Apply(Kind::kCreate, 1, 0, "refused");
  EXPECT_EQ(Definitions(), Names({"1:a"}));
  Apply(Kind::kNewIncarnation, 1, 0, "b");
  Apply(Kind::kNewIncarnation, 2, 0, "c");
  EXPECT_EQ(Definitions(), Names({"1:a", "3:c"}));
  Apply(Kind::kSwitchOver, 3, 3);
  EXPECT_EQ(Definitions(), Names({"3:c"}));
  Apply(Kind::kDelete, 4);
  EXPECT_EQ(Definitions(), Names());
  Apply(Kind::kNewIncarnation, 0, 0, "d");
  EXPECT_EQ(Definitions(), Names({"4:d"}));
}

TEST_F(ServedPipelinesTest, ARequestCountsOnce) {
  Apply(Kind::kCreate, 0, 0, "create");
  Apply(Kind::kDelete, 1);
  Apply(Kind::kCreate, 0, 0, "create");
  EXPECT_EQ(Served(), 0);
}

}  // namespace
}  // namespace windrow::query
