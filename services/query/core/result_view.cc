#include "services/query/core/result_view.h"

#include <algorithm>
#include <utility>

namespace windrow::query {

ResultView::ResultView(std::vector<std::optional<PartitionProgress>> partitions)
    : partitions_(std::move(partitions)) {
  for (const auto& progress : partitions_) {
    if (!progress.has_value() || !progress->closed_through_us.has_value()) {
      closed_through_us_.reset();
      break;
    }
    closed_through_us_ = std::min(closed_through_us_.value_or(*progress->closed_through_us),
                                  *progress->closed_through_us);
  }
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const int64_t generation = partitions_[i].has_value() ? partitions_[i]->drain_generation : 0;
    drain_generation_ = i == 0 ? generation : std::min(drain_generation_, generation);
  }
}

std::optional<int64_t> ResultView::closed_through_us(int partition) const {
  const auto& progress = partitions_[partition];
  return progress.has_value() ? progress->closed_through_us : std::nullopt;
}

bool ResultView::IsWindowFinal(int64_t window_end_us) const {
  return closed_through_us_.has_value() && window_end_us <= *closed_through_us_;
}

bool ResultView::IsRowFinal(int partition, int64_t window_end_us) const {
  const std::optional<int64_t> closed = closed_through_us(partition);
  return closed.has_value() && window_end_us <= *closed;
}

uint64_t ResultView::records_read() const {
  uint64_t sum = 0;
  for (const auto& progress : partitions_) {
    if (progress.has_value()) sum += progress->records_read;
  }
  return sum;
}

uint64_t ResultView::dead_lettered() const {
  uint64_t sum = 0;
  for (const auto& progress : partitions_) {
    if (progress.has_value()) sum += progress->dead_lettered;
  }
  return sum;
}

std::map<std::string, uint64_t> ResultView::late_everywhere() const {
  std::map<std::string, uint64_t> sums;
  for (const auto& progress : partitions_) {
    if (!progress.has_value()) continue;
    for (const auto& [view, late] : progress->late_everywhere) sums[view] += late;
  }
  return sums;
}

}  // namespace windrow::query
