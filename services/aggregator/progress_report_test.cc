#include "services/aggregator/progress_report.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::aggregator {
namespace {

using google::protobuf::TextFormat;
using windrow::status::v1::ReplicaStatus;

constexpr char kName[] = "pipelines/p";
constexpr int64_t kHour = 3'600'000'000;

ControlledPipeline Controlled() {
  windrow::pipeline::v1::Pipeline pipeline;
  pipeline.set_name(kName);
  pipeline.set_source_topic("calls");
  pipeline.set_merge_partitions(4);
  ControlledPipeline controlled;
  controlled.served.definition = pipeline.SerializeAsString();
  return controlled;
}

// A replica that reads one partition up to `end` of `log_end`.
ReplicaStatus Replica(const std::string& name, int partition, int64_t end, int64_t log_end) {
  ReplicaStatus status;
  EXPECT_TRUE(TextFormat::ParseFromString(
      absl::StrCat(R"(
        replica: ")",
                   name, R"(" run_id: "run-of-)", name, R"(" resident_bytes: 1000
        cpu_time { seconds: 2 }
        pipelines { pipeline: "pipelines/other" counters { rows_processed: 999999 } }
        pipelines {
          pipeline: "pipelines/p" incarnation: 1 generation: )",
                   3 + partition, R"(
          counters { rows_processed: )",
                   end, R"( rows_written: 10 commits: 5 }
          input_rows_per_second: 100 processed_rows_per_second: 50
          commit_duration { nanos: )",
                   (1 + partition) * 1'000'000, R"( }
          workers {
            state: STATE_RUNNING
            sources {
              position {
                source_partition: )",
                   partition, R"( end_offset: )", end, R"(
                max_event_time_us: )",
                   (3 + partition) * kHour, R"(
                watermark_us: )",
                   (2 + partition) * kHour, R"(
                counters { dead_lettered: 1 views { late_everywhere: 2 } views { late_everywhere: 3 } }
              }
              log_end_offset: )",
                   log_end, R"(
            }
            merges { partition: )",
                   partition, R"( open_cells: 7 state_bytes: 700 }
          }
        })"),
      &status));
  return status;
}

TEST(ProgressReportTest, PutsReplicasTogether) {
  ProgressReport report(kName);
  const v1::Progress progress =
      report.Make(Controlled(), {Replica("a", 0, 100, 150), Replica("b", 1, 200, 200)},
                  absl::FromUnixSeconds(1'700'000'000));
  EXPECT_EQ(progress.name(), kName);
  EXPECT_EQ(progress.replica(), "");
  EXPECT_EQ(progress.run_id(), "");
  EXPECT_EQ(progress.generation(), 3) << "what both have applied";
  EXPECT_EQ(progress.input_rows_per_second(), 200);
  EXPECT_EQ(progress.processed_rows_per_second(), 100);
  EXPECT_EQ(progress.rows_processed(), 300);
  EXPECT_EQ(progress.batch_id(), 10);
  EXPECT_EQ(progress.lag_records(), 50);
  EXPECT_EQ(progress.lag_duration().nanos(), 250'000'000) << "50 records at 200 a second";
  EXPECT_EQ(progress.watermark_time().seconds(), 2 * 3600);
  EXPECT_EQ(progress.commit_duration().nanos(), 2'000'000);
  EXPECT_EQ(progress.resident_bytes(), 2000);
  EXPECT_EQ(progress.cpu_time().seconds(), 4);
  EXPECT_EQ(progress.late_rows(), 10);
  EXPECT_EQ(progress.dead_lettered_rows(), 2);
  ASSERT_EQ(progress.workers_size(), 2);
  EXPECT_EQ(progress.workers(1).replica(), "b");
  EXPECT_FALSE(progress.has_latency_p50()) << "nobody has measured any";
}

// The names and meanings of org.apache.spark.sql.streaming.StreamingQueryProgress.
TEST(ProgressReportTest, SpeaksSparksLanguage) {
  ProgressReport report(kName);
  const v1::Progress progress =
      report.Make(Controlled(), {Replica("a", 0, 100, 150)}, absl::FromUnixSeconds(1'700'000'000));
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(progress, &json, options).ok());
  for (
      const absl::string_view part :
      {R"("id":"pipelines/p/incarnations/1")", R"("runId":"run-of-a")", R"("name":"pipelines/p")",
       R"("timestamp":"2023-11-14T22:13:20Z")", R"("batchId":"5")", R"("numInputRows":"50")",
       R"("inputRowsPerSecond":100)", R"("processedRowsPerSecond":50)", R"("triggerExecution":"1")",
       R"("watermark":"1970-01-01T02:00:00Z")", R"("max":"1970-01-01T03:00:00Z")",
       R"("stateOperators":[{"operatorName":"windows","numRowsTotal":"7","numRowsUpdated":"10","memoryUsedBytes":"700","numRowsDroppedByWatermark":"5","numShufflePartitions":4}])",
       R"("description":"KafkaV2[Subscribe[calls]]")", R"("endOffset":"{\"calls\":{\"0\":100}}")",
       R"("latestOffset":"{\"calls\":{\"0\":150}}")", R"("maxOffsetsBehindLatest":"50")",
       R"("sink":{"description":"KafkaTable[p.results]","numOutputRows":"10"})"}) {
    EXPECT_NE(json.find(std::string(part)), std::string::npos) << part << " is not in " << json;
  }
}

TEST(ProgressReportTest, AStreamTellsWhatHappenedSinceTheReportBefore) {
  ProgressReport report(kName);
  report.Make(Controlled(), {Replica("a", 0, 100, 150)}, absl::Now());
  v1::Progress progress = report.Make(Controlled(), {Replica("a", 0, 130, 150)}, absl::Now());
  EXPECT_EQ(progress.num_input_rows(), 30);
  EXPECT_EQ(progress.sources(0).start_offset(), R"({"calls":{"0":100}})");
  EXPECT_EQ(progress.sources(0).end_offset(), R"({"calls":{"0":130}})");
  EXPECT_EQ(progress.sink().num_output_rows(), 0);
  // A replica that was started anew counts from zero.
  progress = report.Make(Controlled(), {Replica("a", 0, 20, 150)}, absl::Now());
  EXPECT_EQ(progress.num_input_rows(), 0);
}

}  // namespace
}  // namespace windrow::aggregator
