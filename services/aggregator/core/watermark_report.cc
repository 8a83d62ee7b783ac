#include "services/aggregator/core/watermark_report.h"

#include <algorithm>
#include <utility>

namespace windrow::aggregator {
namespace {

// The largest watermark: with it everywhere, windows would be closed so far.
EventTime LeadingWatermark(const MergeWait& wait) {
  EventTime leading = kNever;
  for (const auto& source : wait.sources) {
    if (source.has_value()) leading = std::max(leading, source->watermark);
  }
  return leading;
}

bool EverySourceIsIdle(const MergeWait& wait) {
  return !wait.sources.empty() &&
         std::all_of(wait.sources.begin(), wait.sources.end(),
                     [](const auto& source) { return source.has_value() && source->idle; });
}

// Sources that are never heard of hold back more than any watermark does.
std::vector<int> Holding(const MergeWait& wait) {
  std::vector<int> unheard;
  std::vector<int> least;
  EventTime least_watermark = kNever;
  for (size_t i = 0; i < wait.sources.size(); ++i) {
    const int partition = static_cast<int>(i);
    const absl::optional<SourceMark>& source = wait.sources[i];
    if (!source.has_value()) {
      unheard.push_back(partition);
    } else if (!source->idle) {
      if (!least.empty() && source->watermark > least_watermark) continue;
      if (source->watermark < least_watermark) least.clear();
      least_watermark = source->watermark;
      least.push_back(partition);
    }
  }
  if (!unheard.empty()) return unheard;
  // The foremost one waits for nobody but its own next record; and a drain or the idle policy may
  // have closed windows without waiting.
  const EventTime reached = std::max(wait.closed_through, least_watermark);
  return reached < LeadingWatermark(wait) ? least : std::vector<int>();
}

HoldCause CauseOf(const absl::optional<SourceMark>& source, const SourceFacts* facts) {
  if (facts == nullptr) {
    return source.has_value() ? HoldCause::kReadElsewhere : HoldCause::kNeverHeardOf;
  }
  if (!facts->error.empty()) return HoldCause::kFailed;
  if (!facts->running) return HoldCause::kStarting;
  if (facts->paused) return HoldCause::kPaused;
  if (facts->lag_records > 0) return facts->limited ? HoldCause::kLimited : HoldCause::kBehind;
  return source.has_value() ? HoldCause::kAtItsEnd : HoldCause::kNeverHeardOf;
}

// What all merge partitions block of a view: aligned windows are the same in each, sessions are
// not, since each group is in one alone.
BlockedWindows Unite(const std::vector<MergeWait>& merges, size_t view, bool is_session) {
  BlockedWindows united;
  for (const MergeWait& merge : merges) {
    const BlockedWindows& blocked = merge.views[view];
    united.ends.insert(united.ends.end(), blocked.ends.begin(), blocked.ends.end());
    united.more = united.more || blocked.more;
  }
  std::sort(united.ends.begin(), united.ends.end());
  if (!is_session) {
    united.ends.erase(std::unique(united.ends.begin(), united.ends.end()), united.ends.end());
  }
  return united;
}

}  // namespace

MergeWait WaitOf(const PipelinePlan& plan, const Merger& merger) {
  MergeWait wait;
  wait.closed_through = merger.closed_through();
  for (const absl::optional<SourcePosition>& source : merger.closer().sources()) {
    wait.sources.emplace_back();
    if (!source.has_value()) continue;
    wait.sources.back() = SourceMark{
        source->watermark,
        WindowCloser::IsIdleFor(source->idle_for, merger.closer().idle_policy().idle_timeout)};
  }
  // When all are idle, nothing but the policy keeps any window open.
  const EventTime through =
      EverySourceIsIdle(wait) ? merger.closer().LastEnd() : LeadingWatermark(wait);
  for (size_t view = 0; view < plan.views.size(); ++view) {
    BlockedWindows blocked;
    blocked.ends = merger.OpenEnds(view, through, BlockedWindows::kMost + 1);
    blocked.more = blocked.ends.size() > BlockedWindows::kMost;
    if (blocked.more) blocked.ends.resize(BlockedWindows::kMost);
    wait.views.push_back(std::move(blocked));
  }
  return wait;
}

WatermarkReport WatermarkWatch::Observe(const std::vector<MergeWait>& merges,
                                        const std::map<int, SourceFacts>& facts, int64_t now_us,
                                        const absl::optional<MergeWait>& elsewhere) {
  WatermarkReport report;
  std::map<int, int64_t> since_us;
  if (!merges.empty() || elsewhere.has_value()) {
    // A window is final when it is in the last of them.
    const MergeWait& last = merges.empty()
                                ? *elsewhere
                                : *std::min_element(merges.begin(), merges.end(),
                                                    [](const MergeWait& a, const MergeWait& b) {
                                                      return a.closed_through < b.closed_through;
                                                    });
    NoteAdvances(last, now_us);
    report.known = !merges.empty();
    report.closed_through = last.closed_through;
    report.all_idle = EverySourceIsIdle(last);
    for (const int partition : Holding(last)) {
      report.holds.push_back(MakeHold(partition, last, facts, now_us));
      since_us[partition] = report.holds.back().since_us;
    }
    for (size_t view = 0; report.known && view < plan_->views.size(); ++view) {
      report.views.push_back(Unite(merges, view, plan_->views[view].is_session()));
    }
  }
  since_us_ = std::move(since_us);
  return report;
}

void WatermarkWatch::NoteAdvances(const MergeWait& wait, int64_t now_us) {
  for (size_t i = 0; i < wait.sources.size(); ++i) {
    const EventTime watermark = wait.sources[i].has_value() ? wait.sources[i]->watermark : kNever;
    const auto inserted = advances_.try_emplace(static_cast<int>(i), Advance{watermark, now_us});
    Advance& advance = inserted.first->second;
    if (watermark > advance.watermark) advance = {watermark, now_us};
  }
}

WatermarkHold WatermarkWatch::MakeHold(int partition, const MergeWait& wait,
                                       const std::map<int, SourceFacts>& facts,
                                       int64_t now_us) const {
  const absl::optional<SourceMark>& source = wait.sources[partition];
  const auto found = facts.find(partition);
  const SourceFacts* const known = found == facts.end() ? nullptr : &found->second;
  WatermarkHold hold;
  hold.partition = partition;
  hold.cause = CauseOf(source, known);
  if (source.has_value()) hold.watermark = source->watermark;
  hold.leading = LeadingWatermark(wait);
  const auto since = since_us_.find(partition);
  hold.since_us = since == since_us_.end() ? now_us : since->second;
  hold.last_advance_us = advances_.at(partition).at_us;
  if (known != nullptr) {
    hold.lag_records = known->lag_records;
    hold.error = known->error;
    hold.replica = known->replica;
  }
  return hold;
}

}  // namespace windrow::aggregator
