#include "clients/cli/progress_feed.h"

#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;
using ::windrow::aggregator::v1::Progress;
using ::windrow::aggregator::v1::WatchProgressRequest;
using ::windrow::aggregator::v1::WatchProgressResponse;

WatchProgressRequest MakeRequest(const std::string& pipeline, absl::Duration interval) {
  WatchProgressRequest request;
  request.set_name(pipeline);
  *request.mutable_interval() = ToProtoDuration(interval);
  return request;
}

}  // namespace

ProgressFeed::ProgressFeed(const Session* session, const std::string& pipeline,
                           absl::Duration interval)
    : session_(session),
      stub_(PipelineService::NewStub(session->Channel(Service::kAggregator))),
      request_(MakeRequest(pipeline, interval)),
      feed_([this](grpc::ClientContext* context) { return ReadStream(context); }) {}

std::optional<Progress> ProgressFeed::progress() const {
  absl::MutexLock lock(&mutex_);
  return progress_;
}

absl::Status ProgressFeed::ReadStream(grpc::ClientContext* context) {
  const auto stream = stub_->WatchProgress(context, request_);
  WatchProgressResponse response;
  while (stream->Read(&response)) {
    feed_.ReportAlive();
    absl::MutexLock lock(&mutex_);
    progress_ = response.progress();
  }
  {
    absl::MutexLock lock(&mutex_);
    progress_.reset();
  }
  return session_->Explain(Service::kAggregator, stream->Finish());
}

}  // namespace windrow::cli
