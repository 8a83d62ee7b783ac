#include "services/query/core/row_filter.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace windrow::query {

enum class Comparator { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kHas };

struct RowFilter::Node {
  enum class Kind { kAnd, kOr, kNot, kCompare };
  Kind kind = Kind::kCompare;
  std::vector<std::shared_ptr<const Node>> children;
  // Of a comparison.
  std::string name;
  Comparator comparator = Comparator::kEqual;
  std::string literal;
  // Whether the literal was in quotes: name:"*" looks for a star.
  bool quoted = false;
};

namespace {

using Node = RowFilter::Node;
using NodePtr = std::shared_ptr<const Node>;

constexpr int kMaxDepth = 32;

NodePtr Combine(Node::Kind kind, std::vector<NodePtr> children) {
  if (kind != Node::Kind::kNot && children.size() == 1) return children.front();
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->children = std::move(children);
  return node;
}

// A recursive descent over AIP-160's grammar.
class Parser {
 public:
  Parser(absl::string_view text, std::vector<std::string>* names) : text_(text), names_(names) {}

  absl::StatusOr<NodePtr> Parse() {
    absl::StatusOr<NodePtr> expression = Expression(0);
    if (!expression.ok()) return expression;
    if (!AtEnd()) return Wrong("expected AND, OR or the end");
    return expression;
  }

 private:
  absl::StatusOr<NodePtr> Expression(int depth) {
    if (depth > kMaxDepth) return Wrong("there are too many parentheses within each other");
    std::vector<NodePtr> factors;
    do {
      absl::StatusOr<NodePtr> factor = Factor(depth);
      if (!factor.ok()) return factor;
      factors.push_back(*std::move(factor));
      // Two comparisons side by side are joined by AND.
    } while (TakeWord("AND") || (!AtEnd() && Peek() != ')'));
    return Combine(Node::Kind::kAnd, std::move(factors));
  }

  absl::StatusOr<NodePtr> Factor(int depth) {
    std::vector<NodePtr> terms;
    do {
      absl::StatusOr<NodePtr> term = Term(depth);
      if (!term.ok()) return term;
      terms.push_back(*std::move(term));
    } while (TakeWord("OR"));
    return Combine(Node::Kind::kOr, std::move(terms));
  }

  absl::StatusOr<NodePtr> Term(int depth) {
    const bool negated = TakeWord("NOT") || Take("-");
    absl::StatusOr<NodePtr> simple = Simple(depth);
    if (!simple.ok() || !negated) return simple;
    return Combine(Node::Kind::kNot, {*std::move(simple)});
  }

  absl::StatusOr<NodePtr> Simple(int depth) {
    if (!Take("(")) return Comparison();
    absl::StatusOr<NodePtr> inner = Expression(depth + 1);
    if (!inner.ok()) return inner;
    if (!Take(")")) return Wrong("expected \")\"");
    return inner;
  }

  absl::StatusOr<NodePtr> Comparison() {
    auto node = std::make_shared<Node>();
    bool quoted = false;
    absl::Status read = ReadLiteral(&node->name, &quoted);
    if (!read.ok()) return read;
    if (!TakeComparator(&node->comparator)) {
      return Wrong("expected a comparison, such as name = \"value\"");
    }
    read = ReadLiteral(&node->literal, &node->quoted);
    if (!read.ok()) return read;
    names_->push_back(node->name);
    return node;
  }

  bool TakeComparator(Comparator* comparator) {
    // The longer ones first.
    constexpr std::pair<absl::string_view, Comparator> kComparators[] = {
        {"<=", Comparator::kLessEqual}, {">=", Comparator::kGreaterEqual},
        {"!=", Comparator::kNotEqual},  {"=", Comparator::kEqual},
        {"<", Comparator::kLess},       {">", Comparator::kGreater},
        {":", Comparator::kHas}};
    for (const auto& entry : kComparators) {
      if (!Take(entry.first)) continue;
      *comparator = entry.second;
      return true;
    }
    return false;
  }

  static bool IsBare(char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '*' ||
           c == '-' || c == '+' || c == '/' || static_cast<unsigned char>(c) >= 0x80;
  }

  // Text in quotes, or a bare word.
  absl::Status ReadLiteral(std::string* literal, bool* quoted) {
    if (AtEnd()) return Wrong("something is missing at the end");
    const char first = Peek();
    *quoted = first == '"' || first == '\'';
    if (!*quoted) {
      const size_t begin = at_;
      while (at_ < text_.size() && IsBare(text_[at_])) ++at_;
      if (at_ == begin) return Wrong("expected a name or a value");
      *literal = std::string(text_.substr(begin, at_ - begin));
      return absl::OkStatus();
    }
    for (++at_; at_ < text_.size() && text_[at_] != first; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      literal->push_back(text_[at_]);
    }
    if (at_ == text_.size()) return Wrong("a quote is not closed");
    ++at_;
    return absl::OkStatus();
  }

  void SkipSpace() {
    while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool AtEnd() {
    SkipSpace();
    return at_ == text_.size();
  }
  char Peek() {
    SkipSpace();
    return text_[at_];
  }
  bool Take(absl::string_view symbol) {
    SkipSpace();
    if (!absl::StartsWith(text_.substr(at_), symbol)) return false;
    at_ += symbol.size();
    return true;
  }
  bool TakeWord(absl::string_view word) {
    SkipSpace();
    const absl::string_view rest = text_.substr(at_);
    if (!absl::StartsWith(rest, word) || (rest.size() > word.size() && IsBare(rest[word.size()]))) {
      return false;
    }
    at_ += word.size();
    return true;
  }
  absl::Status Wrong(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(what, " at character ", at_ + 1));
  }

  const absl::string_view text_;
  std::vector<std::string>* const names_;
  size_t at_ = 0;
};

// The literal as the kind of value that it stands beside; null when it is none of that kind.
RowValue ReadAs(const RowValue& beside, const Node& node) {
  if (absl::holds_alternative<absl::string_view>(beside)) {
    return absl::string_view(node.literal);
  }
  if (absl::holds_alternative<bool>(beside)) {
    if (node.literal == "true") return true;
    return node.literal == "false" ? RowValue(false) : RowValue();
  }
  int64_t whole = 0;
  if (absl::SimpleAtoi(node.literal, &whole)) return whole;
  double number = 0;
  return absl::SimpleAtod(node.literal, &number) ? RowValue(number) : RowValue();
}

bool MatchesText(absl::string_view text, const Node& node) {
  absl::string_view literal = node.literal;
  const bool any_before = absl::ConsumePrefix(&literal, "*");
  const bool any_after = absl::ConsumeSuffix(&literal, "*");
  if (any_before && any_after) return absl::StrContains(text, literal);
  if (any_before) return absl::EndsWith(text, literal);
  return any_after ? absl::StartsWith(text, literal) : text == literal;
}

bool Has(const RowValue& value, const Node& node) {
  if (!node.quoted && node.literal == "*") return true;
  const auto* const text = absl::get_if<absl::string_view>(&value);
  if (text != nullptr) return absl::StrContains(*text, node.literal);
  return CompareValues(value, ReadAs(value, node)) == 0;
}

bool Compares(const RowValue& value, const Node& node) {
  if (IsNull(value)) return false;
  if (node.comparator == Comparator::kHas) return Has(value, node);
  const auto* const text = absl::get_if<absl::string_view>(&value);
  if (text != nullptr && node.comparator == Comparator::kEqual) return MatchesText(*text, node);
  if (text != nullptr && node.comparator == Comparator::kNotEqual) return !MatchesText(*text, node);
  const RowValue literal = ReadAs(value, node);
  if (IsNull(literal)) return false;
  const int order = CompareValues(value, literal);
  switch (node.comparator) {
    case Comparator::kEqual:
      return order == 0;
    case Comparator::kNotEqual:
      return order != 0;
    case Comparator::kLess:
      return order < 0;
    case Comparator::kLessEqual:
      return order <= 0;
    case Comparator::kGreater:
      return order > 0;
    case Comparator::kGreaterEqual:
      return order >= 0;
    case Comparator::kHas:
      break;
  }
  return false;
}

bool Evaluate(const Node& node, RowLookup row) {
  switch (node.kind) {
    case Node::Kind::kAnd:
      for (const NodePtr& child : node.children) {
        if (!Evaluate(*child, row)) return false;
      }
      return true;
    case Node::Kind::kOr:
      for (const NodePtr& child : node.children) {
        if (Evaluate(*child, row)) return true;
      }
      return false;
    case Node::Kind::kNot:
      return !Evaluate(*node.children.front(), row);
    case Node::Kind::kCompare:
      return Compares(row(node.name).value_or(RowValue()), node);
  }
  return false;
}

}  // namespace

absl::StatusOr<RowFilter> RowFilter::Parse(absl::string_view text) {
  RowFilter filter;
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat("longer than ", kMaxBytes, " bytes"));
  }
  if (absl::StripAsciiWhitespace(text).empty()) return filter;
  absl::StatusOr<NodePtr> root = Parser(text, &filter.names_).Parse();
  if (!root.ok()) return root.status();
  filter.root_ = *std::move(root);
  return filter;
}

bool RowFilter::Matches(RowLookup row) const { return root_ == nullptr || Evaluate(*root_, row); }

}  // namespace windrow::query
