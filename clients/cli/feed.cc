#include "clients/cli/feed.h"

#include <utility>

namespace windrow::cli {
namespace {

constexpr absl::Duration kPauseAfterEnd = absl::Milliseconds(50);
constexpr absl::Duration kPauseAfterError = absl::Milliseconds(500);
constexpr absl::Duration kLongestStream = absl::Minutes(10);

}  // namespace

Feed::Feed(Attempt attempt)
    : thread_([this, attempt = std::move(attempt)]() mutable { Run(std::move(attempt)); }) {}

Feed::~Feed() { Stop(); }

void Feed::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }
  if (thread_.joinable()) thread_.join();
}

void Feed::Finish() {
  absl::MutexLock lock(&mutex_);
  finished_ = true;
  stopped_ = true;
}

bool Feed::finished() const {
  absl::MutexLock lock(&mutex_);
  return finished_;
}

void Feed::ReportAlive() {
  absl::MutexLock lock(&mutex_);
  trouble_.clear();
}

std::string Feed::trouble() const {
  absl::MutexLock lock(&mutex_);
  return trouble_;
}

std::shared_ptr<grpc::ClientContext> Feed::NewContext() {
  absl::MutexLock lock(&mutex_);
  if (stopped_) return nullptr;
  context_ = std::make_shared<grpc::ClientContext>();
  context_->set_deadline(absl::ToChronoTime(absl::Now() + kLongestStream));
  return context_;
}

void Feed::Run(Attempt attempt) {
  while (const std::shared_ptr<grpc::ClientContext> context = NewContext()) {
    const absl::Status status = attempt(context.get());
    absl::MutexLock lock(&mutex_);
    context_ = nullptr;
    // Our own deadline and an orderly end are no trouble.
    if (!status.ok() && !absl::IsDeadlineExceeded(status)) trouble_ = std::string(status.message());
    mutex_.AwaitWithTimeout(absl::Condition(&stopped_),
                            status.ok() ? kPauseAfterEnd : kPauseAfterError);
  }
}

}  // namespace windrow::cli
