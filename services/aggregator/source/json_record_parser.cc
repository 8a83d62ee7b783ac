#include "services/aggregator/source/json_record_parser.h"

// Its implicit conversions throw; without them, what can fail does not compile unchecked.
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/aggregator/core/json_number.h"
#include "services/aggregator/source/json_space.h"
#include "services/aggregator/source/known_shapes.h"
#include "services/aggregator/source/record_shape.h"

namespace windrow::aggregator {
namespace {

namespace ondemand = simdjson::ondemand;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// What stands before the next token; simdjson's token of a scalar reaches up to it.
absl::string_view TrimEnd(absl::string_view token) {
  while (!token.empty() && IsJsonSpace(token.back())) token.remove_suffix(1);
  return token;
}

// Whether the page of memory in which a text ends goes on for as long as simdjson may read past
// the end (github.com/simdjson/simdjson, doc/performance.md, "Free Padding"). What stands there is
// of no account, but a sanitizer rightly wonders.
bool IsPadded([[maybe_unused]] absl::string_view text) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  // The least of all processors and settings.
  constexpr uintptr_t kPageBytes = 4096;
  const uintptr_t end = reinterpret_cast<uintptr_t>(text.data()) + text.size();
  return end % kPageBytes != 0 && end % kPageBytes + simdjson::SIMDJSON_PADDING <= kPageBytes;
#endif
}

std::vector<WantedField> WantedFields(const PipelinePlan& plan) {
  std::vector<WantedField> wanted;
  bool event_time_seen = false;
  for (size_t i = 0; i < plan.fields.size(); ++i) {
    const bool is_event_time = plan.fields[i] == plan.event_time_field;
    event_time_seen = event_time_seen || is_event_time;
    wanted.push_back({plan.fields[i], static_cast<int>(i), is_event_time});
  }
  if (!event_time_seen) wanted.push_back({plan.event_time_field, -1, true});
  return wanted;
}

// A field to look for. The first bytes of its key, with the closing quote if it is among them, are
// compared at once as a number; few keys need a second look.
struct Wanted {
  WantedField field;
  uint64_t prefix = 0;
  uint64_t mask = 0;
};

Wanted MakeWanted(WantedField field) {
  Wanted wanted;
  wanted.field = std::move(field);
  const std::string& name = wanted.field.name;
  const bool needs_escape = std::any_of(
      name.begin(), name.end(), [](unsigned char c) { return c < ' ' || c == '"' || c == '\\'; });
  if (needs_escape) {
    // No key without an escape is equal to it: never matches.
    wanted.prefix = 1;
    return wanted;
  }
  const std::string quoted = name + '"';
  const size_t size = std::min(quoted.size(), sizeof(wanted.prefix));
  std::memcpy(&wanted.prefix, quoted.data(), size);
  std::memset(&wanted.mask, 0xFF, size);
  return wanted;
}

}  // namespace

class JsonRecordParser::Reader {
 public:
  explicit Reader(const PipelinePlan& plan)
      : time_may_be_number_(plan.event_time_format.is_epoch()),
        value_count_(plan.fields.size()),
        shapes_(WantedFields(plan), time_may_be_number_) {
    for (WantedField& field : WantedFields(plan)) wanted_.push_back(MakeWanted(std::move(field)));
    for (const Wanted& wanted : wanted_) {
      // A short name leaves bytes open, and so lets every key through.
      filter_ |= ~wanted.mask == 0 ? BitOf(wanted.prefix) : ~uint64_t{0};
    }
  }

  absl::optional<DeadLetterReason> Parse(absl::string_view record, RecordFields* fields) {
    if (record.size() > kMaxRecordBytes) return DeadLetterReason::kTooLarge;
    // Also a record without a value, whose address is null.
    if (record.empty()) return DeadLetterReason::kNotJson;
    record = Padded(record);
    fields->values.resize(value_count_);
    // A shape does not look at how long the values are together.
    const bool may_go_by_shape = record.size() <= kMaxValueBytes;
    if (ABSL_PREDICT_TRUE(may_go_by_shape && shapes_.Read(record, fields))) return absl::nullopt;
    const absl::optional<DeadLetterReason> reason = ParseAnew(record, fields);
    if (may_go_by_shape && !reason.has_value()) shapes_.Learn(record);
    return reason;
  }

 private:
  // Without regard to the records before.
  absl::optional<DeadLetterReason> ParseAnew(absl::string_view record, RecordFields* fields) {
    fields->event_time.reset();
    for (auto& value : fields->values) value.reset();
    next_escape_ = nullptr;
    record_end_ = record.data() + record.size();
    auto iterated =
        parser_.iterate(record.data(), record.size(), record.size() + simdjson::SIMDJSON_PADDING);
    if (iterated.error() != simdjson::SUCCESS) return DeadLetterReason::kNotJson;
    ondemand::document document = std::move(iterated).value_unsafe();
    ondemand::json_type type;
    ondemand::object object;
    if (document.type().get(type) != simdjson::SUCCESS) return DeadLetterReason::kNotJson;
    if (type != ondemand::json_type::object) {
      return IsOtherJson(record, type, &document) ? DeadLetterReason::kNotAnObject
                                                  : DeadLetterReason::kNotJson;
    }
    // Anything but the end after the object is text that is not JSON.
    if (document.get_object().get(object) != simdjson::SUCCESS || !ReadObject(object, fields) ||
        !IsAtEnd(&document)) {
      return DeadLetterReason::kNotJson;
    }
    // What the values are is of interest only if the record proves to be JSON.
    if (!wrong_.empty()) return DeadLetterReason::kWrongType;
    size_t bytes = 0;
    for (const auto& value : fields->values) bytes += value.has_value() ? value->size() : 0;
    return bytes > kMaxValueBytes ? absl::make_optional(DeadLetterReason::kTooLarge)
                                  : absl::nullopt;
  }

  // The record, copied to where there is room behind it unless there is.
  absl::string_view Padded(absl::string_view record) {
    if (IsPadded(record)) return record;
    const size_t capacity = record.size() + simdjson::SIMDJSON_PADDING;
    if (padded_.size() < capacity) padded_.resize(capacity);
    std::memcpy(&padded_[0], record.data(), record.size());
    return {padded_.data(), record.size()};
  }

  // Whether a record that begins as another value than an object is one: a line of a log may begin
  // with a bracket or a digit.
  static bool IsOtherJson(absl::string_view record, ondemand::json_type type,
                          ondemand::document* document) {
    const absl::string_view text = TrimEnd(record.substr(record.find_first_not_of(" \t\n\r")));
    std::string_view value;
    switch (type) {
      case ondemand::json_type::array:
        return document->raw_json().get(value) == simdjson::SUCCESS && IsAtEnd(document);
      case ondemand::json_type::string:
        return document->get_string().get(value) == simdjson::SUCCESS && IsAtEnd(document);
      case ondemand::json_type::number:
        return IsJsonNumber(text);
      default:
        return text == "true" || text == "false" || text == "null";
    }
  }

  static bool IsAtEnd(ondemand::document* document) {
    return document->current_location().error() == simdjson::OUT_OF_BOUNDS;
  }

  // False when the object is not JSON.
  bool ReadObject(ondemand::object object, RecordFields* fields) {
    wrong_.clear();
    for (auto result : object) {
      ondemand::field field;
      // GCC takes what comes after many conditions for a rare case, and makes it slow.
      if (ABSL_PREDICT_FALSE(std::move(result).get(field) != simdjson::SUCCESS)) return false;
      const Wanted* wanted = nullptr;
      if (ABSL_PREDICT_FALSE(!Find(field, &wanted))) return false;
      if (wanted == nullptr) continue;
      if (ABSL_PREDICT_FALSE(!ReadField(*wanted, field.value(), fields))) return false;
    }
    return true;
  }

  // One of 64 bits, by the first bytes of a key: most keys that are not wanted fall through
  // filter_.
  static uint64_t BitOf(uint64_t prefix) {
    return uint64_t{1} << ((prefix * 0x9E3779B97F4A7C15) >> 58);
  }

  // The first backslash from there on, or the record's end. Goes forward only.
  const char* NextEscape(const char* from) {
    if (next_escape_ < from) {
      const void* found = std::memchr(from, '\\', record_end_ - from);
      next_escape_ = found == nullptr ? record_end_ : static_cast<const char*>(found);
    }
    return next_escape_;
  }

  static bool NoValueBeginsWith(char c) { return c == '}' || c == ']' || c == ',' || c == ':'; }

  // False when the key is not JSON, or no value stands behind it.
  bool Find(ondemand::field& field, const Wanted** found) {
    const char* key = field.key().raw();
    const std::string_view value = field.value().raw_json_token();
    // simdjson, when it skips a value, takes this for its end, and counts brackets wrong from
    // there.
    if (ABSL_PREDICT_FALSE(NoValueBeginsWith(value[0]))) return false;
    if (ABSL_PREDICT_FALSE(NextEscape(key) < value.data())) return FindEscaped(field, found);
    uint64_t prefix;
    std::memcpy(&prefix, key, sizeof(prefix));
    if ((filter_ & BitOf(prefix)) == 0) return true;
    // With the closing quote and what stands between it and the value.
    const absl::string_view rest(key, value.data() - key);
    for (const Wanted& wanted : wanted_) {
      if ((prefix & wanted.mask) == wanted.prefix && absl::StartsWith(rest, wanted.field.name) &&
          rest[wanted.field.name.size()] == '"') {
        *found = &wanted;
        break;
      }
    }
    return true;
  }

  // False when the key is not JSON.
  bool FindEscaped(ondemand::field& field, const Wanted** found) const {
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    for (const Wanted& wanted : wanted_) {
      if (View(key) == wanted.field.name) *found = &wanted;
    }
    return true;
  }

  // False when the value is not JSON.
  bool ReadField(const Wanted& wanted, ondemand::value value, RecordFields* fields) {
    ondemand::json_type type;
    if (ABSL_PREDICT_FALSE(value.type().get(type) != simdjson::SUCCESS)) return false;
    if (type == ondemand::json_type::array || type == ondemand::json_type::object) {
      SetWrong(wanted, true);
      return true;
    }
    // In place: a copy of what was written a moment ago has to wait for it.
    absl::optional<absl::string_view>* text =
        wanted.field.value >= 0 ? &fields->values[wanted.field.value] : &fields->event_time;
    if (!ReadScalar(value, type, text)) return false;
    if (wanted.field.is_event_time && wanted.field.value >= 0) fields->event_time = *text;
    SetWrong(wanted, wanted.field.is_event_time && !IsTimeType(type));
    return true;
  }

  // Text of a scalar: a string unescaped, a number or boolean as written, nullopt for null. False
  // when it is not JSON.
  bool ReadScalar(ondemand::value value, ondemand::json_type type,
                  absl::optional<absl::string_view>* text) {
    text->reset();
    const absl::string_view token = TrimEnd(View(value.raw_json_token()));
    switch (type) {
      case ondemand::json_type::string: {
        if (ABSL_PREDICT_TRUE(NextEscape(token.data()) >= token.data() + token.size())) {
          text->emplace(token.data() + 1, token.size() - 2);
          return true;
        }
        std::string_view unescaped;
        if (value.get_string().get(unescaped) != simdjson::SUCCESS) return false;
        text->emplace(View(unescaped));
        return true;
      }
      case ondemand::json_type::number:
        text->emplace(token);
        // Be it too large for any type: it is taken as text.
        return IsJsonNumber(token);
      case ondemand::json_type::boolean:
        text->emplace(token);
        return value.get_bool().error() == simdjson::SUCCESS;
      default: {
        bool is_null = false;
        return value.is_null().get(is_null) == simdjson::SUCCESS && is_null;
      }
    }
  }

  bool IsTimeType(ondemand::json_type type) const {
    return type == ondemand::json_type::string || type == ondemand::json_type::null ||
           (type == ondemand::json_type::number && time_may_be_number_);
  }

  // Remembers that the last value of a field is, or is not, of a wrong type.
  void SetWrong(const Wanted& wanted, bool wrong) {
    if (!wrong && wrong_.empty()) return;
    wrong_.erase(std::remove(wrong_.begin(), wrong_.end(), &wanted), wrong_.end());
    if (wrong) wrong_.push_back(&wanted);
  }

  const bool time_may_be_number_;
  const size_t value_count_;
  KnownShapes shapes_;
  std::vector<Wanted> wanted_;
  uint64_t filter_ = 0;
  ondemand::parser parser_;
  std::string padded_;
  // Of the present record; see NextEscape.
  const char* next_escape_ = nullptr;
  const char* record_end_ = nullptr;
  // Fields of the present record whose last value is of a wrong type; normally none.
  std::vector<const Wanted*> wrong_;
};

absl::Status JsonRecordParser::CheckProcessor() {
  // Not builtin_implementation(): that one tells what simdjson's library was compiled for.
  const simdjson::builtin::implementation compiled_for;
  if (compiled_for.supported_by_runtime_system()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("this processor lacks the instructions that the JSON parser was compiled for (",
                   compiled_for.description(),
                   "): build without SIMD_COPTS in services/aggregator/source/BUILD.bazel"));
}

JsonRecordParser::JsonRecordParser(const PipelinePlan& plan)
    : reader_(std::make_unique<Reader>(plan)) {}

JsonRecordParser::~JsonRecordParser() = default;

absl::optional<DeadLetterReason> JsonRecordParser::Parse(absl::string_view record,
                                                         RecordFields* fields) {
  return reader_->Parse(record, fields);
}

}  // namespace windrow::aggregator
