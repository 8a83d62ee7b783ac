#include "services/aggregator/core/topic_limit.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {
namespace {

constexpr int64_t kBegin = 1'000'000'000;

// A worker that finds as many records as it may read, each of `bytes`, and sleeps for `step` when
// it may read none.
struct Reader {
  TopicLimit* limit;
  int64_t step;
  int64_t bytes;
  int64_t read = 0;
  int64_t next = kBegin;
};

// Lets the readers read for `span`.
void LetRead(int64_t begin, int64_t span, const std::vector<Reader*>& readers) {
  for (int64_t now = begin; now < begin + span; now += 50) {
    for (Reader* reader : readers) {
      if (now < reader->next) continue;
      const TopicLimit::Grant grant = reader->limit->Acquire(now, 1000);
      if (grant.records == 0) reader->next = now + reader->step;
      reader->read += grant.records;
      reader->limit->Settle(grant, grant.records, grant.records * reader->bytes);
    }
  }
}

TEST(TopicLimitTest, WithoutALimitEverythingPasses) {
  TopicLimit limit;
  EXPECT_FALSE(limit.limited());
  EXPECT_EQ(limit.Acquire(kBegin, 1000).records, 1000);
}

TEST(TopicLimitTest, AReplicaHasTheShareOfItsPartitions) {
  for (const int64_t rate : {10, 100, 20'000, 400'000}) {
    SCOPED_TRACE(rate);
    TopicLimit one;
    TopicLimit other;
    for (TopicLimit* limit : {&one, &other}) limit->SetRates(rate, 0);
    one.SetOwned(0, 2, 4);
    one.SetOwned(1, 1, 4);
    other.SetOwned(0, 1, 4);
    Reader a{&one, 5000, 100};
    Reader b{&one, 1300, 100};
    Reader c{&other, 5000, 100};
    LetRead(kBegin, 10 * kMicrosPerSecond, {&a, &b, &c});
    EXPECT_NEAR(static_cast<double>(a.read + b.read), rate * 7.5, rate * 0.2 + 2);
    EXPECT_NEAR(static_cast<double>(c.read), rate * 2.5, rate * 0.1 + 2);
    EXPECT_NEAR(static_cast<double>(a.read + b.read + c.read), rate * 10.0, rate * 0.26 + 3)
        << "within 2.5 % and what the buckets hold";
  }
}

TEST(TopicLimitTest, TheRateStaysWhenWorkersChange) {
  TopicLimit limit;
  limit.SetRates(2000, 0);
  limit.SetOwned(0, 4, 4);
  Reader a{&limit, 5000, 100};
  Reader b{&limit, 5000, 100};
  LetRead(kBegin, 5 * kMicrosPerSecond, {&a});
  limit.SetOwned(0, 0, 4);
  limit.SetOwned(0, 2, 4);
  limit.SetOwned(1, 2, 4);
  LetRead(kBegin + 5 * kMicrosPerSecond, 5 * kMicrosPerSecond, {&a, &b});
  EXPECT_NEAR(static_cast<double>(a.read + b.read), 20'000.0, 520.0);
}

TEST(TopicLimitTest, BytesAreLimitedWhateverTheSizeOfRecords) {
  for (const int64_t size : {10, 199, 5000, 900'000}) {
    SCOPED_TRACE(size);
    TopicLimit limit;
    limit.SetRates(0, 1'000'000);
    limit.SetOwned(0, 4, 4);
    Reader reader{&limit, 5000, size};
    LetRead(kBegin, 10 * kMicrosPerSecond, {&reader});
    // A record more, and the first guess of their size may be wrong.
    EXPECT_NEAR(static_cast<double>(reader.read * size), 10e6, 4e5 + static_cast<double>(size));
  }
}

TEST(TopicLimitTest, RecordsThatBecomeLargeDoNotStopItForLong) {
  TopicLimit limit;
  limit.SetRates(0, 1'000'000);
  limit.SetOwned(0, 1, 1);
  Reader reader{&limit, 5000, 10};
  LetRead(kBegin, kMicrosPerSecond, {&reader});
  reader.bytes = 100'000;
  reader.read = 0;
  LetRead(kBegin + kMicrosPerSecond, 10 * kMicrosPerSecond, {&reader});
  EXPECT_NEAR(static_cast<double>(reader.read * reader.bytes), 10e6, 2e6);
}

TEST(TopicLimitTest, TheNarrowerOfTwoLimitsHolds) {
  TopicLimit limit;
  limit.SetOwned(0, 1, 1);
  limit.SetRates(1000, 50'000);
  Reader reader{&limit, 5000, 100};
  LetRead(kBegin, 10 * kMicrosPerSecond, {&reader});
  EXPECT_NEAR(static_cast<double>(reader.read), 5000.0, 150.0);
}

TEST(TopicLimitTest, WhatWasNotReadIsGivenBack) {
  TopicLimit limit;
  limit.SetRates(1000, 0);
  limit.SetOwned(0, 1, 1);
  const TopicLimit::Grant grant = limit.Acquire(kBegin, 1000);
  EXPECT_EQ(grant.records, 251);
  EXPECT_EQ(limit.Acquire(kBegin, 1000).records, 0) << "another worker must not have it, too";
  limit.Settle(grant, 1, 100);
  EXPECT_EQ(limit.Acquire(kBegin, 1000).records, 250);
}

TEST(TopicLimitTest, APauseDoesNotBecomeABurst) {
  TopicLimit limit;
  limit.SetRates(1000, 0);
  limit.SetOwned(0, 1, 1);
  limit.Acquire(kBegin, 1000);
  EXPECT_EQ(limit.Acquire(kBegin + 3600 * kMicrosPerSecond, 1000).records, 251);
}

TEST(TopicLimitTest, NothingIsReadOfPartitionsThatAreNotKnown) {
  TopicLimit limit;
  limit.SetRates(1000, 0);
  EXPECT_EQ(limit.Acquire(kBegin, 1000).records, 0);
  limit.SetOwned(0, 1, 2);
  limit.Acquire(kBegin, 1000);
  EXPECT_EQ(limit.Acquire(kBegin + 10'000, 1000).records, 5);
}

TEST(TopicLimitTest, ALiftedLimitIsForgotten) {
  TopicLimit limit;
  limit.SetRates(100, 1000);
  limit.SetOwned(0, 1, 1);
  const TopicLimit::Grant grant = limit.Acquire(kBegin, 1000);
  limit.Settle(grant, grant.records, 1'000'000);
  EXPECT_EQ(limit.Acquire(kBegin + kMicrosPerSecond, 1000).records, 0) << "it is owed";
  limit.SetRates(0, 0);
  EXPECT_EQ(limit.Acquire(kBegin + kMicrosPerSecond, 1000).records, 1000);
  limit.SetRates(100, 1000);
  EXPECT_GT(limit.Acquire(kBegin + 2 * kMicrosPerSecond, 1000).records, 0);
}

}  // namespace
}  // namespace windrow::aggregator
