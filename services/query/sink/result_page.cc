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
// Of rows that are kept while the first of an order are sought, with their keys: a little more than
// a page of them.
constexpr size_t kMaxKeptBytes = 2 * kMaxPageBytes;

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
        bool wanted = false;
        taken = Take(row, &wanted);
        last_key_ = EncodeRowKey(row.window_start_us, row.group);
        if (taken.ok() && wanted) taken = Add(row);
        return taken.ok();
      });
  return taken.ok() ? scanned : taken;
}

absl::Status ResultPage::Take(const StoredRow& row, bool* wanted) {
  ++scanned_;
  const absl::Status awaited = caller_.Check();
  if (!awaited.ok()) return awaited;
  *wanted = true;
  if (!looks_at_columns_) return absl::OkStatus();
  const absl::Status read = columns_.Read(row, content_.results());
  if (!read.ok()) return read;
  // Rows of a view have the same columns.
  if (!names_checked_) {
    const absl::Status known = CheckNames(row);
    if (!known.ok()) return known;
    names_checked_ = true;
  }
  *wanted = request_.filter.Matches([this](absl::string_view name) { return columns_.Find(name); });
  return absl::OkStatus();
}

absl::Status ResultPage::Add(const StoredRow& row) {
  v1::Result* const result = response_->add_results();
  const absl::Status made = ToResult(row, request_.view, content_.results(), result);
  bytes_ += result->ByteSizeLong();
  return made;
}

absl::Status ResultPage::CheckNames(const StoredRow& row) {
  v1::Result result;
  absl::Status known = ToResult(row, request_.view, content_.results(), &result);
  if (known.ok()) {
    wrong_field_ = "filter";
    known = CheckColumns(result, request_.filter.names());
  }
  if (known.ok()) {
    wrong_field_ = "order_by";
    known = CheckColumns(result, request_.order.names());
  }
  return known;
}

// Keeps the page's rows: the first in order of those after the page before.
absl::Status ResultPage::FillOrdered(const std::string& after_item) {
  absl::Status taken;
  std::string key;
  const absl::Status scanned = content_.ScanRows(
      request_.view, request_.range.start_us, request_.range.end_us, "", [&](const StoredRow& row) {
        bool wanted = false;
        taken = Take(row, &wanted);
        if (!taken.ok() || !wanted) return taken.ok();
        key.clear();
        request_.order.AppendSortKey([this](absl::string_view name) { return columns_.Find(name); },
                                     &key);
        AppendRowKey(row.window_start_us, row.group, &key);
        if (key > after_item) Keep(key, row);
        return true;
      });
  if (!taken.ok()) return taken;
  if (!scanned.ok()) return scanned;
  std::sort_heap(first_.begin(), first_.end(), IsBefore());
  for (const std::unique_ptr<Candidate>& candidate : first_) {
    if (bytes_ >= kMaxPageBytes) {
      more_ = true;
      break;
    }
    last_key_ = std::move(candidate->key);
    candidate->row.group = candidate->group;
    candidate->row.payload = candidate->payload;
    const absl::Status added = Add(candidate->row);
    if (!added.ok()) return added;
  }
  if (more_) next_item_ = last_key_;
  return absl::OkStatus();
}

void ResultPage::Keep(const std::string& key, const StoredRow& row) {
  // Those that were put out come before it.
  if (more_ && key >= first_.front()->key) return;
  std::unique_ptr<Candidate> candidate =
      put_out_ == nullptr ? std::make_unique<Candidate>() : std::move(put_out_);
  candidate->key = key;
  candidate->row = row;
  candidate->group.assign(row.group.data(), row.group.size());
  candidate->payload.assign(row.payload.data(), row.payload.size());
  kept_bytes_ += candidate->bytes();
  first_.push_back(std::move(candidate));
  std::push_heap(first_.begin(), first_.end(), IsBefore());
  while (first_.size() > static_cast<size_t>(request_.page_size) ||
         (kept_bytes_ > kMaxKeptBytes && first_.size() > 1)) {
    PutOutLast();
  }
}

void ResultPage::PutOutLast() {
  std::pop_heap(first_.begin(), first_.end(), IsBefore());
  put_out_ = std::move(first_.back());
  first_.pop_back();
  kept_bytes_ -= put_out_->bytes();
  more_ = true;
}

}  // namespace windrow::query
