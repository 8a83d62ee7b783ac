#ifndef SERVICES_QUERY_SINK_SUBSCRIPTION_H_
#define SERVICES_QUERY_SINK_SUBSCRIPTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/query/core/result_target.h"
#include "services/query/core/resume_token.h"
#include "services/query/sink/feed_reader.h"
#include "services/query/sink/store_view.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// One subscriber, apart from the wire: it decides which message comes next. All it holds is its
// place, so a subscriber that stands still costs nothing, and one that comes back with a token is
// the same subscriber. Not thread-safe.
class Subscription {
 public:
  struct Options {
    absl::Duration heartbeat_interval = absl::Seconds(5);
    // The feed ends once every window that ends at or before this time is final and sent.
    std::optional<int64_t> end_us;
  };

  // What Next decided.
  struct Step {
    // Send this, if it is not null.
    FeedMessage message;
    // Whether it is the last one: the feed has ended in order.
    bool ends = false;
    // Ask again at this time at the latest, or once the store has changed; at once when it is not
    // after the time of the call.
    absl::Time again = absl::InfiniteFuture();
  };

  // Starts as if `start` had been sent; see the functions below.
  Subscription(Options options, std::shared_ptr<FeedReader> reader, ResumeToken start,
               int64_t epoch);

  // The next message for a subscriber who is ready for one, from what the store holds (null: from
  // nothing). Errors end the feed: ABORTED when the topic was replaced, FAILED_PRECONDITION when
  // the start is of another log, OUT_OF_RANGE when changes after it may be unknown here,
  // INVALID_ARGUMENT for the filter (see FeedReader), others when the store cannot be read now.
  absl::StatusOr<Step> Next(const std::shared_ptr<const StoreView>& store,
                            const ReadingState& reading, absl::Time now);

  // The last message of a feed that the server ends; null before the first one, which is always the
  // confirmation.
  FeedMessage MakeClose(absl::string_view reason) const;

  // Goes on after the last message.
  const std::string& resume_token() const { return place_->resume_token; }

  // Positions to start with: before everything, after all that `store` holds, or before the changes
  // that were committed at or after a time (OUT_OF_RANGE when some of them may be unknown).
  static ResumeToken FromBeginning(const FeedSelection& selection, const StoreView& store);
  static ResumeToken FromNow(const FeedSelection& selection, const StoreView& store);
  static absl::StatusOr<ResumeToken> FromTime(const FeedSelection& selection,
                                              const StoreView& store, int64_t time_us);
  // OUT_OF_RANGE when `store` may not know all changes since the token.
  static absl::Status CheckKnown(const ResumeToken& token, const StoreView& store);

 private:
  // Reads what follows the place, and goes there; the message is null when there is no row.
  absl::StatusOr<FeedStep> Read(const std::shared_ptr<const StoreView>& store,
                                const ReadingState& reading, absl::Time now);
  // What is to be said at this place apart from rows: that it has caught up, that it ends.
  std::optional<Step> Milestone(absl::Time now);
  // The step of sending a message with the place's token.
  Step Send(FeedMessage message, bool more, absl::Time now);
  Step SendPlain(const v1::SubscribeResponse& message, bool more, absl::Time now);
  absl::Status CheckBehind(const StoreView& store, const ReadingState& reading, absl::Time now);
  bool HasEnded() const;
  bool HasMilestone() const { return complete_ && (!caught_up_ || HasEnded()); }

  const Options options_;
  const std::shared_ptr<FeedReader> reader_;
  const int64_t epoch_;
  FeedPlacePtr place_;
  bool confirmed_ = false;
  // Whether all that the store held has been sent, when it was last read.
  bool complete_ = false;
  bool caught_up_ = false;
  // As of the last message.
  std::optional<int64_t> told_closed_through_us_;
  absl::Time last_message_time_ = absl::InfinitePast();
  // Since when the store has been at the end of the log, yet behind this subscriber.
  absl::Time ahead_since_ = absl::InfiniteFuture();
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_SUBSCRIPTION_H_
