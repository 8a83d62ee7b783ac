#ifndef SERVICES_AGGREGATOR_CORE_EVENT_TIME_PARSER_H_
#define SERVICES_AGGREGATOR_CORE_EVENT_TIME_PARSER_H_

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/event_time_format.h"
#include "services/aggregator/core/time_pattern.h"

namespace windrow::aggregator {

// Reads event times as a format says. ISO 8601 is "YYYY-MM-DD", 'T' or a space, "hh:mm:ss",
// optionally a dot and 1 to 9 digits, optionally "Z" or "+hh:mm" / "-hh:mm"; numbers since 1970 are
// ReadEpochTime's, patterns TimePattern's. What is finer than a microsecond is cut off. A time
// without an offset is read in the format's zone; in a daylight-saving gap or fold with the offset
// in force before the change. Not thread-safe (it remembers the last quarter of an hour's zone
// offset, since a zone look-up costs more than the rest of the parse).
class EventTimeParser {
 public:
  // INVALID_ARGUMENT when the pattern is none, or the zone is not known. Names that stand for
  // something else on each machine ("localtime", paths) are not.
  static absl::StatusOr<EventTimeParser> Create(const EventTimeFormat& format);

  // The same for the zone alone.
  static absl::Status CheckZone(absl::string_view name);

  // nullopt unless the whole text is a valid time in the years 1 to 9999, as it is written.
  absl::optional<EventTime> Parse(absl::string_view text);

 private:
  EventTimeParser(EventTimeFormat::Kind kind, absl::optional<TimePattern> pattern,
                  absl::TimeZone zone)
      : kind_(kind), pattern_(std::move(pattern)), zone_(zone) {}

  absl::optional<EventTime> ParseIso8601(absl::string_view text);
  absl::optional<EventTime> ParsePattern(absl::string_view text);
  EventTime ToUtc(EventTime local);

  EventTimeFormat::Kind kind_;
  // For kPattern.
  absl::optional<TimePattern> pattern_;
  absl::TimeZone zone_;
  // Local times in [cached_begin_, cached_end_) are cached_offset_ ahead of UTC.
  EventTime cached_begin_ = 0;
  EventTime cached_end_ = 0;
  EventSpan cached_offset_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_EVENT_TIME_PARSER_H_
