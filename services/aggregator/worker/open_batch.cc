#include "services/aggregator/worker/open_batch.h"

#include <utility>

#include "absl/memory/memory.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/sink/frame_encoder.h"

namespace windrow::aggregator {
namespace {

// Sizes at which a batch is sealed early, and at which reading stops until it can be. What is made
// of so many cells still lies in the processor's caches when it is used.
constexpr size_t kFullCells = 25'000;
constexpr size_t kMostCells = 120'000;
constexpr size_t kFullBytes = 32'000'000;
constexpr size_t kMostBytes = 64'000'000;
constexpr size_t kFullDeadLetters = 5'000;
constexpr size_t kMostDeadLetters = 20'000;
constexpr size_t kFullDeadLetterBytes = 8'000'000;
constexpr size_t kMostDeadLetterBytes = 16'000'000;

}  // namespace

absl::StatusOr<std::unique_ptr<OpenBatch>> OpenBatch::Create(
    std::shared_ptr<const PipelinePlan> plan) {
  absl::StatusOr<Combiner> combiner = Combiner::Create(plan);
  if (!combiner.ok()) return combiner.status();
  return absl::WrapUnique(new OpenBatch(*plan, *std::move(combiner)));
}

OpenBatch::OpenBatch(const PipelinePlan& plan, Combiner combiner)
    : parser_(plan), combiner_(std::move(combiner)) {}

void OpenBatch::Count(int partition, const record_log::Record& record) {
  if (combiner_.IsRedelivered(partition, record.offset)) return;
  if (record.timestamp_ms >= 0) record_times_.Add(record.timestamp_ms);
  absl::optional<DeadLetterReason> reason = parser_.Parse(record.value, &fields_);
  if (reason.has_value()) {
    combiner_.AddUnreadable(partition, record.offset);
  } else {
    reason = combiner_.Add(partition, record.offset, RecordTimestamp(record.timestamp_ms), fields_);
  }
  if (!reason.has_value()) return;
  ++dead_letter_counts_[static_cast<size_t>(*reason)];
  dead_letters_.emplace_back(*reason, partition, record.offset, record.timestamp_ms, record.key,
                             record.value, record.headers());
  dead_letter_bytes_ += dead_letters_.back().bytes();
}

bool OpenBatch::IsFull() const {
  return combiner_.cell_count() >= kFullCells || combiner_.batch_bytes() >= kFullBytes ||
         dead_letters_.size() >= kFullDeadLetters || dead_letter_bytes_ >= kFullDeadLetterBytes;
}

bool OpenBatch::IsOverfull() const {
  return combiner_.cell_count() > kMostCells || combiner_.batch_bytes() > kMostBytes ||
         dead_letters_.size() > kMostDeadLetters || dead_letter_bytes_ > kMostDeadLetterBytes;
}

void OpenBatch::SealInto(const std::string& source_topic, SealedBatch* batch) {
  Combiner::Batch counted = combiner_.Seal();
  for (const SourcePosition& position : counted.positions) {
    batch->offsets.push_back(
        {source_topic, position.partition, position.end_offset, EncodeSourceCheckpoint(position)});
  }
  batch->frames = std::move(counted.frames);
  const std::vector<int64_t> record_times_ms = record_times_.Take();
  for (Frame& frame : batch->frames) {
    if (!frame.views.empty()) frame.record_times_ms = record_times_ms;
  }
  batch->dead_letters = std::move(dead_letters_);
  dead_letters_.clear();
  dead_letter_bytes_ = 0;
}

void OpenBatch::Reset() {
  combiner_.Reset();
  record_times_.Take();
  dead_letters_.clear();
  dead_letter_bytes_ = 0;
}

}  // namespace windrow::aggregator
