#ifndef SERVICES_QUERY_CORE_RESUME_TOKEN_H_
#define SERVICES_QUERY_CORE_RESUME_TOKEN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace windrow::query {

// How much of one results partition a subscriber has been sent.
struct FeedPosition {
  // Changes at smaller offsets have been sent.
  int64_t next_offset = 0;
  // Only for a feed of final rows, in the order of ClosingKey (row_key.h): rows at or above this
  // key were not final yet when they were last looked at, whatever their offset.
  std::string closing_cursor;

  friend bool operator==(const FeedPosition& a, const FeedPosition& b) {
    return a.next_offset == b.next_offset && a.closing_cursor == b.closing_cursor;
  }
};

// Which feeds a token can start.
enum class FeedKind : uint32_t {
  // Any: the token comes from a list.
  kAny = 0,
  // Rows whenever they change.
  kAllRows = 1,
  // Rows once they are final.
  kFinalRows = 2,
};

// Where a subscriber stands. A plain value, the same on every replica.
struct ResumeToken {
  // Names the log that the offsets belong to.
  std::string incarnation;
  // Name of the view.
  std::string parent;
  FeedKind kind = FeedKind::kAny;
  // Stands for the rows of the view that are wanted (filter, range of windows). Means nothing in a
  // token of any kind.
  uint64_t filter_hash = 0;
  // One per partition of the results topic.
  std::vector<FeedPosition> positions;
};

// An opaque, URL-safe text with a version and a checksum.
std::string EncodeResumeToken(const ResumeToken& token);

// What a subscription expects of a token.
struct ExpectedToken {
  std::string incarnation;
  std::string parent;
  FeedKind kind = FeedKind::kAllRows;
  uint64_t filter_hash = 0;
  int partitions = 0;
};

// Why a token cannot be used.
enum class TokenFault { kNone, kMalformed, kOtherFilter, kOtherIncarnation };

// Decodes `text` into `token` if it is what was expected.
TokenFault DecodeResumeToken(absl::string_view text, const ExpectedToken& expected,
                             ResumeToken* token);

// The incarnation of a pipeline's results topic: what every replica can say of it alike.
std::string ResultsIncarnation(absl::string_view pipeline, int partitions);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_RESUME_TOKEN_H_
