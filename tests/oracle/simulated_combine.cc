#include "tests/oracle/simulated_combine.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "services/aggregator/sink/frame_encoder.h"
#include "services/aggregator/source/frame_decoder.h"

namespace windrow::oracle {

using ::windrow::aggregator::Combiner;
using ::windrow::aggregator::DeadLetterReason;
using ::windrow::aggregator::SourcePosition;

SimulatedCombine::SimulatedCombine(std::shared_ptr<const aggregator::PipelinePlan> plan,
                                   const SourceLog& log, Schedule* schedule)
    : plan_(std::move(plan)),
      log_(log),
      schedule_(*schedule),
      parser_(*plan_),
      partials_(plan_->merge_partitions),
      checkpoints_(log.size()) {
  status_ = Assign();
}

bool SimulatedCombine::AtEnd() const {
  for (const Worker& worker : workers_) {
    for (const int partition : worker.partitions) {
      if (worker.combiner->position(partition)->end_offset < EndOffset(partition)) return false;
    }
  }
  return true;
}

int64_t SimulatedCombine::EndOffset(int partition) const {
  return log_[partition].empty() ? 0 : log_[partition].back().offset + 1;
}

absl::Status SimulatedCombine::Step() {
  if (!status_.ok()) return status_;
  if (schedule_.OneIn(60)) {
    // A rebalance: who loses partitions commits, or loses what it has not committed.
    for (Worker& worker : workers_) {
      if (schedule_.OneIn(2)) Commit(&worker);
    }
    Publish(1);
    status_ = Assign();
    return status_;
  }
  Worker& worker = workers_[schedule_.Below(static_cast<int64_t>(workers_.size()))];
  if (worker.partitions.empty()) return absl::OkStatus();
  const int partition =
      worker.partitions[schedule_.Below(static_cast<int64_t>(worker.partitions.size()))];
  if (schedule_.OneIn(8)) {
    worker.combiner->SetIdleFor(partition, schedule_.Below(100) * aggregator::kMicrosPerSecond);
  } else {
    Read(&worker, partition, schedule_.Between(1, 40));
  }
  if (schedule_.OneIn(3)) Commit(&worker);
  if (schedule_.OneIn(3)) Publish(3);
  return schedule_.OneIn(25) ? Abort(&worker) : absl::OkStatus();
}

absl::Status SimulatedCombine::Drain() {
  if (!status_.ok()) return status_;
  for (Worker& worker : workers_) {
    for (const int partition : worker.partitions) {
      worker.combiner->SetDrained(partition, 1);
      if (schedule_.OneIn(2)) Commit(&worker);
    }
    Commit(&worker);
  }
  Publish(1);
  return absl::OkStatus();
}

void SimulatedCombine::Read(Worker* worker, int partition, int64_t records) {
  const std::vector<SourceRecord>& log = log_[partition];
  int64_t offset = worker->combiner->position(partition)->end_offset;
  if (schedule_.OneIn(10)) offset = schedule_.Below(offset + 1);  // Delivered again.
  auto record = std::lower_bound(
      log.begin(), log.end(), offset,
      [](const SourceRecord& each, int64_t wanted) { return each.offset < wanted; });
  for (; record != log.end() && records > 0; ++record, --records) {
    if (worker->combiner->IsRedelivered(partition, record->offset)) continue;
    Add(worker, partition, *record);
  }
}

void SimulatedCombine::Add(Worker* worker, int partition, const SourceRecord& record) {
  absl::optional<DeadLetterReason> reason = parser_.Parse(record.value, &fields_);
  if (reason.has_value()) {
    worker->combiner->AddUnreadable(partition, record.offset);
  } else {
    reason = worker->combiner->Add(partition, record.offset,
                                   aggregator::RecordTimestamp(record.timestamp_ms), fields_);
  }
  if (!reason.has_value()) return;
  worker->dead_letters.push_back({partition, record.offset, DeadLetterReasonName(*reason)});
}

void SimulatedCombine::Commit(Worker* worker) {
  Combiner::Batch batch = worker->combiner->Seal();
  for (size_t m = 0; m < batch.frames.size(); ++m) {
    std::vector<std::string> records = aggregator::EncodeFrame(*plan_, batch.frames[m]);
    std::move(records.begin(), records.end(), std::back_inserter(worker->pending[m]));
  }
  for (const SourcePosition& position : batch.positions) {
    checkpoints_[position.partition] = aggregator::EncodeSourceCheckpoint(position);
  }
  dead_letters_.insert(dead_letters_.end(), worker->dead_letters.begin(),
                       worker->dead_letters.end());
  worker->dead_letters.clear();
}

// Forgets what was not committed, and reads it again.
absl::Status SimulatedCombine::Abort(Worker* worker) {
  worker->combiner->Reset();
  worker->dead_letters.clear();
  return Adopt(worker);
}

void SimulatedCombine::Publish(int64_t chance) {
  for (size_t m = 0; m < partials_.size(); ++m) {
    const auto shift = static_cast<size_t>(schedule_.Below(100));
    for (size_t i = 0; i < workers_.size(); ++i) {
      std::vector<std::string>& pending = workers_[(i + shift) % workers_.size()].pending[m];
      size_t count = 0;
      while (count < pending.size() && (chance == 1 || schedule_.OneIn(chance))) ++count;
      const auto end = pending.begin() + static_cast<std::ptrdiff_t>(count);
      std::move(pending.begin(), end, std::back_inserter(partials_[m]));
      pending.erase(pending.begin(), end);
    }
  }
}

absl::Status SimulatedCombine::Assign() {
  workers_.clear();
  workers_.resize(schedule_.calm() ? 1 : schedule_.Between(1, 4));
  for (int partition = 0; partition < static_cast<int>(log_.size()); ++partition) {
    workers_[schedule_.Below(static_cast<int64_t>(workers_.size()))].partitions.push_back(
        partition);
  }
  for (Worker& worker : workers_) {
    absl::StatusOr<Combiner> combiner = Combiner::Create(plan_);
    if (!combiner.ok()) return combiner.status();
    worker.combiner = std::make_unique<Combiner>(*std::move(combiner));
    worker.pending.resize(partials_.size());
    absl::Status status = Adopt(&worker);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SimulatedCombine::Adopt(Worker* worker) {
  for (const int partition : worker->partitions) {
    SourcePosition position;
    if (!checkpoints_[partition].empty()) {
      absl::StatusOr<SourcePosition> committed =
          aggregator::DecodeSourceCheckpoint(checkpoints_[partition]);
      if (!committed.ok()) return committed.status();
      position = *std::move(committed);
    }
    position.partition = partition;
    worker->combiner->AddSource(position);
  }
  worker->combiner->SetPartitions(static_cast<int>(log_.size()));
  return absl::OkStatus();
}

}  // namespace windrow::oracle
