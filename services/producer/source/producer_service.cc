#include "services/producer/source/producer_service.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "services/platform/auth/access_control.h"
#include "services/platform/rpc/call_trace.h"
#include "services/platform/rpc/rpc_error.h"
#include "services/platform/runtime/log.h"
#include "services/platform/runtime/trace_parent.h"
#include "services/producer/source/replay_messages.h"

namespace windrow::producer {
namespace {

constexpr absl::string_view kDomain = "producer.windrow";
constexpr size_t kRequestsRemembered = 1000;
// Reason of an error between Once and ErrorFrom.
constexpr absl::string_view kReused = "REQUEST_ID_REUSED";
constexpr absl::Duration kLongestStop = absl::Seconds(30);
// Left of a call's deadline for its answer.
constexpr absl::Duration kAnswerTime = absl::Milliseconds(100);

grpc::Status WrongFields(const std::vector<OptionProblem>& problems, absl::string_view prefix) {
  std::vector<rpc::FieldViolation> violations;
  std::string message = "wrong fields:";
  for (const OptionProblem& problem : problems) {
    violations.push_back({absl::StrCat(prefix, problem.field), problem.description});
    absl::StrAppend(&message, violations.size() > 1 ? "; " : " ", violations.back().field, " ",
                    problem.description);
  }
  return rpc::RpcError(grpc::StatusCode::INVALID_ARGUMENT, message, kDomain, "INVALID_FIELD", {},
                       violations);
}

// `etag` is that of now.
grpc::Status ErrorFrom(const absl::Status& status, const std::string& etag) {
  const std::string reason = ReplayErrorReason(status);
  if (reason == kReused) {
    return WrongFields({{"request_id", "has been used for another change: take a new one"}}, "");
  }
  if (absl::IsAborted(status)) {
    return rpc::RpcError(grpc::StatusCode::ABORTED, status.message(), kDomain, reason,
                         {{"etag", etag}});
  }
  if (!absl::IsInvalidArgument(status)) return rpc::RpcError(status, kDomain, reason);
  // Only the file named in the request can still be wrong after the checks.
  return rpc::RpcError(grpc::StatusCode::INVALID_ARGUMENT, status.message(), kDomain, reason, {},
                       {{"spec.dataset.path", std::string(status.message())}});
}

void ClearEtag(v1::StartReplayRequest*) {}
template <typename Request>
void ClearEtag(Request* request) {
  request->clear_etag();
}

template <typename Request>
CommandOptions OptionsOf(const Request& request) {
  return {request.etag(), request.validate_only()};
}

// What a request asks for, whatever its id and the etag that it knows by now.
template <typename Request>
size_t Fingerprint(Request request) {
  request.clear_request_id();
  ClearEtag(&request);
  return absl::HashOf(request.GetTypeName(), request.SerializeAsString());
}

absl::Duration TimeLeft(const grpc::ServerContext& context) {
  const absl::Duration left = absl::FromChrono(context.deadline()) - absl::Now() - kAnswerTime;
  return std::clamp(left, absl::ZeroDuration(), kLongestStop);
}

}  // namespace

template <typename Response>
grpc::Status ProducerService::Answer(const absl::StatusOr<ReplayStatus>& status,
                                     Response* response) {
  if (!status.ok()) return ErrorFrom(status.status(), control_.Get().etag);
  *response->mutable_replay() = ReplayFrom(*status);
  return grpc::Status::OK;
}

template <typename Request>
absl::StatusOr<ReplayStatus> ProducerService::Once(
    const Request& request, absl::FunctionRef<absl::StatusOr<ReplayStatus>()> command) {
  const std::string& request_id = request.request_id();
  if (request_id.empty() || request.validate_only()) return command();
  const size_t fingerprint = Fingerprint(request);
  absl::MutexLock lock(&mutex_);
  const auto earlier = done_.find(request_id);
  if (earlier != done_.end()) {
    if (earlier->second == fingerprint) return control_.Get();
    return ReplayError(absl::StatusCode::kInvalidArgument, kReused, "");
  }
  absl::StatusOr<ReplayStatus> status = command();
  if (!status.ok()) return status;
  done_.emplace(request_id, fingerprint);
  done_in_order_.push_back(request_id);
  if (done_in_order_.size() > kRequestsRemembered) {
    done_.erase(done_in_order_.front());
    done_in_order_.pop_front();
  }
  return status;
}

template <typename Request>
grpc::Status ProducerService::Audited(const grpc::ServerContext* context, const Request& request,
                                      absl::FunctionRef<grpc::Status()> call) {
  const std::string old_etag = control_.Get().etag;
  grpc::Status status = call();
  const std::string& type = request.GetDescriptor()->name();
  const std::string outcome = !status.ok()              ? "refused"
                              : request.validate_only() ? "checked"
                                                        : "accepted";
  runtime::LogInfo("control call", {{"method", std::string(absl::StripSuffix(type, "Request"))},
                                    {"caller", context == nullptr ? "" : auth::CallerOf(*context)},
                                    {"trace_id", runtime::TraceIdOf(rpc::TraceParentOf(context))},
                                    {"request_id", request.request_id()},
                                    {"outcome", outcome},
                                    {"code", static_cast<int64_t>(status.error_code())},
                                    {"error", status.error_message()},
                                    {"old_etag", old_etag},
                                    {"new_etag", control_.Get().etag},
                                    {"request", request.ShortDebugString()}});
  return status;
}

grpc::Status ProducerService::StartReplay(grpc::ServerContext* context,
                                          const v1::StartReplayRequest* request,
                                          v1::StartReplayResponse* response) {
  return Audited(context, *request,
                 [&] { return DoStartReplay(*request, rpc::TraceParentOf(context), response); });
}

grpc::Status ProducerService::DoStartReplay(const v1::StartReplayRequest& request,
                                            std::string trace_parent,
                                            v1::StartReplayResponse* response) {
  std::vector<OptionProblem> problems;
  ReplayOptions options = ReplayOptionsFrom(request.spec(), &problems);
  if (request.spec().topic().empty()) options.topic = default_topic_;
  options.trace_parent = std::move(trace_parent);
  for (OptionProblem& problem : CheckReplayOptions(options)) {
    problems.push_back(std::move(problem));
  }
  if (!problems.empty()) return WrongFields(problems, "spec.");
  if (request.validate_only()) {
    *response->mutable_replay()->mutable_spec() = ReplaySpecFrom(options);
    return grpc::Status::OK;
  }
  return Answer(Once(request, [&] { return control_.Start(options); }), response);
}

grpc::Status ProducerService::PauseReplay(grpc::ServerContext* context,
                                          const v1::PauseReplayRequest* request,
                                          v1::PauseReplayResponse* response) {
  return Audited(context, *request, [&] {
    return Answer(Once(*request, [&] { return control_.Pause(OptionsOf(*request)); }), response);
  });
}

grpc::Status ProducerService::ResumeReplay(grpc::ServerContext* context,
                                           const v1::ResumeReplayRequest* request,
                                           v1::ResumeReplayResponse* response) {
  return Audited(context, *request, [&] {
    return Answer(Once(*request, [&] { return control_.Resume(OptionsOf(*request)); }), response);
  });
}

grpc::Status ProducerService::StopReplay(grpc::ServerContext* context,
                                         const v1::StopReplayRequest* request,
                                         v1::StopReplayResponse* response) {
  return Audited(context, *request, [&] {
    return Answer(
        Once(*request, [&] { return control_.Stop(TimeLeft(*context), OptionsOf(*request)); }),
        response);
  });
}

grpc::Status ProducerService::UpdatePace(grpc::ServerContext* context,
                                         const v1::UpdatePaceRequest* request,
                                         v1::UpdatePaceResponse* response) {
  return Audited(context, *request, [&]() -> grpc::Status {
    const Pace pace = PaceFrom(request->pace());
    const std::vector<OptionProblem> problems = CheckPace(pace);
    if (!problems.empty()) return WrongFields(problems, "");
    return Answer(Once(*request, [&] { return control_.UpdatePace(pace, OptionsOf(*request)); }),
                  response);
  });
}

grpc::Status ProducerService::GetReplay(grpc::ServerContext*, const v1::GetReplayRequest*,
                                        v1::GetReplayResponse* response) {
  return Answer(control_.Get(), response);
}

}  // namespace windrow::producer
