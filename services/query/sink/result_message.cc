#include "services/query/sink/result_message.h"

#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::query {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerMilli = 1'000;
constexpr int64_t kNanosPerMicro = 1'000;

absl::Status ParseRow(const StoredRow& stored, results::v1::Row* row) {
  if (row->ParseFromArray(stored.payload.data(), static_cast<int>(stored.payload.size()))) {
    return absl::OkStatus();
  }
  return absl::DataLossError("a stored row cannot be parsed");
}

void SetIdentity(const StoredRow& stored, absl::string_view view, v1::Result* result) {
  result->set_view(std::string(view));
  *result->mutable_window_start_time() = ToTimestamp(stored.window_start_us);
  *result->mutable_window_end_time() = ToTimestamp(stored.window_end_us);
  result->mutable_version()->set_partition(stored.version.partition);
  result->mutable_version()->set_offset(stored.version.offset);
}

// A time that was not said stays absent.
void SetTimes(const StoredRow& stored, const results::v1::Row& row, v1::Result* result) {
  if (row.event_time_us() != 0) *result->mutable_event_time() = ToTimestamp(row.event_time_us());
  if (row.record_time_ms() != 0) {
    *result->mutable_record_time() = ToTimestamp(row.record_time_ms() * kMicrosPerMilli);
  }
  if (stored.commit_time_ms > 0) {
    *result->mutable_commit_time() = ToTimestamp(stored.commit_time_ms * kMicrosPerMilli);
  }
}

}  // namespace

google::protobuf::Timestamp ToTimestamp(int64_t time_us) {
  int64_t seconds = time_us / kMicrosPerSecond;
  int64_t micros = time_us % kMicrosPerSecond;
  if (micros < 0) {
    micros += kMicrosPerSecond;
    --seconds;
  }
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(static_cast<int32_t>(micros * kNanosPerMicro));
  return time;
}

int64_t FromTimestamp(const google::protobuf::Timestamp& time) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  if (time.seconds() >= kMax / kMicrosPerSecond) return kMax;
  if (time.seconds() <= kMin / kMicrosPerSecond) return kMin;
  const int64_t micros = (time.nanos() + kNanosPerMicro - 1) / kNanosPerMicro;
  return time.seconds() * kMicrosPerSecond + micros;
}

absl::Status ToResult(const StoredRow& stored, absl::string_view view, const ResultView& results,
                      v1::Result* result) {
  results::v1::Row row;
  const absl::Status parsed = ParseRow(stored, &row);
  if (!parsed.ok()) return parsed;
  result->mutable_group()->Swap(row.mutable_group());
  result->mutable_values()->Swap(row.mutable_values());
  result->set_final(results.IsRowFinal(stored.version.partition, stored.window_end_us));
  result->set_revision(static_cast<int32_t>(row.revision()));
  result->set_accepted(static_cast<int64_t>(row.accepted()));
  SetIdentity(stored, view, result);
  result->set_table_version(row.table_version());
  SetTimes(stored, row, result);
  return absl::OkStatus();
}

absl::Status ToRetraction(const StoredRow& stored, absl::string_view view, v1::Result* result) {
  results::v1::Row row;
  const absl::Status parsed = ParseRow(stored, &row);
  if (!parsed.ok()) return parsed;
  result->mutable_group()->Swap(row.mutable_group());
  SetIdentity(stored, view, result);
  return absl::OkStatus();
}

v1::Window ToWindow(const StoredWindow& stored, absl::string_view parent,
                    const ResultView& results) {
  v1::Window window;
  window.set_name(absl::StrCat(
      parent, "/windows/",
      absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", absl::FromUnixMicros(stored.window_start_us),
                       absl::UTCTimeZone())));
  *window.mutable_start_time() = ToTimestamp(stored.window_start_us);
  if (stored.rows > 0 || stored.window_end_us != 0) {
    *window.mutable_end_time() = ToTimestamp(stored.window_end_us);
    window.set_final(results.IsWindowFinal(stored.window_end_us));
  }
  window.set_rows(stored.rows);
  window.set_accepted(static_cast<int64_t>(stored.accepted));
  window.set_late(static_cast<int64_t>(stored.late));
  window.set_revision(static_cast<int32_t>(stored.revision()));
  const std::optional<int64_t> closed_us = results.closed_through_us();
  if (closed_us.has_value()) *window.mutable_closed_through_time() = ToTimestamp(*closed_us);
  return window;
}

}  // namespace windrow::query
