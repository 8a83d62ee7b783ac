#include "services/query/core/ordered_bytes.h"

#include <endian.h>

#include <cstring>

namespace windrow::query {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

uint32_t SwapToBigEndian(uint32_t value) { return htobe32(value); }
uint64_t SwapToBigEndian(uint64_t value) { return htobe64(value); }

template <typename T>
void AppendBigEndian(std::string* bytes, T value) {
  const T swapped = SwapToBigEndian(value);
  bytes->append(reinterpret_cast<const char*>(&swapped), sizeof(swapped));
}

template <typename T>
bool ReadBigEndian(absl::string_view* rest, T* value) {
  if (rest->size() < sizeof(T)) return false;
  T swapped = 0;
  std::memcpy(&swapped, rest->data(), sizeof(swapped));
  *value = SwapToBigEndian(swapped);  // And back.
  rest->remove_prefix(sizeof(T));
  return true;
}

}  // namespace

void AppendUint32(std::string* bytes, uint32_t value) { AppendBigEndian(bytes, value); }

void AppendUint64(std::string* bytes, uint64_t value) { AppendBigEndian(bytes, value); }

void AppendInt64(std::string* bytes, int64_t value) {
  AppendBigEndian(bytes, static_cast<uint64_t>(value) ^ kSignBit);
}

void AppendText(std::string* bytes, absl::string_view text) {
  AppendUint32(bytes, static_cast<uint32_t>(text.size()));
  bytes->append(text.data(), text.size());
}

bool BytesReader::ReadUint32(uint32_t* value) { return ReadBigEndian(&rest_, value); }

bool BytesReader::ReadUint64(uint64_t* value) { return ReadBigEndian(&rest_, value); }

bool BytesReader::ReadInt64(int64_t* value) {
  uint64_t flipped = 0;
  if (!ReadBigEndian(&rest_, &flipped)) return false;
  *value = static_cast<int64_t>(flipped ^ kSignBit);
  return true;
}

bool BytesReader::ReadText(std::string* value) {
  absl::string_view rest = rest_;
  uint32_t size = 0;
  if (!ReadBigEndian(&rest, &size) || rest.size() < size) return false;
  value->assign(rest.data(), size);
  rest.remove_prefix(size);
  rest_ = rest;
  return true;
}

uint64_t StableHash(absl::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3u;
  }
  return hash;
}

}  // namespace windrow::query
