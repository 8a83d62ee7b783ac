#ifndef SERVICES_QUERY_SINK_SERIES_PAGE_H_
#define SERVICES_QUERY_SINK_SERIES_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "services/query/core/pipeline_definition.h"
#include "services/query/core/row_filter.h"
#include "services/query/core/row_order.h"
#include "services/query/core/series_builder.h"
#include "services/query/sink/caller_watch.h"
#include "services/query/sink/selected_rows.h"
#include "services/query/sink/store_view.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// Collects the series of one page of ListSeries: chooses the groups in one pass over the rows and
// takes their points in a second one. The content and the response must outlive it; a value of one
// thread.
class SeriesPage {
 public:
  struct Request {
    std::string view;
    ViewDefinition definition;
    ListRange range;
    RowFilter filter;
    // By names of aggregates that can be added up.
    RowOrder order;
    int page_size = 0;
    // Whether the caller still waits; empty: always.
    CallerWatch::IsWaiting is_waiting;
    // Of the range, and of one answer. gRPC's default limit of a message is 4 MB.
    int64_t most_rows = 200'000;
    size_t most_bytes = 3'400'000;
  };

  SeriesPage(const StoreView& content, Request request, v1::ListSeriesResponse* response)
      : content_(content), request_(std::move(request)), response_(response) {}

  // Adds the series after `last_item` of the page before; "" for the first page. Errors are those
  // of SelectedRows, and OUT_OF_RANGE when the range holds more than can be answered.
  absl::Status Fill(const std::string& last_item);

  // What the next page begins after; "" when there is none after this page.
  const std::string& next_item() const { return next_item_; }

 private:
  absl::Status Choose(const std::string& last_item, std::vector<std::string>* groups);
  absl::Status AddPoints(const std::vector<std::string>& groups);

  const StoreView& content_;
  const Request request_;
  v1::ListSeriesResponse* const response_;
  std::string next_item_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_SERIES_PAGE_H_
