#include "services/aggregator/simulation/closing_recount.h"

#include <algorithm>
#include <limits>

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

int64_t Millis(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1000 + duration.nanos() / 1'000'000;
}

}  // namespace

void ClosingRecount::Add(const windrow::partials::v1::Frame& frame) {
  for (const auto& position : frame.positions()) {
    sources_[position.source_partition()] = position;
    NotePolicy(position);
    source_partitions_ = std::max(
        {source_partitions_, position.source_partitions(), position.source_partition() + 1});
  }
  if (sources_.size() < source_partitions_ || sources_.empty()) return;

  bool all_idle = true;
  int64_t least_idle_ms = std::numeric_limits<int64_t>::max();
  int64_t drained = std::numeric_limits<int64_t>::max();
  // Of the active sources; one that has no watermark yet holds everything.
  int64_t least_us = std::numeric_limits<int64_t>::max();
  bool holds = false;
  absl::optional<int64_t> largest_us;
  for (const auto& entry : sources_) {
    const auto& source = entry.second;
    drained = std::min(drained, source.drain_generation());
    least_idle_ms = std::min(least_idle_ms, source.idle_for_ms());
    if (source.has_watermark_us()) {
      largest_us = std::max(largest_us.value_or(source.watermark_us()), source.watermark_us());
    }
    if (source.idle_for_ms() > 0 && source.idle_for_ms() * 1000 >= policy_.idle_timeout_us())
      continue;
    all_idle = false;
    holds = holds || !source.has_watermark_us();
    if (source.has_watermark_us()) least_us = std::min(least_us, source.watermark_us());
  }
  if (!all_idle && !holds) Close(least_us);
  if (all_idle && policy_.all_idle() == pb::IdlePolicy::ALL_IDLE_WALL_CLOCK &&
      largest_us.has_value()) {
    Close(std::min(*largest_us + least_idle_ms * 1000, *LastEnd()));
  }
  if (policy_.all_idle() == pb::IdlePolicy::ALL_IDLE_CLOSE_AFTER && least_idle_ms > 0 &&
      least_idle_ms * 1000 >= policy_.close_after_us()) {
    Close(LastEnd());
  }
  if (drained > drained_) Close(LastEnd());
  drained_ = std::max(drained_, drained);
}

void ClosingRecount::NotePolicy(const windrow::partials::v1::SourcePosition& position) {
  if (position.plan_generation() < policy_generation_) return;
  policy_generation_ = position.plan_generation();
  if (position.has_idle_policy()) {
    policy_ = position.idle_policy();
    return;
  }
  policy_.set_all_idle(pipeline_->idle_policy().all_idle());
  policy_.set_idle_timeout_us(Millis(pipeline_->idle_policy().idle_timeout()) * 1000);
  policy_.set_close_after_us(Millis(pipeline_->idle_policy().close_after()) * 1000);
}

void ClosingRecount::Close(absl::optional<int64_t> through_us) {
  if (!through_us.has_value()) return;
  closed_us_ = std::max(closed_us_.value_or(*through_us), *through_us);
}

absl::optional<int64_t> ClosingRecount::LastEnd() const {
  absl::optional<int64_t> latest_us;
  for (const auto& source : sources_) {
    if (!source.second.has_max_event_time_us()) continue;
    const int64_t time_us = source.second.max_event_time_us();
    latest_us = std::max(latest_us.value_or(time_us), time_us);
  }
  if (!latest_us.has_value()) return absl::nullopt;
  absl::optional<int64_t> end_us;
  for (const pb::View& view : pipeline_->views()) {
    int64_t end = 0;
    if (view.window().has_session()) {
      end = *latest_us + Millis(view.window().session().gap()) * 1000;
    } else {
      const bool tumbling = view.window().has_tumbling();
      const int64_t size_us =
          Millis(tumbling ? view.window().tumbling().size() : view.window().sliding().size()) *
          1000;
      const int64_t slide_us = tumbling ? size_us : Millis(view.window().sliding().slide()) * 1000;
      int64_t start =
          (*latest_us / slide_us + 2) * slide_us + Millis(view.window().offset()) * 1000;
      while (start > *latest_us) start -= slide_us;
      end = start + size_us;
    }
    end_us = std::max(end_us.value_or(end), end);
  }
  return end_us;
}

}  // namespace windrow::aggregator
