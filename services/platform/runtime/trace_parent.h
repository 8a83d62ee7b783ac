#ifndef SERVICES_PLATFORM_RUNTIME_TRACE_PARENT_H_
#define SERVICES_PLATFORM_RUNTIME_TRACE_PARENT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace windrow::runtime {

// Name of the metadata of a gRPC call, and of the header of a Kafka record, by which both belong to
// a trace: https://www.w3.org/TR/trace-context/.
inline constexpr char kTraceParent[] = "traceparent";

// What `text` says of a trace, as version 00 has it: "00-TRACE_ID-PARENT_ID-FLAGS", 55 characters.
// Empty when it says nothing that is valid; what a later version adds is left out.
std::string ValidTraceParent(absl::string_view text);

// The trace id in a valid one, 32 hexadecimal digits; empty for an empty one. For log lines.
absl::string_view TraceIdOf(absl::string_view trace_parent);

// The valid one among a record's headers; empty when there is none.
std::string FindTraceParent(const std::vector<std::pair<std::string, std::string>>& headers);

// The headers of a record that belongs to a trace; none for an empty one.
std::vector<std::pair<std::string, std::string>> TraceHeaders(absl::string_view trace_parent);

}  // namespace windrow::runtime

#endif  // SERVICES_PLATFORM_RUNTIME_TRACE_PARENT_H_
