#include "services/query/core/resume_token.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/query/core/ordered_bytes.h"
#include "services/query/core/sealed_text.h"

namespace windrow::query {
namespace {

// Stands in a token for the log: part of the name, so raising it makes all older tokens foreign.
constexpr int kIncarnationEpoch = 1;

// A token names no more partitions than Kafka would ever give a topic of ours.
constexpr uint32_t kMaxPartitions = 4096;

bool ReadPosition(BytesReader* reader, FeedPosition* position) {
  return reader->ReadInt64(&position->next_offset) && position->next_offset >= 0 &&
         reader->ReadText(&position->closing_cursor);
}

// The hashes stand for the names: a token stays short however long they are.
bool ReadPayload(absl::string_view payload, uint64_t* incarnation_hash, uint64_t* parent_hash,
                 ResumeToken* token) {
  BytesReader reader(payload);
  uint32_t kind = 0;
  uint32_t partitions = 0;
  if (!reader.ReadUint64(incarnation_hash) || !reader.ReadUint64(parent_hash) ||
      !reader.ReadUint32(&kind) || !reader.ReadUint64(&token->filter_hash) ||
      !reader.ReadUint32(&partitions)) {
    return false;
  }
  if (kind > static_cast<uint32_t>(FeedKind::kFinalRows) || partitions > kMaxPartitions) {
    return false;
  }
  token->kind = static_cast<FeedKind>(kind);
  token->positions.resize(partitions);
  for (FeedPosition& position : token->positions) {
    if (!ReadPosition(&reader, &position)) return false;
  }
  return reader.rest().empty();
}

}  // namespace

std::string EncodeResumeToken(const ResumeToken& token) {
  std::string payload;
  AppendUint64(&payload, StableHash(token.incarnation));
  AppendUint64(&payload, StableHash(token.parent));
  AppendUint32(&payload, static_cast<uint32_t>(token.kind));
  AppendUint64(&payload, token.kind == FeedKind::kAny ? 0 : token.filter_hash);
  AppendUint32(&payload, static_cast<uint32_t>(token.positions.size()));
  for (const FeedPosition& position : token.positions) {
    AppendInt64(&payload, position.next_offset);
    AppendText(&payload, position.closing_cursor);
  }
  return Seal(SealKind::kResumeToken, payload);
}

TokenFault DecodeResumeToken(absl::string_view text, const ExpectedToken& expected,
                             ResumeToken* token) {
  const std::optional<std::string> payload = Unseal(SealKind::kResumeToken, text);
  if (!payload.has_value()) return TokenFault::kMalformed;
  uint64_t incarnation_hash = 0;
  uint64_t parent_hash = 0;
  ResumeToken decoded;
  if (!ReadPayload(*payload, &incarnation_hash, &parent_hash, &decoded)) {
    return TokenFault::kMalformed;
  }
  const bool of_this_feed =
      decoded.kind == FeedKind::kAny ||
      (decoded.kind == expected.kind && decoded.filter_hash == expected.filter_hash);
  if (parent_hash != StableHash(expected.parent) || !of_this_feed) {
    return TokenFault::kOtherFilter;
  }
  if (incarnation_hash != StableHash(expected.incarnation) ||
      decoded.positions.size() != static_cast<size_t>(expected.partitions)) {
    return TokenFault::kOtherIncarnation;
  }
  decoded.incarnation = expected.incarnation;
  decoded.parent = expected.parent;
  decoded.kind = expected.kind;
  decoded.filter_hash = expected.filter_hash;
  *token = std::move(decoded);
  return TokenFault::kNone;
}

std::string ResultsIncarnation(absl::string_view pipeline, int partitions) {
  return absl::StrCat(pipeline, "/", partitions, "/", kIncarnationEpoch);
}

}  // namespace windrow::query
