#include "clients/cli/spark_progress.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace windrow::cli {
namespace {

TEST(SparkProgressTest, IsWhatSparkPrints) {
  aggregator::v1::Progress progress;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(id: "pipelines/p/incarnations/1" run_id: "r" name: "pipelines/p"
         timestamp { seconds: 1700000000 nanos: 500000000 } batch_id: 7 num_input_rows: 10
         input_rows_per_second: 12.34 processed_rows_per_second: 10
         duration_ms { key: "walCommit" value: 3 } duration_ms { key: "triggerExecution" value: 3 }
         event_time { key: "watermark" value: "2018-12-31T00:00:00Z" }
         state_operators { operator_name: "windows" num_rows_total: 5 }
         sources { description: "KafkaV2[Subscribe[calls]]" start_offset: "{\"calls\":{\"0\":1}}"
                   end_offset: "{\"calls\":{\"0\":2}}" latest_offset: "{\"calls\":{\"0\":3}}"
                   num_input_rows: 10 metrics { key: "maxOffsetsBehindLatest" value: "1" } }
         sink { description: "KafkaTable[p.results]" num_output_rows: 4 })",
      &progress));
  EXPECT_EQ(
      SparkProgressJson(progress),
      R"({"id":"pipelines/p/incarnations/1","runId":"r","name":"pipelines/p",)"
      R"("timestamp":"2023-11-14T22:13:20.5Z","batchId":7,"numInputRows":10,)"
      R"("inputRowsPerSecond":12.3,"processedRowsPerSecond":10.0,)"
      R"("durationMs":{"triggerExecution":3,"walCommit":3},)"
      R"("eventTime":{"watermark":"2018-12-31T00:00:00Z"},)"
      R"("stateOperators":[{"operatorName":"windows","numRowsTotal":5,"numRowsUpdated":0,)"
      R"("memoryUsedBytes":0,"numRowsDroppedByWatermark":0,"numShufflePartitions":0}],)"
      R"("sources":[{"description":"KafkaV2[Subscribe[calls]]","startOffset":{"calls":{"0":1}},)"
      R"("endOffset":{"calls":{"0":2}},"latestOffset":{"calls":{"0":3}},"numInputRows":10,)"
      R"("inputRowsPerSecond":0.0,"processedRowsPerSecond":0.0,)"
      R"("metrics":{"maxOffsetsBehindLatest":"1"}}],)"
      R"("sink":{"description":"KafkaTable[p.results]","numOutputRows":4}})");
}

}  // namespace
}  // namespace windrow::cli
