#ifndef SERVICES_AGGREGATOR_SOURCE_RECORD_SHAPE_H_
#define SERVICES_AGGREGATOR_SOURCE_RECORD_SHAPE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/combiner.h"

namespace windrow::aggregator {

// A field of records that a pipeline needs, and where its value goes.
struct WantedField {
  std::string name;
  // Index into RecordFields::values; -1 for the event time alone.
  int value = -1;
  bool is_event_time = false;
};

// What stands between the values of a flat JSON object: brackets, keys, colons, commas and spaces.
// The records of a stream mostly have the same, so that a record is read by a comparison with what
// one before had, which takes a third of the time of finding its structure. Immutable; any thread.
class RecordShape {
 public:
  // So far behind its end a record is read; what stands there is of no account.
  static constexpr size_t kPadding = 64;

  // The shape of a record that is known to be JSON; nullopt when it is no object, is nested, has no
  // values or has escapes in its keys. Of a key that stands twice the last counts.
  static absl::optional<RecordShape> Learn(absl::string_view record,
                                           const std::vector<WantedField>& wanted,
                                           bool time_may_be_number);

  // Sets the fields that the record has, and unsets the others. False when it takes a closer look:
  // the record has another shape, is not JSON, or a wanted value has escapes or is neither text nor
  // a number. Then the fields are in no certain state.
  bool Read(absl::string_view record, RecordFields* fields) const;

  friend bool operator==(const RecordShape& a, const RecordShape& b) {
    return a.literals_ == b.literals_ && a.slots_ == b.slots_;
  }

 private:
  // A value, after the text before it.
  struct Slot {
    uint32_t literal_bytes = 0;
    // As in WantedField.
    int value = -1;
    // Of the value that was learned from, unless that is too long.
    uint32_t foreseen_bytes = 0;
    bool is_event_time = false;
    bool is_wanted = false;
    // In quotes, which belong to the literals, or else a number, true, false or null.
    bool is_string = false;

    friend bool operator==(const Slot& a, const Slot& b) {
      // Not foreseen_bytes: a shape fits values of any length.
      return a.literal_bytes == b.literal_bytes && a.value == b.value &&
             a.is_event_time == b.is_event_time && a.is_wanted == b.is_wanted &&
             a.is_string == b.is_string;
    }
  };
  class Learner;

  RecordShape() = default;

  bool time_may_be_number_ = false;
  std::vector<Slot> slots_;
  // Of all slots, and the one behind the last value; each is filled up to whole blocks.
  std::string literals_;
  uint32_t last_literal_bytes_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_RECORD_SHAPE_H_
