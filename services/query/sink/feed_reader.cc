#include "services/query/sink/feed_reader.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/query/core/ordered_bytes.h"
#include "services/query/core/row_key.h"
#include "services/query/sink/result_columns.h"
#include "services/query/sink/result_message.h"

namespace windrow::query {
namespace {

// A feed of few rows may look at many: it lets others have their turn in between.
constexpr int kMaxLooks = 4'000;

// Who follows the end of the log stands at one of the last few places.
constexpr size_t kMaxAnswers = 4;

bool IsSame(const FeedPlace& a, const FeedPlace& b) {
  return a.resume_token == b.resume_token && a.closed_through_us == b.closed_through_us &&
         a.first_partition == b.first_partition;
}

}  // namespace

uint64_t HashOf(const FeedSelection& selection) {
  std::string bytes;
  AppendText(&bytes, selection.filter_text);
  AppendInt64(&bytes, selection.start_us);
  AppendInt64(&bytes, selection.end_us);
  return StableHash(bytes);
}

FeedMessage Serialize(const v1::SubscribeResponse& message) {
  auto bytes = std::make_shared<grpc::ByteBuffer>();
  bool own_buffer = false;
  // It fails only for messages beyond 2 GB.
  grpc::SerializationTraits<v1::SubscribeResponse>::Serialize(message, bytes.get(), &own_buffer);
  return bytes;
}

v1::SubscribeResponse MessageAt(const FeedPlace& place) {
  v1::SubscribeResponse message;
  message.set_resume_token(place.resume_token);
  if (place.closed_through_us.has_value()) {
    *message.mutable_closed_through_time() = ToTimestamp(*place.closed_through_us);
  }
  return message;
}

struct FeedReader::Round {
  FeedPlace place;
  v1::Changes changes;
  int rows = 0;
  int64_t bytes = 0;
  int looks = 0;
  // Whether some partition is not at the end of what the store holds yet.
  bool behind = false;

  bool full() const { return rows >= kMaxRows || bytes >= kMaxBytes || looks >= kMaxLooks; }
};

absl::StatusOr<FeedStep> FeedReader::Next(const std::shared_ptr<const StoreView>& store,
                                          const FeedPlacePtr& place, absl::Time now) {
  const std::shared_ptr<Answer> answer = FindAnswer(store, place);
  absl::MutexLock lock(&answer->mutex);
  if (!answer->step.has_value()) {
    ++reads_;
    answer->step = Read(*store, *place, now);
    if (answer->step->ok() && (*answer->step)->message != nullptr) {
      answer->bytes = static_cast<int64_t>((*answer->step)->message->Length());
    }
  }
  return *answer->step;
}

std::shared_ptr<FeedReader::Answer> FeedReader::FindAnswer(
    const std::shared_ptr<const StoreView>& store, const FeedPlacePtr& place) {
  absl::MutexLock lock(&mutex_);
  if (store_.lock() != store) {
    store_ = store;
    answers_.clear();
  }
  for (const std::shared_ptr<Answer>& answer : answers_) {
    if (answer->place == place || IsSame(*answer->place, *place)) return answer;
  }
  int64_t bytes = 0;
  for (const std::shared_ptr<Answer>& answer : answers_) bytes += answer->bytes;
  while (!answers_.empty() && (answers_.size() >= kMaxAnswers || bytes > kMaxBytes)) {
    bytes -= answers_.front()->bytes;
    answers_.pop_front();
  }
  answers_.push_back(std::make_shared<Answer>());
  answers_.back()->place = place;
  return answers_.back();
}

absl::StatusOr<FeedStep> FeedReader::Read(const StoreView& store, const FeedPlace& place,
                                          absl::Time now) {
  Round round;
  round.place = place;
  const absl::Status scanned = Scan(store, &round);
  if (!scanned.ok()) return scanned;
  // Only now has everything been sent that the store's progress speaks of.
  if (!round.behind) round.place.closed_through_us = store.results().closed_through_us();
  if (!round.full()) round.place.first_partition = 0;
  round.place.resume_token = EncodeResumeToken(round.place.token);
  FeedStep step;
  step.complete = !round.behind;
  step.more = round.full();
  step.after = std::make_shared<const FeedPlace>(std::move(round.place));
  if (round.rows > 0) {
    v1::SubscribeResponse message = MessageAt(*step.after);
    *message.mutable_changes() = std::move(round.changes);
    *message.mutable_changes()->mutable_send_time() = ToTimestamp(absl::ToUnixMicros(now));
    step.message = Serialize(message);
  }
  return step;
}

absl::Status FeedReader::Scan(const StoreView& store, Round* round) {
  const int partitions = store.partitions();
  const int first = round->place.first_partition;
  for (int i = 0; i < partitions; ++i) {
    const int partition = (first + i) % partitions;
    if (round->full()) {
      // The next look begins where this one ended, so that no partition waits for another.
      round->behind = true;
      round->place.first_partition = partition;
      return absl::OkStatus();
    }
    const absl::Status status = ScanPartition(store, partition, round);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status FeedReader::ScanPartition(const StoreView& store, int partition, Round* round) {
  FeedPosition& position = round->place.token.positions[partition];
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
  if (!selection_.final_only) return absl::OkStatus();
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

absl::Status FeedReader::ScanChanges(const StoreView& store, int partition, Round* round) {
  FeedPosition& position = round->place.token.positions[partition];
  absl::Status added;
  const absl::Status scanned = store.ScanChanges(
      selection_.view, partition, position.next_offset, [&](const StoredRow& row) {
        ++round->looks;
        const bool wanted =
            !selection_.final_only ||
            EncodeClosingKey(row.window_end_us, EncodeRowKey(row.window_start_us, row.group)) <
                position.closing_cursor;
        if (wanted) added = AddRow(store, row, round);
        if (!added.ok()) return false;
        position.next_offset = row.version.offset + 1;
        return !round->full();
      });
  return added.ok() ? scanned : added;
}

absl::Status FeedReader::ScanClosing(const StoreView& store, int partition, Round* round) {
  const std::optional<int64_t> closed = store.results().closed_through_us(partition);
  if (!closed.has_value()) return absl::OkStatus();
  FeedPosition& position = round->place.token.positions[partition];
  const std::string from = position.closing_cursor;
  absl::Status added;
  const absl::Status scanned =
      store.ScanClosing(selection_.view, partition, from, ClosingCursorAfter(*closed),
                        [&](absl::string_view key, const StoredRow& row) {
                          ++round->looks;
                          added = AddRow(store, row, round);
                          if (!added.ok()) return false;
                          position.closing_cursor = KeyAfter(key);
                          return !round->full();
                        });
  return added.ok() ? scanned : added;
}

absl::Status FeedReader::AddRow(const StoreView& store, const StoredRow& row, Round* round) {
  if (row.window_start_us < selection_.start_us || row.window_start_us >= selection_.end_us) {
    return absl::OkStatus();
  }
  v1::Result result;
  const absl::Status converted = row.deleted
                                     ? ToRetraction(row, selection_.view, &result)
                                     : ToResult(row, selection_.view, store.results(), &result);
  if (!converted.ok()) return converted;
  const absl::Status known = CheckNames(result);
  if (!known.ok()) return known;
  const bool wanted =
      selection_.filter.Matches([&](absl::string_view name) { return GroupFieldOf(result, name); });
  if (!wanted) return absl::OkStatus();
  ++round->rows;
  round->bytes += static_cast<int64_t>(result.ByteSizeLong());
  v1::Result* const added =
      row.deleted ? round->changes.add_retracted() : round->changes.add_results();
  *added = std::move(result);
  return absl::OkStatus();
}

absl::Status FeedReader::CheckNames(const v1::Result& result) {
  // Rows of a view have the same fields.
  if (names_checked_) return absl::OkStatus();
  for (const std::string& name : selection_.filter.names()) {
    if (GroupFieldOf(result, name).has_value()) continue;
    const std::string fields = GroupFieldNames(result);
    return absl::InvalidArgumentError(
        absl::StrCat("\"", name, "\" is no field of the group; ",
                     fields.empty() ? "it has none" : absl::StrCat("there are ", fields)));
  }
  names_checked_ = true;
  return absl::OkStatus();
}

absl::Status FeedReader::CheckFilter(const StoreView& store) {
  if (selection_.filter.names().empty()) return absl::OkStatus();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  absl::Status checked;
  const absl::Status scanned =
      store.ScanRows(selection_.view, kMin, kMax, "", [&](const StoredRow& row) {
        v1::Result result;
        checked = ToResult(row, selection_.view, store.results(), &result);
        if (checked.ok()) checked = CheckNames(result);
        return false;
      });
  return checked.ok() ? scanned : checked;
}

}  // namespace windrow::query
