#include "services/query/sink/result_page.h"

#include <algorithm>
#include <utility>

#include "services/query/core/row_key.h"
#include "services/query/sink/result_columns.h"
#include "services/query/sink/result_message.h"

namespace windrow::query {
namespace {

// Under gRPC's default limit of 4 MB for a message, with room for one more row of the largest size
// that Kafka takes.
constexpr size_t kMaxPageBytes = 2'800'000;

}  // namespace

absl::Status ResultPage::Fill(const std::string& last_item) {
  if (!request_.order.empty()) return FillOrdered(last_item);
  const absl::Status filled =
      request_.range.newest_first ? FillNewestFirst(last_item) : FillOldestFirst(last_item);
  if (more_) next_item_ = last_key_;
  return filled;
}

absl::Status ResultPage::FillOldestFirst(const std::string& after_key) {
  return AddWindowRows(request_.range.start_us, request_.range.end_us, after_key);
}

absl::Status ResultPage::FillNewestFirst(const std::string& after_key) {
  int64_t end_us = request_.range.end_us;
  RowKey last;
  const bool goes_on = DecodeRowKey(after_key, &last);
  if (goes_on && last.window_start_us < end_us) end_us = last.window_start_us + 1;
  absl::Status added;
  const absl::Status scanned =
      content_.ScanWindows(request_.view, request_.range.start_us, end_us, /*newest_first=*/true,
                           [&](const StoredWindow& window) {
                             const int64_t start_us = window.window_start_us;
                             const bool begun = goes_on && start_us == last.window_start_us;
                             added = AddWindowRows(start_us, start_us + 1, begun ? after_key : "");
                             return added.ok() && !more_;
                           });
  return added.ok() ? scanned : added;
}

absl::Status ResultPage::AddWindowRows(int64_t start_us, int64_t end_us,
                                       const std::string& after_key) {
  absl::Status taken;
  const absl::Status scanned =
      content_.ScanRows(request_.view, start_us, end_us, after_key, [&](const StoredRow& row) {
        if (response_->results_size() >= request_.page_size || bytes_ >= kMaxPageBytes ||
            scanned_ >= kMostRowsScanned) {
          more_ = true;
          return false;
        }
        v1::Result result;
        bool wanted = false;
        taken = Take(row, &result, &wanted);
        last_key_ = EncodeRowKey(row.window_start_us, row.group);
        if (!wanted) return taken.ok();
        bytes_ += result.ByteSizeLong();
        *response_->add_results() = std::move(result);
        return true;
      });
  return taken.ok() ? scanned : taken;
}

absl::Status ResultPage::Take(const StoredRow& row, v1::Result* result, bool* wanted) {
  ++scanned_;
  const absl::Status awaited = caller_.Check();
  if (!awaited.ok()) return awaited;
  const absl::Status converted = ToResult(row, request_.view, content_.results(), result);
  if (!converted.ok()) return converted;
  // Rows of a view have the same columns.
  if (!names_checked_) {
    names_checked_ = true;
    absl::Status known = CheckNames("filter", request_.filter.names(), *result);
    if (known.ok()) known = CheckNames("order_by", request_.order.names(), *result);
    if (!known.ok()) return known;
  }
  *wanted =
      request_.filter.Matches([&](absl::string_view name) { return ColumnOf(*result, name); });
  return absl::OkStatus();
}

absl::Status ResultPage::CheckNames(absl::string_view field, const std::vector<std::string>& names,
                                    const v1::Result& result) {
  absl::Status known = CheckColumns(result, names);
  if (!known.ok()) wrong_field_ = std::string(field);
  return known;
}

// Keeps the page's rows and one more: the first in order of those after the page before.
absl::Status ResultPage::FillOrdered(const std::string& after_item) {
  absl::Status taken;
  const absl::Status scanned = content_.ScanRows(
      request_.view, request_.range.start_us, request_.range.end_us, "", [&](const StoredRow& row) {
        Candidate candidate;
        bool wanted = false;
        taken = Take(row, &candidate.result, &wanted);
        if (!wanted) return taken.ok();
        candidate.key = request_.order.SortKey(
            [&](absl::string_view name) { return ColumnOf(candidate.result, name); },
            EncodeRowKey(row.window_start_us, row.group));
        if (candidate.key > after_item) Keep(std::move(candidate));
        return true;
      });
  if (!taken.ok()) return taken;
  if (!scanned.ok()) return scanned;
  std::sort_heap(first_.begin(), first_.end(),
                 [](const Candidate& a, const Candidate& b) { return a.key < b.key; });
  for (Candidate& candidate : first_) {
    if (response_->results_size() >= request_.page_size || bytes_ >= kMaxPageBytes) {
      next_item_ = last_key_;
      break;
    }
    last_key_ = std::move(candidate.key);
    bytes_ += candidate.result.ByteSizeLong();
    *response_->add_results() = std::move(candidate.result);
  }
  return absl::OkStatus();
}

void ResultPage::Keep(Candidate candidate) {
  const auto before = [](const Candidate& a, const Candidate& b) { return a.key < b.key; };
  const bool full = first_.size() > static_cast<size_t>(request_.page_size);
  if (full && !before(candidate, first_.front())) return;
  if (full) {
    std::pop_heap(first_.begin(), first_.end(), before);
    first_.pop_back();
  }
  first_.push_back(std::move(candidate));
  std::push_heap(first_.begin(), first_.end(), before);
}

}  // namespace windrow::query
