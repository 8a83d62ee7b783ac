#ifndef SERVICES_AGGREGATOR_CORE_RECORD_TIME_SAMPLE_H_
#define SERVICES_AGGREGATOR_CORE_RECORD_TIME_SAMPLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace windrow::aggregator {

// A few of the Kafka timestamps of a batch's records: every n-th, where n doubles whenever there
// are too many, and the newest, last. So that the latency of records can be told from a few numbers
// per batch. A value of one thread.
class RecordTimeSample {
 public:
  // Most that a batch keeps, beside the newest.
  static constexpr size_t kMost = 8;

  void Add(int64_t timestamp_ms) {
    newest_ms_ = std::max(newest_ms_, timestamp_ms);
    if (skipped_ < skip_) {
      ++skipped_;
      return;
    }
    skipped_ = 0;
    if (times_ms_.size() == kMost) Thin();
    times_ms_.push_back(timestamp_ms);
  }

  // Takes what there is, and begins anew.
  std::vector<int64_t> Take() {
    std::vector<int64_t> taken = std::move(times_ms_);
    times_ms_.clear();
    if (!taken.empty() && *std::max_element(taken.begin(), taken.end()) < newest_ms_) {
      taken.push_back(newest_ms_);
    }
    newest_ms_ = kNone;
    skip_ = skipped_ = 0;
    return taken;
  }

 private:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::min();

  // Keeps every second one; from now on as many again are skipped.
  void Thin() {
    for (size_t i = 0; 2 * i < times_ms_.size(); ++i) times_ms_[i] = times_ms_[2 * i];
    times_ms_.resize((times_ms_.size() + 1) / 2);
    skip_ = 2 * skip_ + 1;
  }

  std::vector<int64_t> times_ms_;
  int64_t newest_ms_ = kNone;
  // Records to pass over between two that are kept, and how many have been.
  int64_t skip_ = 0;
  int64_t skipped_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_RECORD_TIME_SAMPLE_H_
