#include "services/aggregator/source/pipeline_loader.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/aggregator/source/pipeline_settings.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kShipped[] = "resources/pipelines/sf_calls.textproto";
constexpr char kExample[] = "resources/pipelines/call_patterns.textproto";

// A pipeline that is valid and uses everything.
pb::Pipeline MakePipeline() {
  pb::Pipeline pipeline;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(
        name: "pipelines/p-1"
        source_topic: "my.topic_0-a"
        event_time { field: "at" format: FORMAT_ISO_8601 time_zone: "America/Los_Angeles" }
        watermark_delay { seconds: 60 }
        max_future_skew { seconds: 7200 }
        correction_horizon { seconds: 3600 }
        idle_policy { idle_timeout { seconds: 3 } all_idle: ALL_IDLE_WAIT close_after { seconds: 9 } }
        tables {
          name: "codes" key_column: "code" version: "v1"
          rows { columns { key: "code" value: "A" } columns { key: "text" value: "Alpha" } }
        }
        views {
          id: "first"
          window { tumbling { size { seconds: 600 } } offset { seconds: 60 } }
          group_by: "b" group_by: "a"
          aggregates { name: "n" count {} }
          aggregates { name: "m" count {} }
          join { table: "codes" field: "a" type: TYPE_INNER columns: "text" }
        }
        views {
          id: "second"
          window { sliding { size { seconds: 600 } slide { seconds: 200 } } }
          group_by: "c" group_by: "a"
          aggregates { name: "count" count {} }
        }
        merge_partitions: 7
        settings {
          parallelism: 3 records_per_second_per_partition: 100 commit_interval { nanos: 20000000 }
        }
      )",
      &pipeline));
  return pipeline;
}

// Fields that are wrong after a change of the valid pipeline.
std::vector<std::string> WrongFields(const std::function<void(pb::Pipeline*)>& change) {
  pb::Pipeline pipeline = MakePipeline();
  change(&pipeline);
  std::vector<std::string> fields;
  for (const PipelineViolation& violation : ValidatePipeline(pipeline)) {
    fields.push_back(violation.field);
    EXPECT_NE(violation.description, "");
  }
  EXPECT_EQ(MakePlan(pipeline).ok(), fields.empty());
  return fields;
}

TEST(PipelineLoaderTest, LoadsTheExample) {
  const auto pipeline = LoadPipelineFile(kExample);
  ASSERT_TRUE(pipeline.ok()) << pipeline.status();
  const auto plan = MakePlan(*pipeline);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_THAT((*plan)->views, SizeIs(2));
  const ViewPlan& sessions = (*plan)->views[0];
  EXPECT_TRUE(sessions.is_session());
  EXPECT_EQ(sessions.session_gap, 30 * kMicrosPerMinute);
  EXPECT_EQ(sessions.emit, EmitMode::kFinal);
  EXPECT_TRUE(sessions.filter.has_value());
  EXPECT_THAT(sessions.stateful, SizeIs(1));
  const ViewPlan& days = (*plan)->views[1];
  EXPECT_EQ(days.window->panes_per_window(), 144);
  EXPECT_THAT(days.group_fields, IsEmpty());
  EXPECT_THAT(days.aggregates, SizeIs(4));
  EXPECT_EQ(days.stateful[1].function, AggregateFunction::kTopK);
  EXPECT_EQ(days.stateful[1].limit, 5);
}

TEST(PipelineLoaderTest, TheShippedPipelineIsWhatItSays) {
  const absl::StatusOr<pb::Pipeline> pipeline = LoadPipelineFile(kShipped);
  ASSERT_TRUE(pipeline.ok()) << pipeline.status();
  EXPECT_THAT(ValidatePipeline(*pipeline), IsEmpty());
  const auto plan = MakePlan(*pipeline);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ((*plan)->id, "sf-calls");
  EXPECT_EQ((*plan)->source_topic, "calls");
  EXPECT_EQ((*plan)->event_time_field, "call_date_time");
  EXPECT_EQ((*plan)->event_time_format.time_zone, "UTC");
  EXPECT_EQ((*plan)->watermark_delay, kMicrosPerHour);
  EXPECT_EQ((*plan)->max_future_skew, kMicrosPerDay);
  EXPECT_EQ((*plan)->correction_horizon, kMicrosPerDay);
  EXPECT_EQ((*plan)->idle_policy.idle_timeout, 30 * kMicrosPerSecond);
  EXPECT_EQ((*plan)->idle_policy.all_idle, AllIdle::kCloseAfter);
  EXPECT_EQ((*plan)->idle_policy.close_after, 5 * kMicrosPerSecond);
  EXPECT_EQ((*plan)->merge_partitions, 4);
  EXPECT_THAT((*plan)->fields, ElementsAre("original_crime_type_name", "disposition"));
  ASSERT_THAT((*plan)->views, SizeIs(2));
  for (const ViewPlan& view : (*plan)->views) {
    EXPECT_EQ(view.window->size(), 10 * kMicrosPerMinute);
    EXPECT_EQ(view.window->slide(), 5 * kMicrosPerMinute);
    EXPECT_EQ(view.window->FirstWindowStart(0), -5 * kMicrosPerMinute);
    ASSERT_EQ(view.aggregates.size(), 1u);
    EXPECT_EQ(view.aggregates[0].name, "count");
  }
  EXPECT_EQ((*plan)->views[0].id, "calls-by-type");
  EXPECT_THAT((*plan)->views[0].group_fields, ElementsAre(0));
  EXPECT_FALSE((*plan)->views[0].join.has_value());
  EXPECT_EQ((*plan)->views[1].id, "calls-by-disposition");
  EXPECT_THAT((*plan)->views[1].group_fields, ElementsAre(1));
  ASSERT_TRUE((*plan)->views[1].join.has_value());
  const JoinPlan& join = *(*plan)->views[1].join;
  EXPECT_FALSE(join.inner);
  EXPECT_EQ(join.group_index, 0);
  EXPECT_THAT(join.columns, ElementsAre("description"));
  ASSERT_NE(join.table->Find(std::string("ADM")), nullptr);
  EXPECT_EQ(join.table->Find(std::string("ADM"))->at("description"), "Admonished");
  EXPECT_EQ(join.table->Find(std::string("nonsense")), nullptr);
  EXPECT_THAT(join.table->version(), SizeIs(16));

  const PipelineSettings settings = MakeSettings(pipeline->settings());
  EXPECT_EQ(settings.parallelism, 1);
  EXPECT_EQ(settings.records_per_second_per_partition, 0);
  EXPECT_EQ(settings.commit_interval_ms, 10);
}

TEST(PipelineLoaderTest, MakesAPlanOfEverything) {
  const pb::Pipeline pipeline = MakePipeline();
  const auto plan = MakePlan(pipeline);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ((*plan)->id, "p-1");
  EXPECT_EQ((*plan)->event_time_format.time_zone, "America/Los_Angeles");
  EXPECT_EQ((*plan)->watermark_delay, kMicrosPerMinute);
  EXPECT_EQ((*plan)->max_future_skew, 2 * kMicrosPerHour);
  EXPECT_EQ((*plan)->correction_horizon, kMicrosPerHour);
  EXPECT_EQ((*plan)->idle_policy.idle_timeout, 3 * kMicrosPerSecond);
  EXPECT_EQ((*plan)->idle_policy.all_idle, AllIdle::kWait);
  EXPECT_EQ((*plan)->merge_partitions, 7);
  EXPECT_THAT((*plan)->fields, ElementsAre("b", "a", "c"));
  ASSERT_THAT((*plan)->views, SizeIs(2));
  const ViewPlan& first = (*plan)->views[0];
  EXPECT_THAT(first.group_fields, ElementsAre(0, 1));
  EXPECT_EQ(first.window->size(), first.window->slide());
  EXPECT_EQ(first.window->PaneStart(0), kMicrosPerMinute);
  ASSERT_EQ(first.aggregates.size(), 2u);
  EXPECT_EQ(first.aggregates[0].name, "n");
  EXPECT_EQ(first.aggregates[1].name, "m");
  EXPECT_TRUE(first.join->inner);
  EXPECT_EQ(first.join->group_index, 1);
  EXPECT_EQ(first.join->table->version(), "v1");
  EXPECT_THAT((*plan)->views[1].group_fields, ElementsAre(2, 1));

  const PipelineSettings settings = MakeSettings(pipeline.settings());
  EXPECT_EQ(settings.parallelism, 3);
  EXPECT_EQ(settings.records_per_second_per_partition, 100);
  EXPECT_EQ(settings.commit_interval_ms, 20);
}

TEST(PipelineLoaderTest, WhatIsNotSaidHasItsDefault) {
  pb::Pipeline pipeline = MakePipeline();
  pipeline.mutable_event_time()->clear_time_zone();
  pipeline.clear_watermark_delay();
  pipeline.clear_max_future_skew();
  pipeline.clear_correction_horizon();
  pipeline.clear_idle_policy();
  pipeline.clear_merge_partitions();
  pipeline.mutable_views(0)->mutable_join()->clear_type();
  const auto plan = MakePlan(pipeline);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ((*plan)->event_time_format.time_zone, "UTC");
  EXPECT_EQ((*plan)->watermark_delay, 0);
  EXPECT_EQ((*plan)->max_future_skew, kMicrosPerDay);
  EXPECT_EQ((*plan)->correction_horizon, kMicrosPerDay);
  EXPECT_EQ((*plan)->idle_policy.idle_timeout, 30 * kMicrosPerSecond);
  EXPECT_EQ((*plan)->idle_policy.all_idle, AllIdle::kWallClock);
  EXPECT_EQ((*plan)->idle_policy.close_after, 30 * kMicrosPerSecond);
  EXPECT_EQ((*plan)->merge_partitions, 4);
  EXPECT_FALSE((*plan)->views[0].join->inner);
  // A zero that is said is no default.
  pipeline.mutable_max_future_skew();
  pipeline.mutable_correction_horizon();
  EXPECT_EQ((*MakePlan(pipeline))->max_future_skew, 0);
  EXPECT_EQ((*MakePlan(pipeline))->correction_horizon, 0);
}

TEST(PipelineLoaderTest, NamesEachWrongFieldByItsPath) {
  struct Case {
    std::string field;
    std::function<void(pb::Pipeline*)> change;
  };
  using P = pb::Pipeline*;
  const std::vector<Case> cases = {
      {"name", [](P p) { p->clear_name(); }},
      {"name", [](P p) { p->set_name("p-1"); }},
      {"name", [](P p) { p->set_name("pipelines/"); }},
      {"name", [](P p) { p->set_name("pipelines/Upper"); }},
      {"name", [](P p) { p->set_name("pipelines/1st"); }},
      {"name", [](P p) { p->set_name("pipelines/a.b"); }},
      {"name", [](P p) { p->set_name("pipelines/a/b"); }},
      {"name", [](P p) { p->set_name("pipelines/" + std::string(41, 'a')); }},
      {"source_topic", [](P p) { p->clear_source_topic(); }},
      {"source_topic", [](P p) { p->set_source_topic("no topic"); }},
      {"source_topic", [](P p) { p->set_source_topic(".."); }},
      {"source_topic", [](P p) { p->set_source_topic(std::string(250, 'a')); }},
      {"source_topic", [](P p) { p->set_source_topic("p-1.results"); }},
      {"source_topic", [](P p) { p->set_source_topic("p-1.dead-letter"); }},
      {"source_topic", [](P p) { p->set_source_topic("p-1.v12.results"); }},
      {"tables[0].rows",
       [](P p) {
         auto* columns = p->mutable_tables(0)->mutable_rows(0)->mutable_columns();
         (*columns)["text"] = std::string(900'001, 'x');
       }},
      {"event_time.field", [](P p) { p->mutable_event_time()->clear_field(); }},
      {"event_time.format",
       [](P p) { p->mutable_event_time()->set_format(static_cast<pb::EventTime::Format>(9)); }},
      {"event_time.time_zone", [](P p) { p->mutable_event_time()->set_time_zone("Mars/Olympus"); }},
      {"event_time.time_zone",
       [](P p) { p->mutable_event_time()->set_format(pb::EventTime::FORMAT_EPOCH_SECONDS); }},
      {"event_time.pattern", [](P p) { p->mutable_event_time()->set_pattern("%F %T"); }},
      {"event_time.pattern",
       [](P p) { p->mutable_event_time()->set_format(pb::EventTime::FORMAT_PATTERN); }},
      {"event_time.pattern",
       [](P p) {
         p->mutable_event_time()->set_format(pb::EventTime::FORMAT_PATTERN);
         p->mutable_event_time()->set_pattern("%F");
       }},
      {"watermark_delay", [](P p) { p->mutable_watermark_delay()->set_seconds(-1); }},
      {"watermark_delay", [](P p) { p->mutable_watermark_delay()->set_nanos(-5000); }},
      {"watermark_delay", [](P p) { p->mutable_watermark_delay()->set_seconds(400 * 86400 + 1); }},
      {"max_future_skew", [](P p) { p->mutable_max_future_skew()->set_seconds(-1); }},
      {"correction_horizon",
       [](P p) {
         p->mutable_correction_horizon()->set_seconds(std::numeric_limits<int64_t>::max());
       }},
      {"idle_policy.idle_timeout",
       [](P p) { p->mutable_idle_policy()->mutable_idle_timeout()->set_seconds(-1); }},
      {"idle_policy.close_after",
       [](P p) { p->mutable_idle_policy()->mutable_close_after()->set_seconds(86401); }},
      {"idle_policy.all_idle",
       [](P p) {
         p->mutable_idle_policy()->set_all_idle(static_cast<pb::IdlePolicy::AllIdle>(9));
       }},
      {"merge_partitions", [](P p) { p->set_merge_partitions(-1); }},
      {"merge_partitions", [](P p) { p->set_merge_partitions(257); }},
      {"tables[1].name",
       [](P p) {
         *p->add_tables() = p->tables(0);
         p->mutable_tables(1)->clear_name();
       }},
      {"tables[0].key_column", [](P p) { p->mutable_tables(0)->clear_key_column(); }},
      {"tables[0].key_column", [](P p) { p->mutable_tables(0)->set_key_column("cod"); }},
      {"tables[1].name", [](P p) { *p->add_tables() = p->tables(0); }},
      {"views", [](P p) { p->clear_views(); }},
      {"views[1].id", [](P p) { p->mutable_views(1)->clear_id(); }},
      {"views[1].id", [](P p) { p->mutable_views(1)->set_id("Second"); }},
      {"views[1].id", [](P p) { p->mutable_views(1)->set_id("first"); }},
      {"views[0].window", [](P p) { p->mutable_views(0)->clear_window(); }},
      {"views[0].window.tumbling.size",
       [](P p) { p->mutable_views(0)->mutable_window()->mutable_tumbling()->clear_size(); }},
      {"views[0].window.offset",
       [](P p) { p->mutable_views(0)->mutable_window()->mutable_offset()->set_seconds(600); }},
      {"views[0].window.offset",
       [](P p) { p->mutable_views(0)->mutable_window()->mutable_offset()->set_nanos(500); }},
      {"views[1].window.sliding.slide",
       [](P p) { p->mutable_views(1)->mutable_window()->mutable_sliding()->clear_slide(); }},
      {"views[1].window.sliding.slide",
       [](P p) {
         p->mutable_views(1)->mutable_window()->mutable_sliding()->mutable_slide()->set_seconds(7);
         p->mutable_views(1)->mutable_window()->mutable_sliding()->mutable_slide()->set_nanos(
             1'000'000);
       }},
      {"views[1].window.sliding.slide",
       [](P p) {
         p->mutable_views(1)->mutable_window()->mutable_sliding()->mutable_slide()->set_seconds(
             601);
       }},
      {"views[1].window.sliding.size",
       [](P p) {
         p->mutable_views(1)->mutable_window()->mutable_sliding()->mutable_size()->set_nanos(500);
       }},
      {"views[0].group_by[2]", [](P p) { p->mutable_views(0)->add_group_by("a"); }},
      {"views[0].group_by[2]", [](P p) { p->mutable_views(0)->add_group_by(""); }},
      {"views[0].group_by[2]", [](P p) { p->mutable_views(0)->add_group_by("window_start"); }},
      {"views[0].aggregates", [](P p) { p->mutable_views(0)->clear_aggregates(); }},
      {"views[0].aggregates[0].name",
       [](P p) { p->mutable_views(0)->mutable_aggregates(0)->clear_name(); }},
      {"views[0].aggregates[1].name",
       [](P p) { p->mutable_views(0)->mutable_aggregates(1)->set_name("n"); }},
      {"views[0].aggregates[1].name",
       [](P p) { p->mutable_views(0)->mutable_aggregates(1)->set_name("a"); }},
      {"views[0].aggregates[1]",
       [](P p) { p->mutable_views(0)->mutable_aggregates(1)->clear_count(); }},
      {"views[0].join.table",
       [](P p) { p->mutable_views(0)->mutable_join()->set_table("others"); }},
      {"views[0].join.field", [](P p) { p->mutable_views(0)->mutable_join()->set_field("c"); }},
      {"views[0].join.type",
       [](P p) { p->mutable_views(0)->mutable_join()->set_type(static_cast<pb::Join::Type>(9)); }},
      {"views[0].join.columns", [](P p) { p->mutable_views(0)->mutable_join()->clear_columns(); }},
      {"views[0].join.columns[0]",
       [](P p) { p->mutable_views(0)->mutable_join()->set_columns(0, "texts"); }},
      {"views[0].join.columns[1]",
       [](P p) { p->mutable_views(0)->mutable_join()->add_columns("text"); }},
      {"settings.parallelism", [](P p) { p->mutable_settings()->set_parallelism(-1); }},
      {"settings.parallelism", [](P p) { p->mutable_settings()->set_parallelism(65); }},
      {"settings.state_limit_bytes",
       [](P p) { p->mutable_settings()->set_state_limit_bytes(999'999); }},
      {"settings.records_per_second_per_partition",
       [](P p) { p->mutable_settings()->set_records_per_second_per_partition(-1); }},
      {"settings.records_per_second",
       [](P p) { p->mutable_settings()->set_records_per_second(-1); }},
      {"settings.bytes_per_second", [](P p) { p->mutable_settings()->set_bytes_per_second(-1); }},
      {"settings.bytes_per_second", [](P p) { p->mutable_settings()->set_bytes_per_second(999); }},
      {"settings.watermark_delay",
       [](P p) { p->mutable_settings()->mutable_watermark_delay()->set_seconds(-1); }},
      {"settings.watermark_delay",
       [](P p) { p->mutable_settings()->mutable_watermark_delay()->set_seconds(400 * 86400 + 1); }},
      {"settings.idle_policy.idle_timeout",
       [](P p) {
         p->mutable_settings()->mutable_idle_policy()->mutable_idle_timeout()->set_nanos(-1);
       }},
      {"settings.idle_policy.close_after",
       [](P p) {
         p->mutable_settings()->mutable_idle_policy()->mutable_close_after()->set_seconds(86401);
       }},
      {"settings.idle_policy.all_idle",
       [](P p) {
         p->mutable_settings()->mutable_idle_policy()->set_all_idle(
             static_cast<pb::IdlePolicy::AllIdle>(9));
       }},
      {"settings.auto_parallelism.min_workers",
       [](P p) { p->mutable_settings()->mutable_auto_parallelism()->set_min_workers(65); }},
      {"settings.auto_parallelism.min_workers",
       [](P p) { p->mutable_settings()->mutable_auto_parallelism()->set_min_workers(-1); }},
      {"settings.auto_parallelism.max_workers",
       [](P p) {
         p->mutable_settings()->mutable_auto_parallelism()->set_min_workers(4);
         p->mutable_settings()->mutable_auto_parallelism()->set_max_workers(3);
       }},
      {"settings.auto_parallelism.max_workers",
       [](P p) { p->mutable_settings()->mutable_auto_parallelism()->set_max_workers(65); }},
      {"settings.fetch_memory_bytes",
       [](P p) { p->mutable_settings()->set_fetch_memory_bytes(999'999); }},
      {"settings.fetch_memory_bytes",
       [](P p) { p->mutable_settings()->set_fetch_memory_bytes(10'000'000'001); }},
      {"views[0].emit.interval",
       [](P p) { p->mutable_views(0)->mutable_emit()->set_mode(pb::Emit::MODE_INTERVAL); }},
      {"views[0].emit.interval",
       [](P p) { p->mutable_views(0)->mutable_emit()->mutable_interval()->set_seconds(1); }},
      {"views[0].window.session.gap",
       [](P p) {
         p->mutable_views(0)->mutable_window()->clear_offset();
         p->mutable_views(0)->mutable_window()->mutable_session();
       }},
      {"views[0].window.offset",
       [](P p) {
         auto* window = p->mutable_views(0)->mutable_window();
         window->mutable_offset()->set_seconds(1);
         window->mutable_session()->mutable_gap()->set_seconds(60);
       }},
      {"views[0].aggregates[0].sum.field",
       [](P p) { p->mutable_views(0)->mutable_aggregates(0)->mutable_sum(); }},
      {"views[0].aggregates[0].avg.type",
       [](P p) {
         auto* avg = p->mutable_views(0)->mutable_aggregates(0)->mutable_avg();
         avg->set_field("x");
         avg->set_type(pb::VALUE_TYPE_TEXT);
       }},
      {"views[0].aggregates[0].top_k.k",
       [](P p) {
         auto* top = p->mutable_views(0)->mutable_aggregates(0)->mutable_top_k();
         top->set_field("x");
         top->set_k(21);
       }},
      {"views[0].aggregates[0].count_distinct.exact_limit",
       [](P p) {
         auto* distinct = p->mutable_views(0)->mutable_aggregates(0)->mutable_count_distinct();
         distinct->set_field("x");
         distinct->set_exact_limit(10'001);
       }},
      {"settings.records_per_second_per_partition",
       [](P p) { p->mutable_settings()->set_records_per_second_per_partition(-1); }},
      {"settings.commit_interval",
       [](P p) { p->mutable_settings()->mutable_commit_interval()->set_seconds(61); }},
  };
  EXPECT_THAT(WrongFields([](P) {}), IsEmpty());
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_THAT(WrongFields(cases[i].change), ElementsAre(cases[i].field)) << "case " << i;
  }
}

TEST(PipelineLoaderTest, RefusesWhatDoesNotFitIntoTheControlLog) {
  pb::Pipeline pipeline = MakePipeline();
  (*pipeline.mutable_tables(0)->add_rows()->mutable_columns())["text"] = std::string(950'000, 'x');
  const auto violations = ValidatePipeline(pipeline);
  ASSERT_THAT(violations, SizeIs(1));
  EXPECT_EQ(violations[0].field, "tables");
}

TEST(PipelineLoaderTest, APipelineOfTheLogHasTheTablesOfNow) {
  ControlledPipeline controlled;
  controlled.served.definition = MakePipeline().SerializeAsString();
  EXPECT_EQ(PipelineOf(controlled).tables(0).version(), "v1");
  pb::StaticTable changed;
  changed.set_version("v2");
  (*changed.add_rows()->mutable_columns())["code"] = "B";
  (*changed.mutable_rows(0)->mutable_columns())["text"] = "Baker";
  controlled.served.tables["codes"] = changed.SerializeAsString();
  controlled.served.tables["gone"] = changed.SerializeAsString();
  const pb::Pipeline pipeline = PipelineOf(controlled);
  ASSERT_EQ(pipeline.tables_size(), 1);
  EXPECT_EQ(pipeline.tables(0).name(), "codes");
  EXPECT_EQ(pipeline.tables(0).key_column(), "code");
  EXPECT_EQ(pipeline.tables(0).version(), "v2");
  ASSERT_EQ(pipeline.tables(0).rows_size(), 1);
  const auto plan = MakePlan(pipeline, 5);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ((*plan)->plan_generation, 5);
  EXPECT_EQ((*plan)->views[0].join->table->version(), "v2");
  EXPECT_EQ((*plan)->views[0].join->table->Find(std::string("A")), nullptr);
}

TEST(PipelineLoaderTest, FormatsOfEventTimes) {
  using Kind = EventTimeFormat::Kind;
  const std::pair<pb::EventTime::Format, Kind> kCases[] = {
      {pb::EventTime::FORMAT_UNSPECIFIED, Kind::kIso8601},
      {pb::EventTime::FORMAT_ISO_8601, Kind::kIso8601},
      {pb::EventTime::FORMAT_EPOCH_SECONDS, Kind::kEpochSeconds},
      {pb::EventTime::FORMAT_EPOCH_MILLISECONDS, Kind::kEpochMilliseconds},
      {pb::EventTime::FORMAT_EPOCH_MICROSECONDS, Kind::kEpochMicroseconds},
      {pb::EventTime::FORMAT_PATTERN, Kind::kPattern},
  };
  for (const auto& c : kCases) {
    pb::Pipeline pipeline = MakePipeline();
    pipeline.mutable_event_time()->set_format(c.first);
    pipeline.mutable_event_time()->clear_time_zone();
    if (c.second == Kind::kPattern) pipeline.mutable_event_time()->set_pattern("%F %T");
    const auto plan = MakePlan(pipeline);
    ASSERT_TRUE(plan.ok()) << c.first << plan.status();
    EXPECT_EQ((*plan)->event_time_format.kind, c.second);
    EXPECT_EQ((*plan)->event_time_format.time_zone, "UTC");
    EXPECT_EQ((*plan)->event_time_format.pattern, pipeline.event_time().pattern());
  }
}

TEST(PipelineLoaderTest, FieldsOfFiltersAreReadToo) {
  pb::Pipeline pipeline = MakePipeline();
  pipeline.mutable_views(0)->set_filter("d = 1 and a = 'x'");
  pipeline.mutable_views(1)->set_filter("exists at or d < 3");
  const auto plan = MakePlan(pipeline);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT((*plan)->fields, ElementsAre("b", "a", "d", "c", "at"));
  // b, a, d, c, at.
  const auto takes = [&](int view, std::vector<absl::optional<absl::string_view>> values) {
    return (*plan)->views[view].filter->Matches(values);
  };
  EXPECT_TRUE(takes(0, {absl::nullopt, "x", "1", absl::nullopt, absl::nullopt}));
  EXPECT_FALSE(takes(0, {"x", "1", "1", "1", "1"}));
  EXPECT_TRUE(takes(1, {absl::nullopt, "9", "2", "9", absl::nullopt}));
  EXPECT_TRUE(takes(1, {"9", "9", "9", "9", ""}));
  EXPECT_FALSE(takes(1, {"1", "1", "9", "1", absl::nullopt}));

  pipeline.mutable_views(1)->set_filter("d < 3 or");
  const auto violations = ValidatePipeline(pipeline);
  ASSERT_THAT(violations, SizeIs(1));
  EXPECT_EQ(violations[0].field, "views[1].filter");
  EXPECT_THAT(violations[0].description, HasSubstr("column 9: expected a field"));
}

TEST(PipelineLoaderTest, NamesAllThatIsWrongAtOnce) {
  pb::Pipeline pipeline = MakePipeline();
  pipeline.set_name("x");
  pipeline.mutable_views(1)->clear_window();
  pipeline.mutable_settings()->set_parallelism(99);
  const absl::Status status = MakePlan(pipeline).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("name must be"), HasSubstr("views[1].window must be"),
                    HasSubstr("settings.parallelism must be")));
}

TEST(PipelineLoaderTest, OnlyItsOwnTopicsAreForbiddenSources) {
  for (const char* topic : {"p-1", "p-1.v.results", "p-1.v2.calls", "p-1.v2", "p-1.vresults",
                            "p-1.views.results", "p-10.results"}) {
    EXPECT_THAT(WrongFields([&](pb::Pipeline* p) { p->set_source_topic(topic); }), IsEmpty())
        << topic;
  }
}

// The counters of all views must fit into the metadata of an offset.
TEST(PipelineLoaderTest, LimitsTheNumberOfViews) {
  const auto with = [](int views) {
    return [views](pb::Pipeline* pipeline) {
      while (pipeline->views_size() < views) {
        *pipeline->add_views() = pipeline->views(1);
        pipeline->mutable_views(pipeline->views_size() - 1)
            ->set_id(absl::StrCat("v", pipeline->views_size()));
      }
    };
  };
  EXPECT_THAT(WrongFields(with(16)), IsEmpty());
  EXPECT_THAT(WrongFields(with(17)), ElementsAre("views"));
}

// 2^58 seconds are a multiple of 2^64 microseconds: they must not come round to none.
TEST(PipelineLoaderTest, LongDurationsDoNotComeRound) {
  const int64_t round = int64_t{1} << 58;
  EXPECT_THAT(
      WrongFields([&](pb::Pipeline* p) {
        p->mutable_views(0)->mutable_window()->mutable_tumbling()->mutable_size()->set_seconds(
            round + 600);
      }),
      ElementsAre("views[0].window.tumbling.size"));
  EXPECT_THAT(WrongFields([&](pb::Pipeline* p) {
                p->mutable_views(0)->mutable_window()->mutable_offset()->set_seconds(round + 60);
              }),
              ElementsAre("views[0].window.offset"));
  EXPECT_THAT(WrongFields([&](pb::Pipeline* p) {
                p->mutable_views(0)->mutable_window()->mutable_offset()->set_seconds(-round);
              }),
              ElementsAre("views[0].window.offset"));
  EXPECT_THAT(
      WrongFields([&](pb::Pipeline* p) { p->mutable_watermark_delay()->set_seconds(round); }),
      ElementsAre("watermark_delay"));
}

TEST(PipelineLoaderTest, SettingsHaveBounds) {
  pb::Settings settings;
  EXPECT_THAT(ValidateSettings(settings), IsEmpty());
  settings.set_parallelism(64);
  settings.mutable_commit_interval()->set_seconds(60);
  EXPECT_THAT(ValidateSettings(settings), IsEmpty());
  EXPECT_EQ(MakeSettings(settings).commit_interval_ms, 60'000);
  settings.mutable_commit_interval()->set_seconds(0);
  EXPECT_EQ(MakeSettings(settings).commit_interval_ms, 0);
}

TEST(PipelineLoaderTest, SettingsComeBeforeWhatThePipelineDeclares) {
  pb::Pipeline pipeline = MakePipeline();
  auto plan = MakePlan(pipeline, 4);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ((*plan)->plan_generation, 4);
  EXPECT_EQ((*plan)->idle_policy, (*plan)->declared_idle_policy);
  pipeline.mutable_settings()->mutable_watermark_delay()->set_seconds(7);
  pipeline.mutable_settings()->mutable_idle_policy()->mutable_idle_timeout()->set_seconds(8);
  plan = MakePlan(pipeline);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ((*plan)->watermark_delay, 7 * kMicrosPerSecond);
  EXPECT_EQ((*plan)->idle_policy.idle_timeout, 8 * kMicrosPerSecond);
  EXPECT_EQ((*plan)->idle_policy.all_idle, AllIdle::kWallClock);
  EXPECT_EQ((*plan)->declared_idle_policy.idle_timeout, 3 * kMicrosPerSecond);
  EXPECT_EQ((*plan)->declared_idle_policy.all_idle, AllIdle::kWait);
}

TEST(PipelineLoaderTest, IdOfAName) {
  EXPECT_EQ(PipelineId("pipelines/sf-calls"), "sf-calls");
  EXPECT_EQ(PipelineId("pipelines/"), "");
  EXPECT_EQ(PipelineId("sf-calls"), "");
  EXPECT_EQ(PipelineId("xpipelines/a"), "");
}

// Files in a folder of the test's own.
class PipelineFileTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = testing::TempDir() +
                             testing::UnitTest::GetInstance()->current_test_info()->name() + "." +
                             name;
    std::ofstream(path, std::ios::binary) << content;
    names_.push_back(path);
    return path;
  }
  ~PipelineFileTest() override {
    for (const std::string& name : names_) std::remove(name.c_str());
  }

  // A pipeline file that names a table file.
  std::string WriteWithTable(const std::string& table) {
    const std::string path = Write("table.json", table);
    const std::string name = path.substr(path.rfind('/') + 1);
    return Write(
        "textproto",
        absl::StrCat("name: 'pipelines/a' tables { name: 't' path: '", name,
                     "' key_column: 'k' version: 'mine' rows { columns { key: 'old' } } }"));
  }

 private:
  std::vector<std::string> names_;
};

TEST_F(PipelineFileTest, NamesAFileThatIsNotThere) {
  for (const std::string& path : {std::string("/nowhere/x.textproto"), testing::TempDir()}) {
    const absl::Status status = LoadPipelineFile(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << path;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
  }
}

TEST_F(PipelineFileTest, AnEmptyFileIsAPipelineThatLacksEverything) {
  const auto pipeline = LoadPipelineFile(Write("textproto", ""));
  ASSERT_TRUE(pipeline.ok()) << pipeline.status();
  EXPECT_THAT(DescribeViolations(ValidatePipeline(*pipeline)),
              AllOf(HasSubstr("name "), HasSubstr("source_topic "), HasSubstr("event_time.field "),
                    HasSubstr("views ")));
}

TEST_F(PipelineFileTest, NamesLineAndColumnOfAnError) {
  const std::string path =
      Write("textproto", "name: \"pipelines/a\"\nsource_topic: \"t\"\n  sauce: 1\nviews: 7\n");
  const absl::Status status = LoadPipelineFile(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(path), HasSubstr("line 3"),
                                                   HasSubstr("sauce"), Not(HasSubstr("line 4"))));
  EXPECT_EQ(LoadPipelineFile(Write("2", "name: \"pipelines/a\" views {")).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LoadPipelineFile(Write("3", "name: 'a' name: 'b'")).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LoadPipelineFile(Write("4", std::string("\0\xFF{", 3))).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(PipelineFileTest, ReadsTables) {
  const std::string path = WriteWithTable(
      R"([{"k":"a","n":12,"t":true,"x":null,"o":{"p":[1, 2]}},{"k":null},{"k":"b","n":""}])");
  const auto pipeline = LoadPipelineFile(path);
  ASSERT_TRUE(pipeline.ok()) << pipeline.status();
  EXPECT_EQ(pipeline->merge_partitions(), 4);
  const pb::StaticTable& table = pipeline->tables(0);
  ASSERT_EQ(table.rows_size(), 3);
  const auto& first = table.rows(0).columns();
  EXPECT_EQ(first.size(), 4u);
  EXPECT_EQ(first.at("k"), "a");
  EXPECT_EQ(first.at("n"), "12");
  EXPECT_EQ(first.at("t"), "true");
  EXPECT_EQ(first.at("o"), R"({"p":[1,2]})");
  EXPECT_TRUE(table.rows(1).columns().empty());
  EXPECT_EQ(table.rows(2).columns().at("n"), "");
  EXPECT_THAT(table.version(), AllOf(SizeIs(16), Not(HasSubstr("mine"))));
}

TEST_F(PipelineFileTest, TheVersionOfATableIsItsContent) {
  const auto version = [](const absl::StatusOr<pb::Pipeline>& pipeline) {
    EXPECT_TRUE(pipeline.ok()) << pipeline.status();
    return pipeline->tables(0).version();
  };
  const std::string one = version(LoadPipelineFile(WriteWithTable(R"([{"k":"a"}])")));
  EXPECT_EQ(version(LoadPipelineFile(WriteWithTable(R"([{"k":"a"}])"))), one);
  EXPECT_NE(version(LoadPipelineFile(WriteWithTable(R"([{"k":"b"}])"))), one);
  // Also when the rows stand in the pipeline itself.
  const auto with_rows = [&](const std::string& columns) {
    return version(LoadPipelineFile(
        Write("rows", absl::StrCat("tables { name: 't' rows { ", columns, " } }"))));
  };
  const std::string rows = with_rows("columns { key: 'k' value: 'a' } columns { key: 'l' }");
  EXPECT_THAT(rows, SizeIs(16));
  EXPECT_EQ(with_rows("columns { key: 'l' } columns { key: 'k' value: 'a' }"), rows);
  EXPECT_NE(with_rows("columns { key: 'k' value: 'a' } columns { key: 'm' }"), rows);
  EXPECT_NE(with_rows("columns { key: 'k' value: 'a' } } rows { columns { key: 'l' }"), rows);
}

TEST_F(PipelineFileTest, NamesATableThatIsNoTable) {
  for (const char* content : {"", "{}", "[1]", "[{\"k\":1}", "7", "[[]]"}) {
    const absl::Status status = LoadPipelineFile(WriteWithTable(content)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << content;
    EXPECT_THAT(std::string(status.message()), HasSubstr("table.json")) << content;
  }
  const std::string path =
      Write("textproto", "tables { name: 't' path: 'nowhere.json' key_column: 'k' }");
  const absl::Status status = LoadPipelineFile(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("nowhere.json"));
}

}  // namespace
}  // namespace windrow::aggregator
