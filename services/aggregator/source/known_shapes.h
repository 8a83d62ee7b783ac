#ifndef SERVICES_AGGREGATOR_SOURCE_KNOWN_SHAPES_H_
#define SERVICES_AGGREGATOR_SOURCE_KNOWN_SHAPES_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/source/record_shape.h"

namespace windrow::aggregator {

// The few shapes that records of a stream last had, the last one first. A stream whose records have
// many costs little more than without: most of what it has is not learned, and what does not help
// is forgotten. One thread at a time.
class KnownShapes {
 public:
  KnownShapes(std::vector<WantedField> wanted, bool time_may_be_number)
      : wanted_(std::move(wanted)), time_may_be_number_(time_may_be_number) {}

  // As RecordShape::Read, by a shape that fits.
  bool Read(absl::string_view record, RecordFields* fields);

  // To be told of a record that proves to be JSON though Read did not take it.
  void Learn(absl::string_view record);

 private:
  static constexpr size_t kMostShapes = 4;
  // Of the records that no shape fits so many are learned from at first, and then one of so many.
  static constexpr size_t kLearnedAtOnce = 8;
  static constexpr size_t kLearnedOneOf = 256;
  // So many in a row, and shapes are of no use.
  static constexpr size_t kForgottenAfter = 64;

  const std::vector<WantedField> wanted_;
  const bool time_may_be_number_;
  std::vector<RecordShape> shapes_;
  size_t misses_ = 0;
  size_t misses_in_a_row_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_KNOWN_SHAPES_H_
