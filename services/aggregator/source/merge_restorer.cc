#include "services/aggregator/source/merge_restorer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace windrow::aggregator {
namespace {

using record_log::PartitionReader;
using record_log::Record;
using record_log::StartPosition;

// A time by which a restore has to be done.
class Deadline {
 public:
  Deadline(const runtime::Clock& clock, absl::Duration timeout)
      : clock_(&clock), time_(clock.Now() + timeout) {}
  bool passed() const { return clock_->Now() > time_; }

 private:
  const runtime::Clock* clock_;
  absl::Time time_;
};

// Reads until `done`, handing each record to `visit`, whose failure ends the reading.
template <typename Done, typename Visit>
absl::Status ReadUntil(PartitionReader* reader, Deadline deadline, Done done, Visit visit) {
  while (!done()) {
    if (deadline.passed()) {
      return absl::DeadlineExceededError("the log of a merge partition was not readable in time");
    }
    absl::Status failure;
    const absl::StatusOr<int> count =
        reader->Read(1000, absl::Milliseconds(100), [&](const Record& record) {
          if (failure.ok()) failure = visit(record);
        });
    if (!count.ok()) return count.status();
    if (!failure.ok()) return failure;
  }
  return absl::OkStatus();
}

// What is being rebuilt of one partition.
struct Restore {
  RestoreRequest request;
  SnapshotDecoder snapshot;
  bool snapshot_complete = false;
  RestoredMerge restored;
  // Offset in partials of the next frame to apply.
  int64_t next = 0;
};

absl::Status ReadSnapshots(record_log::Cluster* cluster, const std::string& topic,
                           Deadline deadline, std::map<int, Restore>* restores) {
  std::vector<StartPosition> starts;
  for (auto& entry : *restores) {
    Restore& restore = entry.second;
    restore.snapshot_complete = !restore.request.start.snapshot_offset.has_value();
    if (restore.snapshot_complete) continue;
    starts.push_back({topic, entry.first, *restore.request.start.snapshot_offset});
  }
  if (starts.empty()) return absl::OkStatus();
  auto reader = cluster->ReadPartitions(starts);
  if (!reader.ok()) return reader.status();
  return ReadUntil(
      reader->get(), deadline,
      [&] {
        return std::all_of(restores->begin(), restores->end(),
                           [](const auto& entry) { return entry.second.snapshot_complete; });
      },
      [&](const Record& record) {
        Restore& restore = restores->at(record.partition);
        if (restore.snapshot_complete) return absl::OkStatus();
        const absl::StatusOr<bool> complete = restore.snapshot.Add(record.value);
        if (!complete.ok()) return complete.status();
        restore.snapshot_complete = *complete;
        return absl::OkStatus();
      });
}

absl::Status ReplayPartials(record_log::Cluster* cluster, const PipelinePlan& plan,
                            const std::string& topic, Deadline deadline,
                            std::map<int, Restore>* restores) {
  std::vector<StartPosition> starts;
  for (auto& entry : *restores) {
    Restore& restore = entry.second;
    if (restore.request.start.snapshot_offset.has_value()) {
      restore.restored.merger->Restore(restore.snapshot.snapshot());
      restore.next = restore.snapshot.through();
    }
    if (restore.next >= restore.request.committed) continue;
    // From the beginning there may be no record 0 any more only if a snapshot replaced it.
    starts.push_back({topic, entry.first, restore.next});
  }
  if (starts.empty()) return absl::OkStatus();
  auto reader = cluster->ReadPartitions(starts);
  if (!reader.ok()) return reader.status();
  return ReadUntil(
      reader->get(), deadline,
      [&] {
        return std::all_of(restores->begin(), restores->end(), [](const auto& entry) {
          return entry.second.next >= entry.second.request.committed;
        });
      },
      [&](const Record& record) {
        Restore& restore = restores->at(record.partition);
        if (record.offset >= restore.request.committed) return absl::OkStatus();
        const absl::StatusOr<Frame> frame = DecodeFrame(plan, record.value);
        if (!frame.ok()) return frame.status();
        restore.restored.merger->Apply(*frame);
        restore.restored.merger->DropChanges();
        restore.restored.replayed_bytes += static_cast<int64_t>(record.value.size());
        restore.next = record.offset + 1;
        return absl::OkStatus();
      });
}

}  // namespace

absl::StatusOr<std::vector<RestoredMerge>> RestoreMerges(
    record_log::Cluster* cluster, const runtime::Clock& clock,
    std::shared_ptr<const PipelinePlan> plan, const std::string& partials_topic,
    const std::string& snapshots_topic, const std::vector<RestoreRequest>& requests,
    absl::Duration timeout) {
  const Deadline deadline(clock, timeout);
  std::map<int, Restore> restores;
  for (const RestoreRequest& request : requests) {
    Restore restore{request, SnapshotDecoder(plan.get()), false, {}, 0};
    restore.restored.partition = request.partition;
    restore.restored.merger = std::make_unique<Merger>(plan);
    restores.emplace(request.partition, std::move(restore));
  }
  absl::Status status = ReadSnapshots(cluster, snapshots_topic, deadline, &restores);
  if (status.ok()) status = ReplayPartials(cluster, *plan, partials_topic, deadline, &restores);
  if (!status.ok()) {
    return absl::Status(status.code(), absl::StrCat("restore merge state: ", status.message()));
  }
  std::vector<RestoredMerge> restored;
  for (auto& entry : restores) restored.push_back(std::move(entry.second.restored));
  return restored;
}

absl::StatusOr<std::set<int>> SourcesNamedSince(record_log::Cluster* cluster,
                                                const runtime::Clock& clock,
                                                const PipelinePlan& plan,
                                                const std::string& partials_topic, int partition,
                                                int64_t begin, absl::Duration timeout) {
  auto reader = cluster->ReadPartitions(
      {{partials_topic, partition, begin == 0 ? StartPosition::kBeginning : begin}});
  if (!reader.ok()) return reader.status();
  std::set<int> named;
  const absl::Status status = ReadUntil(
      reader->get(), Deadline(clock, timeout), [&] { return (*reader)->at_end(); },
      [&](const Record& record) {
        const absl::StatusOr<Frame> frame = DecodeFrame(plan, record.value);
        if (!frame.ok()) return frame.status();
        for (const SourcePosition& position : frame->positions) named.insert(position.partition);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return named;
}

}  // namespace windrow::aggregator
