#ifndef SERVICES_QUERY_SINK_SUBSCRIPTION_H_
#define SERVICES_QUERY_SINK_SUBSCRIPTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/query/core/result_target.h"
#include "services/query/core/resume_token.h"
#include "services/query/sink/store_view.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// One subscriber, apart from the wire: it decides which message comes next. All it holds is a
// position per partition, so a subscriber that stands still costs nothing, and one that comes back
// with a token is the same subscriber. Not thread-safe.
//
// A feed of all rows has sent, in each partition, the newest version of every row that changed
// below next_offset. A feed of final rows has sent those of them whose closing key is below
// closing_cursor; it first sends corrections below the cursor, then moves the cursor up through
// what has been closed.
class Subscription {
 public:
  // Most rows, and about most bytes, of one message.
  static constexpr int kMaxRows = 500;
  static constexpr int64_t kMaxBytes = 1 << 20;

  struct Options {
    // Id of the view, and its resource name.
    std::string view;
    std::string parent;
    bool final_only = false;
    absl::Duration heartbeat_interval = absl::Seconds(5);
  };

  // What Next decided.
  struct Step {
    // Send this, if anything.
    std::optional<v1::SubscribeResponse> message;
    // Ask again at this time at the latest, or once the store has changed.
    absl::Time again = absl::InfiniteFuture();
  };

  // Starts as if `start` had been sent; see the functions below.
  Subscription(Options options, ResumeToken start, int64_t epoch);

  // The next message for a subscriber who is ready for one, from what the store holds (null: from
  // nothing). Errors end the feed: ABORTED when the topic was replaced, FAILED_PRECONDITION when
  // the start is of another log, others when the store cannot be read now.
  absl::StatusOr<Step> Next(const StoreView* store, const ReadingState& reading, absl::Time now);

  // The last message of a feed that the server ends.
  v1::SubscribeResponse MakeClose(absl::string_view reason) const;

  // Positions to start with: before everything, or after all that `store` holds.
  static ResumeToken FromBeginning(const Options& options, const StoreView& store);
  static ResumeToken FromNow(const Options& options, const StoreView& store);

 private:
  // What one look at the store has found so far.
  struct Round;

  absl::Status Scan(const StoreView& store, Round* round);
  absl::Status ScanPartition(const StoreView& store, int partition, Round* round);
  absl::Status ScanChanges(const StoreView& store, int partition, Round* round);
  absl::Status ScanClosing(const StoreView& store, int partition, Round* round);
  absl::Status AddRow(const StoreView& store, const StoredRow& row, Round* round);
  absl::Status CheckBehind(const StoreView& store, const ReadingState& reading, absl::Time now);
  v1::SubscribeResponse NewMessage() const;
  Step Send(v1::SubscribeResponse message, absl::Time now);

  const Options options_;
  const int64_t epoch_;
  ResumeToken token_;
  // The partition that is looked at first: each in turn.
  int first_partition_ = 0;
  bool confirmed_ = false;
  bool caught_up_ = false;
  std::optional<int64_t> closed_through_us_;
  // As of the last message.
  std::optional<int64_t> told_closed_through_us_;
  absl::Time last_message_time_ = absl::InfinitePast();
  // Since when the store has been at the end of the log, yet behind this subscriber.
  absl::Time ahead_since_ = absl::InfiniteFuture();
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_SUBSCRIPTION_H_
