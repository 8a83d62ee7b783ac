#include "services/platform/kafka/client_statistics.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace windrow::kafka {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

std::string Told(const std::string& name, const std::string& type, int requests, int timeouts) {
  return absl::StrCat(R"({"name":")", name, R"(","type":")", type, R"(","tx":)", requests,
                      R"(,"tx_bytes":)", requests * 100, R"(,"rx_bytes":7,"msg_cnt":3,)",
                      R"("brokers":{"b:1/1":{"req_timeouts":)", timeouts,
                      R"(,"txerrs":1,"rxerrs":2,"rtt":{"p99":1500}},)",
                      R"("b:2/2":{"req_timeouts":0,"txerrs":0,"rxerrs":0,"rtt":{"p99":500}}}})");
}

TEST(ClientStatisticsTest, AddsUpByType) {
  ClientStatistics statistics;
  statistics.Add(Told("a#producer-1", "producer", 10, 1), kNow);
  statistics.Add(Told("a#producer-2", "producer", 5, 0), kNow);
  statistics.Add(Told("a#consumer-3", "consumer", 2, 0), kNow);
  const auto all = statistics.Get();
  ASSERT_EQ(all.size(), 2u);
  const ClientStatistics::Sums& producers = all.at("producer");
  EXPECT_EQ(producers.clients, 2);
  EXPECT_EQ(producers.counts.requests, 15);
  EXPECT_EQ(producers.counts.sent_bytes, 1500);
  EXPECT_EQ(producers.counts.received_bytes, 14);
  EXPECT_EQ(producers.counts.timeouts, 1);
  EXPECT_EQ(producers.counts.errors, 6);
  EXPECT_EQ(producers.queued_messages, 6);
  EXPECT_DOUBLE_EQ(producers.round_trip_seconds, 0.0015);
  EXPECT_EQ(all.at("consumer").counts.requests, 2);
}

TEST(ClientStatisticsTest, CountsDoNotFallWhenAClientGoes) {
  ClientStatistics statistics;
  statistics.Add(Told("a#producer-1", "producer", 10, 0), kNow);
  statistics.Add(Told("a#producer-1", "producer", 25, 0), kNow + absl::Seconds(5));
  EXPECT_EQ(statistics.Get().at("producer").counts.requests, 25);
  statistics.Add(Told("a#producer-2", "producer", 1, 0), kNow + absl::Minutes(5));
  EXPECT_EQ(statistics.Get().at("producer").clients, 1) << "the other one is silent";
  EXPECT_EQ(statistics.Get().at("producer").counts.requests, 26);
}

TEST(ClientStatisticsTest, IgnoresWhatItCannotRead) {
  ClientStatistics statistics;
  statistics.Add("{", kNow);
  EXPECT_TRUE(statistics.Get().empty());
}

}  // namespace
}  // namespace windrow::kafka
