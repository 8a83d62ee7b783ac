#include "services/aggregator/core/parallelism_policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {
namespace {

constexpr int64_t kStepInterval = 5 * kMicrosPerSecond;
// For how long lag is watched before it is acted on, and calm.
constexpr int64_t kGrowAfter = 3 * kMicrosPerSecond;
constexpr int64_t kShrinkAfter = 15 * kMicrosPerSecond;
constexpr int64_t kNoShrinkAfterGrowth = 30 * kMicrosPerSecond;
constexpr int64_t kNoGrowthAfterFailure = kMicrosPerMinute;
// Lag of so many seconds' worth of records, and records, is none; of so many is one. What lies
// between changes nothing.
constexpr double kCalmSeconds = 1;
constexpr int64_t kCalmRecords = 1'000;
constexpr double kBehindSeconds = 2;
constexpr int64_t kBehindRecords = 5'000;
// Who will have caught up by then needs no help.
constexpr double kSoonSeconds = 5;
// The processor has room below this share of it.
constexpr double kBusyShare = 0.85;
// The others can carry the load if each of them would use less than this of a processor.
constexpr double kLightLoad = 0.5;
// A step up must bring this much.
constexpr double kWorthwhile = 1.05;

bool IsCalm(const ParallelismObservation& seen) {
  return static_cast<double>(seen.lag_records) <=
         kCalmSeconds * seen.processed_per_second + static_cast<double>(kCalmRecords);
}

bool IsBehind(const ParallelismObservation& seen) {
  return static_cast<double>(seen.lag_records) >
         kBehindSeconds * seen.processed_per_second + static_cast<double>(kBehindRecords);
}

std::string LoadText(const ParallelismObservation& seen) {
  return absl::StrFormat("%.1f of %d processors in use", seen.cpu_load, seen.processors);
}

}  // namespace

void ParallelismPolicy::SetRange(int least, int most) {
  if (least == least_ && most == most_) return;
  *this = ParallelismPolicy();
  least_ = least;
  most_ = most;
}

void ParallelismPolicy::StartAnew(int64_t now_us) {
  lags_.clear();
  calm_since_us_ = -1;
  next_step_us_ = std::max(next_step_us_, now_us);
}

absl::optional<ParallelismStep> ParallelismPolicy::Observe(const ParallelismObservation& seen) {
  if (seen.held) {
    StartAnew(seen.now_us);
    rate_before_growth_ = -1;
    return absl::nullopt;
  }
  absl::optional<ParallelismStep> step;
  if (seen.workers < least_) {
    step = {least_, absl::StrCat("at least ", least_, " workers are wanted")};
  } else if (seen.workers > most_) {
    step = {most_, absl::StrCat("at most ", most_, " workers are wanted")};
  } else if (!seen.settled) {
    StartAnew(seen.now_us);
    return absl::nullopt;
  } else {
    lags_.push_back({seen.now_us, seen.lag_records});
    while (seen.now_us - lags_.front().at_us > kGrowAfter && lags_.size() > 1 &&
           seen.now_us - lags_[1].at_us >= kGrowAfter) {
      lags_.pop_front();
    }
    if (!IsCalm(seen)) {
      calm_since_us_ = -1;
    } else if (calm_since_us_ < 0) {
      calm_since_us_ = seen.now_us;
    }
    if (seen.now_us < next_step_us_) return absl::nullopt;
    JudgeLastGrowth(seen);
    step = Grow(seen);
    if (!step.has_value()) step = Shrink(seen);
  }
  if (!step.has_value()) return absl::nullopt;
  StartAnew(seen.now_us);
  next_step_us_ = seen.now_us + kStepInterval;
  return step;
}

absl::optional<ParallelismStep> ParallelismPolicy::Grow(const ParallelismObservation& seen) {
  if (seen.workers >= most_ || seen.workers >= seen.source_partitions ||
      seen.now_us < next_growth_us_ || seen.now_us - lags_.front().at_us < kGrowAfter ||
      !IsBehind(seen) || seen.cpu_load > kBusyShare * seen.processors) {
    return absl::nullopt;
  }
  const double seconds = SecondsToCatchUp();
  if (seconds >= 0 && seconds <= kSoonSeconds) return absl::nullopt;
  rate_before_growth_ = seen.processed_per_second;
  next_shrinking_us_ = seen.now_us + kNoShrinkAfterGrowth;
  const std::string trend =
      seconds < 0 ? "and not catching up" : absl::StrFormat("caught up only in %.0f s", seconds);
  return ParallelismStep{
      seen.workers + 1,
      absl::StrCat(seen.lag_records, " records behind, ", trend, "; ", LoadText(seen), ", ",
                   seen.source_partitions, " partitions for ", seen.workers,
                   seen.workers == 1 ? " worker" : " workers")};
}

absl::optional<ParallelismStep> ParallelismPolicy::Shrink(const ParallelismObservation& seen) {
  if (seen.workers <= least_) return absl::nullopt;
  const bool without_partition = seen.workers > std::max(1, seen.source_partitions);
  const bool light = seen.cpu_load < kLightLoad * (seen.workers - 1);
  if (calm_since_us_ < 0 || seen.now_us - calm_since_us_ < kShrinkAfter ||
      seen.now_us < next_shrinking_us_ || !(light || without_partition)) {
    return absl::nullopt;
  }
  return ParallelismStep{
      seen.workers - 1,
      without_partition
          ? absl::StrCat(seen.workers, " workers for ", seen.source_partitions, " partitions")
          : absl::StrCat("not behind for ", (seen.now_us - calm_since_us_) / kMicrosPerSecond,
                         " s; ", LoadText(seen), " by ", seen.workers, " workers")};
}

void ParallelismPolicy::JudgeLastGrowth(const ParallelismObservation& seen) {
  if (rate_before_growth_ < 0 || seen.now_us - lags_.front().at_us < kGrowAfter) return;
  // Whoever is not behind any more tells nothing by its rate.
  if (IsBehind(seen) && seen.processed_per_second < kWorthwhile * rate_before_growth_) {
    next_growth_us_ = seen.now_us + kNoGrowthAfterFailure;
  }
  rate_before_growth_ = -1;
}

double ParallelismPolicy::SecondsToCatchUp() const {
  const Lag& first = lags_.front();
  const Lag& last = lags_.back();
  if (last.records >= first.records) return -1;
  const double per_second = static_cast<double>(first.records - last.records) * kMicrosPerSecond /
                            static_cast<double>(last.at_us - first.at_us);
  return static_cast<double>(last.records) / per_second;
}

}  // namespace windrow::aggregator
