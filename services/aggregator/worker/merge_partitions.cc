#include "services/aggregator/worker/merge_partitions.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/aggregator/sink/frame_encoder.h"
#include "services/aggregator/worker/broker_timeouts.h"

namespace windrow::aggregator {
namespace {

using record_log::CommittedOffset;
using record_log::GroupConsumer;
using record_log::TopicPartition;

constexpr int kReadBatch = 50;
constexpr int64_t kMaxUnreadFrames = 2'000;
constexpr absl::Duration kAwaitFrames = absl::Milliseconds(5);
// Looking for what windows wait for goes through all open ones.
constexpr absl::Duration kLookInterval = absl::Seconds(1);

}  // namespace

MergePartitions::MergePartitions(Options options)
    : options_(std::move(options)), topics_(options_.plan->id, options_.plan->incarnation) {}

// ---- Taking up and giving up

absl::Status MergePartitions::Adopt(const std::map<TopicPartition, CommittedOffset>& committed,
                                    GroupConsumer* consumer,
                                    std::map<TopicPartition, int64_t>* starts) {
  std::vector<RestoreRequest> requests;
  for (const auto& entry : committed) {
    if (entry.first.first != topics_.partials) continue;
    const absl::StatusOr<RestoreRequest> request = Locate(entry.first, entry.second, consumer);
    if (!request.ok()) return request.status();
    (*starts)[entry.first] = request->committed;
    if (!Resume(*request)) requests.push_back(*request);
  }
  return requests.empty() ? absl::OkStatus() : Restore(requests);
}

absl::StatusOr<RestoreRequest> MergePartitions::Locate(const TopicPartition& name,
                                                       const CommittedOffset& committed,
                                                       GroupConsumer* consumer) const {
  const absl::StatusOr<MergeStart> start = DecodeMergeCheckpoint(committed.metadata);
  if (!start.ok()) return start.status();
  if (!committed.offset.has_value()) {
    const auto range = consumer->QueryOffsets(name, kQueryTimeout);
    if (!range.ok()) return range.status();
    if (range->first > 0) {
      return absl::DataLossError(
          absl::StrCat("group ", topics_.group, " has no offset for ", name.first, "-", name.second,
                       ", whose log begins at ", range->first, ": the group's offsets were lost"));
    }
  }
  return RestoreRequest{name.second, committed.offset.value_or(0), *start};
}

bool MergePartitions::Resume(const RestoreRequest& request) {
  const auto kept = kept_.find(request.partition);
  if (kept == kept_.end() || kept->second.next_offset() != request.committed) return false;
  kept->second.Resume(request.start);
  // Of use once: if the rest is not taken up, it goes with what is.
  partitions_.insert(kept_.extract(kept));
  return true;
}

absl::Status MergePartitions::Restore(const std::vector<RestoreRequest>& requests) {
  absl::StatusOr<std::vector<RestoredMerge>> restored =
      RestoreMerges(options_.cluster, *options_.clock, options_.plan, topics_.partials,
                    topics_.snapshots, requests, kRestoreTimeout);
  if (!restored.ok()) return restored.status();
  for (RestoredMerge& merge : *restored) {
    const auto request =
        std::find_if(requests.begin(), requests.end(), [&merge](const RestoreRequest& candidate) {
          return candidate.partition == merge.partition;
        });
    partitions_.emplace(merge.partition, MergePartition(options_.plan, std::move(merge), *request,
                                                        options_.snapshot_bytes));
  }
  return absl::OkStatus();
}

void MergePartitions::KeepAside() {
  kept_.clear();
  for (auto& entry : partitions_) {
    if (entry.second.CanBeKept()) kept_.insert(std::move(entry));
  }
  partitions_.clear();
}

void MergePartitions::Drop() {
  partitions_.clear();
  await_frames_until_ = absl::InfinitePast();
}

// ---- Reading

absl::StatusOr<bool> MergePartitions::Read(GroupConsumer* consumer) {
  const int64_t share = options_.settings->state_limit_bytes / options_.plan->merge_partitions;
  bool busy = false;
  for (auto& entry : partitions_) {
    MergePartition& merge = entry.second;
    if (!merge.HasRoom(share)) continue;
    absl::Status failure;
    const absl::StatusOr<int> count = consumer->Read(
        {topics_.partials, entry.first}, kReadBatch, [&](const GroupConsumer::Event& event) {
          if (event.record == nullptr || !failure.ok() || event.offset < merge.next_offset()) {
            return;
          }
          failure = merge.Apply(event.offset, event.record->value);
          if (failure.ok()) await_frames_until_ = absl::InfinitePast();
        });
    if (!count.ok()) failure = count.status();
    if (!failure.ok()) {
      // The log that the state is made of cannot be read: no number from here on could be right.
      return absl::Status(failure.code(), absl::StrCat(topics_.partials, "-", entry.first, ": ",
                                                       failure.message()));
    }
    busy = busy || *count > 0;
  }
  return busy;
}

bool MergePartitions::IsBehind(const GroupConsumer& consumer) const {
  return std::any_of(partitions_.begin(), partitions_.end(), [&](const auto& entry) {
    const int64_t end = consumer.LogEnd({topics_.partials, entry.first});
    return end - entry.second.next_offset() > kMaxUnreadFrames;
  });
}

// ---- Committing

bool MergePartitions::MayApplyAhead(const SealedBatch& batch) {
  if (batch.frames.empty() || options_.clock->Now() < ahead_again_) return false;
  const int64_t share = options_.settings->state_limit_bytes / options_.plan->merge_partitions;
  return partitions_.size() == batch.frames.size() &&
         std::all_of(partitions_.begin(), partitions_.end(), [share](auto& entry) {
           return entry.second.NextOwnOffset().has_value() && entry.second.HasRoom(share);
         });
}

absl::Status MergePartitions::ApplyAhead(SealedBatch* batch) {
  if (!MayApplyAhead(*batch)) return absl::OkStatus();
  batch->frame_records.resize(batch->frames.size());
  batch->expected_offsets.resize(batch->frames.size());
  for (auto& entry : partitions_) {
    MergePartition& merge = entry.second;
    std::vector<std::string>& records = batch->frame_records[entry.first];
    records = EncodeFrame(*options_.plan, batch->frames[entry.first]);
    int64_t offset = *merge.NextOwnOffset();
    batch->expected_offsets[entry.first] = offset;
    for (const std::string& record : records) {
      const absl::Status applied = merge.Apply(offset++, record);
      if (!applied.ok()) return applied;
    }
  }
  return absl::OkStatus();
}

bool MergePartitions::HasSomethingToSeal(absl::Time now) const {
  return std::any_of(partitions_.begin(), partitions_.end(),
                     [now](const auto& entry) { return entry.second.HasSomethingToSeal(now); });
}

void MergePartitions::SealInto(SealedBatch* batch) {
  const absl::Time now = options_.clock->Now();
  // One snapshot at a time, since to begin means to look at all the state.
  bool may_begin_snapshot = true;
  for (auto& entry : partitions_) {
    MergePartition& merge = entry.second;
    if (!merge.HasSomethingToSeal(now)) continue;
    batch->merges.push_back(merge.Seal(now, &may_begin_snapshot));
    batch->offsets.push_back({topics_.partials, entry.first, merge.next_offset(),
                              EncodeMergeCheckpoint(merge.snapshot().snapshot_offset,
                                                    merge.snapshot().snapshot_through)});
  }
}

void MergePartitions::OnCommitted(const CommitResult& result, RecentLatencies* latencies) {
  const absl::Time now = options_.clock->Now();
  for (auto& entry : partitions_) entry.second.OnCommitted(now, latencies);
  for (auto& entry : partitions_) {
    const auto m = static_cast<size_t>(entry.first);
    if (m >= result.frame_offsets.size() || result.frame_offsets[m] < 0) continue;
    entry.second.OnOwnFrame(result.frame_offsets[m]);
    // Those applied ahead are not waited for.
    if (entry.second.next_offset() <= result.frame_offsets[m]) {
      await_frames_until_ = now + kAwaitFrames;
    }
  }
  for (const CommitResult::Snapshot& snapshot : result.snapshots) OnSnapshotCommitted(snapshot);
}

void MergePartitions::OnSnapshotCommitted(const CommitResult::Snapshot& snapshot) {
  const auto found = partitions_.find(snapshot.partition);
  if (found == partitions_.end() || snapshot.offset < 0) return;
  const absl::optional<MergeStart> before = found->second.OnSnapshotCommitted(snapshot);
  if (!before.has_value()) return;
  options_.purge(topics_.partials, snapshot.partition, before->snapshot_through);
  options_.purge(topics_.snapshots, snapshot.partition, *before->snapshot_offset);
}

// ---- Status

void MergePartitions::ReportInto(const PipelinePlan& plan, const GroupConsumer& consumer,
                                 WorkerStatus* status) {
  const absl::Time now = options_.clock->Now();
  const bool look = now >= next_look_;
  if (look) next_look_ = now + kLookInterval;
  for (auto& entry : partitions_) {
    const int64_t log_end = consumer.LogEnd({topics_.partials, entry.first});
    status->merges.push_back(entry.second.Status(plan, look, log_end));
    const WorkerStatus::Merge& merge = status->merges.back();
    if (!merge.blocked || status->state != WorkerState::kRunning) continue;
    status->state = WorkerState::kBlocked;
    status->error = absl::StrCat(
        "merge partition ", entry.first, " holds ", merge.state_bytes,
        " bytes of state, more than its share of state_limit_bytes: raise that to at least ",
        (merge.state_bytes + merge.state_bytes / 4) * options_.plan->merge_partitions);
  }
}

}  // namespace windrow::aggregator
