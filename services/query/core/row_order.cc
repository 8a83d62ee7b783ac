#include "services/query/core/row_order.h"

#include <cmath>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/query/core/ordered_bytes.h"

namespace windrow::query {
namespace {

constexpr size_t kMostTerms = 8;

// The bits of a double as a number that sorts as the doubles do.
uint64_t SortableBits(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  constexpr uint64_t kSign = uint64_t{1} << 63;
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

// Text so that a prefix sorts before what begins with it, and all before what follows in the key.
void AppendEnded(absl::string_view text, std::string* bytes) {
  for (const char c : text) {
    bytes->push_back(c);
    if (c == '\0') bytes->push_back('\xFF');
  }
  bytes->append(2, '\0');
}

// A whole number between two doubles sorts between them: the nearest double below, then the rest.
void AppendNumber(const RowValue& value, std::string* bytes) {
  if (const auto* const number = absl::get_if<double>(&value)) {
    AppendUint64(bytes, SortableBits(*number == 0 ? 0.0 : *number));
    AppendInt64(bytes, 0);
    return;
  }
  const int64_t whole = absl::get<int64_t>(value);
  auto below = static_cast<double>(whole);
  if (CompareValues(RowValue(whole), RowValue(below)) < 0) below = std::nextafter(below, -1e300);
  AppendUint64(bytes, SortableBits(below));
  AppendInt64(bytes, whole - static_cast<int64_t>(below));
}

void AppendValue(const RowValue& value, std::string* bytes) {
  if (const auto* const truth = absl::get_if<bool>(&value)) {
    bytes->push_back('\x01');
    bytes->push_back(*truth ? '\x01' : '\x00');
  } else if (const auto* const text = absl::get_if<absl::string_view>(&value)) {
    bytes->push_back('\x03');
    AppendEnded(*text, bytes);
  } else {
    bytes->push_back('\x02');
    AppendNumber(value, bytes);
  }
}

}  // namespace

absl::StatusOr<RowOrder> RowOrder::Parse(absl::string_view text) {
  RowOrder order;
  if (absl::StripAsciiWhitespace(text).empty()) return order;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<std::string> words =
        absl::StrSplit(absl::StripAsciiWhitespace(part), ' ', absl::SkipEmpty());
    const bool directed = words.size() == 2 && (words[1] == "desc" || words[1] == "asc");
    if (words.empty() || (words.size() > 1 && !directed)) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", part, "\" is not a name, or a name and \"asc\" or \"desc\""));
    }
    order.terms_.push_back({words[0], directed && words[1] == "desc"});
  }
  if (order.terms_.size() > kMostTerms) {
    return absl::InvalidArgumentError(absl::StrCat("names more than ", kMostTerms, " columns"));
  }
  return order;
}

std::string RowOrder::SortKey(RowLookup row, absl::string_view row_key) const {
  std::string key;
  AppendSortKey(row, &key);
  absl::StrAppend(&key, row_key);
  return key;
}

void RowOrder::AppendSortKey(RowLookup row, std::string* key) const {
  for (const Term& term : terms_) {
    const RowValue value = row(term.name).value_or(RowValue());
    if (IsNull(value)) {
      key->push_back('\xFF');
      continue;
    }
    // Below null, whatever the direction.
    key->push_back('\x01');
    const size_t begin = key->size();
    AppendValue(value, key);
    if (!term.descending) continue;
    for (size_t i = begin; i < key->size(); ++i) (*key)[i] = static_cast<char>(~(*key)[i]);
  }
}

std::vector<std::string> RowOrder::names() const {
  std::vector<std::string> names;
  for (const Term& term : terms_) names.push_back(term.name);
  return names;
}

}  // namespace windrow::query
