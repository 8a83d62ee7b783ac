#include "services/aggregator/pipeline_definition.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

pb::Pipeline MakePipeline() {
  pb::Pipeline pipeline;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(
        name: "pipelines/p"
        source_topic: "calls"
        event_time { field: "at" }
        merge_partitions: 2
        tables {
          name: "codes" path: "codes.csv" key_column: "code" version: "old"
          rows { columns { key: "code" value: "A" } columns { key: "text" value: "Alpha" } }
        }
        views {
          id: "first"
          window { sliding { size { seconds: 600 } slide { seconds: 300 } } }
          group_by: "a"
          aggregates { name: "n" count {} }
          join { table: "codes" field: "a" columns: "text" }
        }
        settings { parallelism: 3 }
      )",
      &pipeline));
  return pipeline;
}

std::vector<std::string> FieldsOf(const std::vector<rpc::FieldViolation>& violations) {
  std::vector<std::string> fields;
  for (const rpc::FieldViolation& violation : violations) fields.push_back(violation.field);
  return fields;
}

std::vector<std::string> WrongFields(const v1::CreatePipelineRequest& request) {
  std::vector<rpc::FieldViolation> violations;
  NewDefinition(request, &violations);
  return FieldsOf(violations);
}

std::vector<std::string> WrongFields(const v1::UpdatePipelineRequest& request) {
  std::vector<rpc::FieldViolation> violations;
  ChangedDefinition(request, MakePipeline(), &violations);
  return FieldsOf(violations);
}

v1::CreatePipelineRequest Creation() {
  v1::CreatePipelineRequest request;
  *request.mutable_pipeline() = MakePipeline();
  request.mutable_pipeline()->mutable_tables(0)->clear_path();
  return request;
}

v1::UpdatePipelineRequest Update(const std::vector<std::string>& mask) {
  v1::UpdatePipelineRequest request;
  request.mutable_pipeline()->set_name("pipelines/p");
  for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
  return request;
}

pb::Pipeline Apply(const v1::UpdatePipelineRequest& request) {
  std::vector<rpc::FieldViolation> violations;
  pb::Pipeline changed = ChangedDefinition(request, MakePipeline(), &violations);
  EXPECT_THAT(FieldsOf(violations), IsEmpty());
  return changed;
}

TEST(PipelineDefinitionTest, ACreationIsCompleted) {
  v1::CreatePipelineRequest request = Creation();
  request.mutable_pipeline()->clear_merge_partitions();
  std::vector<rpc::FieldViolation> violations;
  const pb::Pipeline made = NewDefinition(request, &violations);
  EXPECT_THAT(FieldsOf(violations), IsEmpty());
  EXPECT_EQ(made.merge_partitions(), 4);
  EXPECT_NE(made.tables(0).version(), "old");
  EXPECT_FALSE(made.tables(0).version().empty());
  EXPECT_EQ(made.settings().parallelism(), 3);
}

TEST(PipelineDefinitionTest, ACreationNamesEveryWrongField) {
  v1::CreatePipelineRequest request = Creation();
  pb::Pipeline* const pipeline = request.mutable_pipeline();
  pipeline->mutable_event_time()->clear_field();
  pipeline->mutable_event_time()->set_time_zone("Mars/Olympus");
  auto* const slide =
      pipeline->mutable_views(0)->mutable_window()->mutable_sliding()->mutable_slide();
  slide->set_nanos(500'000'000);
  pipeline->mutable_views(0)->set_filter("priority <");
  pipeline->mutable_views(0)->mutable_join()->set_table("others");
  *pipeline->add_views() = pipeline->views(0);
  pipeline->mutable_settings()->set_parallelism(65);
  request.mutable_start()->set_latest(false);
  EXPECT_THAT(WrongFields(request),
              UnorderedElementsAre("pipeline.event_time.field", "pipeline.event_time.time_zone",
                                   "pipeline.views[0].window.sliding.slide",
                                   "pipeline.views[0].filter", "pipeline.views[0].join.table",
                                   "pipeline.views[1].id", "pipeline.views[1].window.sliding.slide",
                                   "pipeline.views[1].filter", "pipeline.views[1].join.table",
                                   "pipeline.settings.parallelism", "start.latest"));
  EXPECT_THAT(WrongFields(v1::CreatePipelineRequest()), ElementsAre("pipeline"));
}

TEST(PipelineDefinitionTest, AFileIsNotRead) {
  v1::CreatePipelineRequest request = Creation();
  request.mutable_pipeline()->mutable_tables(0)->set_path("codes.csv");
  std::vector<rpc::FieldViolation> violations;
  NewDefinition(request, &violations);
  ASSERT_THAT(FieldsOf(violations), ElementsAre("pipeline.tables[0].path"));
  EXPECT_THAT(violations[0].description, HasSubstr("windrow pipelines apply"));
}

TEST(PipelineDefinitionTest, FieldsThatAreNotKnownAreRefused) {
  v1::CreatePipelineRequest request = Creation();
  pb::View* const view = request.mutable_pipeline()->mutable_views(0);
  view->GetReflection()->MutableUnknownFields(view)->AddVarint(77, 1);
  EXPECT_THAT(WrongFields(request), ElementsAre("pipeline.views[0].77"));
}

TEST(PipelineDefinitionTest, AnUpdateChangesWhatIsSet) {
  v1::UpdatePipelineRequest request = Update({});
  request.mutable_pipeline()->mutable_watermark_delay()->set_seconds(60);
  pb::View* const view = request.mutable_pipeline()->add_views();
  view->set_id("second");
  view->mutable_window()->mutable_tumbling()->mutable_size()->set_seconds(60);
  view->add_aggregates()->set_name("n");
  view->mutable_aggregates(0)->mutable_count();
  const pb::Pipeline changed = Apply(request);
  EXPECT_EQ(changed.watermark_delay().seconds(), 60);
  ASSERT_EQ(changed.views_size(), 1);
  EXPECT_EQ(changed.views(0).id(), "second");
  EXPECT_EQ(changed.source_topic(), "calls");
  EXPECT_EQ(changed.tables(0).rows_size(), 1);
  EXPECT_EQ(changed.merge_partitions(), 2);
  EXPECT_FALSE(changed.has_settings());
}

TEST(PipelineDefinitionTest, AnUpdateChangesWhatIsNamed) {
  v1::UpdatePipelineRequest request = Update({"watermark_delay", "merge_partitions"});
  request.mutable_pipeline()->set_source_topic("other");
  request.mutable_pipeline()->mutable_settings()->set_parallelism(9);
  request.mutable_pipeline()->mutable_watermark_delay()->set_seconds(60);
  const pb::Pipeline changed = Apply(request);
  EXPECT_EQ(changed.source_topic(), "calls");
  EXPECT_EQ(changed.watermark_delay().seconds(), 60);
  // Named and not set: the default.
  EXPECT_EQ(changed.merge_partitions(), 4);
}

TEST(PipelineDefinitionTest, AnUpdateOfAllReplacesAll) {
  v1::UpdatePipelineRequest request = Update({"*"});
  *request.mutable_pipeline() = MakePipeline();
  request.mutable_pipeline()->clear_tables();
  request.mutable_pipeline()->mutable_views(0)->clear_join();
  request.mutable_pipeline()->clear_merge_partitions();
  const pb::Pipeline changed = Apply(request);
  EXPECT_EQ(changed.tables_size(), 0);
  EXPECT_EQ(changed.merge_partitions(), 4);
}

TEST(PipelineDefinitionTest, ATableWithoutRowsKeepsThem) {
  v1::UpdatePipelineRequest request = Update({"tables"});
  *request.mutable_pipeline()->mutable_tables() = MakePipeline().tables();
  request.mutable_pipeline()->mutable_tables(0)->clear_rows();
  const pb::Pipeline changed = Apply(request);
  ASSERT_EQ(changed.tables(0).rows_size(), 1);
  EXPECT_EQ(changed.tables(0).rows(0).columns().at("text"), "Alpha");

  // One that the view needs, and that is not there, is an error of the view.
  request.mutable_pipeline()->mutable_tables(0)->set_name("others");
  EXPECT_THAT(WrongFields(request),
              ElementsAre("pipeline.tables[0].path", "pipeline.views[0].join.table"));
}

TEST(PipelineDefinitionTest, MasksNameFieldsOfThePipeline) {
  EXPECT_THAT(
      WrongFields(Update({"nmae", "views.id", "name", "settings", "settings.parallelism"})),
      ElementsAre("update_mask", "update_mask", "update_mask", "update_mask", "update_mask"));
  EXPECT_THAT(WrongFields(Update({})), ElementsAre("pipeline"));
  v1::UpdatePipelineRequest request = Update({});
  request.mutable_pipeline()->mutable_settings()->set_parallelism(9);
  EXPECT_THAT(WrongFields(request), ElementsAre("pipeline.settings"));
}

TEST(PipelineDefinitionTest, AnUpdateIsValidatedAsAWhole) {
  v1::UpdatePipelineRequest request = Update({"tables", "event_time"});
  request.set_backfill_records_per_second(-1);
  request.mutable_start()->mutable_record_time()->set_seconds(-1);
  EXPECT_THAT(WrongFields(request),
              ElementsAre("pipeline.event_time.field", "pipeline.views[0].join.table",
                          "start.record_time", "backfill_records_per_second"));
}

TEST(PipelineDefinitionTest, StartsAreChecked) {
  const auto wrong = [](const std::string& text, bool required) {
    windrow::control::v1::StartPoint start;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &start));
    std::vector<rpc::FieldViolation> violations;
    CheckStart(start, required, &violations);
    return FieldsOf(violations);
  };
  EXPECT_THAT(wrong("", false), IsEmpty());
  EXPECT_THAT(wrong("", true), ElementsAre("start"));
  EXPECT_THAT(wrong("earliest: true", true), IsEmpty());
  EXPECT_THAT(wrong("earliest: false", true), ElementsAre("start.earliest"));
  EXPECT_THAT(wrong("latest: true", true), IsEmpty());
  EXPECT_THAT(wrong("record_time { seconds: 1 nanos: 999999999 }", true), IsEmpty());
  EXPECT_THAT(wrong("record_time { nanos: 1000000000 }", true), ElementsAre("start.record_time"));
}

}  // namespace
}  // namespace windrow::aggregator
