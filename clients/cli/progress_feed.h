#ifndef CLIENTS_CLI_PROGRESS_FEED_H_
#define CLIENTS_CLI_PROGRESS_FEED_H_

#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "clients/cli/feed.h"
#include "clients/cli/session.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {

// The aggregator's newest report on one pipeline, over a stream that is opened again when it
// breaks. Thread-safe.
class ProgressFeed {
 public:
  // `session` must outlive the feed.
  ProgressFeed(const Session* session, const std::string& pipeline, absl::Duration interval);

  // The newest report; absent while there is no stream.
  std::optional<aggregator::v1::Progress> progress() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Why there is no stream right now; empty when all is well.
  std::string trouble() const { return feed_.trouble(); }

 private:
  absl::Status ReadStream(grpc::ClientContext* context) ABSL_LOCKS_EXCLUDED(mutex_);

  const Session* const session_;
  const std::unique_ptr<aggregator::v1::PipelineService::Stub> stub_;
  aggregator::v1::WatchProgressRequest request_;
  mutable absl::Mutex mutex_;
  std::optional<aggregator::v1::Progress> progress_ ABSL_GUARDED_BY(mutex_);
  Feed feed_;  // Last: its thread uses all of the above.
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_PROGRESS_FEED_H_
