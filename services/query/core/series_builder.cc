#include "services/query/core/series_builder.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace windrow::query {

SeriesBuilder::SeriesBuilder(Options options) : options_(std::move(options)) {
  const std::vector<std::string> names = options_.order.names();
  for (const AggregateDefinition& aggregate : options_.view.aggregates) {
    if (std::count(names.begin(), names.end(), aggregate.name) > 0) {
      ordering_.aggregates.push_back(aggregate);
    }
  }
}

absl::Status SeriesBuilder::Add(absl::string_view group, size_t point_bytes, size_t series_bytes,
                                RowLookup row) {
  if (++rows_ > options_.most_rows) {
    return absl::OutOfRangeError(absl::StrCat("there are more than ", options_.most_rows, " rows"));
  }
  const bool by_group = options_.order.empty();
  if (by_group && !options_.after.empty() && group <= options_.after) return absl::OkStatus();
  const auto [it, inserted] =
      series_.try_emplace(std::string(group), Series{series_bytes, RowTotal(ordering_)});
  it->second.bytes += point_bytes;
  it->second.total.Add(0, row);
  // What goes here was behind the page already, and stays there.
  if (by_group && series_.size() > static_cast<size_t>(options_.page_size) + 1) {
    series_.erase(std::prev(series_.end()));
  }
  return absl::OkStatus();
}

std::string SeriesBuilder::KeyOf(const std::string& group, const Series& series) const {
  std::map<absl::string_view, TotalValue> totals;
  for (const RowTotal::Column& column : series.total.columns()) {
    totals[column.name] = column.total.value();
  }
  return options_.order.SortKey(
      [&totals](absl::string_view name) -> absl::optional<RowValue> {
        const auto found = totals.find(name);
        if (found == totals.end()) return absl::nullopt;
        return ToRowValue(found->second);
      },
      group);
}

absl::StatusOr<SeriesBuilder::Choice> SeriesBuilder::Choose() const {
  std::vector<std::pair<std::string, decltype(series_)::const_iterator>> sorted;
  for (auto it = series_.begin(); it != series_.end(); ++it) {
    std::string key = KeyOf(it->first, it->second);
    if (options_.after.empty() || key > options_.after) sorted.emplace_back(std::move(key), it);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  Choice choice;
  size_t bytes = 0;
  for (const auto& [key, series] : sorted) {
    bytes += series->second.bytes;
    const bool full = choice.groups.size() >= static_cast<size_t>(options_.page_size);
    if (full || bytes > options_.most_bytes) break;
    choice.groups.push_back(series->first);
  }
  if (choice.groups.size() == sorted.size()) return choice;
  if (choice.groups.empty()) {
    return absl::OutOfRangeError(
        absl::StrCat("a single series takes more than ", options_.most_bytes, " bytes"));
  }
  choice.next_item = sorted[choice.groups.size() - 1].first;
  return choice;
}

}  // namespace windrow::query
