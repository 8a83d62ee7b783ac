#include "services/query/source/results_reader.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/runtime/log.h"
#include "services/query/source/result_decoder.h"

namespace windrow::query {
namespace {

using ::windrow::runtime::LogInfo;
using ::windrow::runtime::LogWarning;

constexpr absl::Duration kReadTimeout = absl::Milliseconds(200);
constexpr absl::Duration kAskTimeout = absl::Seconds(2);
constexpr absl::Duration kRetryInterval = absl::Seconds(1);
// How old the ends of the log may be that the lag is told from.
constexpr absl::Duration kEndsInterval = absl::Seconds(1);
// How often trouble that lasts is logged.
constexpr absl::Duration kTroubleInterval = absl::Minutes(1);
// Only the first of many undecodable records are worth a line each.
constexpr int64_t kMaxUndecodableLogged = 10;

}  // namespace

ResultsReader::ResultsReader(kafka::KafkaConfig kafka, absl::string_view pipeline, int incarnation,
                             ResultTarget* target)
    : kafka_(std::move(kafka)),
      pipeline_(pipeline),
      topic_(incarnation == 1 ? absl::StrCat(pipeline, ".results")
                              : absl::StrCat(pipeline, ".v", incarnation, ".results")),
      target_(target),
      thread_([this] { Run(); }) {}

ResultsReader::~ResultsReader() {
  stop_.Notify();
  thread_.join();
}

void ResultsReader::Run() {
  while (!Stopped()) {
    const absl::Status status = ReadTopic();
    if (Stopped()) return;
    LogTrouble(status);
    stop_.WaitForNotificationWithTimeout(kRetryInterval);
  }
}

void ResultsReader::LogTrouble(const absl::Status& status) {
  // Now and then for trouble that lasts.
  const absl::Time now = absl::Now();
  if (status.message() == last_trouble_ && now - last_trouble_time_ < kTroubleInterval) return;
  last_trouble_ = std::string(status.message());
  last_trouble_time_ = now;
  if (absl::IsNotFound(status)) {
    LogInfo("waiting for topic", {{"pipeline", pipeline_}, {"topic", topic_}});
  } else {
    LogWarning("reading results failed",
               {{"pipeline", pipeline_}, {"topic", topic_}, {"error", status.ToString()}});
  }
}

absl::StatusOr<std::vector<kafka::OffsetRange>> ResultsReader::QueryRanges(int partitions) {
  std::vector<kafka::OffsetRange> ranges;
  for (int partition = 0; partition < partitions; ++partition) {
    absl::StatusOr<kafka::OffsetRange> range = admin_->QueryOffsets(topic_, partition, kAskTimeout);
    if (!range.ok()) return range.status();
    ranges.push_back(*range);
  }
  return ranges;
}

absl::Status ResultsReader::OpenTopic() {
  reader_.reset();
  if (admin_ == nullptr) {
    absl::StatusOr<std::unique_ptr<kafka::TopicAdmin>> admin = kafka::TopicAdmin::Create(kafka_);
    if (!admin.ok()) return admin.status();
    admin_ = *std::move(admin);
  }
  const absl::StatusOr<kafka::TopicDescription> topic = admin_->DescribeTopic(topic_, kAskTimeout);
  if (absl::IsNotFound(topic.status())) {
    ReadingState nothing;
    nothing.known = true;
    const absl::Status reported = Report(nothing);
    if (!reported.ok()) return reported;
  }
  if (!topic.ok()) return topic.status();
  const absl::StatusOr<std::vector<kafka::OffsetRange>> ranges = QueryRanges(topic->partitions);
  if (!ranges.ok()) return ranges.status();
  const absl::StatusOr<std::vector<int64_t>> next_offsets = target_->Open(topic->partitions);
  if (absl::IsDataLoss(next_offsets.status())) {
    const absl::Status rebuilt =
        target_->Rebuild(RebuildReason::kStoreBroken, next_offsets.status().message());
    if (!rebuilt.ok()) return rebuilt;
  }
  if (!next_offsets.ok()) return next_offsets.status();

  std::vector<kafka::StartPosition> starts;
  first_offsets_.clear();
  ends_at_start_.clear();
  for (int partition = 0; partition < topic->partitions; ++partition) {
    const kafka::OffsetRange& range = (*ranges)[partition];
    const int64_t next = (*next_offsets)[partition];
    if (next > range.end || (next > 0 && next < range.begin)) {
      const std::string words =
          absl::StrCat(topic_, " partition ", partition, " holds offsets ", range.begin, " to ",
                       range.end, ", but ", next, " comes next here");
      const absl::Status rebuilt = target_->Rebuild(RebuildReason::kTopicChanged, words);
      return rebuilt.ok() ? absl::DataLossError(words) : rebuilt;
    }
    kafka::StartPosition start;
    start.topic = topic_;
    start.partition = partition;
    start.offset = std::max(next, range.begin);
    starts.push_back(std::move(start));
    first_offsets_.push_back(range.begin);
    ends_at_start_.push_back(range.end);
  }
  absl::StatusOr<std::unique_ptr<kafka::PartitionReader>> reader =
      kafka::PartitionReader::Create(kafka_, starts);
  if (!reader.ok()) return reader.status();
  reader_ = *std::move(reader);
  applied_ = reader_->positions();
  ends_ = ends_at_start_;
  ends_time_ = absl::Now();
  caught_up_ = false;
  return absl::OkStatus();
}

absl::Status ResultsReader::ReadTopic() {
  absl::Status status = OpenTopic();
  if (!status.ok()) return status;
  LogInfo("reading results",
          {{"pipeline", pipeline_}, {"topic", topic_}, {"partitions", int64_t(applied_.size())}});
  last_trouble_.clear();
  while (!Stopped()) {
    ChangeBatch batch;
    status = ReadBatch(&batch);
    if (status.ok() && batch.next_offsets != applied_) status = ApplyPatiently(batch);
    if (status.ok()) status = ReportApplied(reader_->at_end());
    if (!status.ok()) return status;
  }
  return absl::CancelledError("stopped");
}

absl::Status ResultsReader::ReadBatch(ChangeBatch* batch) {
  const absl::StatusOr<int> read = reader_->Read(
      kMostChangesOfBatch, kReadTimeout, [this, batch](const kafka::RecordView& record) {
        const absl::Status decoded = DecodeResult(record, batch);
        if (!decoded.ok() && ++undecodable_ <= kMaxUndecodableLogged) {
          LogWarning("record skipped", {{"pipeline", pipeline_}, {"error", decoded.ToString()}});
        }
      });
  if (absl::IsDataLoss(read.status())) {
    const absl::Status rebuilt =
        target_->Rebuild(RebuildReason::kTopicChanged, read.status().message());
    if (!rebuilt.ok()) return rebuilt;
  }
  batch->next_offsets = reader_->positions();
  batch->first_offsets = first_offsets_;
  return read.status();
}

absl::Status ResultsReader::ApplyPatiently(const ChangeBatch& batch) {
  while (true) {
    absl::Status status = target_->Apply(batch);
    if (status.ok()) {
      if (!last_trouble_.empty()) LogInfo("storing results again", {{"pipeline", pipeline_}});
      last_trouble_.clear();
      applied_ = batch.next_offsets;
      return status;
    }
    if (absl::IsDataLoss(status)) {
      const absl::Status rebuilt = target_->Rebuild(RebuildReason::kStoreBroken, status.message());
      return rebuilt.ok() ? status : rebuilt;
    }
    LogTrouble(status);
    status = ReportApplied(/*at_end=*/false);
    if (!status.ok()) return status;
    if (stop_.WaitForNotificationWithTimeout(kRetryInterval)) {
      return absl::CancelledError("stopped");
    }
  }
}

absl::Status ResultsReader::ReportApplied(bool at_end) {
  const bool was_caught_up = caught_up_;
  caught_up_ = caught_up_ || at_end ||
               std::equal(applied_.begin(), applied_.end(), ends_at_start_.begin(),
                          [](int64_t applied, int64_t end) { return applied >= end; });
  ReadingState state;
  state.known = true;
  state.topic_exists = true;
  state.at_end = at_end;
  state.caught_up = caught_up_;
  // At the end only records of open transactions are left, and those are no results yet.
  if (!at_end) {
    if (absl::Now() - ends_time_ > kEndsInterval) {
      const auto ranges = QueryRanges(static_cast<int>(ends_.size()));
      for (size_t i = 0; ranges.ok() && i < ranges->size(); ++i) ends_[i] = (*ranges)[i].end;
      ends_time_ = absl::Now();
    }
    for (size_t i = 0; i < applied_.size(); ++i) {
      state.lag_records += std::max<int64_t>(0, ends_[i] - applied_[i]);
    }
  }
  for (size_t i = 0; i < applied_.size(); ++i) {
    state.applied_records += applied_[i] - first_offsets_[i];
  }
  state.total_records = state.applied_records + state.lag_records;
  absl::Status status = Report(state);
  if (!status.ok() || !caught_up_ || was_caught_up) return status;
  LogInfo("caught up", {{"pipeline", pipeline_}, {"topic", topic_}});
  return target_->MarkComplete();
}

absl::Status ResultsReader::Report(const ReadingState& state) {
  const absl::Status status = target_->Report(state);
  if (!absl::IsDataLoss(status)) return status;
  const absl::Status rebuilt = target_->Rebuild(RebuildReason::kStoreBroken, status.message());
  return rebuilt.ok() ? status : rebuilt;
}

}  // namespace windrow::query
