#include "clients/cli/tune_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace windrow::cli {
namespace {

using ::testing::HasSubstr;

TuneMeasurement Trial(const std::string& name, double rate, int64_t lag_after, double p99_ms,
                      double cpu_load) {
  TuneMeasurement one;
  one.trial.name = name;
  one.trial.settings.set_parallelism(2);
  one.settled = true;
  one.seconds = 10;
  one.input_rows_per_second = 1000;
  one.processed_rows_per_second = rate;
  one.latency_p50 = absl::Milliseconds(p99_ms / 2);
  one.latency_p99 = absl::Milliseconds(p99_ms);
  one.cpu_load = cpu_load;
  one.resident_bytes = 50'000'000;
  one.lag_records_after = lag_after;
  return one;
}

TEST(TuneReportTest, OfThoseThatKeepUpTheQuickestIsBest) {
  const TuneAdvice advice =
      Advise({Trial("slow", 1000, 0, 300, 0.1), Trial("behind", 900, 100'000, 20, 0.1),
              Trial("quick", 1000, 10, 40, 0.9)});
  EXPECT_EQ(advice.best, 2u);
  EXPECT_THAT(advice.reason, HasSubstr("quick: keeps up with the input of 1,000 rows/s"));
}

TEST(TuneReportTest, OfEquallyQuickOnesTheCheapestIsBest) {
  const TuneAdvice advice = Advise(
      {Trial("a", 1000, 0, 40, 0.9), Trial("b", 1000, 0, 43, 0.3), Trial("c", 1000, 0, 60, 0.1)});
  EXPECT_EQ(advice.best, 1u);
  EXPECT_THAT(advice.reason, HasSubstr("with the least processor time of the 2"));
}

TEST(TuneReportTest, WhenNoneKeepsUpTheFastestIsBest) {
  const TuneAdvice advice =
      Advise({Trial("a", 5000, 100'000, 4000, 1), Trial("b", 9000, 100'000, 5000, 2)});
  EXPECT_EQ(advice.best, 1u);
  EXPECT_THAT(advice.reason, HasSubstr("no trial keeps up"));
}

TEST(TuneReportTest, WithoutInputThereIsNoAdvice) {
  TuneMeasurement idle = Trial("a", 0, 0, 1, 0);
  idle.latency_p99.reset();
  const TuneAdvice advice = Advise({idle});
  EXPECT_FALSE(advice.best.has_value());
  EXPECT_THAT(TuneTable({idle}, advice), HasSubstr("No advice: there was no input"));
}

TEST(TuneReportTest, PrintsCsvAndJson) {
  const std::vector<TuneMeasurement> trials = {Trial("as it is", 1000, 0, 40, 0.5)};
  const TuneAdvice advice = Advise(trials);
  EXPECT_THAT(TuneCsv(trials, advice),
              HasSubstr("processed_rows_per_second,latency_p50_ms,latency_p99_ms"));
  EXPECT_THAT(TuneCsv(trials, advice), HasSubstr("1000.0,20.0,40.0,0.0,0.500,2000,50000000"));
  EXPECT_THAT(TuneJson(trials, advice), HasSubstr(R"("latency_p99_ms":40.0)"));
  EXPECT_THAT(TuneJson(trials, advice), HasSubstr(R"("recommendation":{"trial":"as it is")"));
}

}  // namespace
}  // namespace windrow::cli
