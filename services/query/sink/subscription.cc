#include "services/query/sink/subscription.h"

#include <algorithm>
#include <utility>

#include "services/query/core/row_key.h"
#include "services/query/sink/result_message.h"

namespace windrow::query {
namespace {

// A feed of final rows may look at many that are none: it lets others have their turn in between.
constexpr int kMaxLooks = 20'000;

// A token can be ahead of this replica only until it has read what another one has. At the end of
// the log for this long, it never will: the token is of a log that was deleted.
constexpr absl::Duration kMaxAhead = absl::Seconds(10);

}  // namespace

struct Subscription::Round {
  v1::Changes changes;
  int rows = 0;
  int64_t bytes = 0;
  int looks = 0;
  // Whether some partition is not at the end of what the store holds yet.
  bool behind = false;

  bool full() const { return rows >= kMaxRows || bytes >= kMaxBytes || looks >= kMaxLooks; }
};

Subscription::Subscription(Options options, ResumeToken start, int64_t epoch)
    : options_(std::move(options)), epoch_(epoch), token_(std::move(start)) {}

ResumeToken Subscription::FromBeginning(const Options& options, const StoreView& store) {
  ResumeToken token;
  token.incarnation = store.incarnation();
  token.parent = options.parent;
  token.kind = options.final_only ? FeedKind::kFinalRows : FeedKind::kAllRows;
  token.positions.resize(store.partitions());
  return token;
}

ResumeToken Subscription::FromNow(const Options& options, const StoreView& store) {
  ResumeToken token = FromBeginning(options, store);
  for (int i = 0; i < store.partitions(); ++i) {
    token.positions[i].next_offset = store.next_offset(i);
    const std::optional<int64_t> closed = store.results().closed_through_us(i);
    if (closed.has_value()) token.positions[i].closing_cursor = ClosingCursorAfter(*closed);
  }
  return token;
}

absl::StatusOr<Subscription::Step> Subscription::Next(const StoreView* store,
                                                      const ReadingState& reading, absl::Time now) {
  if (!confirmed_) {
    confirmed_ = true;
    v1::SubscribeResponse confirmation = NewMessage();
    confirmation.mutable_confirmation();
    return Send(std::move(confirmation), now);
  }
  Round round;
  round.behind = store == nullptr;
  if (store != nullptr) {
    if (store->epoch() != epoch_ || store->incarnation() != token_.incarnation) {
      return absl::AbortedError("the results topic was replaced; list again, then subscribe");
    }
    absl::Status status = CheckBehind(*store, reading, now);
    if (status.ok()) status = Scan(*store, &round);
    if (!status.ok()) return status;
    // Only now has everything been sent that the store's progress speaks of.
    if (!round.behind) closed_through_us_ = store->results().closed_through_us();
  }
  v1::SubscribeResponse message = NewMessage();
  if (round.rows > 0) {
    *message.mutable_changes() = std::move(round.changes);
    return Send(std::move(message), now);
  }
  if (!round.behind && !caught_up_) {
    caught_up_ = true;
    message.mutable_caught_up();
    return Send(std::move(message), now);
  }
  const absl::Time heartbeat_time = last_message_time_ + options_.heartbeat_interval;
  if (closed_through_us_ != told_closed_through_us_ || now >= heartbeat_time) {
    message.mutable_heartbeat();
    return Send(std::move(message), now);
  }
  Step step;
  step.again = round.full() ? now : heartbeat_time;
  return step;
}

v1::SubscribeResponse Subscription::MakeClose(absl::string_view reason) const {
  v1::SubscribeResponse message = NewMessage();
  message.mutable_close()->set_reason(std::string(reason));
  return message;
}

v1::SubscribeResponse Subscription::NewMessage() const {
  v1::SubscribeResponse message;
  message.set_resume_token(EncodeResumeToken(token_));
  if (closed_through_us_.has_value()) {
    *message.mutable_closed_through_time() = ToTimestamp(*closed_through_us_);
  }
  return message;
}

Subscription::Step Subscription::Send(v1::SubscribeResponse message, absl::Time now) {
  last_message_time_ = now;
  told_closed_through_us_ = closed_through_us_;
  Step step;
  step.message = std::move(message);
  step.again = now;
  return step;
}

absl::Status Subscription::CheckBehind(const StoreView& store, const ReadingState& reading,
                                       absl::Time now) {
  bool ahead = false;
  for (int i = 0; i < store.partitions(); ++i) {
    ahead = ahead || token_.positions[i].next_offset > store.next_offset(i);
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

absl::Status Subscription::Scan(const StoreView& store, Round* round) {
  const int partitions = store.partitions();
  for (int i = 0; i < partitions; ++i) {
    const int partition = (first_partition_ + i) % partitions;
    if (round->full()) {
      // The next look begins where this one ended, so that no partition waits for another.
      round->behind = true;
      first_partition_ = partition;
      return absl::OkStatus();
    }
    const absl::Status status = ScanPartition(store, partition, round);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Subscription::ScanPartition(const StoreView& store, int partition, Round* round) {
  FeedPosition& position = token_.positions[partition];
  if (position.next_offset > store.next_offset(partition)) {
    // Another replica was ahead of this one: nothing to say until this one has come as far.
    round->behind = true;
    return absl::OkStatus();
  }
  absl::Status status = ScanChanges(store, partition, round);
  if (!status.ok()) return status;
  if (round->full()) {
    round->behind = true;
    return absl::OkStatus();
  }
  position.next_offset = store.next_offset(partition);
  if (!options_.final_only) return absl::OkStatus();
  // The cursor may move only now: all that lies below it has been sent as of next_offset.
  status = ScanClosing(store, partition, round);
  if (!status.ok()) return status;
  if (round->full()) {
    round->behind = true;
    return absl::OkStatus();
  }
  const std::optional<int64_t> closed = store.results().closed_through_us(partition);
  if (closed.has_value()) {
    position.closing_cursor = std::max(position.closing_cursor, ClosingCursorAfter(*closed));
  }
  return absl::OkStatus();
}

absl::Status Subscription::ScanChanges(const StoreView& store, int partition, Round* round) {
  FeedPosition& position = token_.positions[partition];
  absl::Status added;
  const absl::Status scanned =
      store.ScanChanges(options_.view, partition, position.next_offset, [&](const StoredRow& row) {
        ++round->looks;
        const bool wanted =
            !options_.final_only ||
            EncodeClosingKey(row.window_end_us, EncodeRowKey(row.window_start_us, row.group)) <
                position.closing_cursor;
        if (wanted) added = AddRow(store, row, round);
        if (!added.ok()) return false;
        position.next_offset = row.version.offset + 1;
        return !round->full();
      });
  return added.ok() ? scanned : added;
}

absl::Status Subscription::ScanClosing(const StoreView& store, int partition, Round* round) {
  const std::optional<int64_t> closed = store.results().closed_through_us(partition);
  if (!closed.has_value()) return absl::OkStatus();
  FeedPosition& position = token_.positions[partition];
  const std::string from = position.closing_cursor;
  absl::Status added;
  const absl::Status scanned =
      store.ScanClosing(options_.view, partition, from, ClosingCursorAfter(*closed),
                        [&](absl::string_view key, const StoredRow& row) {
                          ++round->looks;
                          added = AddRow(store, row, round);
                          if (!added.ok()) return false;
                          position.closing_cursor = KeyAfter(key);
                          return !round->full();
                        });
  return added.ok() ? scanned : added;
}

absl::Status Subscription::AddRow(const StoreView& store, const StoredRow& row, Round* round) {
  v1::Result* const result =
      row.deleted ? round->changes.add_retracted() : round->changes.add_results();
  const absl::Status converted = row.deleted
                                     ? ToRetraction(row, options_.view, result)
                                     : ToResult(row, options_.view, store.results(), result);
  if (!converted.ok()) return converted;
  ++round->rows;
  round->bytes += static_cast<int64_t>(result->ByteSizeLong());
  return absl::OkStatus();
}

}  // namespace windrow::query
