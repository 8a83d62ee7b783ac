#include "services/query/sink/feed_request.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "services/query/core/row_key.h"
#include "services/query/sink/list_request.h"
#include "services/query/sink/query_error.h"

namespace windrow::query {
namespace {

constexpr absl::Duration kMinHeartbeatInterval = absl::Milliseconds(100);
constexpr absl::Duration kMaxHeartbeatInterval = absl::Minutes(1);
constexpr absl::Duration kDefaultHeartbeatInterval = absl::Seconds(5);

grpc::Status CheckHeartbeat(const v1::SubscribeRequest& request, absl::Duration* interval) {
  *interval = kDefaultHeartbeatInterval;
  if (!request.has_heartbeat_interval()) return grpc::Status::OK;
  const google::protobuf::Duration& asked = request.heartbeat_interval();
  *interval = absl::Seconds(asked.seconds()) + absl::Nanoseconds(asked.nanos());
  if (*interval < kMinHeartbeatInterval || *interval > kMaxHeartbeatInterval) {
    return WrongField("heartbeat_interval", "must be 100 ms to 1 minute");
  }
  return grpc::Status::OK;
}

// Whether rows were removed since, as the retention says, of which the token's reader had not been
// told all.
bool IsExpired(const ResumeToken& token, const StoreView& content) {
  const std::string first_kept = ClosingCursorAfter(content.horizon_us());
  for (int i = 0; i < content.partitions(); ++i) {
    const FeedPosition& position = token.positions[i];
    if (content.IsExpired(i, position.next_offset)) return true;
    // Rows that were not final yet when they were passed; "" is where a feed begins.
    const bool has_cursor = !position.closing_cursor.empty();
    if (token.kind == FeedKind::kFinalRows && has_cursor && position.closing_cursor < first_kept) {
      return true;
    }
  }
  return false;
}

grpc::Status FindToken(const std::string& text, const FeedSelection& selection,
                       const StoreView& content, ResumeToken* start) {
  ExpectedToken expected;
  expected.incarnation = content.incarnation();
  expected.parent = selection.parent;
  expected.kind = selection.final_only ? FeedKind::kFinalRows : FeedKind::kAllRows;
  expected.filter_hash = HashOf(selection);
  expected.partitions = content.partitions();
  const TokenFault fault = DecodeResumeToken(text, expected, start);
  if (fault != TokenFault::kNone) return BadResumeToken(fault);
  if (!Subscription::CheckKnown(*start, content).ok() || IsExpired(*start, content)) {
    return TokenExpired();
  }
  return grpc::Status::OK;
}

}  // namespace

grpc::Status CheckFeed(const v1::SubscribeRequest& request, FeedSelection* selection,
                       Subscription::Options* options) {
  grpc::Status status = CheckHeartbeat(request, &options->heartbeat_interval);
  if (status.ok()) {
    status = CheckTime("window_start_time", request.has_window_start_time(),
                       request.window_start_time(), &selection->start_us);
  }
  if (status.ok()) {
    status = CheckTime("window_end_time", request.has_window_end_time(), request.window_end_time(),
                       &selection->end_us);
  }
  if (status.ok() && selection->start_us >= selection->end_us) {
    status = WrongField("window_end_time", "must be after window_start_time");
  }
  int64_t end_us = 0;
  if (status.ok()) {
    status = CheckTime("end_time", request.has_end_time(), request.end_time(), &end_us);
  }
  if (!status.ok()) return status;
  if (request.has_end_time()) options->end_us = end_us;
  selection->filter_text = std::string(absl::StripAsciiWhitespace(request.filter()));
  absl::StatusOr<RowFilter> filter = RowFilter::Parse(selection->filter_text);
  if (!filter.ok()) return WrongField("filter", filter.status().message());
  selection->filter = *std::move(filter);
  return grpc::Status::OK;
}

grpc::Status FindStart(const v1::SubscribeRequest& request, const FeedSelection& selection,
                       const StoreView& content, ResumeToken* start) {
  switch (request.start_case()) {
    case v1::SubscribeRequest::kResumeToken:
      return FindToken(request.resume_token(), selection, content, start);
    case v1::SubscribeRequest::kStartTime: {
      int64_t time_us = 0;
      const grpc::Status valid = CheckTime("start_time", true, request.start_time(), &time_us);
      if (!valid.ok()) return valid;
      absl::StatusOr<ResumeToken> found = Subscription::FromTime(selection, content, time_us);
      if (absl::IsOutOfRange(found.status())) return StartExpired();
      if (!found.ok()) return ReadError(found.status());
      *start = *std::move(found);
      return grpc::Status::OK;
    }
    case v1::SubscribeRequest::kFromBeginning:
      if (request.from_beginning()) {
        *start = Subscription::FromBeginning(selection, content);
        return grpc::Status::OK;
      }
      break;
    case v1::SubscribeRequest::START_NOT_SET:
      break;
  }
  *start = Subscription::FromNow(selection, content);
  return grpc::Status::OK;
}

}  // namespace windrow::query
