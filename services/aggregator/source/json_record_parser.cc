#include "services/aggregator/source/json_record_parser.h"

#include <algorithm>
#include <cstring>

namespace windrow::aggregator {
namespace {

namespace ondemand = simdjson::ondemand;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

absl::string_view TrimEnd(absl::string_view token) {
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
  return token;
}

// Text of a scalar: a string unescaped, a number or boolean as written, nullopt for null.
simdjson::error_code ReadScalar(ondemand::value value, ondemand::json_type type,
                                absl::optional<absl::string_view>* text) {
  text->reset();
  switch (type) {
    case ondemand::json_type::string: {
      std::string_view unescaped;
      const simdjson::error_code error = value.get_string().get(unescaped);
      if (error == simdjson::SUCCESS) *text = View(unescaped);
      return error;
    }
    case ondemand::json_type::number: {
      const absl::string_view token = TrimEnd(View(value.raw_json_token()));
      *text = token;
      return value.get_number().error();
    }
    case ondemand::json_type::boolean: {
      const absl::string_view token = TrimEnd(View(value.raw_json_token()));
      *text = token;
      return value.get_bool().error();
    }
    default:
      return value.is_null() ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
  }
}

}  // namespace

JsonRecordParser::JsonRecordParser(const PipelinePlan& plan) : value_count_(plan.fields.size()) {
  bool event_time_seen = false;
  for (size_t i = 0; i < plan.fields.size(); ++i) {
    const bool is_event_time = plan.fields[i] == plan.event_time_field;
    event_time_seen = event_time_seen || is_event_time;
    Want(plan.fields[i], static_cast<int>(i), is_event_time);
  }
  if (!event_time_seen) Want(plan.event_time_field, -1, true);
}

void JsonRecordParser::Want(const std::string& name, int value, bool is_event_time) {
  Wanted wanted;
  wanted.name = name;
  wanted.value = value;
  wanted.is_event_time = is_event_time;
  const std::string quoted = name + '"';
  const size_t size = std::min(quoted.size(), sizeof(wanted.prefix));
  std::memcpy(&wanted.prefix, quoted.data(), size);
  std::memset(&wanted.mask, 0xFF, size);
  wanted_.push_back(std::move(wanted));
}

absl::optional<DeadLetterReason> JsonRecordParser::Parse(absl::string_view record,
                                                         RecordFields* fields) {
  fields->event_time.reset();
  fields->values.assign(value_count_, absl::nullopt);
  if (record.size() > kMaxRecordBytes) return DeadLetterReason::kTooLarge;
  // simdjson reads past the end of what it parses.
  const size_t capacity = record.size() + simdjson::SIMDJSON_PADDING;
  if (padded_.size() < capacity) padded_.resize(capacity);
  std::memcpy(&padded_[0], record.data(), record.size());
  std::memset(&padded_[record.size()], 0, simdjson::SIMDJSON_PADDING);
  has_escapes_ = std::memchr(record.data(), '\\', record.size()) != nullptr;

  ondemand::document document;
  ondemand::json_type type;
  ondemand::object object;
  if (parser_.iterate(padded_.data(), record.size(), capacity).get(document) != simdjson::SUCCESS ||
      document.type().get(type) != simdjson::SUCCESS) {
    return DeadLetterReason::kNotJson;
  }
  if (type != ondemand::json_type::object) return DeadLetterReason::kNotAnObject;
  if (document.get_object().get(object) != simdjson::SUCCESS) return DeadLetterReason::kNotJson;
  const absl::optional<DeadLetterReason> reason = ReadObject(object, fields);
  if (reason.has_value()) return reason;
  // Anything but the end after the object is text that is not JSON.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return DeadLetterReason::kNotJson;
  }
  return absl::nullopt;
}

absl::optional<DeadLetterReason> JsonRecordParser::ReadObject(ondemand::object object,
                                                              RecordFields* fields) {
  // A wrong type is reported only if the record proves to be JSON.
  absl::optional<DeadLetterReason> wrong_type;
  for (auto result : object) {
    ondemand::field field;
    if (std::move(result).get(field) != simdjson::SUCCESS) return DeadLetterReason::kNotJson;
    const Wanted* wanted = has_escapes_ ? FindEscaped(field) : Find(field);
    if (wanted == nullptr) continue;
    const absl::optional<DeadLetterReason> reason = ReadField(*wanted, field.value(), fields);
    if (reason == DeadLetterReason::kNotJson) return reason;
    if (reason.has_value()) wrong_type = reason;
  }
  return wrong_type;
}

const JsonRecordParser::Wanted* JsonRecordParser::Find(ondemand::field& field) const {
  const char* key = field.key().raw();
  uint64_t prefix;
  std::memcpy(&prefix, key, sizeof(prefix));
  for (const Wanted& wanted : wanted_) {
    if ((prefix & wanted.mask) != wanted.prefix) continue;
    if (std::strncmp(key, wanted.name.data(), wanted.name.size()) == 0 &&
        key[wanted.name.size()] == '"') {
      return &wanted;
    }
  }
  return nullptr;
}

const JsonRecordParser::Wanted* JsonRecordParser::FindEscaped(ondemand::field& field) const {
  std::string_view key;
  if (field.unescaped_key().get(key) != simdjson::SUCCESS) return nullptr;
  for (const Wanted& wanted : wanted_) {
    if (View(key) == wanted.name) return &wanted;
  }
  return nullptr;
}

absl::optional<DeadLetterReason> JsonRecordParser::ReadField(const Wanted& wanted,
                                                             ondemand::value value,
                                                             RecordFields* fields) {
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return DeadLetterReason::kNotJson;
  if (type == ondemand::json_type::array || type == ondemand::json_type::object) {
    return DeadLetterReason::kWrongType;
  }
  absl::optional<absl::string_view> text;
  if (ReadScalar(value, type, &text) != simdjson::SUCCESS) return DeadLetterReason::kNotJson;
  if (wanted.value >= 0) fields->values[wanted.value] = text;
  if (!wanted.is_event_time) return absl::nullopt;
  fields->event_time = text;
  const bool textual = type == ondemand::json_type::string || type == ondemand::json_type::null;
  return textual ? absl::nullopt : absl::make_optional(DeadLetterReason::kWrongType);
}

}  // namespace windrow::aggregator
