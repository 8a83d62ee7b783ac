#include "services/query/core/page_token.h"

#include "services/query/core/ordered_bytes.h"
#include "services/query/core/sealed_text.h"

namespace windrow::query {

std::string EncodePageToken(const PageToken& token) {
  std::string payload;
  AppendUint64(&payload, token.request_hash);
  AppendText(&payload, token.last_item);
  return Seal(SealKind::kPageToken, payload);
}

std::optional<PageToken> DecodePageToken(absl::string_view text) {
  const std::optional<std::string> payload = Unseal(SealKind::kPageToken, text);
  if (!payload.has_value()) return std::nullopt;
  PageToken token;
  BytesReader reader(*payload);
  if (!reader.ReadUint64(&token.request_hash) || !reader.ReadText(&token.last_item) ||
      !reader.rest().empty()) {
    return std::nullopt;
  }
  return token;
}

}  // namespace windrow::query
