#ifndef SERVICES_QUERY_SINK_SELECTED_ROWS_H_
#define SERVICES_QUERY_SINK_SELECTED_ROWS_H_

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/query/core/row_filter.h"
#include "services/query/core/row_total.h"
#include "services/query/core/row_value.h"
#include "services/query/sink/caller_watch.h"
#include "services/query/sink/store_view.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// The range of window starts, and the order, that a list asks for.
struct ListRange {
  int64_t start_us = std::numeric_limits<int64_t>::min();
  int64_t end_us = std::numeric_limits<int64_t>::max();
  bool newest_first = false;
};

// The rows of a view that a filter takes. The content must outlive it; a value of one thread.
class SelectedRows {
 public:
  SelectedRows(const StoreView& content, std::string view, RowFilter filter,
               CallerWatch::IsWaiting is_waiting)
      : content_(content),
        view_(std::move(view)),
        filter_(std::move(filter)),
        caller_(std::move(is_waiting)) {}

  // Rows of windows that start in [start_us, end_us), by window start, then group; ends when
  // `visit` returns false. Errors: of the store (see StoreView), CANCELLED when the caller does not
  // wait any more, or INVALID_ARGUMENT for a name in the filter that the rows do not have.
  absl::Status Scan(int64_t start_us, int64_t end_us,
                    absl::FunctionRef<bool(const StoredRow&, v1::Result&)> visit);

  // Rows looked at so far.
  int64_t scanned() const { return scanned_; }

 private:
  const StoreView& content_;
  const std::string view_;
  const RowFilter filter_;
  CallerWatch caller_;
  int64_t scanned_ = 0;
  bool names_checked_ = false;
};

// The value of an aggregate of a result; nullopt where there is none because of an error.
absl::optional<RowValue> AggregateOf(const v1::Result& result, absl::string_view name);

// Adds what rows add up to as fields.
void AddTotals(const RowTotal& total,
               google::protobuf::RepeatedPtrField<results::v1::Field>* fields);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_SELECTED_ROWS_H_
