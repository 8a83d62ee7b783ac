#include "services/aggregator/simulation/json_value.h"

#include <cstdint>
#include <utility>

namespace windrow::aggregator {
namespace {

class Parser {
 public:
  explicit Parser(absl::string_view text) : rest_(text) {}

  absl::optional<JsonValue> Parse() {
    JsonValue value;
    if (!ParseValue(&value)) return absl::nullopt;
    SkipSpace();
    if (!rest_.empty()) return absl::nullopt;
    return value;
  }

 private:
  void SkipSpace() {
    while (!rest_.empty() && absl::string_view(" \t\r\n").find(rest_[0]) != absl::string_view::npos)
      rest_.remove_prefix(1);
  }

  bool Take(absl::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  bool ParseValue(JsonValue* value) {
    SkipSpace();
    if (rest_.empty()) return false;
    switch (rest_[0]) {
      case '{':
        return ParseObject(value);
      case '[':
        return ParseArray(value);
      case '"':
        value->type = JsonValue::Type::kText;
        return ParseText(&value->text);
      case 'n':
        return Take("null");
      case 't':
      case 'f':
        value->type = JsonValue::Type::kTruth;
        value->text = rest_[0] == 't' ? "true" : "false";
        return Take(value->text);
      default:
        return ParseNumber(value);
    }
  }

  bool ParseObject(JsonValue* value) {
    value->type = JsonValue::Type::kObject;
    Take("{");
    SkipSpace();
    if (Take("}")) return true;
    do {
      std::string key;
      JsonValue member;
      SkipSpace();
      if (!ParseText(&key)) return false;
      SkipSpace();
      if (!Take(":") || !ParseValue(&member)) return false;
      value->members[key] = std::move(member);
      SkipSpace();
    } while (Take(","));
    return Take("}");
  }

  bool ParseArray(JsonValue* value) {
    value->type = JsonValue::Type::kArray;
    Take("[");
    SkipSpace();
    if (Take("]")) return true;
    do {
      JsonValue element;
      if (!ParseValue(&element)) return false;
      SkipSpace();
    } while (Take(","));
    return Take("]");
  }

  bool ParseNumber(JsonValue* value) {
    value->type = JsonValue::Type::kNumber;
    const size_t end = rest_.find_first_not_of("+-.0123456789eE");
    value->text = std::string(rest_.substr(0, end));
    rest_.remove_prefix(value->text.size());
    return !value->text.empty() && value->text.find_first_of("0123456789") != std::string::npos;
  }

  bool ParseText(std::string* text) {
    if (!Take("\"")) return false;
    while (!rest_.empty() && rest_[0] != '"') {
      if (static_cast<unsigned char>(rest_[0]) < 0x20) return false;
      if (rest_[0] == '\\') {
        if (!ParseEscape(text)) return false;
      } else {
        text->push_back(rest_[0]);
        rest_.remove_prefix(1);
      }
    }
    return Take("\"");
  }

  bool ParseEscape(std::string* text) {
    static constexpr char kFrom[] = "\"\\/bfnrt";
    static constexpr char kTo[] = "\"\\/\b\f\n\r\t";
    rest_.remove_prefix(1);
    if (rest_.empty()) return false;
    const size_t simple = absl::string_view(kFrom).find(rest_[0]);
    if (simple != absl::string_view::npos) {
      text->push_back(kTo[simple]);
      rest_.remove_prefix(1);
      return true;
    }
    if (!Take("u") || rest_.size() < 4) return false;
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const size_t digit = absl::string_view("0123456789abcdef").find(rest_[0] | 0x20);
      if (digit == absl::string_view::npos) return false;
      code = code * 16 + static_cast<uint32_t>(digit);
      rest_.remove_prefix(1);
    }
    // No more than the scenarios write.
    if (code < 0x80) {
      text->push_back(static_cast<char>(code));
    } else if (code < 0x800) {
      text->push_back(static_cast<char>(0xC0 | (code >> 6)));
      text->push_back(static_cast<char>(0x80 | (code & 0x3F)));
    } else {
      return false;
    }
    return true;
  }

  absl::string_view rest_;
};

}  // namespace

absl::optional<JsonValue> ParseJson(absl::string_view text) { return Parser(text).Parse(); }

}  // namespace windrow::aggregator
