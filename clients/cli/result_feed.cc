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
constexpr char kEndReached[] = "END_REACHED";
constexpr absl::Duration kHeartbeat = absl::Seconds(2);

// The token says something that this server cannot go on from.
bool TokenIsUseless(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status) ||
         absl::IsOutOfRange(status);
}

}  // namespace

ResultFeed::ResultFeed(const Session* session, ResultFeedOptions options)
    : session_(session),
      options_(std::move(options)),
      stub_(QueryService::NewStub(session->Channel(Service::kQuery))),
      board_(kWindows, options_.order_by),
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
  request.set_parent(options_.view);
  request.set_filter(options_.filter);
  if (options_.from.has_value()) *request.mutable_start_time() = ToTimestamp(*options_.from);
  if (options_.until.has_value()) *request.mutable_end_time() = ToTimestamp(*options_.until);
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
  request.set_parent(options_.view);
  request.set_resume_token(resume_token_);
  request.set_filter(options_.filter);
  if (options_.from.has_value()) *request.mutable_window_start_time() = ToTimestamp(*options_.from);
  if (options_.until.has_value()) *request.mutable_window_end_time() = ToTimestamp(*options_.until);
  if (options_.end_time.has_value()) *request.mutable_end_time() = ToTimestamp(*options_.end_time);
  *request.mutable_heartbeat_interval() = ToProtoDuration(kHeartbeat);
  const auto stream = stub_->Subscribe(context, request);
  SubscribeResponse response;
  bool ended = false;
  while (stream->Read(&response)) {
    feed_.ReportAlive();
    Apply(response);
    if (!response.resume_token().empty()) resume_token_ = response.resume_token();
    ended = ended || response.close().reason() == kEndReached;
  }
  absl::Status status = session_->Explain(Service::kQuery, stream->Finish());
  if (ended && status.ok()) feed_.Finish();
  return status;
}

void ResultFeed::Apply(const SubscribeResponse& response) {
  absl::MutexLock lock(&mutex_);
  for (const Result& result : response.changes().results()) board_.Apply(result);
  for (const Result& result : response.changes().retracted()) board_.Retract(result);
  if (response.has_closed_through_time()) {
    board_.CloseThrough(ToTime(response.closed_through_time()));
  }
}

}  // namespace windrow::cli
