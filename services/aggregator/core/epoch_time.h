#ifndef SERVICES_AGGREGATOR_CORE_EPOCH_TIME_H_
#define SERVICES_AGGREGATOR_CORE_EPOCH_TIME_H_

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// Reads a number of units of `unit` microseconds (1, 1,000 or 1,000,000) since 1970: an optional
// minus, digits without superfluous zeros in front, optionally a dot and 1 to 9 digits; no
// exponent. In whole numbers throughout. A time between two microseconds is the earlier one, also
// before 1970, so that one moment is one event time in whatever format it comes. nullopt unless the
// whole text is such a number in the years 1 to 9999.
absl::optional<EventTime> ReadEpochTime(absl::string_view text, EventSpan unit);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_EPOCH_TIME_H_
