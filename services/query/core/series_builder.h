#ifndef SERVICES_QUERY_CORE_SERIES_BUILDER_H_
#define SERVICES_QUERY_CORE_SERIES_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/query/core/pipeline_definition.h"
#include "services/query/core/row_order.h"
#include "services/query/core/row_total.h"

namespace windrow::query {

// Chooses the series of one page of a list: takes all rows of the range in any order, and says
// which groups come next after the page before. Keeps no points: whoever asks reads the rows of the
// chosen groups again. Used once, by one thread.
class SeriesBuilder {
 public:
  struct Options {
    // By what the rows of a group add up to; empty: by group.
    RowOrder order;
    // The aggregates of the rows.
    ViewDefinition view;
    // next_item of the page before; "" for the first page.
    std::string after;
    int page_size = 0;
    // Of all rows, and of the series of one page.
    int64_t most_rows = 0;
    size_t most_bytes = 0;
  };
  struct Choice {
    // In order.
    std::vector<std::string> groups;
    // What the next page begins after; "" at the end.
    std::string next_item;
  };

  explicit SeriesBuilder(Options options);

  // A row of `group`: its point takes `point_bytes` in the answer, its series `series_bytes` more.
  // OUT_OF_RANGE when there are more than most_rows.
  absl::Status Add(absl::string_view group, size_t point_bytes, size_t series_bytes, RowLookup row);

  // As many as page_size and most_bytes allow; OUT_OF_RANGE when the first alone is larger.
  absl::StatusOr<Choice> Choose() const;

 private:
  struct Series {
    size_t bytes = 0;
    RowTotal total;
  };
  // The place of a series in the list, as bytes.
  std::string KeyOf(const std::string& group, const Series& series) const;

  const Options options_;
  // Only what the order needs.
  ViewDefinition ordering_;
  int64_t rows_ = 0;
  // By group. Without an order only those of the page and one more are kept.
  std::map<std::string, Series> series_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_SERIES_BUILDER_H_
