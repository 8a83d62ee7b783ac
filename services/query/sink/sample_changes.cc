#include "services/query/sink/sample_changes.h"

#include <cstdlib>
#include <utility>

#include "services/query/core/row_key.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::query {

SampleTopic& SampleTopic::Row(int partition, int64_t window_start_us, absl::string_view group,
                              uint64_t accepted, absl::string_view view) {
  RowChange change;
  change.version = NextVersion(partition);
  change.commit_time_ms = commit_time_ms_;
  change.view = std::string(view);
  change.window_start_us = window_start_us;
  change.group = BoundedGroup(group);
  change.window_end_us = window_start_us + 600;
  change.accepted = accepted;
  results::v1::Row row;
  row.set_view(change.view);
  row.set_window_start_us(change.window_start_us);
  row.set_window_end_us(change.window_end_us);
  row.set_accepted(accepted);
  auto* const field = row.add_group();
  field->set_name("type");
  field->set_string_value(std::string(group));
  auto* const value = row.add_values();
  value->set_name("count");
  value->set_int_value(static_cast<int64_t>(accepted));
  change.payload = row.SerializeAsString();
  batch_.rows.push_back(std::move(change));
  return *this;
}

SampleTopic& SampleTopic::CorrectedRow(int partition, int64_t window_start_us,
                                       absl::string_view group, uint64_t accepted,
                                       uint32_t revision) {
  Row(partition, window_start_us, group, accepted);
  batch_.rows.back().revision = revision;
  return *this;
}

SampleTopic& SampleTopic::DeleteRow(int partition, int64_t window_start_us,
                                    absl::string_view group) {
  RowChange change;
  change.version = NextVersion(partition);
  change.commit_time_ms = commit_time_ms_;
  change.view = std::string(kView);
  change.window_start_us = window_start_us;
  change.group = std::string(group);
  change.deleted = true;
  batch_.rows.push_back(std::move(change));
  return *this;
}

SampleTopic& SampleTopic::CloseThrough(int partition, int64_t closed_through_us,
                                       int64_t drain_generation) {
  ProgressChange change;
  change.version = NextVersion(partition);
  change.merge_partition = partition;
  change.progress.closed_through_us = closed_through_us;
  change.progress.drain_generation = drain_generation;
  change.progress.views = {std::string(kView), "by-disposition"};
  change.progress.records_read = 10;
  batch_.progress.push_back(std::move(change));
  return *this;
}

SampleTopic& SampleTopic::Late(int partition, int64_t window_start_us, uint64_t late) {
  LedgerChange change;
  change.version = NextVersion(partition);
  change.view = std::string(kView);
  change.window_start_us = window_start_us;
  change.merge_partition = partition;
  change.late = late;
  batch_.ledgers.push_back(std::move(change));
  return *this;
}

SampleTopic& SampleTopic::CommitAt(int64_t time_ms) {
  commit_time_ms_ = time_ms;
  return *this;
}

SampleTopic& SampleTopic::Purged(int partition, int64_t next_offset) {
  next_offsets_[partition] = next_offset;
  first_offsets_[partition] = next_offset;
  return *this;
}

SampleTopic& SampleTopic::Marker(int partition) {
  NextVersion(partition);
  return *this;
}

ChangeBatch SampleTopic::Take() {
  batch_.next_offsets = next_offsets_;
  batch_.first_offsets = first_offsets_;
  return std::exchange(batch_, ChangeBatch());
}

std::string TestDirectory() {
  const char* const base = std::getenv("TEST_TMPDIR");
  std::string path = std::string(base != nullptr ? base : "/tmp") + "/query-XXXXXX";
  return mkdtemp(path.data()) != nullptr ? path : "";
}

}  // namespace windrow::query
