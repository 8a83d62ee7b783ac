#ifndef SERVICES_QUERY_SINK_TOTAL_PAGE_H_
#define SERVICES_QUERY_SINK_TOTAL_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "services/query/core/pipeline_definition.h"
#include "services/query/core/row_filter.h"
#include "services/query/sink/caller_watch.h"
#include "services/query/sink/selected_rows.h"
#include "services/query/sink/store_view.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// Collects the totals of one page of ListTotals. The content and the response must outlive it; a
// value of one thread.
class TotalPage {
 public:
  struct Request {
    std::string view;
    ViewDefinition definition;
    ListRange range;
    RowFilter filter;
    int page_size = 0;
    // Whether the caller still waits; empty: always.
    CallerWatch::IsWaiting is_waiting;
    // A page that has looked at so many rows, or holds so many bytes, ends after the window.
    int64_t most_rows_scanned = 200'000;
    size_t most_bytes = 2'800'000;
  };

  TotalPage(const StoreView& content, Request request, v1::ListTotalsResponse* response)
      : content_(content),
        request_(std::move(request)),
        rows_(content, request_.view, request_.filter, request_.is_waiting),
        response_(response) {}

  // Adds the totals after `last_item` of the page before; "" for the first page. A window none of
  // whose rows was taken has none. Errors are those of SelectedRows.
  absl::Status Fill(const std::string& last_item);

  // What the next page begins after; "" when there is no window after this page.
  const std::string& next_item() const { return next_item_; }

 private:
  absl::Status AddWindow(const StoredWindow& window);
  bool IsFull() const;

  const StoreView& content_;
  const Request request_;
  SelectedRows rows_;
  v1::ListTotalsResponse* const response_;
  size_t bytes_ = 0;
  std::string next_item_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_TOTAL_PAGE_H_
