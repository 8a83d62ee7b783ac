#include "services/query/sink/total_page.h"

#include <algorithm>

#include "services/query/core/row_key.h"
#include "services/query/core/row_total.h"
#include "services/query/sink/result_message.h"

namespace windrow::query {

absl::Status TotalPage::Fill(const std::string& last_item) {
  ListRange range = request_.range;
  RowKey last;
  if (DecodeRowKey(last_item, &last)) {
    if (range.newest_first) {
      range.end_us = std::min(range.end_us, last.window_start_us);
    } else {
      range.start_us = std::max(range.start_us, last.window_start_us + 1);
    }
  }
  absl::Status added;
  bool more = false;
  int64_t last_start_us = 0;
  const absl::Status scanned =
      content_.ScanWindows(request_.view, range.start_us, range.end_us, range.newest_first,
                           [&](const StoredWindow& window) {
                             if (window.rows == 0) return true;
                             more = IsFull();
                             if (more) return false;
                             added = AddWindow(window);
                             last_start_us = window.window_start_us;
                             return added.ok();
                           });
  if (more) next_item_ = EncodeRowKey(last_start_us, "");
  return added.ok() ? scanned : added;
}

bool TotalPage::IsFull() const {
  return response_->totals_size() >= request_.page_size || bytes_ >= request_.most_bytes ||
         rows_.scanned() >= request_.most_rows_scanned;
}

absl::Status TotalPage::AddWindow(const StoredWindow& window) {
  RowTotal sum(request_.definition);
  const int64_t start_us = window.window_start_us;
  const absl::Status scanned =
      rows_.Scan(start_us, start_us + 1, [&sum](const StoredRow& /*row*/, v1::Result& result) {
        sum.Add(result.accepted(),
                [&result](absl::string_view name) { return AggregateOf(result, name); });
        return true;
      });
  if (!scanned.ok() || sum.rows() == 0) return scanned;
  v1::Total* const total = response_->add_totals();
  *total->mutable_window_start_time() = ToTimestamp(start_us);
  *total->mutable_window_end_time() = ToTimestamp(window.window_end_us);
  total->set_final(content_.results().IsWindowFinal(window.window_end_us));
  total->set_rows(sum.rows());
  total->set_accepted(sum.accepted());
  AddTotals(sum, total->mutable_values());
  bytes_ += total->ByteSizeLong();
  return absl::OkStatus();
}

}  // namespace windrow::query
