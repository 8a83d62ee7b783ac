#include "clients/cli/yaml_text.h"

#include <yaml.h>

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/json_text.h"
#include "simdjson.h"

namespace windrow::cli {
namespace {

using Element = simdjson::dom::element;
using Type = simdjson::dom::element_type;

// Words that YAML 1.1 takes for truth values or null when they are not quoted.
bool IsReserved(absl::string_view text) {
  static constexpr std::array<absl::string_view, 9> kWords = {"y",  "n",   "yes",  "no",   "true",
                                                              "on", "off", "null", "false"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [text](absl::string_view word) { return absl::EqualsIgnoreCase(text, word); });
}

// Text that no reader takes for anything else: words that begin with a letter.
bool IsPlain(absl::string_view text) {
  if (text.empty() || !absl::ascii_isalpha(static_cast<unsigned char>(text.front()))) return false;
  if (text.back() == ' ' || IsReserved(text)) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("_-./ ", c);
  });
}

// YAML 1.1 knows a number with an exponent only with a point before it.
std::string NumberText(double value) {
  std::string text = ShortestNumber(value);
  const size_t exponent = text.find('e');
  if (text.find('.') == std::string::npos) {
    text.insert(exponent == std::string::npos ? text.size() : exponent, ".0");
  }
  return text;
}

// Hands the parts of a value to libyaml, one event after the other.
class Emitter {
 public:
  Emitter() {
    yaml_emitter_initialize(&emitter_);
    yaml_emitter_set_output(&emitter_, Append, &text_);
    yaml_emitter_set_unicode(&emitter_, 1);
    yaml_emitter_set_width(&emitter_, -1);
  }
  ~Emitter() { yaml_emitter_delete(&emitter_); }
  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;

  std::string Document(const Element& value, bool as_item) {
    yaml_event_t event;
    yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
    Emit(&event);
    yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1);
    Emit(&event);
    if (as_item) BeginList(false);
    Value(value);
    if (as_item) EndList();
    yaml_document_end_event_initialize(&event, 1);
    Emit(&event);
    yaml_stream_end_event_initialize(&event);
    Emit(&event);
    // libyaml marks the end of a document that is one plain word.
    if (absl::EndsWith(text_, "...\n")) text_.resize(text_.size() - 4);
    return std::move(text_);
  }

 private:
  static int Append(void* text, unsigned char* bytes, size_t size) {
    static_cast<std::string*>(text)->append(reinterpret_cast<char*>(bytes), size);
    return 1;
  }

  void Emit(yaml_event_t* event) { yaml_emitter_emit(&emitter_, event); }

  void BeginList(bool empty) {
    yaml_event_t event;
    yaml_sequence_start_event_initialize(
        &event, nullptr, nullptr, 1, empty ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE);
    Emit(&event);
  }

  void EndList() {
    yaml_event_t event;
    yaml_sequence_end_event_initialize(&event);
    Emit(&event);
  }

  void Scalar(absl::string_view text, bool quoted) {
    yaml_event_t event;
    yaml_scalar_event_initialize(
        &event, nullptr, nullptr, reinterpret_cast<const yaml_char_t*>(text.data()),
        static_cast<int>(text.size()), 1, 1,
        quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
    Emit(&event);
  }

  void Text(absl::string_view text) { Scalar(text, !IsPlain(text)); }

  void Object(const simdjson::dom::object& object) {
    yaml_event_t event;
    yaml_mapping_start_event_initialize(
        &event, nullptr, nullptr, 1,
        object.size() == 0 ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE);
    Emit(&event);
    for (const auto& member : object) {
      Text({member.key.data(), member.key.size()});
      Value(member.value);
    }
    yaml_mapping_end_event_initialize(&event);
    Emit(&event);
  }

  // The type has been asked for, so that no accessor below can fail.
  void Value(const Element& value) {
    switch (value.type()) {
      case Type::ARRAY: {
        const simdjson::dom::array array = value.get_array().value_unsafe();
        BeginList(array.size() == 0);
        for (const Element& item : array) Value(item);
        EndList();
        return;
      }
      case Type::OBJECT:
        Object(value.get_object().value_unsafe());
        return;
      case Type::STRING: {
        const auto text = value.get_string().value_unsafe();
        Text({text.data(), text.size()});
        return;
      }
      case Type::INT64:
        Scalar(absl::StrCat(value.get_int64().value_unsafe()), false);
        return;
      case Type::UINT64:
        Scalar(absl::StrCat(value.get_uint64().value_unsafe()), false);
        return;
      case Type::DOUBLE:
        Scalar(NumberText(value.get_double().value_unsafe()), false);
        return;
      case Type::BOOL:
        Scalar(value.get_bool().value_unsafe() ? "true" : "false", false);
        return;
      case Type::NULL_VALUE:
        break;
    }
    Scalar("null", false);
  }

  yaml_emitter_t emitter_;
  std::string text_;
};

std::string Convert(absl::string_view json, bool as_item) {
  simdjson::dom::parser parser;
  Element value;
  if (parser.parse(json.data(), json.size()).get(value) != simdjson::SUCCESS) return "";
  return Emitter().Document(value, as_item);
}

}  // namespace

std::string YamlText(absl::string_view json) { return Convert(json, false); }

std::string YamlItem(absl::string_view json) { return Convert(json, true); }

}  // namespace windrow::cli
