#ifndef CLIENTS_CLI_RESULT_FEED_H_
#define CLIENTS_CLI_RESULT_FEED_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "clients/cli/feed.h"
#include "clients/cli/session.h"
#include "clients/cli/window_board.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::cli {

// The newest windows of one view, live: lists them once, subscribes from there, and after a break
// goes on with the resume token. Lists again when the token cannot be used any more. Thread-safe.
class ResultFeed {
 public:
  // `session` must outlive the feed. `view` is a full name.
  ResultFeed(const Session* session, const std::string& view);

  // A copy of what is known now.
  WindowBoard board() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Why there is no stream right now; empty when all is well.
  std::string trouble() const { return feed_.trouble(); }

 private:
  absl::Status List(grpc::ClientContext* context) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status ReadStream(grpc::ClientContext* context) ABSL_LOCKS_EXCLUDED(mutex_);
  void Apply(const query::v1::SubscribeResponse& response) ABSL_LOCKS_EXCLUDED(mutex_);

  const Session* const session_;
  const std::string view_;
  const std::unique_ptr<query::v1::QueryService::Stub> stub_;
  std::string resume_token_;  // Of the feed's thread only; empty: list first.
  mutable absl::Mutex mutex_;
  WindowBoard board_ ABSL_GUARDED_BY(mutex_);
  Feed feed_;  // Last: its thread uses all of the above.
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_RESULT_FEED_H_
