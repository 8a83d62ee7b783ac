#include "services/query/core/sealed_text.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "services/query/core/ordered_bytes.h"

namespace windrow::query {
namespace {

constexpr char kFormatVersion = 1;
constexpr size_t kMaxTextBytes = 64 * 1024;

uint64_t Checksum(SealKind kind, absl::string_view bytes) {
  std::string covered = "windrow.query.";
  covered.push_back(static_cast<char>(kind));
  covered.append(bytes.data(), bytes.size());
  return StableHash(covered);
}

}  // namespace

std::string Seal(SealKind kind, absl::string_view payload) {
  std::string bytes(1, kFormatVersion);
  bytes.append(payload.data(), payload.size());
  AppendUint64(&bytes, Checksum(kind, bytes));
  return absl::WebSafeBase64Escape(bytes);
}

std::optional<std::string> Unseal(SealKind kind, absl::string_view text) {
  std::string bytes;
  if (text.size() > kMaxTextBytes || !absl::WebSafeBase64Unescape(text, &bytes)) {
    return std::nullopt;
  }
  // Base64 has several spellings of the same bytes (padding, spaces, spare bits): one is ours.
  if (absl::WebSafeBase64Escape(bytes) != text) return std::nullopt;
  if (bytes.size() < 1 + sizeof(uint64_t) || bytes[0] != kFormatVersion) return std::nullopt;

  const absl::string_view covered =
      absl::string_view(bytes).substr(0, bytes.size() - sizeof(uint64_t));
  BytesReader tail(absl::string_view(bytes).substr(covered.size()));
  uint64_t checksum = 0;
  if (!tail.ReadUint64(&checksum) || checksum != Checksum(kind, covered)) return std::nullopt;
  return std::string(covered.substr(1));
}

}  // namespace windrow::query
