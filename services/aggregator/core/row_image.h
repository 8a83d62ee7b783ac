#ifndef SERVICES_AGGREGATOR_CORE_ROW_IMAGE_H_
#define SERVICES_AGGREGATOR_CORE_ROW_IMAGE_H_

#include <cstdint>
#include <string>

#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/frame.h"

namespace windrow::aggregator {

// A row that was corrected after its window had closed.
struct RowRevision {
  EventTime window_start = 0;
  std::string group;
  uint32_t revision = 0;
};

// The cells of a view as they were at one moment, read one by one while the view goes on. It shares
// with the view what neither of them changes, and lets go of what has been read; it may outlive the
// view. Used by the thread of the view alone.
class RowImage {
 public:
  virtual ~RowImage() = default;

  // Reads the next cell, whose `group` is a number of its own for each group. Returns the group's
  // key, which is there until the next call; null when there are no more cells.
  virtual const std::string* NextCell(DeltaCell* cell) = 0;
  // Reads the next row that was corrected, once there are no more cells; false at the end.
  virtual bool NextRevision(RowRevision* revision) = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_ROW_IMAGE_H_
