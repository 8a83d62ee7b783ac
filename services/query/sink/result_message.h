#ifndef SERVICES_QUERY_SINK_RESULT_MESSAGE_H_
#define SERVICES_QUERY_SINK_RESULT_MESSAGE_H_

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/query/core/result_view.h"
#include "services/query/sink/store_view.h"
#include "windrow/query/v1/query_service.pb.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::query {

// Times are microseconds since 1970 UTC.
google::protobuf::Timestamp ToTimestamp(int64_t time_us);
// Rounded up, so that "at or after" stays right; out of the range of 64 bits: the nearest there is.
int64_t FromTimestamp(const google::protobuf::Timestamp& time);

// The API's form of a stored row. DATA_LOSS when its payload cannot be read.
absl::Status ToResult(const StoredRow& row, absl::string_view view, const ResultView& results,
                      v1::Result* result);
// The same of a deleted row: what names it, and its version.
absl::Status ToRetraction(const StoredRow& row, absl::string_view view, v1::Result* result);

// The API's form of a stored window of the view named `parent`.
v1::Window ToWindow(const StoredWindow& window, absl::string_view parent,
                    const ResultView& results);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_RESULT_MESSAGE_H_
