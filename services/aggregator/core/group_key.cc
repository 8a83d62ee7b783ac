#include "services/aggregator/core/group_key.h"

namespace windrow::aggregator {
namespace {

constexpr char kNull = '\x00';
constexpr char kText = '\x02';
constexpr char kEnd = '\x00';
constexpr char kEscape = '\xFF';
constexpr uint64_t kOffsetBasis = 0xcbf29ce484222325;

uint64_t HashBytes(uint64_t hash, absl::string_view bytes) {
  constexpr uint64_t kPrime = 0x100000001b3;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * kPrime;
  }
  return hash;
}

uint64_t HashLengthPrefixed(uint64_t hash, absl::string_view bytes) {
  const auto size = static_cast<uint32_t>(bytes.size());
  const char length[] = {static_cast<char>(size), static_cast<char>(size >> 8),
                         static_cast<char>(size >> 16), static_cast<char>(size >> 24)};
  return HashBytes(HashBytes(hash, absl::string_view(length, sizeof(length))), bytes);
}

// MurmurHash3's finalizer: every bit of the result depends on every bit of `hash`.
uint64_t Mix(uint64_t hash) {
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

}  // namespace

void AppendGroupValue(absl::optional<absl::string_view> value, std::string* key) {
  if (!value.has_value()) {
    key->push_back(kNull);
    return;
  }
  key->push_back(kText);
  absl::string_view rest = *value;
  for (size_t zero = rest.find('\0'); zero != absl::string_view::npos; zero = rest.find('\0')) {
    key->append(rest.data(), zero + 1);
    key->push_back(kEscape);
    rest.remove_prefix(zero + 1);
  }
  key->append(rest.data(), rest.size());
  key->push_back(kEnd);
}

absl::optional<std::vector<absl::optional<std::string>>> DecodeGroupKey(absl::string_view key) {
  std::vector<absl::optional<std::string>> values;
  while (!key.empty()) {
    const char type = key.front();
    key.remove_prefix(1);
    if (type == kNull) {
      values.push_back(absl::nullopt);
      continue;
    }
    if (type != kText) return absl::nullopt;
    std::string text;
    for (;;) {
      const size_t zero = key.find('\0');
      if (zero == absl::string_view::npos) return absl::nullopt;
      text.append(key.data(), zero);
      const bool escaped = zero + 1 < key.size() && key[zero + 1] == kEscape;
      key.remove_prefix(zero + (escaped ? 2 : 1));
      if (!escaped) break;
      text.push_back('\0');
    }
    values.push_back(std::move(text));
  }
  return values;
}

uint64_t GroupHash(absl::string_view view_id, absl::string_view key) {
  return Mix(HashLengthPrefixed(HashLengthPrefixed(kOffsetBasis, view_id), key));
}

uint64_t TextHash(absl::string_view text) { return Mix(HashBytes(kOffsetBasis, text)); }

}  // namespace windrow::aggregator
