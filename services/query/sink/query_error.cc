#include "services/query/sink/query_error.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/platform/rpc/rpc_error.h"

namespace windrow::query {
namespace {

constexpr absl::string_view kDomain = "query.windrow";

constexpr char kOfOtherFilter[] =
    "of another view, filter, range of windows or final_only; these must stay as they were";

// A client takes no more than 8 KB of metadata.
constexpr size_t kMaxTokenInError = 2048;

}  // namespace

grpc::Status WrongField(absl::string_view field, absl::string_view description) {
  return rpc::RpcError(grpc::StatusCode::INVALID_ARGUMENT, absl::StrCat(field, ": ", description),
                       kDomain, "INVALID_FIELD", {},
                       {{std::string(field), std::string(description)}});
}

grpc::Status BadPageToken() {
  const std::string words =
      "not a token of this list: page_token must come from the answer before, with all other "
      "fields but page_size unchanged";
  return rpc::RpcError(grpc::StatusCode::INVALID_ARGUMENT, absl::StrCat("page_token: ", words),
                       kDomain, "BAD_PAGE_TOKEN", {}, {{"page_token", words}});
}

grpc::Status BadResumeToken(TokenFault fault) {
  switch (fault) {
    case TokenFault::kNone:
      break;
    case TokenFault::kMalformed:
      return rpc::RpcError(grpc::StatusCode::INVALID_ARGUMENT,
                           "resume_token: not a token of this service", kDomain, "BAD_RESUME_TOKEN",
                           {}, {{"resume_token", "not a token of this service"}});
    case TokenFault::kOtherFilter:
      return rpc::RpcError(grpc::StatusCode::INVALID_ARGUMENT,
                           absl::StrCat("resume_token: ", kOfOtherFilter), kDomain,
                           "TOKEN_OF_OTHER_FILTER", {}, {{"resume_token", kOfOtherFilter}});
    case TokenFault::kOtherIncarnation:
      return rpc::RpcError(grpc::StatusCode::FAILED_PRECONDITION,
                           "resume_token: of another results topic; list again, then subscribe",
                           kDomain, "TOKEN_OF_OTHER_INCARNATION");
  }
  return grpc::Status::OK;
}

grpc::Status PipelineNotFound(absl::string_view pipeline) {
  return rpc::RpcError(grpc::StatusCode::NOT_FOUND,
                       absl::StrCat("pipeline ", pipeline, " is not served here"), kDomain,
                       "PIPELINE_NOT_FOUND", {{"pipeline", std::string(pipeline)}});
}

grpc::Status ViewNotFound(absl::string_view name) {
  return rpc::RpcError(grpc::StatusCode::NOT_FOUND,
                       absl::StrCat(name, " is unknown; ListViews names the views there are"),
                       kDomain, "VIEW_NOT_FOUND", {{"view", std::string(name)}});
}

grpc::Status WindowNotFound(absl::string_view name) {
  return rpc::RpcError(
      grpc::StatusCode::NOT_FOUND,
      absl::StrCat(name, " has no record; ListWindows names the windows there are"), kDomain,
      "WINDOW_NOT_FOUND", {{"window", std::string(name)}});
}

grpc::Status NotKnownYet(absl::string_view pipeline) {
  return rpc::RpcError(grpc::StatusCode::UNAVAILABLE,
                       absl::StrCat("it is not known yet whether there is a pipeline ", pipeline),
                       kDomain, "CATCHING_UP", {{"pipeline", std::string(pipeline)}});
}

grpc::Status CatchingUp(absl::string_view pipeline, const ReadingState& reading) {
  const std::string words =
      reading.topic_exists
          ? absl::StrCat("pipeline ", pipeline, " is being read back: ", reading.applied_records,
                         " of ", reading.total_records, " records")
          : absl::StrCat("the topic ", pipeline, ".results cannot be read yet");
  return rpc::RpcError(grpc::StatusCode::UNAVAILABLE, words, kDomain, "CATCHING_UP",
                       {{"pipeline", std::string(pipeline)},
                        {"applied", absl::StrCat(reading.applied_records)},
                        {"total", absl::StrCat(reading.total_records)}});
}

grpc::Status DefinitionUnknown(absl::string_view pipeline) {
  return rpc::RpcError(
      grpc::StatusCode::UNAVAILABLE,
      absl::StrCat("what pipeline ", pipeline, " computes has not been read from windrow.control"),
      kDomain, "DEFINITION_UNKNOWN", {{"pipeline", std::string(pipeline)}});
}

grpc::Status RangeTooLarge(absl::string_view description) {
  const std::string words = absl::StrCat(description, ": narrow the range, or filter");
  return rpc::RpcError(grpc::StatusCode::INVALID_ARGUMENT, words, kDomain, "RANGE_TOO_LARGE", {},
                       {{"start_time", words}, {"end_time", words}, {"filter", words}});
}

grpc::Status TooManySubscribers(int limit) {
  return rpc::RpcError(grpc::StatusCode::RESOURCE_EXHAUSTED,
                       absl::StrCat("this replica has its ", limit, " subscribers already"),
                       kDomain, "TOO_MANY_SUBSCRIBERS", {{"limit", absl::StrCat(limit)}});
}

grpc::Status Draining() {
  return rpc::RpcError(grpc::StatusCode::UNAVAILABLE, "this replica is stopping; come back",
                       kDomain, "DRAINING");
}

grpc::Status TooSlow(absl::Duration patience, absl::string_view resume_token) {
  std::map<std::string, std::string> metadata;
  if (resume_token.size() <= kMaxTokenInError) {
    metadata["resume_token"] = std::string(resume_token);
  }
  return rpc::RpcError(grpc::StatusCode::RESOURCE_EXHAUSTED,
                       absl::StrCat("nothing was read for ", absl::FormatDuration(patience),
                                    "; come back with the token of the last message"),
                       kDomain, "TOO_SLOW", metadata);
}

grpc::Status TokenExpired() {
  return rpc::RpcError(grpc::StatusCode::OUT_OF_RANGE,
                       "resume_token: changes after it are not all known any more; list again, "
                       "then subscribe",
                       kDomain, "TOKEN_EXPIRED");
}

grpc::Status StartExpired() {
  return rpc::RpcError(grpc::StatusCode::OUT_OF_RANGE,
                       "start_time: what has changed since is not all known any more; list, then "
                       "subscribe",
                       kDomain, "START_EXPIRED");
}

grpc::Status ReadError(const absl::Status& status) {
  if (absl::IsCancelled(status)) {
    return rpc::RpcError(grpc::StatusCode::CANCELLED, status.message(), kDomain, "CANCELLED");
  }
  // A damaged store is rebuilt by itself: worth another try.
  if (absl::IsDataLoss(status)) {
    return rpc::RpcError(grpc::StatusCode::UNAVAILABLE, status.message(), kDomain, "STORE_DAMAGED");
  }
  return rpc::RpcError(grpc::StatusCode::INTERNAL, status.message(), kDomain, "STORE_UNREADABLE");
}

grpc::Status FeedError(const absl::Status& status) {
  if (absl::IsAborted(status)) {
    return rpc::RpcError(grpc::StatusCode::ABORTED, status.message(), kDomain, "RESULTS_REPLACED");
  }
  if (absl::IsFailedPrecondition(status)) {
    return rpc::RpcError(grpc::StatusCode::FAILED_PRECONDITION, status.message(), kDomain,
                         "TOKEN_OF_OTHER_INCARNATION");
  }
  if (absl::IsOutOfRange(status)) return TokenExpired();
  if (absl::IsInvalidArgument(status)) return WrongField("filter", status.message());
  return ReadError(status);
}

}  // namespace windrow::query
