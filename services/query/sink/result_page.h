#ifndef SERVICES_QUERY_SINK_RESULT_PAGE_H_
#define SERVICES_QUERY_SINK_RESULT_PAGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/query/core/row_filter.h"
#include "services/query/core/row_order.h"
#include "services/query/sink/caller_watch.h"
#include "services/query/sink/row_columns.h"
#include "services/query/sink/selected_rows.h"
#include "services/query/sink/store_view.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// Collects the rows of one page of ListResults. The content and the response must outlive it; a
// value of one thread. Errors: of the store (see StoreView), CANCELLED when the caller does not
// wait any more, or INVALID_ARGUMENT for a name in the filter or the order that the rows do not
// have.
class ResultPage {
 public:
  // Rows that one page looks at most while it seeks those of a filter; it is then shorter than it
  // could be, and the next one goes on. An order has to look at all.
  static constexpr int64_t kMostRowsScanned = 200'000;

  struct Request {
    std::string view;
    ListRange range;
    RowFilter filter;
    RowOrder order;
    int page_size = 0;
    // Whether the caller still waits; empty: always.
    CallerWatch::IsWaiting is_waiting;
  };

  ResultPage(const StoreView& content, Request request, v1::ListResultsResponse* response)
      : content_(content),
        request_(std::move(request)),
        caller_(request_.is_waiting),
        response_(response),
        looks_at_columns_(!request_.filter.names().empty() || !request_.order.empty()) {}

  // Adds the rows after `last_item` of the page before; "" for the first page.
  absl::Status Fill(const std::string& last_item);

  // What the next page begins after; "" when there are no rows after this page.
  const std::string& next_item() const { return next_item_; }

  // After INVALID_ARGUMENT: the field of the request that is wrong.
  const std::string& wrong_field() const { return wrong_field_; }

 private:
  // A row that may be among the first of an ordered list: kept as stored, since most do not stay
  // there.
  struct Candidate {
    std::string key;
    // Its views are not valid: see group and payload.
    StoredRow row;
    std::string group;
    std::string payload;

    size_t bytes() const { return key.size() + group.size() + payload.size(); }
  };

  struct IsBefore {
    bool operator()(const std::unique_ptr<Candidate>& a,
                    const std::unique_ptr<Candidate>& b) const {
      return a->key < b->key;
    }
  };

  absl::Status FillOldestFirst(const std::string& after_key);
  absl::Status FillNewestFirst(const std::string& after_key);
  absl::Status FillOrdered(const std::string& after_item);
  absl::Status AddWindowRows(int64_t start_us, int64_t end_us, const std::string& after_key);
  // Whether the row is one of those asked for.
  absl::Status Take(const StoredRow& row, bool* wanted);
  // Whether the rows of the view, of which this is one, have the columns that are named.
  absl::Status CheckNames(const StoredRow& row);
  // Keeps the row of this key if it is among the first.
  void Keep(const std::string& key, const StoredRow& row);
  // Lets go of the last in order of those that are kept.
  void PutOutLast();
  // Adds the row to the answer.
  absl::Status Add(const StoredRow& row);

  const StoreView& content_;
  const Request request_;
  CallerWatch caller_;
  v1::ListResultsResponse* const response_;
  size_t bytes_ = 0;
  int64_t scanned_ = 0;
  bool more_ = false;
  bool names_checked_ = false;
  // Whether an answer needs a look at the columns of its rows.
  const bool looks_at_columns_;
  // Of the row that was taken last, if it does.
  RowColumns columns_;
  std::string last_key_;
  std::string next_item_;
  std::string wrong_field_;
  // A heap, the last in order at its top, and what it takes.
  std::vector<std::unique_ptr<Candidate>> first_;
  size_t kept_bytes_ = 0;
  // The memory of the one that was put out last is used for the one that comes in.
  std::unique_ptr<Candidate> put_out_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_RESULT_PAGE_H_
