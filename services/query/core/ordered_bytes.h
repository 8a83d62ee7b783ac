#ifndef SERVICES_QUERY_CORE_ORDERED_BYTES_H_
#define SERVICES_QUERY_CORE_ORDERED_BYTES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace windrow::query {

// Appends values to a byte string so that the order of the bytes is the order of the values. Used
// for the keys of the store and for tokens.
void AppendUint32(std::string* bytes, uint32_t value);
void AppendUint64(std::string* bytes, uint64_t value);
// Negative numbers sort before positive ones.
void AppendInt64(std::string* bytes, int64_t value);
// Length first: the order is that of (length, text), and no text is a prefix of another.
void AppendText(std::string* bytes, absl::string_view text);

// Reads back what was appended. Each Read returns false, and leaves `value` alone, when the bytes
// end too soon. Does not own the bytes.
class BytesReader {
 public:
  explicit BytesReader(absl::string_view bytes) : rest_(bytes) {}

  bool ReadUint32(uint32_t* value);
  bool ReadUint64(uint64_t* value);
  bool ReadInt64(int64_t* value);
  bool ReadText(std::string* value);

  // What has not been read yet.
  absl::string_view rest() const { return rest_; }

 private:
  absl::string_view rest_;
};

// FNV-1a of 64 bits: the same in every process and release. Not for secrets.
uint64_t StableHash(absl::string_view bytes);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_ORDERED_BYTES_H_
