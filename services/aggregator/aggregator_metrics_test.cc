#include "services/aggregator/aggregator_metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace windrow::aggregator {
namespace {

// Value by name and labels, "name{a=1,b=2}".
std::map<std::string, double> ValuesOf(metrics::MetricFamilies* families) {
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : families->Take()) {
    for (const prometheus::ClientMetric& metric : family.metric) {
      std::string labels;
      for (const auto& label : metric.label) {
        absl::StrAppend(&labels, labels.empty() ? "" : ",", label.name, "=", label.value);
      }
      const double value = family.type == prometheus::MetricType::Counter ? metric.counter.value
                           : family.type == prometheus::MetricType::Gauge
                               ? metric.gauge.value
                               : static_cast<double>(metric.histogram.sample_count);
      EXPECT_TRUE(values.emplace(absl::StrCat(family.name, "{", labels, "}"), value).second)
          << family.name << labels << " twice";
    }
  }
  return values;
}

PipelinePlan Plan() {
  PipelinePlan plan;
  plan.id = "p";
  plan.source_topic = "calls";
  plan.views.resize(1);
  plan.views[0].id = "v";
  return plan;
}

RunnerProgress Progress() {
  RunnerProgress progress;
  progress.counts.commits = 4;
  progress.counts.aborts = 1;
  progress.counts.rebalances = 2;
  progress.counts.dead_letters[static_cast<size_t>(DeadLetterReason::kBadEventTime)] = 9;
  progress.counts.transaction_durations.Add(absl::Milliseconds(3));
  WorkerStatus& worker = progress.workers.emplace_back();
  worker.state = WorkerState::kRunning;
  WorkerStatus::Source& source = worker.sources.emplace_back();
  source.position.partition = 3;
  source.position.end_offset = 90;
  source.position.watermark = 40'000'000;
  source.position.max_event_time = 100'000'000;
  source.position.counters.read = 77;
  source.position.counters.views = {{60, 5, 0, 12}};
  source.log_end = 100;
  WorkerStatus::Merge& merge = worker.merges.emplace_back();
  merge.partition = 1;
  merge.closed_through = 30'000'000;
  merge.state_bytes = 4096;
  merge.open_cells = 8;
  merge.windows_closed = {6};
  return progress;
}

TEST(AggregatorMetricsTest, TellsOfPartitionsWorkersAndTransactions) {
  metrics::MetricFamilies families;
  WriteMetrics(Plan(), Progress(), &families);
  std::map<std::string, double> values = ValuesOf(&families);
  const std::string base = "{pipeline=p,incarnation=1";
  EXPECT_EQ(
      values[absl::StrCat("windrow_records_consumed_total", base, ",topic=calls,partition=3}")],
      77);
  EXPECT_EQ(values[absl::StrCat("windrow_consumer_lag_records", base, ",topic=calls,partition=3}")],
            10);
  EXPECT_EQ(values[absl::StrCat("windrow_watermark_timestamp_seconds", base,
                                ",topic=calls,partition=3}")],
            40);
  EXPECT_EQ(values[absl::StrCat("windrow_records_late_total", base, ",view=v,partition=3}")], 12);
  EXPECT_EQ(values[absl::StrCat("windrow_records_invalid_total", base, ",reason=bad-event-time}")],
            9);
  EXPECT_EQ(values[absl::StrCat("windrow_state_bytes", base, ",partition=1}")], 4096);
  EXPECT_EQ(values[absl::StrCat("windrow_windows_closed_total", base, ",view=v,partition=1}")], 6);
  EXPECT_EQ(values[absl::StrCat("windrow_event_time_lag_seconds", base, "}")], 70);
  EXPECT_EQ(values[absl::StrCat("windrow_workers", base, ",state=running}")], 1);
  EXPECT_EQ(values[absl::StrCat("windrow_workers", base, ",state=failed}")], 0);
  EXPECT_EQ(values[absl::StrCat("windrow_transactions_total", base, ",result=aborted}")], 1);
  EXPECT_EQ(values[absl::StrCat("windrow_transaction_duration_seconds", base, "}")], 1);
  EXPECT_EQ(values[absl::StrCat("windrow_rebalances_total", base, "}")], 2);
}

TEST(AggregatorMetricsTest, SaysNothingOfTimesThatAreNotKnown) {
  RunnerProgress progress = Progress();
  progress.workers[0].sources[0].position = {};
  progress.workers[0].merges[0].closed_through = kNever;
  metrics::MetricFamilies families;
  WriteMetrics(Plan(), progress, &families);
  for (const auto& [name, value] : ValuesOf(&families)) {
    EXPECT_EQ(name.find("_timestamp_seconds"), std::string::npos) << name;
    EXPECT_EQ(name.find("event_time_lag"), std::string::npos) << name;
  }
}

TEST(AggregatorMetricsTest, TellsLimits) {
  ControlledPipeline pipeline;
  pipeline.settings.records_per_second = 500;
  pipeline.paused = true;
  metrics::MetricFamilies families;
  WriteLimits("p", pipeline, &families);
  std::map<std::string, double> values = ValuesOf(&families);
  EXPECT_EQ(values["windrow_rate_limit_records_per_second{pipeline=p}"], 500);
  EXPECT_EQ(values["windrow_paused{pipeline=p}"], 1);
}

}  // namespace
}  // namespace windrow::aggregator
