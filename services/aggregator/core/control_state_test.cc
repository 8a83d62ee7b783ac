#include "services/aggregator/core/control_state.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {
namespace {

using Kind = ControlProposal::Kind;

ControlProposal Create(const std::string& request_id, int64_t expected_generation = 0) {
  ControlProposal proposal;
  proposal.request_id = request_id;
  proposal.pipeline = "p";
  proposal.expected_generation = expected_generation;
  proposal.kind = Kind::kCreate;
  proposal.definition = absl::StrCat("definition by ", request_id);
  proposal.settings.parallelism = 2;
  return proposal;
}

ControlProposal Settings(const std::string& request_id, int64_t expected_generation,
                         int parallelism) {
  ControlProposal proposal = Create(request_id, expected_generation);
  proposal.kind = Kind::kSettings;
  proposal.definition.clear();
  proposal.settings.parallelism = parallelism;
  return proposal;
}

ControlProposal Drain(const std::string& request_id, int64_t expected_generation) {
  ControlProposal proposal;
  proposal.request_id = request_id;
  proposal.pipeline = "p";
  proposal.expected_generation = expected_generation;
  proposal.kind = Kind::kDrain;
  return proposal;
}

ControlProposal Table(const std::string& request_id, int64_t expected_generation,
                      const std::string& version, bool from_file) {
  ControlProposal proposal = Drain(request_id, expected_generation);
  proposal.kind = Kind::kTable;
  proposal.table = "codes";
  proposal.table_content = "rows of " + version;
  proposal.table_version = version;
  proposal.from_file = from_file;
  return proposal;
}

#define EXPECT_VERDICT(verdict, was_accepted, new_generation) \
  do {                                                        \
    const ControlVerdict v = (verdict);                       \
    EXPECT_EQ(v.accepted, was_accepted);                      \
    EXPECT_EQ(v.generation, new_generation);                  \
  } while (false)

TEST(ControlStateTest, CreatesOnce) {
  ControlState state;
  EXPECT_VERDICT(state.Apply(Create("a")), true, 1);
  const ControlledPipeline& pipeline = state.pipelines().at("p");
  EXPECT_EQ(pipeline.definition, "definition by a");
  EXPECT_EQ(pipeline.settings.parallelism, 2);
  EXPECT_EQ(pipeline.generation, 1);
  EXPECT_EQ(pipeline.drain_generation, 0);
  EXPECT_EQ(pipeline.max_parallelism, 2);

  EXPECT_VERDICT(state.Apply(Create("b")), false, 1);
  EXPECT_VERDICT(state.Apply(Create("c", 1)), false, 1);
  EXPECT_EQ(state.pipelines().at("p").definition, "definition by a");
}

TEST(ControlStateTest, CreatingExpectsGenerationZero) {
  ControlState state;
  EXPECT_VERDICT(state.Apply(Create("a", 1)), false, 0);
  EXPECT_TRUE(state.pipelines().empty());
}

TEST(ControlStateTest, ChangesNeedAPipeline) {
  ControlState state;
  EXPECT_VERDICT(state.Apply(Settings("a", 0, 3)), false, 0);
  EXPECT_VERDICT(state.Apply(Drain("b", 0)), false, 0);
  EXPECT_TRUE(state.pipelines().empty());
}

TEST(ControlStateTest, ChangesExpectTheGenerationThatIs) {
  ControlState state;
  state.Apply(Create("a"));
  EXPECT_VERDICT(state.Apply(Settings("b", 0, 5)), false, 1);
  EXPECT_VERDICT(state.Apply(Settings("c", 2, 5)), false, 1);
  EXPECT_EQ(state.pipelines().at("p").settings.parallelism, 2);
  EXPECT_VERDICT(state.Apply(Settings("d", 1, 5)), true, 2);
  EXPECT_EQ(state.pipelines().at("p").settings.parallelism, 5);
  EXPECT_VERDICT(state.Apply(Settings("e", 1, 6)), false, 2);
}

TEST(ControlStateTest, SettingsKeepTheDefinition) {
  ControlState state;
  state.Apply(Create("a"));
  state.Apply(Settings("b", 1, 5));
  EXPECT_EQ(state.pipelines().at("p").definition, "definition by a");
}

TEST(ControlStateTest, RemembersTheLargestParallelism) {
  ControlState state;
  state.Apply(Create("a"));
  state.Apply(Settings("b", 1, 7));
  state.Apply(Settings("c", 2, 3));
  state.Apply(Settings("refused", 2, 60));
  EXPECT_EQ(state.pipelines().at("p").settings.parallelism, 3);
  EXPECT_EQ(state.pipelines().at("p").max_parallelism, 7);
}

TEST(ControlStateTest, ADrainIsNamedByItsGeneration) {
  ControlState state;
  state.Apply(Create("a"));
  state.Apply(Settings("b", 1, 1));
  EXPECT_VERDICT(state.Apply(Drain("c", 2)), true, 3);
  EXPECT_EQ(state.pipelines().at("p").drain_generation, 3);
  EXPECT_EQ(state.pipelines().at("p").settings.parallelism, 1);
  state.Apply(Settings("d", 3, 2));
  EXPECT_EQ(state.pipelines().at("p").drain_generation, 3);
  EXPECT_VERDICT(state.Apply(Drain("e", 4)), true, 5);
  EXPECT_EQ(state.pipelines().at("p").drain_generation, 5);
}

TEST(ControlStateTest, ARepeatedRequestIsAnsweredAndNotApplied) {
  ControlState state;
  state.Apply(Create("a"));
  state.Apply(Settings("b", 1, 5));
  state.Apply(Settings("c", 2, 6));
  // Its generation would be right again, its content is another: the id decides.
  EXPECT_VERDICT(state.Apply(Settings("b", 3, 9)), true, 2);
  EXPECT_EQ(state.pipelines().at("p").settings.parallelism, 6);
  EXPECT_EQ(state.pipelines().at("p").generation, 3);
}

TEST(ControlStateTest, ARefusedRequestStaysRefused) {
  ControlState state;
  state.Apply(Create("a"));
  EXPECT_VERDICT(state.Apply(Settings("early", 2, 5)), false, 1);
  state.Apply(Settings("b", 1, 3));
  EXPECT_VERDICT(state.Apply(Settings("early", 2, 5)), false, 1);
  EXPECT_EQ(state.pipelines().at("p").settings.parallelism, 3);
}

TEST(ControlStateTest, FindsVerdicts) {
  ControlState state;
  EXPECT_FALSE(state.FindVerdict("a").has_value());
  state.Apply(Create("a"));
  state.Apply(Create("b"));
  EXPECT_VERDICT(state.FindVerdict("a").value(), true, 1);
  EXPECT_VERDICT(state.FindVerdict("b").value(), false, 1);
  EXPECT_FALSE(state.FindVerdict("c").has_value());
}

TEST(ControlStateTest, PipelinesDoNotTouchEachOther) {
  ControlState state;
  state.Apply(Create("a"));
  ControlProposal other = Create("b");
  other.pipeline = "q";
  EXPECT_VERDICT(state.Apply(other), true, 1);
  state.Apply(Drain("c", 1));
  EXPECT_EQ(state.pipelines().at("p").generation, 2);
  EXPECT_EQ(state.pipelines().at("q").generation, 1);
  EXPECT_EQ(state.pipelines().at("q").drain_generation, 0);
}

TEST(ControlStateTest, TablesChangeAndRememberTheirFile) {
  ControlState state;
  EXPECT_VERDICT(state.Apply(Table("early", 0, "v0", false)), false, 0);
  state.Apply(Create("a"));
  const ControlledPipeline& pipeline = state.pipelines().at("p");
  EXPECT_EQ(pipeline.plan_generation, 0);
  EXPECT_VERDICT(state.Apply(Table("b", 1, "v1", false)), true, 2);
  EXPECT_EQ(pipeline.tables.at("codes").content, "rows of v1");
  EXPECT_EQ(pipeline.tables.at("codes").file_version, "");
  EXPECT_EQ(pipeline.plan_generation, 2);
  EXPECT_VERDICT(state.Apply(Table("c", 2, "v2", true)), true, 3);
  EXPECT_EQ(pipeline.tables.at("codes").file_version, "v2");
  // Rows of a caller leave the file's version as it was.
  EXPECT_VERDICT(state.Apply(Table("d", 3, "v3", false)), true, 4);
  EXPECT_EQ(pipeline.tables.at("codes").content, "rows of v3");
  EXPECT_EQ(pipeline.tables.at("codes").file_version, "v2");
  EXPECT_VERDICT(state.Apply(Table("late", 3, "v4", true)), false, 4);
  EXPECT_VERDICT(state.Apply(Table("d", 4, "v5", true)), true, 4);  // the first one's verdict
  EXPECT_EQ(pipeline.tables.at("codes").content, "rows of v3");
  // Other changes leave tables alone.
  EXPECT_VERDICT(state.Apply(Settings("e", 4, 3)), true, 5);
  EXPECT_EQ(pipeline.plan_generation, 4);
  EXPECT_EQ(pipeline.settings.parallelism, 3);
  EXPECT_EQ(pipeline.definition, "definition by a");
}

}  // namespace
}  // namespace windrow::aggregator
