#ifndef CLIENTS_CLI_RESULT_FEED_H_
#define CLIENTS_CLI_RESULT_FEED_H_

#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "clients/cli/feed.h"
#include "clients/cli/session.h"
#include "clients/cli/window_board.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::cli {

// What to follow of a view.
struct ResultFeedOptions {
  // Full name.
  std::string view;
  // AIP-160, by names of the group's fields; empty for all rows.
  std::string filter;
  // Only windows that start in this range; absent ends are open.
  std::optional<absl::Time> from;
  std::optional<absl::Time> until;
  // Ends when every window up to it is final.
  std::optional<absl::Time> end_time;
  // Of WindowBoard.
  std::string order_by;
};

// The newest windows of one view, live: lists them once, subscribes from there, and after a break
// goes on with the resume token. Lists again when the token cannot be used any more. Thread-safe.
class ResultFeed {
 public:
  // `session` must outlive the feed.
  ResultFeed(const Session* session, ResultFeedOptions options);

  // A copy of what is known now.
  WindowBoard board() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Why there is no stream right now; empty when all is well.
  std::string trouble() const { return feed_.trouble(); }
  // Whether everything up to end_time has been seen.
  bool finished() const { return feed_.finished(); }

 private:
  absl::Status List(grpc::ClientContext* context) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status ReadStream(grpc::ClientContext* context) ABSL_LOCKS_EXCLUDED(mutex_);
  void Apply(const query::v1::SubscribeResponse& response) ABSL_LOCKS_EXCLUDED(mutex_);

  const Session* const session_;
  const ResultFeedOptions options_;
  const std::unique_ptr<query::v1::QueryService::Stub> stub_;
  std::string resume_token_;  // Of the feed's thread only; empty: list first.
  mutable absl::Mutex mutex_;
  WindowBoard board_ ABSL_GUARDED_BY(mutex_);
  Feed feed_;  // Last: its thread uses all of the above.
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_RESULT_FEED_H_
