#include "services/aggregator/sink/dead_letter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace windrow::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(DeadLetterTest, KeepsRecordAndOrigin) {
  const DeadLetter letter(DeadLetterReason::kBadEventTime, 3, 1'000'000'000'000, -5, "key",
                          std::string("va\0lue", 6));
  EXPECT_EQ(letter.key, "key");
  EXPECT_EQ(letter.value, std::string("va\0lue", 6));
  EXPECT_THAT(
      letter.Headers("calls"),
      ElementsAre(Pair("windrow-reason", "bad-event-time"), Pair("windrow-source-topic", "calls"),
                  Pair("windrow-source-partition", "3"),
                  Pair("windrow-source-offset", "1000000000000"),
                  Pair("windrow-source-timestamp-ms", "-5"), Pair("windrow-original-size", "6")));
}

// Kafka takes records of 1,000,000 bytes by default; a batch with a larger one could never be
// committed.
TEST(DeadLetterTest, CutsWhatDoesNotFit) {
  const DeadLetter letter(DeadLetterReason::kTooLarge, 0, 0, 0, std::string(900'000, 'k'),
                          std::string(1'000'001, 'v'));
  EXPECT_EQ(letter.key, std::string(100'000, 'k'));
  EXPECT_EQ(letter.value, std::string(500'000, 'v'));
  EXPECT_EQ(letter.size, 1'000'001u);
  EXPECT_EQ(letter.Headers("calls").back().second, "1000001");
}

// A trace goes on through the dead letter.
TEST(DeadLetterTest, KeepsTheRecordsOwnHeaders) {
  const DeadLetter letter(DeadLetterReason::kNotJson, 0, 0, 0, "", "{",
                          {{"traceparent", "00-a-b-01"}, {"empty", ""}});
  const record_log::RecordHeaders headers = letter.Headers("calls");
  ASSERT_EQ(headers.size(), 8u);
  EXPECT_EQ(headers.front().first, "windrow-reason");
  EXPECT_THAT(headers[6], Pair("traceparent", "00-a-b-01"));
  EXPECT_THAT(headers[7], Pair("empty", ""));
  EXPECT_EQ(letter.bytes(), 1u + 20u + 5u);
}

TEST(DeadLetterTest, LeavesOutHeadersThatDoNotFit) {
  const DeadLetter letter(
      DeadLetterReason::kNotJson, 0, 0, 0, "", "{",
      {{"first", std::string(60'000, 'a')}, {"second", std::string(60'000, 'b')}, {"last", "c"}});
  ASSERT_EQ(letter.own_headers.size(), 2u);
  EXPECT_EQ(letter.own_headers[0].first, "first");
  EXPECT_EQ(letter.own_headers[1].first, "last");
}

TEST(DeadLetterTest, TakesARecordWithoutKeyAndValue) {
  const DeadLetter letter(DeadLetterReason::kNotJson, 0, 0, 0, absl::string_view(nullptr, 0),
                          absl::string_view(nullptr, 0));
  EXPECT_EQ(letter.key, "");
  EXPECT_EQ(letter.value, "");
  EXPECT_EQ(letter.size, 0u);
}

}  // namespace
}  // namespace windrow::aggregator
