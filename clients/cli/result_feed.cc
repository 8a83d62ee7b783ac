#include "clients/cli/result_feed.h"

#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

using ::windrow::query::v1::ListResultsRequest;
using ::windrow::query::v1::ListResultsResponse;
using ::windrow::query::v1::QueryService;
using ::windrow::query::v1::Result;
using ::windrow::query::v1::SubscribeRequest;
using ::windrow::query::v1::SubscribeResponse;

// An hour of watermark delay and some more, in steps of five minutes.
constexpr size_t kWindows = 64;
constexpr int kListedRows = 2000;
constexpr absl::Duration kHeartbeat = absl::Seconds(2);

// The token says something that this server cannot go on from.
bool TokenIsUseless(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status) ||
         absl::IsOutOfRange(status);
}

}  // namespace

ResultFeed::ResultFeed(const Session* session, const std::string& view)
    : session_(session),
      view_(view),
      stub_(QueryService::NewStub(session->Channel(Service::kQuery))),
      board_(kWindows),
      feed_([this](grpc::ClientContext* context) {
        if (resume_token_.empty()) return List(context);
        absl::Status status = ReadStream(context);
        if (TokenIsUseless(status)) resume_token_.clear();
        return status;
      }) {}

WindowBoard ResultFeed::board() const {
  absl::MutexLock lock(&mutex_);
  return board_;
}

absl::Status ResultFeed::List(grpc::ClientContext* context) {
  ListResultsRequest request;
  request.set_parent(view_);
  request.set_newest_first(true);
  request.set_page_size(kListedRows);
  ListResultsResponse response;
  const grpc::Status status = stub_->ListResults(context, request, &response);
  if (!status.ok()) return session_->Explain(Service::kQuery, status);
  feed_.ReportAlive();
  resume_token_ = response.resume_token();
  absl::MutexLock lock(&mutex_);
  board_.Clear();
  for (const Result& result : response.results()) board_.Apply(result);
  return absl::OkStatus();
}

absl::Status ResultFeed::ReadStream(grpc::ClientContext* context) {
  SubscribeRequest request;
  request.set_parent(view_);
  request.set_resume_token(resume_token_);
  *request.mutable_heartbeat_interval() = ToProtoDuration(kHeartbeat);
  const auto stream = stub_->Subscribe(context, request);
  SubscribeResponse response;
  while (stream->Read(&response)) {
    feed_.ReportAlive();
    Apply(response);
    if (!response.resume_token().empty()) resume_token_ = response.resume_token();
  }
  return session_->Explain(Service::kQuery, stream->Finish());
}

void ResultFeed::Apply(const SubscribeResponse& response) {
  absl::MutexLock lock(&mutex_);
  for (const Result& result : response.changes().results()) board_.Apply(result);
  if (response.has_closed_through_time()) {
    board_.CloseThrough(ToTime(response.closed_through_time()));
  }
}

}  // namespace windrow::cli
