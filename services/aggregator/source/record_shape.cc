#include "services/aggregator/source/record_shape.h"

// Its implicit conversions throw; without them, what can fail does not compile unchecked.
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <algorithm>

#include "absl/base/optimization.h"
#include "absl/strings/ascii.h"
#include "services/aggregator/core/json_number.h"
#include "services/aggregator/source/byte_block.h"
#include "services/aggregator/source/json_space.h"

namespace windrow::aggregator {
namespace {

static_assert(RecordShape::kPadding >= ByteBlock::kBytes, "a block is read as a whole");

constexpr uint32_t BelowBit(int bit) { return (uint32_t{1} << bit) - 1; }

size_t WholeBlocks(size_t bytes) {
  return (bytes + ByteBlock::kBytes - 1) / ByteBlock::kBytes * ByteBlock::kBytes;
}

// Of a number, true, false or null.
bool IsScalarByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '+' || c == '.';
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < ' '; }
bool IsBeyondAscii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// Goes through a record.
class Cursor {
 public:
  explicit Cursor(absl::string_view record)
      : at_(record.data()), end_(record.data() + record.size()) {}

  const char* at() const { return at_; }
  bool is_at_end() const { return at_ == end_; }
  // Whether a text that was passed has to be checked for its UTF-8.
  bool beyond_ascii() const { return beyond_ascii_; }

  // Passes a text, which is filled up to whole blocks.
  bool PassLiteral(const char* literal, size_t bytes) {
    if (static_cast<size_t>(end_ - at_) < bytes) return false;
    size_t done = 0;
    for (; done + ByteBlock::kBytes < bytes; done += ByteBlock::kBytes) {
      if (ByteBlock::Different(at_ + done, literal + done) != 0) return false;
    }
    const uint32_t different = ByteBlock::Different(at_ + done, literal + done);
    // Of a block of 32 a shift by 32 would be undefined.
    const uint32_t unused = ByteBlock::kBytes - static_cast<uint32_t>(bytes - done);
    if (static_cast<uint32_t>(different << unused << (32 - ByteBlock::kBytes)) != 0) return false;
    at_ += bytes;
    return true;
  }

  // Passes what stands in a string if it is plain and of that length, less than a block's. Where it
  // is as foreseen, the processor goes on behind it without waiting for the end to be found.
  bool PassForeseenString(uint32_t bytes) {
    const char* behind = at_ + bytes;
    // Else the compiler takes the length that it has found, since it is the same.
    asm("" : "+r"(behind));
    if (behind >= end_) return false;
    const uint32_t ends = ByteBlock::Special(at_) | ByteBlock::BeyondAscii(at_);
    if ((ends & BelowBit(bytes)) != 0 || *behind != '"') return false;
    at_ = behind;
    return true;
  }

  // Passes what stands in a string, up to its closing quote.
  bool PassString(bool may_have_escapes) {
    while (ABSL_PREDICT_TRUE(at_ < end_)) {
      const uint32_t special = ByteBlock::Special(at_);
      const uint32_t beyond_ascii = ByteBlock::BeyondAscii(at_);
      if (special == 0) {
        beyond_ascii_ |= beyond_ascii != 0;
        at_ += ByteBlock::kBytes;
        continue;
      }
      const int first = __builtin_ctz(special);
      beyond_ascii_ |= (beyond_ascii & BelowBit(first)) != 0;
      at_ += first;
      if (ABSL_PREDICT_TRUE(*at_ == '"')) return true;
      if (*at_ != '\\' || !may_have_escapes || IsControl(at_[1])) return false;
      beyond_ascii_ |= IsBeyondAscii(at_[1]);
      at_ += 2;
    }
    return false;
  }

  // Passes a number, true, false or null.
  bool PassScalar() {
    const char* const begin = at_;
    while (at_ < end_ && IsScalarByte(*at_)) ++at_;
    return at_ != begin;
  }

 private:
  const char* at_;
  const char* const end_;
  bool beyond_ascii_ = false;
};

}  // namespace

// Takes a record apart, byte by byte: it is done for few.
class RecordShape::Learner {
 public:
  Learner(absl::string_view record, const std::vector<WantedField>& wanted)
      : record_(record), wanted_(wanted) {}

  bool Learn(RecordShape* shape) {
    PassSpaces();
    if (!Pass('{')) return false;
    do {
      if (!LearnField(shape)) return false;
    } while (Pass(','));
    if (!Pass('}')) return false;
    PassSpaces();
    if (at_ != record_.size()) return false;
    shape->last_literal_bytes_ = AddLiteral(shape);
    return true;
  }

 private:
  bool LearnField(RecordShape* shape) {
    PassSpaces();
    absl::string_view key;
    if (!Pass('"') || !PassKey(&key)) return false;
    PassSpaces();
    if (!Pass(':')) return false;
    PassSpaces();
    Slot slot = SlotOf(key, shape);
    slot.is_string = Pass('"');
    slot.literal_bytes = AddLiteral(shape);
    if (slot.is_string) {
      while (at_ < record_.size() && record_[at_] != '"') at_ += record_[at_] == '\\' ? 2 : 1;
      slot.foreseen_bytes =
          static_cast<uint32_t>(std::min<size_t>(at_ - literal_begin_, ByteBlock::kBytes - 1));
      literal_begin_ = at_;
      if (!Pass('"')) return false;
    } else {
      while (at_ < record_.size() && IsScalarByte(record_[at_])) ++at_;
      if (at_ == literal_begin_) return false;
      literal_begin_ = at_;
    }
    PassSpaces();
    shape->slots_.push_back(slot);
    return true;
  }

  bool PassKey(absl::string_view* key) {
    const size_t begin = at_;
    at_ = std::min(record_.find('"', begin), record_.size());
    *key = record_.substr(begin, at_ - begin);
    return key->find('\\') == absl::string_view::npos && Pass('"');
  }

  Slot SlotOf(absl::string_view key, RecordShape* shape) const {
    Slot slot;
    for (const WantedField& wanted : wanted_) {
      if (wanted.name != key) continue;
      slot.is_wanted = true;
      slot.value = wanted.value;
      slot.is_event_time = wanted.is_event_time;
    }
    if (!slot.is_wanted) return slot;
    for (Slot& earlier : shape->slots_) {
      if (earlier.value == slot.value && earlier.is_event_time == slot.is_event_time) {
        earlier.is_wanted = false;
      }
    }
    return slot;
  }

  // What was passed since the last value; where the next one begins.
  uint32_t AddLiteral(RecordShape* shape) {
    const size_t bytes = at_ - literal_begin_;
    shape->literals_.append(record_.data() + literal_begin_, bytes);
    shape->literals_.resize(WholeBlocks(shape->literals_.size()));
    literal_begin_ = at_;
    return static_cast<uint32_t>(bytes);
  }

  void PassSpaces() {
    while (at_ < record_.size() && IsJsonSpace(record_[at_])) ++at_;
  }
  bool Pass(char c) {
    const bool is_there = at_ < record_.size() && record_[at_] == c;
    at_ += is_there ? 1 : 0;
    return is_there;
  }

  const absl::string_view record_;
  const std::vector<WantedField>& wanted_;
  size_t at_ = 0;
  size_t literal_begin_ = 0;
};

absl::optional<RecordShape> RecordShape::Learn(absl::string_view record,
                                               const std::vector<WantedField>& wanted,
                                               bool time_may_be_number) {
  RecordShape shape;
  shape.time_may_be_number_ = time_may_be_number;
  if (!Learner(record, wanted).Learn(&shape)) return absl::nullopt;
  return shape;
}

bool RecordShape::Read(absl::string_view record, RecordFields* fields) const {
  fields->event_time.reset();
  for (auto& value : fields->values) value.reset();
  Cursor cursor(record);
  const char* literal = literals_.data();
  for (const Slot& slot : slots_) {
    if (!cursor.PassLiteral(literal, slot.literal_bytes)) return false;
    literal += WholeBlocks(slot.literal_bytes);
    const char* const begin = cursor.at();
    if (ABSL_PREDICT_TRUE(slot.is_string)) {
      if (!cursor.PassForeseenString(slot.foreseen_bytes) && !cursor.PassString(!slot.is_wanted)) {
        return false;
      }
    } else {
      if (!cursor.PassScalar()) return false;
    }
    if (!slot.is_wanted) continue;
    const absl::string_view text(begin, cursor.at() - begin);
    if (!slot.is_string && ((slot.is_event_time && !time_may_be_number_) || !IsJsonNumber(text))) {
      return false;
    }
    if (slot.value >= 0) fields->values[slot.value].emplace(text);
    if (slot.is_event_time) fields->event_time.emplace(text);
  }
  if (!cursor.PassLiteral(literal, last_literal_bytes_) || !cursor.is_at_end()) return false;
  return !cursor.beyond_ascii() || simdjson::validate_utf8(record.data(), record.size());
}

}  // namespace windrow::aggregator
