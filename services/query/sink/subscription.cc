#include "services/query/sink/subscription.h"

#include <algorithm>
#include <utility>

#include "services/query/core/row_key.h"

namespace windrow::query {
namespace {

// A token can be ahead of this replica only until it has read what another one has. At the end of
// the log for this long, it never will: the token is of a log that was deleted.
constexpr absl::Duration kMaxAhead = absl::Seconds(10);

constexpr absl::string_view kEndReached = "END_REACHED";

}  // namespace

Subscription::Subscription(Options options, std::shared_ptr<FeedReader> reader, ResumeToken start,
                           int64_t epoch)
    : options_(std::move(options)), reader_(std::move(reader)), epoch_(epoch) {
  FeedPlace place;
  place.token = std::move(start);
  if (!reader_->selection().final_only) {
    // Means nothing here: it would only tell those apart who stand at the same place.
    for (FeedPosition& position : place.token.positions) position.closing_cursor.clear();
  }
  place.resume_token = EncodeResumeToken(place.token);
  place_ = std::make_shared<const FeedPlace>(std::move(place));
}

ResumeToken Subscription::FromBeginning(const FeedSelection& selection, const StoreView& store) {
  ResumeToken token;
  token.incarnation = store.incarnation();
  token.parent = selection.parent;
  token.kind = selection.final_only ? FeedKind::kFinalRows : FeedKind::kAllRows;
  token.filter_hash = HashOf(selection);
  token.positions.resize(store.partitions());
  for (int i = 0; i < store.partitions(); ++i) token.positions[i].next_offset = store.known_from(i);
  return token;
}

ResumeToken Subscription::FromNow(const FeedSelection& selection, const StoreView& store) {
  ResumeToken token = FromBeginning(selection, store);
  for (int i = 0; i < store.partitions(); ++i) {
    token.positions[i].next_offset = store.next_offset(i);
    const std::optional<int64_t> closed = store.results().closed_through_us(i);
    if (closed.has_value()) token.positions[i].closing_cursor = ClosingCursorAfter(*closed);
  }
  return token;
}

absl::StatusOr<ResumeToken> Subscription::FromTime(const FeedSelection& selection,
                                                   const StoreView& store, int64_t time_us) {
  ResumeToken token = FromNow(selection, store);
  for (int i = 0; i < store.partitions(); ++i) {
    const absl::StatusOr<int64_t> first = store.FindChange(selection.view, i, time_us);
    if (!first.ok()) return first.status();
    token.positions[i].next_offset = *first;
  }
  return token;
}

absl::Status Subscription::CheckKnown(const ResumeToken& token, const StoreView& store) {
  for (int i = 0; i < store.partitions(); ++i) {
    if (token.positions[i].next_offset < store.known_from(i)) {
      return absl::OutOfRangeError(
          "changes after the token are not all known any more; list again, then subscribe");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Subscription::Step> Subscription::Next(const std::shared_ptr<const StoreView>& store,
                                                      const ReadingState& reading, absl::Time now) {
  if (!confirmed_) {
    confirmed_ = true;
    v1::SubscribeResponse confirmation = MessageAt(*place_);
    confirmation.mutable_confirmation();
    return SendPlain(confirmation, /*more=*/true, now);
  }
  // Before it reads on: a feed that always finds new rows comes here, too.
  std::optional<Step> milestone = Milestone(now);
  if (milestone.has_value()) return *std::move(milestone);
  FeedStep found;
  if (store != nullptr) {
    absl::StatusOr<FeedStep> read = Read(store, reading, now);
    if (!read.ok()) return read.status();
    found = *std::move(read);
  }
  const bool more = found.more || HasMilestone();
  if (found.message != nullptr) return Send(std::move(found.message), more, now);
  milestone = Milestone(now);
  if (milestone.has_value()) return *std::move(milestone);
  const absl::Time heartbeat_time = last_message_time_ + options_.heartbeat_interval;
  if (place_->closed_through_us != told_closed_through_us_ || now >= heartbeat_time) {
    v1::SubscribeResponse message = MessageAt(*place_);
    message.mutable_heartbeat();
    return SendPlain(message, more, now);
  }
  Step step;
  step.again = more ? now : heartbeat_time;
  return step;
}

absl::StatusOr<FeedStep> Subscription::Read(const std::shared_ptr<const StoreView>& store,
                                            const ReadingState& reading, absl::Time now) {
  if (store->epoch() != epoch_ || store->incarnation() != place_->token.incarnation) {
    return absl::AbortedError("the results topic was replaced; list again, then subscribe");
  }
  absl::Status status = CheckBehind(*store, reading, now);
  if (status.ok()) status = CheckKnown(place_->token, *store);
  if (!status.ok()) return status;
  absl::StatusOr<FeedStep> read = reader_->Next(store, place_, now);
  if (!read.ok()) return read;
  place_ = read->after;
  complete_ = read->complete;
  return read;
}

std::optional<Subscription::Step> Subscription::Milestone(absl::Time now) {
  if (!HasMilestone()) return std::nullopt;
  if (!caught_up_) {
    caught_up_ = true;
    v1::SubscribeResponse message = MessageAt(*place_);
    message.mutable_caught_up();
    return SendPlain(message, HasMilestone(), now);
  }
  Step step = Send(MakeClose(kEndReached), /*more=*/false, now);
  step.ends = true;
  return step;
}

FeedMessage Subscription::MakeClose(absl::string_view reason) const {
  if (!confirmed_) return nullptr;
  v1::SubscribeResponse message = MessageAt(*place_);
  message.mutable_close()->set_reason(std::string(reason));
  return Serialize(message);
}

Subscription::Step Subscription::Send(FeedMessage message, bool more, absl::Time now) {
  last_message_time_ = now;
  told_closed_through_us_ = place_->closed_through_us;
  Step step;
  step.message = std::move(message);
  step.again = more ? now : now + options_.heartbeat_interval;
  return step;
}

Subscription::Step Subscription::SendPlain(const v1::SubscribeResponse& message, bool more,
                                           absl::Time now) {
  return Send(Serialize(message), more, now);
}

bool Subscription::HasEnded() const {
  return options_.end_us.has_value() && place_->closed_through_us.has_value() &&
         *place_->closed_through_us >= *options_.end_us;
}

absl::Status Subscription::CheckBehind(const StoreView& store, const ReadingState& reading,
                                       absl::Time now) {
  bool ahead = false;
  for (int i = 0; i < store.partitions(); ++i) {
    ahead = ahead || place_->token.positions[i].next_offset > store.next_offset(i);
  }
  if (!ahead || !reading.at_end) {
    ahead_since_ = absl::InfiniteFuture();
    return absl::OkStatus();
  }
  ahead_since_ = std::min(ahead_since_, now);
  if (now - ahead_since_ < kMaxAhead) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the token is beyond the end of the results topic: it is of a topic that no longer exists; "
      "list again, then subscribe");
}

}  // namespace windrow::query
