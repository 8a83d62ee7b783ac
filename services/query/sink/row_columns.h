#ifndef SERVICES_QUERY_SINK_ROW_COLUMNS_H_
#define SERVICES_QUERY_SINK_ROW_COLUMNS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/query/core/result_view.h"
#include "services/query/core/row_value.h"
#include "services/query/sink/store_view.h"

namespace windrow::query {

// The columns of a stored row, read where they lie: for lists that look at many rows and answer
// few, which a message for each row would make many times as dear. A value of one thread; using one
// for many rows saves memory's round trips.
class RowColumns {
 public:
  // DATA_LOSS when the row cannot be read. What was found of the row before is gone.
  absl::Status Read(const StoredRow& row, const ResultView& results);

  // As ColumnOf (result_columns.h) says of the row's message. Text points into the row.
  absl::optional<RowValue> Find(absl::string_view name) const;

 private:
  struct Column {
    absl::string_view name;
    RowValue value;
  };

  // Those of the group, then values.
  std::vector<Column> columns_;
  int64_t accepted_ = 0;
  int64_t revision_ = 0;
  bool final_ = false;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_ROW_COLUMNS_H_
