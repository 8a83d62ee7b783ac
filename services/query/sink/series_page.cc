#include "services/query/sink/series_page.h"

#include "absl/container/flat_hash_map.h"

namespace windrow::query {
namespace {

// Of a message within another one: its key and its length.
constexpr size_t kFrameBytes = 5;

v1::Point ToPoint(v1::Result* result) {
  v1::Point point;
  *point.mutable_window_start_time() = result->window_start_time();
  *point.mutable_window_end_time() = result->window_end_time();
  point.mutable_values()->Swap(result->mutable_values());
  point.set_final(result->final());
  point.set_revision(result->revision());
  point.set_accepted(result->accepted());
  return point;
}

// What the series of a row takes beside its points: totals are as many as values, or fewer, and a
// number grows to ten bytes at most.
size_t SeriesBytes(const v1::Result& result) {
  size_t bytes = kFrameBytes;
  for (const auto& field : result.group()) bytes += field.ByteSizeLong() + kFrameBytes;
  for (const auto& field : result.values()) bytes += field.ByteSizeLong() + 10 + kFrameBytes;
  return bytes;
}

}  // namespace

absl::Status SeriesPage::Fill(const std::string& last_item) {
  std::vector<std::string> groups;
  const absl::Status chosen = Choose(last_item, &groups);
  if (!chosen.ok() || groups.empty()) return chosen;
  return AddPoints(groups);
}

absl::Status SeriesPage::Choose(const std::string& last_item, std::vector<std::string>* groups) {
  SeriesBuilder builder({request_.order, request_.definition, last_item, request_.page_size,
                         request_.most_rows, request_.most_bytes});
  SelectedRows rows(content_, request_.view, request_.filter, request_.is_waiting);
  absl::Status added;
  const absl::Status scanned =
      rows.Scan(request_.range.start_us, request_.range.end_us,
                [&](const StoredRow& row, v1::Result& result) {
                  const size_t series_bytes = SeriesBytes(result);
                  const auto aggregate_of = [&result](absl::string_view name) {
                    return AggregateOf(result, name);
                  };
                  // A point holds what a result does, and fewer fields.
                  added = builder.Add(row.group, result.ByteSizeLong() + kFrameBytes, series_bytes,
                                      aggregate_of);
                  return added.ok();
                });
  if (!added.ok()) return added;
  if (!scanned.ok()) return scanned;
  absl::StatusOr<SeriesBuilder::Choice> choice = builder.Choose();
  if (!choice.ok()) return choice.status();
  *groups = std::move(choice->groups);
  next_item_ = std::move(choice->next_item);
  return absl::OkStatus();
}

absl::Status SeriesPage::AddPoints(const std::vector<std::string>& groups) {
  absl::flat_hash_map<std::string, int> places;
  for (const std::string& group : groups) {
    places[group] = response_->series_size();
    response_->add_series();
  }
  std::vector<RowTotal> totals(groups.size(), RowTotal(request_.definition));
  SelectedRows rows(content_, request_.view, request_.filter, request_.is_waiting);
  const absl::Status scanned =
      rows.Scan(request_.range.start_us, request_.range.end_us,
                [&](const StoredRow& row, v1::Result& result) {
                  const auto found = places.find(row.group);
                  if (found == places.end()) return true;
                  v1::Series* const series = response_->mutable_series(found->second);
                  if (series->group().empty())
                    series->mutable_group()->Swap(result.mutable_group());
                  totals[found->second].Add(result.accepted(), [&result](absl::string_view name) {
                    return AggregateOf(result, name);
                  });
                  *series->add_points() = ToPoint(&result);
                  return true;
                });
  for (size_t i = 0; i < totals.size(); ++i) {
    AddTotals(totals[i], response_->mutable_series(static_cast<int>(i))->mutable_totals());
  }
  return scanned;
}

}  // namespace windrow::query
