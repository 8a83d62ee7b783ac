#include "services/aggregator/core/filter.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace windrow::aggregator {
namespace {

bool IsNameStart(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_'; }

bool IsNamePart(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
}

bool IsKeyword(absl::string_view word) {
  return word == "and" || word == "or" || word == "not" || word == "in" || word == "exists" ||
         word == "true" || word == "false";
}

struct Token {
  enum class Kind { kEnd, kWord, kQuotedName, kText, kNumber, kSymbol };
  Kind kind = Kind::kEnd;
  // Offset of its first byte.
  size_t begin = 0;
  // The word, name, number or symbol; a text without quotes and escapes.
  std::string value;
};

}  // namespace

// Recursive descent; the first error ends it. Functions that return bool return false after one.
class Filter::Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  absl::StatusOr<Filter> Parse() {
    Node root;
    if (text_.size() > kMaxBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("is longer than ", kMaxBytes, " bytes: ", text_.size()));
    }
    if (!Advance() || !ParseAny(&root) || !ExpectEnd()) return absl::InvalidArgumentError(error_);
    filter_.first_ = Emit(std::move(root), kTake, kLeave);
    for (size_t i = 0; i < filter_.fields_.size(); ++i) {
      filter_.positions_.push_back(static_cast<int>(i));
    }
    return std::move(filter_);
  }

 private:
  // A test, or children that all hold, or of which any holds; or the contrary of it.
  struct Node {
    enum class Kind { kTest, kAll, kAny };
    Kind kind = Kind::kTest;
    bool negated = false;
    Test test;
    std::vector<Node> children;
  };

  // ---- Errors

  bool FailAt(size_t offset, absl::string_view what) {
    const auto characters =
        std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(offset),
                      [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    error_ = absl::StrCat("column ", characters + 1, ": ", what);
    return false;
  }

  bool Expected(absl::string_view what) {
    return FailAt(token_.begin, absl::StrCat("expected ", what, ", found ", Found()));
  }

  // Nothing of a quoted text is repeated, since it may be long.
  std::string Found() const {
    constexpr size_t kMaxShown = 40;
    const absl::string_view shown = absl::string_view(token_.value).substr(0, kMaxShown);
    switch (token_.kind) {
      case Token::Kind::kEnd:
        return "the end";
      case Token::Kind::kText:
        return "a text";
      case Token::Kind::kQuotedName:
        return "a field between backquotes";
      case Token::Kind::kWord:
        return absl::StrCat(
            "\"", shown, "\"",
            !IsKeyword(token_.value) && IsKeyword(absl::AsciiStrToLower(token_.value))
                ? " (keywords are in lower case)"
                : "");
      case Token::Kind::kNumber:
      case Token::Kind::kSymbol:
        break;
    }
    return absl::StrCat("\"", shown, "\"");
  }

  // ---- Tokens

  bool Advance() {
    while (at_ < text_.size() && absl::StrContains(" \t\r\n", text_[at_])) ++at_;
    token_ = Token{Token::Kind::kEnd, at_, ""};
    if (at_ == text_.size()) return true;
    const char c = text_[at_];
    if (IsNameStart(c)) return TakeWhile(Token::Kind::kWord, IsNamePart);
    if (absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-') return AdvanceNumber();
    if (c == '"' || c == '\'') return AdvanceText(c);
    if (c == '`') return AdvanceQuotedName();
    return AdvanceSymbol(c);
  }

  bool TakeWhile(Token::Kind kind, bool (*is_part)(char)) {
    token_.kind = kind;
    while (at_ < text_.size() && is_part(text_[at_])) token_.value += text_[at_++];
    return true;
  }

  bool AdvanceNumber() {
    TakeWhile(Token::Kind::kNumber, [](char c) { return IsNamePart(c) || c == '+'; });
    const absl::optional<JsonNumber> number = ReadJsonNumber(token_.value);
    if (!number.has_value()) return Expected("a number as JSON spells it");
    if (std::isinf(number->value)) return Expected("a number within the range of a double");
    return true;
  }

  bool AdvanceText(char quote) {
    token_.kind = Token::Kind::kText;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && ++at_ < text_.size() && !absl::StrContains("\\\"'", text_[at_])) {
        return FailAt(at_, "expected a quote or a backslash after the backslash");
      }
      if (at_ < text_.size()) token_.value += text_[at_];
    }
    if (at_ >= text_.size()) return FailAt(token_.begin, "the text has no closing quote");
    ++at_;
    return true;
  }

  bool AdvanceQuotedName() {
    token_.kind = Token::Kind::kQuotedName;
    const size_t end = text_.find('`', at_ + 1);
    if (end == absl::string_view::npos) return FailAt(at_, "the name has no closing backquote");
    if (end == at_ + 1) return FailAt(at_, "expected a name between the backquotes");
    token_.value = std::string(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return true;
  }

  bool AdvanceSymbol(char c) {
    if (!absl::StrContains("=!<>(),", c)) {
      return FailAt(at_,
                    "expected a field, an operator or a literal, found a character that "
                    "begins none");
    }
    token_.kind = Token::Kind::kSymbol;
    token_.value = std::string(1, c);
    ++at_;
    if (absl::StrContains("!<>", c) && at_ < text_.size() && text_[at_] == '=') {
      token_.value += text_[at_++];
    }
    return true;
  }

  bool IsWord(absl::string_view word) const {
    return token_.kind == Token::Kind::kWord && token_.value == word;
  }

  bool IsSymbol(absl::string_view symbol) const {
    return token_.kind == Token::Kind::kSymbol && token_.value == symbol;
  }

  bool ExpectSymbol(absl::string_view symbol) {
    if (!IsSymbol(symbol)) return Expected(absl::StrCat("\"", symbol, "\""));
    return Advance();
  }

  bool ExpectEnd() {
    return token_.kind == Token::Kind::kEnd || Expected("\"and\", \"or\" or the end");
  }

  // ---- Grammar

  bool ParseAny(Node* node) { return ParseChain("or", Node::Kind::kAny, &Parser::ParseAll, node); }
  bool ParseAll(Node* node) {
    return ParseChain("and", Node::Kind::kAll, &Parser::ParseTerm, node);
  }

  bool ParseChain(absl::string_view word, Node::Kind kind, bool (Parser::*parse)(Node*),
                  Node* node) {
    std::vector<Node> children(1);
    if (!(this->*parse)(&children.back())) return false;
    while (IsWord(word)) {
      children.emplace_back();
      if (!Advance() || !(this->*parse)(&children.back())) return false;
    }
    if (children.size() == 1) {
      *node = std::move(children.front());
    } else {
      node->kind = kind;
      node->children = std::move(children);
    }
    return true;
  }

  bool ParseTerm(Node* node) {
    if (IsWord("not")) {
      if (!Deeper() || !Advance() || !ParseTerm(node)) return false;
      node->negated = !node->negated;
      --depth_;
      return true;
    }
    if (IsSymbol("(")) {
      if (!Deeper() || !Advance() || !ParseAny(node) || !ExpectClosing()) return false;
      --depth_;
      return true;
    }
    if (IsWord("exists")) {
      return Advance() && ParseField("a field after \"exists\"", &node->test);
    }
    return ParseField("a field, \"exists\", \"not\" or \"(\"", &node->test) &&
           ParseComparison(&node->test);
  }

  bool Deeper() {
    return ++depth_ <= kMaxDepth ||
           FailAt(token_.begin, absl::StrCat("expected at most ", kMaxDepth,
                                             " parentheses and nots within each other"));
  }

  bool ExpectClosing() {
    if (!IsSymbol(")")) return Expected("\"and\", \"or\" or \")\"");
    return Advance();
  }

  bool ParseField(absl::string_view expected, Test* test) {
    const bool bare = token_.kind == Token::Kind::kWord && !IsKeyword(token_.value);
    if (!bare && token_.kind != Token::Kind::kQuotedName) return Expected(expected);
    std::vector<std::string>& fields = filter_.fields_;
    const auto found = std::find(fields.begin(), fields.end(), token_.value);
    test->field = static_cast<int>(found - fields.begin());
    if (found == fields.end()) fields.push_back(token_.value);
    return Advance();
  }

  bool ParseComparison(Test* test) {
    if (IsWord("in")) {
      test->op = Operator::kIn;
      return Advance() && ParseList(test);
    }
    static constexpr std::pair<absl::string_view, Operator> kOperators[] = {
        {"=", Operator::kEqual},      {"!=", Operator::kNotEqual}, {"<", Operator::kLess},
        {"<=", Operator::kLessEqual}, {">", Operator::kGreater},   {">=", Operator::kGreaterEqual}};
    for (const auto& entry : kOperators) {
      if (!IsSymbol(entry.first)) continue;
      test->op = entry.second;
      return Advance() && ParseLiteral(test);
    }
    return Expected("=, !=, <, <=, >, >= or \"in\" after the field");
  }

  bool ParseList(Test* test) {
    if (!ExpectSymbol("(") || !ParseLiteral(test)) return false;
    while (IsSymbol(",")) {
      if (!Advance() || !ParseLiteral(test)) return false;
    }
    if (!IsSymbol(")")) return Expected("\",\" or \")\"");
    std::sort(test->texts.begin(), test->texts.end());
    return Advance();
  }

  bool ParseLiteral(Test* test) {
    if (token_.kind == Token::Kind::kNumber) {
      test->numbers.push_back(*ReadJsonNumber(token_.value));
    } else if (token_.kind == Token::Kind::kText || IsWord("true") || IsWord("false")) {
      test->texts.push_back(token_.value);
    } else {
      return Expected("a literal (\"text\", a number, true or false)");
    }
    return Advance();
  }

  // ---- Tests, from the last one to the first, so that each knows where it leads

  int Emit(Node node, int if_true, int if_false) {
    if (node.negated) std::swap(if_true, if_false);
    if (node.kind == Node::Kind::kTest) {
      node.test.if_true = if_true;
      node.test.if_false = if_false;
      filter_.tests_.push_back(std::move(node.test));
      return static_cast<int>(filter_.tests_.size()) - 1;
    }
    const bool all = node.kind == Node::Kind::kAll;
    int next = all ? if_true : if_false;
    for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) {
      next = all ? Emit(std::move(*child), next, if_false) : Emit(std::move(*child), if_true, next);
    }
    return next;
  }

  const absl::string_view text_;
  size_t at_ = 0;
  Token token_;
  int depth_ = 0;
  std::string error_;
  Filter filter_;
};

absl::StatusOr<Filter> Filter::Parse(absl::string_view text) { return Parser(text).Parse(); }

bool Filter::Matches(absl::Span<const absl::optional<absl::string_view>> values) const {
  int at = first_;
  while (at >= 0) {
    const Test& test = tests_[at];
    at = Holds(test, values[positions_[test.field]]) ? test.if_true : test.if_false;
  }
  return at == kTake;
}

bool Filter::Holds(const Test& test, absl::optional<absl::string_view> value) {
  if (!value.has_value()) return false;
  if (test.op == Operator::kExists) return true;
  if (test.op != Operator::kIn && !test.texts.empty()) {
    return Holds(test.op, value->compare(test.texts.front()));
  }
  if (std::binary_search(test.texts.begin(), test.texts.end(), *value)) return true;
  if (test.numbers.empty()) return false;
  const absl::optional<JsonNumber> number = ReadJsonNumber(*value);
  if (!number.has_value()) return false;
  if (test.op != Operator::kIn) return Holds(test.op, Compare(*number, test.numbers.front()));
  return std::any_of(test.numbers.begin(), test.numbers.end(),
                     [&](const JsonNumber& other) { return Compare(*number, other) == 0; });
}

bool Filter::Holds(Operator op, int order) {
  switch (op) {
    case Operator::kEqual:
      return order == 0;
    case Operator::kNotEqual:
      return order != 0;
    case Operator::kLess:
      return order < 0;
    case Operator::kLessEqual:
      return order <= 0;
    case Operator::kGreater:
      return order > 0;
    case Operator::kGreaterEqual:
      return order >= 0;
    case Operator::kIn:
    case Operator::kExists:
      break;
  }
  return false;
}

}  // namespace windrow::aggregator
