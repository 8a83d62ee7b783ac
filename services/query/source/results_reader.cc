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

// Small enough that a subscriber does not wait for a long batch, large enough to read a log back
// at the speed of the store.
constexpr int kMaxBatchRecords = 2000;
constexpr absl::Duration kReadTimeout = absl::Milliseconds(200);
constexpr absl::Duration kAskTimeout = absl::Seconds(2);
constexpr absl::Duration kRetryInterval = absl::Seconds(1);
// How old the ends of the log may be that the lag is told from.
constexpr absl::Duration kWatermarkInterval = absl::Seconds(1);
// Only the first of many undecodable records are worth a line each.
constexpr int64_t kMaxUndecodableLogged = 10;

}  // namespace

ResultsReader::ResultsReader(kafka::KafkaConfig kafka, absl::string_view pipeline,
                             ResultTarget* target)
    : kafka_(std::move(kafka)),
      pipeline_(pipeline),
      topic_(absl::StrCat(pipeline, ".results")),
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
  // Once for trouble that lasts.
  if (status.message() == last_trouble_) return;
  last_trouble_ = std::string(status.message());
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

absl::StatusOr<ResultsReader::Opened> ResultsReader::OpenTopic() {
  if (admin_ == nullptr) {
    absl::StatusOr<std::unique_ptr<kafka::TopicAdmin>> admin = kafka::TopicAdmin::Create(kafka_);
    if (!admin.ok()) return admin.status();
    admin_ = *std::move(admin);
  }
  const absl::StatusOr<kafka::TopicDescription> topic = admin_->DescribeTopic(topic_, kAskTimeout);
  if (absl::IsNotFound(topic.status())) {
    const absl::Status reported = Report(ReadingState());
    if (!reported.ok()) return reported;
  }
  if (!topic.ok()) return topic.status();
  const absl::StatusOr<std::vector<kafka::OffsetRange>> ranges = QueryRanges(topic->partitions);
  if (!ranges.ok()) return ranges.status();
  const absl::StatusOr<std::vector<int64_t>> next_offsets = target_->Open(topic->partitions);
  if (!next_offsets.ok()) return next_offsets.status();

  std::vector<kafka::StartPosition> starts;
  Opened opened;
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
    opened.ends.push_back(range.end);
  }
  absl::StatusOr<std::unique_ptr<kafka::PartitionReader>> reader =
      kafka::PartitionReader::Create(kafka_, starts);
  if (!reader.ok()) return reader.status();
  opened.reader = *std::move(reader);
  high_watermarks_ = opened.ends;
  high_watermarks_time_ = absl::Now();
  return opened;
}

absl::Status ResultsReader::ReadTopic() {
  absl::StatusOr<Opened> opened = OpenTopic();
  if (!opened.ok()) return opened.status();
  LogInfo("reading results", {{"pipeline", pipeline_},
                              {"topic", topic_},
                              {"partitions", static_cast<int>(opened->ends.size())}});
  last_trouble_.clear();

  bool caught_up = false;
  std::vector<int64_t> applied = opened->reader->positions();
  while (!Stopped()) {
    ChangeBatch batch;
    const absl::StatusOr<int> read = opened->reader->Read(
        kMaxBatchRecords, kReadTimeout, [this, &batch](const kafka::RecordView& record) {
          const absl::Status decoded = DecodeResult(record, &batch);
          if (!decoded.ok() && ++undecodable_ <= kMaxUndecodableLogged) {
            LogWarning("record skipped", {{"pipeline", pipeline_}, {"error", decoded.ToString()}});
          }
        });
    if (absl::IsDataLoss(read.status())) {
      const absl::Status rebuilt =
          target_->Rebuild(RebuildReason::kTopicChanged, read.status().message());
      if (!rebuilt.ok()) return rebuilt;
    }
    if (!read.ok()) return read.status();

    batch.next_offsets = opened->reader->positions();
    if (batch.next_offsets != applied) {
      const absl::Status status = ApplyPatiently(batch);
      if (!status.ok()) return status;
      applied = std::move(batch.next_offsets);
    }
    const bool was_caught_up = caught_up;
    absl::Status status = ReportPositions(*opened, &caught_up);
    if (!status.ok()) return status;
    if (caught_up && !was_caught_up) {
      status = target_->MarkComplete();
      if (!status.ok()) return status;
      LogInfo("caught up", {{"pipeline", pipeline_}, {"topic", topic_}});
    }
  }
  return absl::CancelledError("stopped");
}

absl::Status ResultsReader::ApplyPatiently(const ChangeBatch& batch) {
  while (true) {
    const absl::Status status = target_->Apply(batch);
    if (status.ok()) {
      if (!last_trouble_.empty()) LogInfo("storing results again", {{"pipeline", pipeline_}});
      last_trouble_.clear();
      return status;
    }
    if (absl::IsDataLoss(status)) {
      const absl::Status rebuilt = target_->Rebuild(RebuildReason::kStoreBroken, status.message());
      return rebuilt.ok() ? status : rebuilt;
    }
    LogTrouble(status);
    if (stop_.WaitForNotificationWithTimeout(kRetryInterval)) return status;
  }
}

absl::Status ResultsReader::ReportPositions(const Opened& opened, bool* caught_up) {
  const std::vector<int64_t>& positions = opened.reader->positions();
  ReadingState state;
  state.topic_exists = true;
  state.at_end = opened.reader->at_end();
  *caught_up = *caught_up || state.at_end ||
               std::equal(positions.begin(), positions.end(), opened.ends.begin(),
                          [](int64_t position, int64_t end) { return position >= end; });
  state.caught_up = *caught_up;
  // At the end only records of open transactions are left, and those are no results yet.
  if (!state.at_end) {
    if (absl::Now() - high_watermarks_time_ > kWatermarkInterval) {
      const auto ranges = QueryRanges(static_cast<int>(positions.size()));
      for (size_t i = 0; ranges.ok() && i < ranges->size(); ++i) {
        high_watermarks_[i] = (*ranges)[i].end;
      }
      high_watermarks_time_ = absl::Now();
    }
    for (size_t i = 0; i < positions.size(); ++i) {
      state.lag_records += std::max<int64_t>(0, high_watermarks_[i] - positions[i]);
    }
  }
  return Report(state);
}

absl::Status ResultsReader::Report(const ReadingState& state) {
  const absl::Status status = target_->Report(state);
  if (!absl::IsDataLoss(status)) return status;
  const absl::Status rebuilt = target_->Rebuild(RebuildReason::kStoreBroken, status.message());
  return rebuilt.ok() ? status : rebuilt;
}

}  // namespace windrow::query
