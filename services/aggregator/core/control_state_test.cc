#include "services/aggregator/core/control_state.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

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
  EXPECT_EQ(pipeline.served.definition, "definition by a");
  EXPECT_EQ(pipeline.settings.parallelism, 2);
  EXPECT_EQ(pipeline.generation, 1);
  EXPECT_EQ(pipeline.drain_generation, 0);
  EXPECT_EQ(pipeline.max_parallelism, 2);

  EXPECT_VERDICT(state.Apply(Create("b")), false, 1);
  EXPECT_VERDICT(state.Apply(Create("c", 1)), false, 1);
  EXPECT_EQ(state.pipelines().at("p").served.definition, "definition by a");
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
  EXPECT_EQ(state.pipelines().at("p").served.definition, "definition by a");
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
  EXPECT_EQ(pipeline.served.tables.at("codes"), "rows of v1");
  EXPECT_EQ(pipeline.file_versions.count("codes"), 0);
  EXPECT_EQ(pipeline.plan_generation, 2);
  EXPECT_VERDICT(state.Apply(Table("c", 2, "v2", true)), true, 3);
  EXPECT_EQ(pipeline.file_versions.at("codes"), "v2");
  // Rows of a caller leave the file's version as it was.
  EXPECT_VERDICT(state.Apply(Table("d", 3, "v3", false)), true, 4);
  EXPECT_EQ(pipeline.served.tables.at("codes"), "rows of v3");
  EXPECT_EQ(pipeline.file_versions.at("codes"), "v2");
  EXPECT_VERDICT(state.Apply(Table("late", 3, "v4", true)), false, 4);
  EXPECT_VERDICT(state.Apply(Table("d", 4, "v5", true)), true, 4);  // the first one's verdict
  EXPECT_EQ(pipeline.served.tables.at("codes"), "rows of v3");
  // Other changes leave tables alone.
  EXPECT_VERDICT(state.Apply(Settings("e", 4, 3)), true, 5);
  EXPECT_EQ(pipeline.plan_generation, 4);
  EXPECT_EQ(pipeline.settings.parallelism, 3);
  EXPECT_EQ(pipeline.served.definition, "definition by a");
}

// A pipeline's deletion, and its incarnations.

ControlProposal Delete(const std::string& request_id, int64_t expected_generation,
                       bool delete_topics = false) {
  ControlProposal proposal = Drain(request_id, expected_generation);
  proposal.kind = Kind::kDelete;
  proposal.delete_topics = delete_topics;
  return proposal;
}

ControlProposal NewIncarnation(const std::string& request_id, int64_t expected_generation) {
  ControlProposal proposal = Create(request_id, expected_generation);
  proposal.kind = Kind::kNewIncarnation;
  proposal.start.kind = ControlledStart::Kind::kLatest;
  proposal.backfill_records_per_second = 700;
  proposal.settings.parallelism = 60;
  return proposal;
}

ControlProposal SwitchOver(const std::string& request_id, int64_t expected_generation,
                           int incarnation) {
  ControlProposal proposal = Drain(request_id, expected_generation);
  proposal.kind = Kind::kSwitchOver;
  proposal.incarnation = incarnation;
  return proposal;
}

std::vector<RetiredIncarnation> RetiredOf(const ControlState& state) {
  const auto retired = state.retired();
  const auto found = retired.find("p");
  return found == retired.end() ? std::vector<RetiredIncarnation>() : found->second;
}

TEST(ControlStateTest, AnIncarnationWaitsUntilItIsSwitchedTo) {
  ControlState state;
  state.Apply(Create("a"));
  EXPECT_VERDICT(state.Apply(NewIncarnation("early", 0)), false, 1);
  EXPECT_VERDICT(state.Apply(NewIncarnation("b", 1)), true, 2);
  const ControlledPipeline& pipeline = state.pipelines().at("p");
  EXPECT_EQ(pipeline.served.number, 1);
  EXPECT_EQ(pipeline.served.definition, "definition by a");
  ASSERT_TRUE(pipeline.next.has_value());
  EXPECT_EQ(pipeline.next->number, 2);
  EXPECT_EQ(pipeline.next->generation, 2);
  EXPECT_EQ(pipeline.next->definition, "definition by b");
  EXPECT_EQ(pipeline.next->start.kind, ControlledStart::Kind::kLatest);
  EXPECT_EQ(pipeline.next->backfill_records_per_second, 700);
  EXPECT_EQ(pipeline.newest().number, 2);
  // Its settings are the pipeline's.
  EXPECT_EQ(pipeline.settings.parallelism, 2);
  EXPECT_TRUE(RetiredOf(state).empty());

  EXPECT_VERDICT(state.Apply(SwitchOver("c", 1, 2)), false, 2);
  EXPECT_VERDICT(state.Apply(SwitchOver("d", 2, 1)), false, 2);
  EXPECT_VERDICT(state.Apply(SwitchOver("e", 2, 2)), true, 3);
  EXPECT_EQ(pipeline.served.number, 2);
  EXPECT_EQ(pipeline.served.definition, "definition by b");
  EXPECT_FALSE(pipeline.next.has_value());
  EXPECT_EQ(pipeline.newest().number, 2);
  EXPECT_EQ(RetiredOf(state), (std::vector<RetiredIncarnation>{{1, true, false}}));
  EXPECT_VERDICT(state.Apply(SwitchOver("f", 3, 2)), false, 3);
}

// It would close what is still open when it has caught up.
TEST(ControlStateTest, AnIncarnationDoesNotDrainForOthers) {
  ControlState state;
  state.Apply(Create("a"));
  state.Apply(Drain("b", 1));
  state.Apply(NewIncarnation("c", 2));
  const ControlledPipeline& pipeline = state.pipelines().at("p");
  EXPECT_EQ(pipeline.DrainOf(pipeline.served), 2);
  EXPECT_EQ(pipeline.DrainOf(*pipeline.next), 0);
  state.Apply(SwitchOver("d", 3, 2));
  EXPECT_EQ(pipeline.DrainOf(pipeline.served), 0);
  state.Apply(Drain("e", 4));
  EXPECT_EQ(pipeline.DrainOf(pipeline.served), 5);
}

TEST(ControlStateTest, ANewerIncarnationTakesTheOthersPlace) {
  ControlState state;
  state.Apply(Create("a"));
  state.Apply(NewIncarnation("b", 1));
  EXPECT_VERDICT(state.Apply(NewIncarnation("c", 2)), true, 3);
  EXPECT_EQ(state.pipelines().at("p").next->number, 3);
  EXPECT_EQ(RetiredOf(state), (std::vector<RetiredIncarnation>{{2, false, false}}));
  // Whoever had seen the other one catch up is too late.
  EXPECT_VERDICT(state.Apply(SwitchOver("d", 3, 2)), false, 3);
  EXPECT_VERDICT(state.Apply(SwitchOver("e", 3, 3)), true, 4);
}

TEST(ControlStateTest, TablesChangeInBothIncarnations) {
  ControlState state;
  state.Apply(Create("a"));
  state.Apply(Table("b", 1, "v1", true));
  state.Apply(NewIncarnation("c", 2));
  const ControlledPipeline& pipeline = state.pipelines().at("p");
  // The new one's definition has the rows of then.
  EXPECT_TRUE(pipeline.next->tables.empty());
  EXPECT_EQ(pipeline.file_versions.at("codes"), "v1");
  state.Apply(Table("d", 3, "v2", false));
  EXPECT_EQ(pipeline.served.tables.at("codes"), "rows of v2");
  EXPECT_EQ(pipeline.next->tables.at("codes"), "rows of v2");
  state.Apply(SwitchOver("e", 4, 2));
  EXPECT_EQ(pipeline.served.tables.at("codes"), "rows of v2");
  EXPECT_EQ(pipeline.file_versions.at("codes"), "v1");
}

TEST(ControlStateTest, RemembersTheFileVersionsOfItsCreation) {
  ControlState state;
  ControlProposal create = Create("a");
  create.table_versions = {{"codes", "v1"}};
  state.Apply(create);
  ControlProposal next = NewIncarnation("b", 1);
  next.table_versions = {{"codes", "v5"}, {"zones", "z1"}};
  state.Apply(next);
  EXPECT_EQ(state.pipelines().at("p").file_versions,
            (std::map<std::string, std::string>{{"codes", "v1"}, {"zones", "z1"}}));
}

TEST(ControlStateTest, NumbersGoOnAfterADeletion) {
  ControlState state;
  state.Apply(Create("a"));
  EXPECT_VERDICT(state.Apply(Delete("b", 0)), false, 1);
  EXPECT_VERDICT(state.Apply(Delete("c", 1)), true, 2);
  EXPECT_TRUE(state.pipelines().empty());
  EXPECT_VERDICT(state.Apply(Delete("d", 2)), false, 0);
  EXPECT_VERDICT(state.Apply(Settings("e", 2, 3)), false, 0);
  EXPECT_VERDICT(state.Apply(Create("f", 2)), false, 0);
  EXPECT_VERDICT(state.Apply(Create("g", 0)), true, 3);
  const ControlledPipeline& pipeline = state.pipelines().at("p");
  EXPECT_EQ(pipeline.generation, 3);
  EXPECT_EQ(pipeline.served.number, 2);
  EXPECT_EQ(pipeline.served.generation, 3);
  EXPECT_EQ(pipeline.served.definition, "definition by g");
  EXPECT_EQ(pipeline.max_parallelism, 2);
  // What created the first one does not create it again.
  EXPECT_VERDICT(state.Apply(Delete("h", 3)), true, 4);
  EXPECT_VERDICT(state.Apply(Create("a")), true, 1);
  EXPECT_TRUE(state.pipelines().empty());
}

TEST(ControlStateTest, ADeletionForgetsWhatThePipelineWas) {
  ControlState state;
  state.Apply(Create("a"));
  state.Apply(Table("b", 1, "v1", true));
  state.Apply(Drain("c", 2));
  state.Apply(Delete("d", 3));
  state.Apply(Create("e"));
  const ControlledPipeline& pipeline = state.pipelines().at("p");
  EXPECT_TRUE(pipeline.served.tables.empty());
  EXPECT_TRUE(pipeline.file_versions.empty());
  EXPECT_EQ(pipeline.plan_generation, 0);
  EXPECT_EQ(pipeline.drain_generation, 0);
}

TEST(ControlStateTest, ADeletionRetiresAllIncarnations) {
  ControlState state;
  state.Apply(Create("a"));
  state.Apply(NewIncarnation("b", 1));
  state.Apply(SwitchOver("c", 2, 2));
  state.Apply(NewIncarnation("d", 3));
  state.Apply(Delete("e", 4));
  EXPECT_EQ(RetiredOf(state), (std::vector<RetiredIncarnation>{
                                  {1, true, false}, {2, true, false}, {3, false, false}}));
  state.Apply(Create("f"));
  state.Apply(Delete("g", 6, true));
  EXPECT_EQ(RetiredOf(state),
            (std::vector<RetiredIncarnation>{
                {1, true, true}, {2, true, true}, {3, false, true}, {4, true, true}}));
}

TEST(ControlStateTest, AnIncarnationOfNothingCreates) {
  ControlState state;
  EXPECT_VERDICT(state.Apply(NewIncarnation("a", 0)), true, 1);
  const ControlledPipeline& pipeline = state.pipelines().at("p");
  EXPECT_EQ(pipeline.served.number, 1);
  EXPECT_EQ(pipeline.served.start.kind, ControlledStart::Kind::kLatest);
  EXPECT_EQ(pipeline.served.backfill_records_per_second, 0);
  EXPECT_FALSE(pipeline.next.has_value());
  EXPECT_EQ(pipeline.settings.parallelism, 60);
}

TEST(ControlStateTest, PreviewsChangeNothing) {
  ControlState state;
  EXPECT_EQ(state.Preview(Create("a"))->generation, 1);
  EXPECT_TRUE(state.pipelines().empty());
  EXPECT_FALSE(state.FindVerdict("a").has_value());
  state.Apply(Create("a"));
  EXPECT_FALSE(state.Preview(Create("b")).has_value());
  EXPECT_EQ(state.Preview(NewIncarnation("b", 1))->next->number, 2);
  EXPECT_FALSE(state.Preview(Delete("b", 1)).has_value());
  EXPECT_EQ(state.pipelines().at("p").generation, 1);
  state.Apply(Delete("c", 1));
  EXPECT_EQ(state.Preview(Create("d"))->served.number, 2);
  EXPECT_EQ(state.Preview(Create("d"))->generation, 3);
}

TEST(ControlStateTest, VerdictsTellWhatTheyWereAbout) {
  ControlState state;
  state.Apply(Create("a"));
  state.Apply(Drain("b", 7));
  EXPECT_EQ(state.FindVerdict("a")->pipeline, "p");
  EXPECT_EQ(state.FindVerdict("a")->kind, Kind::kCreate);
  EXPECT_EQ(state.FindVerdict("b")->kind, Kind::kDrain);
  state.Apply(Settings("c", 1, 5));
  EXPECT_EQ(state.FindVerdict("c")->settings.parallelism, 5);
  state.Apply(Table("d", 2, "v2", false));
  EXPECT_EQ(state.FindVerdict("d")->table, "codes");
  EXPECT_EQ(state.FindVerdict("d")->table_version, "v2");
  ControlProposal pause = Drain("e", 3);
  pause.kind = Kind::kPause;
  pause.paused = true;
  EXPECT_TRUE(state.Apply(pause).paused);
  EXPECT_FALSE(state.FindVerdict("d")->paused);
}

TEST(ControlStateTest, AChangeOfDelayOrIdlePolicyChangesThePlan) {
  ControlState state;
  state.Apply(Create("a"));
  const auto set = [&](const std::string& id, absl::optional<EventSpan> delay,
                       absl::optional<IdlePolicy> policy) {
    ControlProposal proposal = Settings(id, state.pipelines().at("p").generation, 2);
    proposal.settings.watermark_delay = delay;
    proposal.settings.idle_policy = policy;
    EXPECT_TRUE(state.Apply(proposal).accepted);
    return state.pipelines().at("p").plan_generation;
  };
  EXPECT_EQ(set("b", absl::nullopt, absl::nullopt), 0) << "nothing of the plan changed";
  EXPECT_EQ(set("c", 5, absl::nullopt), 3);
  EXPECT_EQ(set("d", 5, absl::nullopt), 3);
  EXPECT_EQ(set("e", 4, absl::nullopt), 5);
  IdlePolicy policy;
  EXPECT_EQ(set("f", 4, policy), 6);
  EXPECT_EQ(set("g", 4, policy), 6);
  policy.close_after = 1;
  EXPECT_EQ(set("h", 4, policy), 8);
  EXPECT_EQ(set("i", absl::nullopt, policy), 9);
  EXPECT_EQ(state.pipelines().at("p").max_watermark_delay, 5);
}

TEST(ControlStateTest, PausesAndResumes) {
  ControlState state;
  state.Apply(Create("a"));
  EXPECT_FALSE(state.pipelines().at("p").paused);
  ControlProposal pause = Drain("b", 1);
  pause.kind = Kind::kPause;
  pause.paused = true;
  EXPECT_VERDICT(state.Apply(pause), true, 2);
  EXPECT_TRUE(state.pipelines().at("p").paused);
  EXPECT_EQ(state.pipelines().at("p").drain_generation, 0);
  state.Apply(Settings("c", 2, 4));
  EXPECT_TRUE(state.pipelines().at("p").paused);
  pause.request_id = "d";
  pause.expected_generation = 3;
  pause.paused = false;
  EXPECT_VERDICT(state.Apply(pause), true, 4);
  EXPECT_FALSE(state.pipelines().at("p").paused);
}

TEST(ControlStateTest, RemembersHowManyWorkersThereMayHaveBeen) {
  ControlState state;
  state.Apply(Create("a"));
  ControlProposal automatic = Settings("b", 1, 1);
  automatic.settings.automatic.max_workers = 6;
  state.Apply(automatic);
  EXPECT_EQ(state.pipelines().at("p").max_parallelism, 2) << "not enabled";
  automatic = Settings("c", 2, 1);
  automatic.settings.automatic = {true, 3, 5};
  state.Apply(automatic);
  EXPECT_EQ(state.pipelines().at("p").max_parallelism, 5);
  EXPECT_FALSE(state.pipelines().at("p").ever_by_processors);
  automatic = Settings("d", 3, 1);
  automatic.settings.automatic = {true, 3, 0};
  state.Apply(automatic);
  state.Apply(Settings("e", 4, 1));
  EXPECT_EQ(state.pipelines().at("p").max_parallelism, 5);
  EXPECT_TRUE(state.pipelines().at("p").ever_by_processors);
}

}  // namespace
}  // namespace windrow::aggregator
