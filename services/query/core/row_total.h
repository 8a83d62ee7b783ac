#ifndef SERVICES_QUERY_CORE_ROW_TOTAL_H_
#define SERVICES_QUERY_CORE_ROW_TOTAL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/types/variant.h"
#include "services/query/core/double_sum.h"
#include "services/query/core/pipeline_definition.h"
#include "services/query/core/row_value.h"

namespace windrow::query {

// There is no value: it is too large for its type.
struct ValueOverflow {
  friend bool operator==(ValueOverflow, ValueOverflow) { return true; }
};

// What values add up to: null without any.
using TotalValue =
    absl::variant<absl::monostate, std::string, int64_t, double, bool, ValueOverflow>;

// What the values of one aggregate add up to, in whatever order they come. Integers are added
// exactly and must fit 64 bits in the end; doubles are added exactly and rounded once (DoubleSum).
// A value.
class ValueTotal {
 public:
  // `rule` is not kNone.
  explicit ValueTotal(TotalRule rule) : rule_(rule) {}

  // Null changes nothing.
  void Add(const RowValue& value);
  // Of a row whose value is too large.
  void AddOverflow() { overflow_ = true; }

  TotalValue value() const;

 private:
  void AddNumber(const RowValue& value);
  TotalValue Sum() const;

  TotalRule rule_;
  bool overflow_ = false;
  bool has_whole_ = false;
  bool has_double_ = false;
  absl::int128 whole_ = 0;
  DoubleSum doubles_;
  // The least or the greatest so far.
  TotalValue best_;
};

// What rows of a view add up to. A value.
class RowTotal {
 public:
  // One of the aggregates that can be added up, and what they add up to.
  struct Column {
    std::string name;
    ValueTotal total;
  };

  // Leaves out the aggregates that cannot be added up.
  explicit RowTotal(const ViewDefinition& view);

  // `row` gives the value of each column; nullopt where it is too large to be one.
  void Add(int64_t accepted, RowLookup row);

  int64_t rows() const { return rows_; }
  int64_t accepted() const { return static_cast<int64_t>(accepted_); }
  const std::vector<Column>& columns() const { return columns_; }

 private:
  int64_t rows_ = 0;
  uint64_t accepted_ = 0;
  std::vector<Column> columns_;
};

// The value of a column as rows have them: null for ValueOverflow. A view into `value`.
RowValue ToRowValue(const TotalValue& value);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_ROW_TOTAL_H_
