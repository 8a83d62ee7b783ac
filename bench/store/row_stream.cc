#include "bench/store/row_stream.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::bench {
namespace {

namespace pb = ::windrow::results::v1;

constexpr int64_t kMinuteUs = 60'000'000;
constexpr int64_t kSlideUs = 5 * kMinuteUs;
constexpr int64_t kSizeUs = 10 * kMinuteUs;
constexpr int64_t kWatermarkDelayUs = 60 * kMinuteUs;
// 2016-01-01.
constexpr int64_t kStreamBeginUs = 1'451'606'400'000'000;

constexpr const char* kViews[] = {"calls-by-type", "calls-by-disposition"};
constexpr const char* kFields[] = {"original_crime_type_name", "disposition"};
constexpr int kGroups[] = {200, 20};
constexpr int kJoinedView = 1;

std::string GroupName(int view, int group) {
  return view == kJoinedView ? absl::StrCat("D", group) : absl::StrCat("Crime Type ", group);
}

}  // namespace

// What a call counts in.
struct RowStream::Row {
  int partition;
  int view;
  int group;
  int64_t window_start_us;

  auto order() const { return std::tie(partition, view, group, window_start_us); }
};

RowStream::RowStream(const Options& options)
    : options_(options), time_us_(kStreamBeginUs), next_offsets_(options.partitions) {}

std::vector<ResultRecordBytes> RowStream::NextCommit() {
  std::vector<Row> rows;
  for (int i = 0; i < options_.calls_per_commit; ++i) AddCall(&rows);
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return a.order() < b.order(); });
  std::vector<ResultRecordBytes> records;
  size_t next = 0;
  for (int partition = 0; partition < options_.partitions; ++partition) {
    int64_t& offset = next_offsets_[partition];
    while (next < rows.size() && rows[next].partition == partition) {
      const Row& row = rows[next];
      uint64_t accepted = 0;
      for (; next < rows.size() && rows[next].order() == row.order(); ++next) ++accepted;
      records.push_back(MakeRow(row, accepted));
      records.back().offset = offset++;
    }
    records.push_back(MakeProgress(partition));
    records.back().offset = offset++;
    // The marker of the end of the transaction.
    ++offset;
  }
  return records;
}

void RowStream::AddCall(std::vector<Row>* rows) {
  time_us_ = kStreamBeginUs + static_cast<int64_t>(static_cast<double>(++calls_) /
                                                   options_.calls_per_minute * kMinuteUs);
  for (int view = 0; view < 2; ++view) {
    // The lesser of two draws: the first groups are the most frequent.
    const auto group =
        static_cast<int>(std::min(random_() % kGroups[view], random_() % kGroups[view]));
    const size_t hash = absl::HashOf(view, group);
    const int64_t newest_us = time_us_ / kSlideUs * kSlideUs;
    for (const int64_t start_us : {newest_us - kSlideUs, newest_us}) {
      rows->push_back({static_cast<int>(hash % options_.partitions), view, group, start_us});
    }
  }
}

ResultRecordBytes RowStream::MakeRow(const Row& row, uint64_t accepted) const {
  const std::string group = GroupName(row.view, row.group);
  pb::ResultKey key;
  key.mutable_row()->set_view(kViews[row.view]);
  key.mutable_row()->set_window_start_us(row.window_start_us);
  key.mutable_row()->set_group(absl::StrCat("\x02", group, std::string(1, '\0')));
  pb::ResultRecord record;
  pb::Row& value = *record.mutable_row();
  value.set_view(kViews[row.view]);
  value.set_window_start_us(row.window_start_us);
  value.set_window_end_us(row.window_start_us + kSizeUs);
  pb::Field* field = value.add_group();
  field->set_name(kFields[row.view]);
  field->set_string_value(group);
  if (row.view == kJoinedView) {
    value.set_table_version("4f6c2d1e");
    field = value.add_values();
    field->set_name("description");
    field->set_string_value("Handled by an officer");
  }
  field = value.add_values();
  field->set_name("count");
  field->set_int_value(static_cast<int64_t>(accepted));
  value.set_accepted(accepted);
  value.set_event_time_us(time_us_);
  value.set_record_time_ms(time_us_ / 1'000);
  return {row.partition, 0, key.SerializeAsString(), record.SerializeAsString()};
}

ResultRecordBytes RowStream::MakeProgress(int partition) const {
  pb::ResultKey key;
  key.mutable_progress()->set_merge_partition(partition);
  pb::ResultRecord record;
  pb::Progress& progress = *record.mutable_progress();
  progress.set_merge_partition(partition);
  progress.set_merge_partitions(options_.partitions);
  progress.set_closed_through_us(time_us_ - kWatermarkDelayUs);
  for (const char* const view : kViews) progress.add_views(view);
  return {partition, 0, key.SerializeAsString(), record.SerializeAsString()};
}

}  // namespace windrow::bench
