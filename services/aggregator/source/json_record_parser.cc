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

#include "absl/strings/str_cat.h"
#include "services/aggregator/core/json_number.h"

namespace windrow::aggregator {
namespace {

namespace ondemand = simdjson::ondemand;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// What stands before the next token; simdjson's token of a scalar reaches up to it.
absl::string_view TrimEnd(absl::string_view token) {
  while (!token.empty() && std::strchr(" \t\n\r", token.back()) != nullptr) token.remove_suffix(1);
  return token;
}

// Text of a scalar: a string unescaped, a number or boolean as written, nullopt for null. False
// when it is not JSON.
bool ReadScalar(ondemand::value value, ondemand::json_type type,
                absl::optional<absl::string_view>* text) {
  text->reset();
  switch (type) {
    case ondemand::json_type::string: {
      std::string_view unescaped;
      if (value.get_string().get(unescaped) != simdjson::SUCCESS) return false;
      *text = View(unescaped);
      return true;
    }
    case ondemand::json_type::number:
      *text = TrimEnd(View(value.raw_json_token()));
      // Be it too large for any type: it is taken as text.
      return IsJsonNumber(**text);
    case ondemand::json_type::boolean:
      *text = TrimEnd(View(value.raw_json_token()));
      return value.get_bool().error() == simdjson::SUCCESS;
    default: {
      bool is_null = false;
      return value.is_null().get(is_null) == simdjson::SUCCESS && is_null;
    }
  }
}

// A field to look for. The first bytes of its key, with the closing quote if it is among them, are
// compared at once as a number; few keys need a second look.
struct Wanted {
  std::string name;
  uint64_t prefix = 0;
  uint64_t mask = 0;
  // Index into RecordFields::values; -1 for the event time alone.
  int value = -1;
  bool is_event_time = false;
};

Wanted MakeWanted(const std::string& name, int value, bool is_event_time) {
  Wanted wanted;
  wanted.name = name;
  wanted.value = value;
  wanted.is_event_time = is_event_time;
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
      : time_may_be_number_(plan.event_time_format.is_epoch()), value_count_(plan.fields.size()) {
    bool event_time_seen = false;
    for (size_t i = 0; i < plan.fields.size(); ++i) {
      const bool is_event_time = plan.fields[i] == plan.event_time_field;
      event_time_seen = event_time_seen || is_event_time;
      wanted_.push_back(MakeWanted(plan.fields[i], static_cast<int>(i), is_event_time));
    }
    if (!event_time_seen) wanted_.push_back(MakeWanted(plan.event_time_field, -1, true));
    for (const Wanted& wanted : wanted_) {
      // A short name leaves bytes open, and so lets every key through.
      filter_ |= ~wanted.mask == 0 ? BitOf(wanted.prefix) : ~uint64_t{0};
    }
  }

  absl::optional<DeadLetterReason> Parse(absl::string_view record, RecordFields* fields) {
    fields->event_time.reset();
    fields->values.resize(value_count_);
    for (auto& value : fields->values) value.reset();
    if (record.size() > kMaxRecordBytes) return DeadLetterReason::kTooLarge;
    // Also a record without a value, whose address is null.
    if (record.empty()) return DeadLetterReason::kNotJson;
    const size_t capacity = Copy(record);
    ondemand::document document;
    ondemand::json_type type;
    ondemand::object object;
    if (parser_.iterate(padded_.data(), record.size(), capacity).get(document) !=
            simdjson::SUCCESS ||
        document.type().get(type) != simdjson::SUCCESS) {
      return DeadLetterReason::kNotJson;
    }
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

 private:
  // Copies the record to where there is room behind it, whatever stands there: simdjson reads past
  // the end. Returns the size with that room.
  size_t Copy(absl::string_view record) {
    const size_t capacity = record.size() + simdjson::SIMDJSON_PADDING;
    if (padded_.size() < capacity) padded_.resize(capacity);
    std::memcpy(&padded_[0], record.data(), record.size());
    has_escapes_ = std::memchr(record.data(), '\\', record.size()) != nullptr;
    return capacity;
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
      if (std::move(result).get(field) != simdjson::SUCCESS) return false;
      const Wanted* wanted = nullptr;
      if (!has_escapes_) {
        wanted = Find(field);
      } else if (!FindEscaped(field, &wanted)) {
        return false;
      }
      if (wanted != nullptr && !ReadField(*wanted, field.value(), fields)) return false;
    }
    return true;
  }

  // One of 64 bits, by the first bytes of a key: most keys that are not wanted fall through
  // filter_.
  static uint64_t BitOf(uint64_t prefix) {
    return uint64_t{1} << ((prefix * 0x9E3779B97F4A7C15) >> 58);
  }

  const Wanted* Find(ondemand::field& field) const {
    const char* key = field.key().raw();
    uint64_t prefix;
    std::memcpy(&prefix, key, sizeof(prefix));
    if ((filter_ & BitOf(prefix)) == 0) return nullptr;
    for (const Wanted& wanted : wanted_) {
      if ((prefix & wanted.mask) != wanted.prefix) continue;
      if (std::strncmp(key, wanted.name.data(), wanted.name.size()) == 0 &&
          key[wanted.name.size()] == '"') {
        return &wanted;
      }
    }
    return nullptr;
  }

  // False when the key is not JSON.
  bool FindEscaped(ondemand::field& field, const Wanted** found) const {
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    for (const Wanted& wanted : wanted_) {
      if (View(key) == wanted.name) *found = &wanted;
    }
    return true;
  }

  // False when the value is not JSON.
  bool ReadField(const Wanted& wanted, ondemand::value value, RecordFields* fields) {
    ondemand::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    if (type == ondemand::json_type::array || type == ondemand::json_type::object) {
      SetWrong(wanted, true);
      return true;
    }
    absl::optional<absl::string_view> text;
    if (!ReadScalar(value, type, &text)) return false;
    if (wanted.value >= 0) fields->values[wanted.value] = text;
    if (wanted.is_event_time) fields->event_time = text;
    SetWrong(wanted, wanted.is_event_time && !IsTimeType(type));
    return true;
  }

  bool IsTimeType(ondemand::json_type type) const {
    return type == ondemand::json_type::string || type == ondemand::json_type::null ||
           (type == ondemand::json_type::number && time_may_be_number_);
  }

  // Remembers that the last value of a field is, or is not, of a wrong type.
  void SetWrong(const Wanted& wanted, bool wrong) {
    if (!wrong_.empty()) {
      wrong_.erase(std::remove(wrong_.begin(), wrong_.end(), &wanted), wrong_.end());
    }
    if (wrong) wrong_.push_back(&wanted);
  }

  std::vector<Wanted> wanted_;
  uint64_t filter_ = 0;
  const bool time_may_be_number_;
  const size_t value_count_;
  ondemand::parser parser_;
  std::string padded_;
  bool has_escapes_ = false;
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
