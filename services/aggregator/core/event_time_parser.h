#ifndef SERVICES_AGGREGATOR_CORE_EVENT_TIME_PARSER_H_
#define SERVICES_AGGREGATOR_CORE_EVENT_TIME_PARSER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// Reads event times from ISO 8601 text: "YYYY-MM-DD", 'T' or a space, "hh:mm:ss", optionally a dot
// and 1 to 9 digits (those past the microsecond are cut off), optionally "Z" or "+hh:mm" /
// "-hh:mm". A time without an offset is read in the parser's zone; in a daylight-saving gap or fold
// with the offset in force before the change. Not thread-safe (it remembers the last hour's zone
// offset, since a zone look-up costs more than the rest of the parse).
class EventTimeParser {
 public:
  // `zone_name` is an IANA name; INVALID_ARGUMENT when it is not known. Names that stand for
  // something else on each machine ("localtime", paths) are not.
  static absl::StatusOr<EventTimeParser> Create(absl::string_view zone_name);

  // nullopt unless the whole text is a valid time in the years 1 to 9999.
  absl::optional<EventTime> Parse(absl::string_view text);

 private:
  explicit EventTimeParser(absl::TimeZone zone) : zone_(zone) {}

  EventTime ToUtc(EventTime local);

  absl::TimeZone zone_;
  // Local times in [cached_begin_, cached_end_) are cached_offset_ ahead of UTC.
  EventTime cached_begin_ = 0;
  EventTime cached_end_ = 0;
  EventSpan cached_offset_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_EVENT_TIME_PARSER_H_
