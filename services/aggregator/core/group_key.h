#ifndef SERVICES_AGGREGATOR_CORE_GROUP_KEY_H_
#define SERVICES_AGGREGATOR_CORE_GROUP_KEY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace windrow::aggregator {

// A group's encoded key: its field values in order, so that keys compare as bytes in the order of
// the values (null first, then text by UTF-8), whatever their number. Null is the byte 00; text is
// the byte 02, the text with each 00 written as 00 FF, and the byte 00. (The tuple encoding of
// FoundationDB, github.com/apple/foundationdb, design/tuple.md.)

// Appends one value to `key`.
void AppendGroupValue(absl::optional<absl::string_view> value, std::string* key);

// Reads the values back; nullopt when `key` is not an encoded key.
absl::optional<std::vector<absl::optional<std::string>>> DecodeGroupKey(absl::string_view key);

// The hash that assigns groups to merge partitions: FNV-1a, 64 bits, over the length-prefixed view
// id and key (lengths as 4 bytes, least significant first), and then MurmurHash3's fmix64, since
// remainders and ranges of plain FNV-1a are lopsided. Part of the topics' format: it never changes.
// (Fowler, Noll, Vo, RFC 9923; Appleby, github.com/aappleby/smhasher.)
uint64_t GroupHash(absl::string_view view_id, absl::string_view key);

// The same hash of a text alone, without length.
uint64_t TextHash(absl::string_view text);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_GROUP_KEY_H_
