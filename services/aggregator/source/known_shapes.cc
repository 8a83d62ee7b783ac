#include "services/aggregator/source/known_shapes.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/base/optimization.h"
#include "absl/types/optional.h"

namespace windrow::aggregator {

bool KnownShapes::Read(absl::string_view record, RecordFields* fields) {
  for (size_t i = 0; i < shapes_.size(); ++i) {
    if (!shapes_[i].Read(record, fields)) continue;
    if (ABSL_PREDICT_FALSE(i > 0)) std::swap(shapes_[0], shapes_[i]);
    misses_in_a_row_ = 0;
    return true;
  }
  return false;
}

void KnownShapes::Learn(absl::string_view record) {
  ++misses_;
  if (++misses_in_a_row_ == kForgottenAfter) shapes_.clear();
  if (misses_ > kLearnedAtOnce && misses_ % kLearnedOneOf != 0) return;
  absl::optional<RecordShape> shape = RecordShape::Learn(record, wanted_, time_may_be_number_);
  if (!shape.has_value() || absl::c_linear_search(shapes_, *shape)) return;
  if (shapes_.size() == kMostShapes) shapes_.pop_back();
  shapes_.insert(shapes_.begin(), *std::move(shape));
}

}  // namespace windrow::aggregator
