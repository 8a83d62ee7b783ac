#ifndef SERVICES_QUERY_CORE_DOUBLE_SUM_H_
#define SERVICES_QUERY_CORE_DOUBLE_SUM_H_

#include <vector>

#include "absl/types/optional.h"

namespace windrow::query {

// The exact sum of finite doubles, rounded once, so that it does not depend on their order: kept as
// doubles that do not overlap (J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic",
// 1997, as in Python's math.fsum). A value.
class DoubleSum {
 public:
  // `number` must be finite.
  void Add(double number);

  // The nearest double, ties to even; nullopt when the sum became larger than any double, be it on
  // the way.
  absl::optional<double> Round() const;

 private:
  // By size, the least first; their sum is the sum.
  std::vector<double> parts_;
  bool overflow_ = false;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_DOUBLE_SUM_H_
