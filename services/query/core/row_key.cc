#include "services/query/core/row_key.h"

#include <limits>

#include "absl/numeric/int128.h"
#include "services/query/core/ordered_bytes.h"

namespace windrow::query {
namespace {

// The longest group that is its own name; names of longer ones are longer than this.
constexpr size_t kMaxGroupBytes = 256;

// FNV-1a of 128 bits: among long groups of one window, none of the same hash is to be expected.
absl::uint128 StableHash128(absl::string_view bytes) {
  constexpr absl::uint128 kPrime = absl::MakeUint128(0x0000000001000000u, 0x000000000000013bu);
  absl::uint128 hash = absl::MakeUint128(0x6c62272e07bb0142u, 0x62b821756295c58du);
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= kPrime;
  }
  return hash;
}

}  // namespace

std::string BoundedGroup(absl::string_view group) {
  if (group.size() <= kMaxGroupBytes) return std::string(group);
  std::string bounded(group.substr(0, kMaxGroupBytes));
  const absl::uint128 hash = StableHash128(group);
  AppendUint64(&bounded, absl::Uint128High64(hash));
  AppendUint64(&bounded, absl::Uint128Low64(hash));
  return bounded;
}

std::string EncodeRowKey(int64_t window_start_us, absl::string_view group) {
  std::string bytes;
  AppendRowKey(window_start_us, group, &bytes);
  return bytes;
}

void AppendRowKey(int64_t window_start_us, absl::string_view group, std::string* bytes) {
  AppendInt64(bytes, window_start_us);
  bytes->append(group.data(), group.size());
}

bool DecodeRowKey(absl::string_view bytes, RowKey* key) {
  absl::string_view group;
  if (!DecodeRowKey(bytes, &key->window_start_us, &group)) return false;
  key->group = std::string(group);
  return true;
}

bool DecodeRowKey(absl::string_view bytes, int64_t* window_start_us, absl::string_view* group) {
  BytesReader reader(bytes);
  if (!reader.ReadInt64(window_start_us)) return false;
  *group = reader.rest();
  return true;
}

std::string EncodeClosingKey(int64_t window_end_us, absl::string_view row_key) {
  std::string bytes;
  AppendInt64(&bytes, window_end_us);
  bytes.append(row_key.data(), row_key.size());
  return bytes;
}

bool DecodeClosingKey(absl::string_view bytes, int64_t* window_end_us, absl::string_view* row_key) {
  BytesReader reader(bytes);
  if (!reader.ReadInt64(window_end_us)) return false;
  *row_key = reader.rest();
  return true;
}

std::string ClosingCursorAfter(int64_t closed_through_us) {
  // At the end of time there is no next microsecond; but no window starts at its own end.
  constexpr int64_t kMaxUs = std::numeric_limits<int64_t>::max();
  if (closed_through_us == kMaxUs) return EncodeClosingKey(kMaxUs, EncodeRowKey(kMaxUs, ""));
  return EncodeClosingKey(closed_through_us + 1, "");
}

std::string KeyAfter(absl::string_view key) {
  std::string after(key);
  after.push_back('\0');
  return after;
}

}  // namespace windrow::query
