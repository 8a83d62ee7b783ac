#ifndef SERVICES_QUERY_SINK_FEED_READER_H_
#define SERVICES_QUERY_SINK_FEED_READER_H_

#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/query/core/resume_token.h"
#include "services/query/core/row_filter.h"
#include "services/query/sink/store_view.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// Which rows a feed sends.
struct FeedSelection {
  // Id of the view, and its resource name.
  std::string view;
  std::string parent;
  bool final_only = false;
  // The filter names fields of the group only, so that no change takes a row into it or out of it.
  std::string filter_text;
  RowFilter filter;
  // Of the starts of windows, microseconds since 1970 UTC: [start, end).
  int64_t start_us = std::numeric_limits<int64_t>::min();
  int64_t end_us = std::numeric_limits<int64_t>::max();
};

// What a token holds of the selection beside the view and final_only.
uint64_t HashOf(const FeedSelection& selection);

// A serialized SubscribeResponse; many calls may send the same one.
using FeedMessage = std::shared_ptr<const grpc::ByteBuffer>;
FeedMessage Serialize(const v1::SubscribeResponse& message);

// Where a subscriber stands: what it has been sent. Immutable, shared by all who stand there.
struct FeedPlace {
  ResumeToken token;
  // Every row of the windows that end at or before this time has been sent.
  std::optional<int64_t> closed_through_us;
  // The partition that is looked at first: each in turn while there is a backlog, else 0.
  int first_partition = 0;
  // The token, encoded.
  std::string resume_token;
};
using FeedPlacePtr = std::shared_ptr<const FeedPlace>;

// A message with the place's token and closed_through_time, and nothing else yet.
v1::SubscribeResponse MessageAt(const FeedPlace& place);

// What follows a place.
struct FeedStep {
  // Where who has been sent the message stands.
  FeedPlacePtr after;
  // Null when there is no row to send.
  FeedMessage message;
  // Whether the message has all rows there are.
  bool complete = false;
  // Whether more can be read at once.
  bool more = false;
};

// Reads the rows of one selection from one store, for all of its subscribers. Who stands where
// another one stood a moment ago, with the same store content, gets the very same message: rows are
// read and serialized once, however many subscribers follow the end of the log. It keeps the last
// few answers only, so it is never larger than about two messages. Thread-safe.
//
// A feed of all rows has sent, in each partition, the newest version of every row that changed
// below next_offset. A feed of final rows has sent those of them whose closing key is below
// closing_cursor; it first sends corrections below the cursor, then moves the cursor up through
// what has been closed.
class FeedReader {
 public:
  // Most rows, and about most bytes, of one message.
  static constexpr int kMaxRows = 500;
  static constexpr int64_t kMaxBytes = 128 << 10;

  explicit FeedReader(FeedSelection selection) : selection_(std::move(selection)) {}
  FeedReader(const FeedReader&) = delete;
  FeedReader& operator=(const FeedReader&) = delete;

  const FeedSelection& selection() const { return selection_; }

  // What follows `place`, as of `now`. INVALID_ARGUMENT when the filter names what is no field of
  // the group; else errors of the store.
  absl::StatusOr<FeedStep> Next(const std::shared_ptr<const StoreView>& store,
                                const FeedPlacePtr& place, absl::Time now);

  // INVALID_ARGUMENT as above, as far as the rows that are there tell.
  absl::Status CheckFilter(const StoreView& store);

  // Number of answers that were read from the store, for tests.
  int64_t reads() const { return reads_; }

 private:
  // What one look at the store has found so far.
  struct Round;
  // Of a place: whoever asks first reads it, the others wait for that.
  struct Answer {
    FeedPlacePtr place;
    absl::Mutex mutex;
    std::optional<absl::StatusOr<FeedStep>> step ABSL_GUARDED_BY(mutex);
    std::atomic<int64_t> bytes{0};
  };

  std::shared_ptr<Answer> FindAnswer(const std::shared_ptr<const StoreView>& store,
                                     const FeedPlacePtr& place);
  absl::StatusOr<FeedStep> Read(const StoreView& store, const FeedPlace& place, absl::Time now);
  absl::Status Scan(const StoreView& store, Round* round);
  absl::Status ScanPartition(const StoreView& store, int partition, Round* round);
  absl::Status ScanChanges(const StoreView& store, int partition, Round* round);
  absl::Status ScanClosing(const StoreView& store, int partition, Round* round);
  absl::Status AddRow(const StoreView& store, const StoredRow& row, Round* round);
  absl::Status CheckNames(const v1::Result& result);

  const FeedSelection selection_;
  std::atomic<bool> names_checked_{false};
  std::atomic<int64_t> reads_{0};

  absl::Mutex mutex_;
  // The content that the answers are of.
  std::weak_ptr<const StoreView> store_ ABSL_GUARDED_BY(mutex_);
  // The newest last.
  std::deque<std::shared_ptr<Answer>> answers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_FEED_READER_H_
