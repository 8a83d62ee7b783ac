#include "services/aggregator/explanation_report.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/aggregator/proto_time.h"

namespace windrow::aggregator {
namespace {

v1::HoldingPartition::Cause ToProto(HoldCause cause) {
  switch (cause) {
    case HoldCause::kNeverHeardOf:
      return v1::HoldingPartition::CAUSE_NEVER_HEARD_OF;
    case HoldCause::kFailed:
      return v1::HoldingPartition::CAUSE_FAILED;
    case HoldCause::kStarting:
      return v1::HoldingPartition::CAUSE_STARTING;
    case HoldCause::kLimited:
      return v1::HoldingPartition::CAUSE_LIMITED;
    case HoldCause::kBehind:
      return v1::HoldingPartition::CAUSE_BEHIND;
    case HoldCause::kAtItsEnd:
      return v1::HoldingPartition::CAUSE_AT_ITS_END;
    case HoldCause::kReadElsewhere:
      return v1::HoldingPartition::CAUSE_READ_ELSEWHERE;
    case HoldCause::kPaused:
      return v1::HoldingPartition::CAUSE_PAUSED;
  }
  return v1::HoldingPartition::CAUSE_UNSPECIFIED;
}

absl::string_view CauseText(HoldCause cause) {
  switch (cause) {
    case HoldCause::kNeverHeardOf:
      return "has not been read yet";
    case HoldCause::kFailed:
      return "cannot be read on";
    case HoldCause::kStarting:
      return "is being restored";
    case HoldCause::kLimited:
      return "is held back by the rate limit";
    case HoldCause::kBehind:
      return "has records that are not read yet";
    case HoldCause::kAtItsEnd:
      return "is at its end, but not for idle_timeout yet";
    case HoldCause::kReadElsewhere:
      return "is read by nobody who is heard of";
    case HoldCause::kPaused:
      return "is held, as the pipeline is";
  }
  return "";
}

std::string Summary(const WatermarkReport& report, const v1::Explanation& explanation) {
  constexpr absl::string_view kAskAnother =
      "which windows wait is known to replicas with merge partitions, which this one has none of";
  if (!report.known && report.holds.empty()) {
    return absl::StrCat("no partition holds another one's windows back; ", kAskAnother);
  }
  if (!report.merge_error.empty()) return report.merge_error;
  int64_t blocked = 0;
  bool more = false;
  for (const v1::BlockedWindows& view : explanation.blocked_windows()) {
    blocked += view.count();
    more = more || view.more();
  }
  const std::string windows = absl::StrCat(more ? "more than " : "", blocked, " windows");
  if (report.all_idle) {
    return blocked == 0 ? "every partition is idle, and every window closed"
                        : absl::StrCat("every partition is idle; ", windows,
                                       " wait for what idle_policy says");
  }
  if (report.holds.empty()) return "no partition holds another one's windows back";
  std::vector<std::string> partitions;
  for (const WatermarkHold& hold : report.holds) {
    partitions.push_back(absl::StrCat("partition ", hold.partition, " ", CauseText(hold.cause),
                                      hold.replica.empty() ? "" : " by ", hold.replica));
  }
  if (!report.known) return absl::StrCat(absl::StrJoin(partitions, ", "), "; ", kAskAnother);
  return absl::StrCat(absl::StrJoin(partitions, ", "), "; ", windows, " wait for it");
}

}  // namespace

void FillExplanation(const windrow::pipeline::v1::Pipeline& pipeline, const WatermarkReport& report,
                     v1::Explanation* explanation) {
  if (report.closed_through != kNever) {
    SetTime(report.closed_through, explanation->mutable_closed_through_time());
  }
  explanation->set_all_idle(report.all_idle);
  explanation->set_error(report.merge_error);
  for (const WatermarkHold& from : report.holds) {
    v1::HoldingPartition* hold = explanation->add_holding_partitions();
    hold->set_partition(from.partition);
    hold->set_cause(ToProto(from.cause));
    SetTime(from.since_us, hold->mutable_since_time());
    SetTime(from.last_advance_us, hold->mutable_last_advance_time());
    if (from.watermark != kNever) SetTime(from.watermark, hold->mutable_watermark_time());
    if (from.leading != kNever) SetTime(from.leading, hold->mutable_leading_watermark_time());
    hold->set_lag_records(from.lag_records);
    hold->set_error(from.error);
    hold->set_replica(from.replica);
  }
  for (size_t view = 0; view < report.views.size(); ++view) {
    const BlockedWindows& from = report.views[view];
    if (from.ends.empty()) continue;
    v1::BlockedWindows* blocked = explanation->add_blocked_windows();
    blocked->set_view(pipeline.views(static_cast<int>(view)).id());
    blocked->set_count(static_cast<int64_t>(from.ends.size()));
    blocked->set_more(from.more);
    SetTime(from.ends.front(), blocked->mutable_oldest_end_time());
    SetTime(from.ends.back(), blocked->mutable_newest_end_time());
  }
  explanation->set_summary(Summary(report, *explanation));
}

}  // namespace windrow::aggregator
