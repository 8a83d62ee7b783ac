#ifndef SERVICES_QUERY_SINK_SAMPLE_CHANGES_H_
#define SERVICES_QUERY_SINK_SAMPLE_CHANGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/query/core/result_change.h"

namespace windrow::query {

// Plays the part of the results topic for tests: gives every change the next offset of its
// partition. Windows are 600 long, whatever the unit.
class SampleTopic {
 public:
  static constexpr absl::string_view kView = "by-type";

  explicit SampleTopic(int partitions) : next_offsets_(partitions), first_offsets_(partitions) {}

  // Adds to the batch that Take takes. The group's value is its key, too.
  SampleTopic& Row(int partition, int64_t window_start_us, absl::string_view group,
                   uint64_t accepted, absl::string_view view = kView);
  // The same of a row that was corrected.
  SampleTopic& CorrectedRow(int partition, int64_t window_start_us, absl::string_view group,
                            uint64_t accepted, uint32_t revision);
  SampleTopic& DeleteRow(int partition, int64_t window_start_us, absl::string_view group);
  SampleTopic& CloseThrough(int partition, int64_t closed_through_us, int64_t drain_generation = 0);
  SampleTopic& Late(int partition, int64_t window_start_us, uint64_t late);
  // Kafka timestamp of the rows that follow, milliseconds since 1970; 0 until it is set.
  SampleTopic& CommitAt(int64_t time_ms);
  // Everything below the next offset was deleted before anybody read it.
  SampleTopic& Purged(int partition, int64_t next_offset);
  // An offset without a record, such as a transaction's marker.
  SampleTopic& Marker(int partition);

  ChangeBatch Take();

 private:
  Version NextVersion(int partition) { return {partition, next_offsets_[partition]++}; }

  std::vector<int64_t> next_offsets_;
  std::vector<int64_t> first_offsets_;
  int64_t commit_time_ms_ = 0;
  ChangeBatch batch_;
};

// A fresh directory of the running test.
std::string TestDirectory();

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_SAMPLE_CHANGES_H_
