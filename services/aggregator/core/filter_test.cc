#include "services/aggregator/core/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <new>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace {

// Counts what this test allocates.
size_t allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace windrow::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Record = std::map<std::string, std::string>;

bool Matches(const Filter& filter, const Record& record) {
  std::vector<absl::optional<absl::string_view>> values;
  for (const std::string& field : filter.fields()) {
    const auto found = record.find(field);
    values.emplace_back();
    if (found != record.end()) values.back() = found->second;
  }
  return filter.Matches(values);
}

// Whether `text`, a valid filter, takes the record; a field that is not in it is missing or null.
bool Takes(const std::string& text, const Record& record) {
  const absl::StatusOr<Filter> filter = Filter::Parse(text);
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status();
  return filter.ok() && Matches(*filter, record);
}

std::string Error(const std::string& text) {
  const absl::Status status = Filter::Parse(text).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

TEST(FilterTest, TheExampleOfTheContract) {
  const std::string filter =
      R"(priority <= 3 and disposition in ("ADM", "HAN") and not exists agency_id)";
  EXPECT_TRUE(Takes(filter, {{"priority", "3"}, {"disposition", "HAN"}}));
  EXPECT_FALSE(Takes(filter, {{"priority", "4"}, {"disposition", "HAN"}}));
  EXPECT_FALSE(Takes(filter, {{"priority", "3"}, {"disposition", "GOA"}}));
  EXPECT_FALSE(Takes(filter, {{"priority", "3"}, {"disposition", "ADM"}, {"agency_id", "1"}}));
  EXPECT_FALSE(Takes(filter, {{"disposition", "ADM"}}));
  EXPECT_THAT(Filter::Parse(filter)->fields(), ElementsAre("priority", "disposition", "agency_id"));
}

TEST(FilterTest, ComparesTextsByBytes) {
  for (const auto& c : std::vector<std::pair<std::string, std::string>>{{"a", "b"},
                                                                        {"", "a"},
                                                                        {"A", "a"},
                                                                        {"Z", "a"},
                                                                        {"ab", "b"},
                                                                        {"a", "ab"},
                                                                        {"10", "9"},
                                                                        {"z", "ä"},
                                                                        {"ä", "€"},
                                                                        {"\x7f", "\xc2\x80"}}) {
    const std::string literal = absl::StrCat("'", c.second, "'");
    EXPECT_TRUE(Takes("f < " + literal, {{"f", c.first}})) << c.first;
    EXPECT_TRUE(Takes("f <= " + literal, {{"f", c.first}})) << c.first;
    EXPECT_TRUE(Takes("f != " + literal, {{"f", c.first}})) << c.first;
    EXPECT_FALSE(Takes("f = " + literal, {{"f", c.first}})) << c.first;
    EXPECT_FALSE(Takes("f > " + literal, {{"f", c.first}})) << c.first;
    EXPECT_FALSE(Takes("f >= " + literal, {{"f", c.first}})) << c.first;
    EXPECT_TRUE(Takes("f > '" + c.first + "'", {{"f", c.second}})) << c.first;
    EXPECT_TRUE(Takes("f >= " + literal, {{"f", c.second}})) << c.second;
    EXPECT_TRUE(Takes("f <= " + literal, {{"f", c.second}})) << c.second;
    EXPECT_TRUE(Takes("f = " + literal, {{"f", c.second}})) << c.second;
  }
}

TEST(FilterTest, TheLiteralDecidesHowTheFieldIsRead) {
  // Beside a text, a number is its text.
  EXPECT_TRUE(Takes("f = '1.50'", {{"f", "1.50"}}));
  EXPECT_FALSE(Takes("f = '1.5'", {{"f", "1.50"}}));
  EXPECT_TRUE(Takes("f < '9'", {{"f", "10"}}));
  // Beside a number, a text that spells one is a number.
  EXPECT_TRUE(Takes("f = 1.5", {{"f", "1.50"}}));
  EXPECT_FALSE(Takes("f < 9", {{"f", "10"}}));
  EXPECT_TRUE(Takes("f > 9", {{"f", "1e1"}}));
  EXPECT_TRUE(Takes("f = -0", {{"f", "0.0"}}));
  // Truth values are texts.
  EXPECT_TRUE(Takes("f = true", {{"f", "true"}}));
  EXPECT_TRUE(Takes("f != true", {{"f", "false"}}));
  EXPECT_TRUE(Takes("f = 'true'", {{"f", "true"}}));
  EXPECT_TRUE(Takes("f < true", {{"f", "false"}}));
  EXPECT_FALSE(Takes("f = 1", {{"f", "true"}}));
}

TEST(FilterTest, NoNumberBesideANumberIsFalse) {
  for (const char* value : {"", "x", " 1", "1 ", "+1", "01", ".5", "1.", "0x1", "NaN", "inf",
                            "Infinity", "true", "1e", "1,5", "--1", "1_000"}) {
    for (const char* op : {"=", "!=", "<", "<=", ">", ">="}) {
      EXPECT_FALSE(Takes(absl::StrCat("f ", op, " 1"), {{"f", value}})) << op << value;
      EXPECT_TRUE(Takes(absl::StrCat("not f ", op, " 1"), {{"f", value}})) << op << value;
    }
    EXPECT_FALSE(Takes("f in (1, 2)", {{"f", value}})) << value;
  }
}

TEST(FilterTest, WholeNumbersAreComparedExactly) {
  EXPECT_TRUE(Takes("f > 9007199254740992", {{"f", "9007199254740993"}}));
  EXPECT_FALSE(Takes("f = 9007199254740992", {{"f", "9007199254740993"}}));
  EXPECT_TRUE(Takes("f < 9223372036854775807", {{"f", "9223372036854775806"}}));
  EXPECT_FALSE(Takes("f in (9007199254740992)", {{"f", "9007199254740993"}}));
  // As doubles they are the same when one of them is not whole, or too large for 64 bits.
  EXPECT_TRUE(Takes("f = 9007199254740992.0", {{"f", "9007199254740993"}}));
  EXPECT_TRUE(Takes("f = 9223372036854775808", {{"f", "9223372036854775807"}}));
  EXPECT_TRUE(Takes("f > 5", {{"f", "1e999"}}));
  EXPECT_TRUE(Takes("f < -5", {{"f", "-1e999"}}));
}

TEST(FilterTest, AMissingFieldIsFalse) {
  for (const char* filter : {"f = 1", "f != 1", "f < 1", "f >= 1", "f = ''", "f != ''", "f >= ''",
                             "f in (1, '')", "exists f", "f != true"}) {
    EXPECT_FALSE(Takes(filter, {})) << filter;
    EXPECT_TRUE(Takes(absl::StrCat("not ", filter), {})) << filter;
  }
  EXPECT_TRUE(Takes("exists f", {{"f", ""}}));
}

TEST(FilterTest, InIsAChainOfEquals) {
  const std::string filter = "f in ('b', 2, 'a', true, 1.5, 9007199254740993)";
  for (const char* value : {"a", "b", "2", "2.0", "20e-1", "true", "1.5", "9007199254740993"}) {
    EXPECT_TRUE(Takes(filter, {{"f", value}})) << value;
  }
  for (const char* value : {"c", "", "'a'", "3", "false", "1.51", "9007199254740992"}) {
    EXPECT_FALSE(Takes(filter, {{"f", value}})) << value;
  }
  EXPECT_TRUE(Takes("f in ('x')", {{"f", "x"}}));
  EXPECT_TRUE(Takes("f in ('x', 'x')", {{"f", "x"}}));
  EXPECT_TRUE(Takes("f in ('')", {{"f", ""}}));
}

TEST(FilterTest, AndBindsCloserThanOr) {
  const auto takes = [](const std::string& filter, int bits) {
    Record record;
    for (int i = 0; i < 3; ++i) {
      if ((bits & (1 << i)) != 0) record[std::string(1, static_cast<char>('a' + i))] = "";
    }
    return Takes(filter, record);
  };
  for (int bits = 0; bits < 8; ++bits) {
    const bool a = (bits & 1) != 0;
    const bool b = (bits & 2) != 0;
    const bool c = (bits & 4) != 0;
    EXPECT_EQ(takes("exists a or exists b and exists c", bits), a || (b && c));
    EXPECT_EQ(takes("exists a and exists b or exists c", bits), (a && b) || c);
    EXPECT_EQ(takes("(exists a or exists b) and exists c", bits), (a || b) && c);
    EXPECT_EQ(takes("not exists a and exists b", bits), !a && b);
    EXPECT_EQ(takes("not (exists a and exists b)", bits), !(a && b));
    EXPECT_EQ(takes("not not exists a", bits), a);
    EXPECT_EQ(takes("not (not exists a or not (exists b or exists c))", bits), a && (b || c));
    EXPECT_EQ(takes("exists a and exists b and exists c", bits), a && b && c);
    EXPECT_EQ(takes("exists a or exists b or exists c", bits), a || b || c);
    EXPECT_EQ(takes("((exists a))", bits), a);
  }
}

TEST(FilterTest, NamesLiteralsAndSpace) {
  EXPECT_TRUE(Takes("a-b.c_9='x'", {{"a-b.c_9", "x"}}));
  EXPECT_TRUE(Takes("_a = 1", {{"_a", "1"}}));
  EXPECT_TRUE(Takes("`in` = 1 and `Größe in m²` > 2 and `a\\` = 'b'",
                    {{"in", "1"}, {"Größe in m²", "3"}, {"a\\", "b"}}));
  EXPECT_TRUE(
      Takes("And = 1 and notes = 2 and true1 = 3", {{"And", "1"}, {"notes", "2"}, {"true1", "3"}}));
  EXPECT_TRUE(Takes(R"(f = "it's")", {{"f", "it's"}}));
  EXPECT_TRUE(Takes(R"(f = 'it\'s')", {{"f", "it's"}}));
  EXPECT_TRUE(Takes(R"(f = "say \"\\\"")", {{"f", "say \"\\\""}}));
  EXPECT_TRUE(Takes(R"(f = "naïve €")", {{"f", "naïve €"}}));
  EXPECT_TRUE(Takes("f=-1.5e-3", {{"f", "-0.0015"}}));
  EXPECT_TRUE(Takes("\n f\t=\r\n1 \n", {{"f", "1"}}));
  EXPECT_TRUE(Takes("f in('a')and(not exists g)", {{"f", "a"}}));
}

TEST(FilterTest, RefusesWithTheColumn) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "column 1: expected a field, \"exists\", \"not\" or \"(\", found the end"},
      {"   ", "column 4: expected a field"},
      {"f", "column 2: expected =, !=, <, <=, >, >= or \"in\" after the field, found the end"},
      {"f =", "column 4: expected a literal (\"text\", a number, true or false), found the end"},
      {"f == 1", "column 4: expected a literal (\"text\", a number, true or false), found \"=\""},
      {"f <> 1", "column 4: expected a literal"},
      {"f = g", "column 5: expected a literal (\"text\", a number, true or false), found \"g\""},
      {"f = `g`",
       "column 5: expected a literal (\"text\", a number, true or false), found a field"},
      {"f = null", "column 5: expected a literal"},
      {"f = TRUE",
       "column 5: expected a literal (\"text\", a number, true or false), found "
       "\"TRUE\" (keywords are in lower case)"},
      {"f = 1 AND g = 2",
       "column 7: expected \"and\", \"or\" or the end, found \"AND\" (keywords "
       "are in lower case)"},
      {"f = 1 g = 2", "column 7: expected \"and\", \"or\" or the end, found \"g\""},
      {"f = 1 and", "column 10: expected a field"},
      {"f = 1 or or g = 1", "column 10: expected a field"},
      {"1 = f", "column 1: expected a field, \"exists\", \"not\" or \"(\", found \"1\""},
      {"'f' = 1", "column 1: expected a field, \"exists\", \"not\" or \"(\", found a text"},
      {"and = 1", "column 1: expected a field"},
      {"(f = 1", "column 7: expected \"and\", \"or\" or \")\", found the end"},
      {"(f = 1))", "column 8: expected \"and\", \"or\" or the end, found \")\""},
      {"(f) = 1", "column 3: expected ="},
      {"()", "column 2: expected a field"},
      {"exists", "column 7: expected a field after \"exists\", found the end"},
      {"exists (f)", "column 8: expected a field after \"exists\", found \"(\""},
      {"exists f = 1", "column 10: expected \"and\""},
      {"not", "column 4: expected a field"},
      {"f not in (1)", "column 3: expected ="},
      {"f in 1", "column 6: expected \"(\", found \"1\""},
      {"f in ()", "column 7: expected a literal"},
      {"f in (1,)", "column 9: expected a literal"},
      {"f in (1 2)", "column 9: expected \",\" or \")\", found \"2\""},
      {"f in (1, 2", "column 11: expected \",\" or \")\", found the end"},
      {"f in (1, (2))", "column 10: expected a literal"},
      {"f = 01", "column 5: expected a number as JSON spells it, found \"01\""},
      {"f = 1.", "column 5: expected a number as JSON spells it"},
      {"f = -", "column 5: expected a number as JSON spells it"},
      {"f = .5", "column 5: expected a field, an operator or a literal, found a character"},
      {"f = +5", "column 5: expected a field, an operator or a literal, found a character"},
      {"f = 1a", "column 5: expected a number as JSON spells it"},
      {"f = 1e400", "column 5: expected a number within the range of a double"},
      {"f = 'a", "column 5: the text has no closing quote"},
      {"f = 'a\\'", "column 5: the text has no closing quote"},
      {"f = 'a\\", "column 5: the text has no closing quote"},
      {"f = \"a'", "column 5: the text has no closing quote"},
      {"f = 'a\\n'", "column 8: expected a quote or a backslash after the backslash"},
      {"`f = 1", "column 1: the name has no closing backquote"},
      {"`` = 1", "column 1: expected a name between the backquotes"},
      {"f ! 1", "column 3: expected ="},
      {"f & 1", "column 3: expected a field, an operator or a literal, found a character"},
      {"größe = 1", "column 3: expected a field, an operator or a literal, found a character"},
      // Columns count characters, not bytes.
      {"f = 'ä€' x", "column 10: expected \"and\""},
  };
  for (const auto& c : kCases) EXPECT_THAT(Error(c.first), StartsWith(c.second)) << c.first;
  EXPECT_THAT(Error(std::string("f = 1\0", 6)), StartsWith("column 6: "));
  // What is shown of a wrong word stays short.
  EXPECT_LT(Error("f = " + std::string(1000, 'x')).size(), 200u);
}

TEST(FilterTest, DepthAndLengthAreBounded) {
  const auto nested = [](const std::string& open, int depth, const std::string& close) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    text += "f = 1";
    for (int i = 0; i < depth; ++i) text += close;
    return text;
  };
  EXPECT_TRUE(Takes(nested("(", 64, ")"), {{"f", "1"}}));
  EXPECT_TRUE(Takes(nested("not ", 64, ""), {{"f", "1"}}));
  EXPECT_TRUE(Takes(nested("not (", 32, ")"), {{"f", "1"}}));
  EXPECT_THAT(Error(nested("(", 65, ")")), HasSubstr("column 65: expected at most 64"));
  EXPECT_THAT(Error(nested("not ", 65, "")), HasSubstr("expected at most 64"));
  EXPECT_THAT(Error(nested("not (", 33, ")")), HasSubstr("expected at most 64"));
  // Not within each other: as many as one likes.
  std::string chain = "f = 1";
  while (chain.size() + 16 <= Filter::kMaxBytes) chain += " and (not f = 2)";
  EXPECT_TRUE(Takes(chain, {{"f", "1"}}));
  chain.resize(Filter::kMaxBytes, ' ');
  EXPECT_TRUE(Takes(chain, {{"f", "1"}}));
  EXPECT_THAT(Error(chain + " "), HasSubstr("4096 bytes"));
}

TEST(FilterTest, BindSaysWhereTheFieldsStand) {
  Filter filter = *Filter::Parse("a = 1 and b = 2 and a != 3");
  EXPECT_THAT(filter.fields(), ElementsAre("a", "b"));
  filter.Bind({2, 0});
  const std::vector<absl::optional<absl::string_view>> values = {"2", absl::nullopt, "1"};
  EXPECT_TRUE(filter.Matches(values));
  filter.Bind({0, 2});
  EXPECT_FALSE(filter.Matches(values));
  const Filter copy = filter;
  EXPECT_FALSE(copy.Matches(values));
}

TEST(FilterTest, MatchingDoesNotAllocate) {
  const Filter filter = *Filter::Parse(
      "(a = 1.5 or a in (1, 2, 'a long text that no short string could hold')) and not "
      "(b < 'another text that is long enough' or exists c)");
  const std::vector<absl::optional<absl::string_view>> values = {
      "a long text that no short string could hold", "z", absl::nullopt};
  const size_t before = allocations;
  const bool taken = filter.Matches(values);
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(taken);
}

// Random filters against an evaluation of their own that knows nothing of tests and jumps.
class RandomFilter {
 public:
  explicit RandomFilter(uint64_t seed) : random_(seed) {}

  Record NextRecord() {
    Record record;
    for (const char* field : {"a", "b", "c"}) {
      if (Next(4) != 0) record[field] = kValues[Next(kValueCount)];
    }
    return record;
  }

  // The text of a filter, and what it gives for each of the records.
  std::string Make(const std::vector<Record>& records, std::vector<bool>* results, int depth = 0) {
    results->assign(records.size(), false);
    const size_t kind = depth > 5 ? 3 + Next(3) : Next(6);
    if (kind >= 3) return MakeTest(records, results);
    std::vector<bool> left;
    std::vector<bool> right;
    const std::string a = Make(records, &left, depth + 1);
    if (kind == 0) {
      for (size_t i = 0; i < records.size(); ++i) (*results)[i] = !left[i];
      return absl::StrCat("not (", a, ")");
    }
    const std::string b = Make(records, &right, depth + 1);
    for (size_t i = 0; i < records.size(); ++i) {
      (*results)[i] = kind == 1 ? left[i] && right[i] : left[i] || right[i];
    }
    return absl::StrCat("(", a, ")", kind == 1 ? "and" : "or", "(", b, ")");
  }

 private:
  static constexpr const char* kValues[] = {"0", "1", "2", "1.0", "-1", "x", "10", "", "true"};
  static constexpr size_t kValueCount = 9;
  static constexpr size_t kNumberCount = 5;

  size_t Next(size_t bound) { return random_() % bound; }

  static bool IsNumber(const std::string& text) {
    return text == "0" || text == "1" || text == "2" || text == "1.0" || text == "-1" ||
           text == "10";
  }

  static bool Compare(const std::string& op, const std::string& a, const std::string& b,
                      bool number) {
    if (number && !IsNumber(a)) return false;
    const double x = number ? std::stod(a) : a.compare(b);
    const double y = number ? std::stod(b) : 0;
    if (op == "=") return x == y;
    if (op == "!=") return x != y;
    if (op == "<") return x < y;
    if (op == "<=") return x <= y;
    return op == ">" ? x > y : x >= y;
  }

  std::string MakeTest(const std::vector<Record>& records, std::vector<bool>* results) {
    const std::string field(1, static_cast<char>('a' + Next(3)));
    if (Next(6) == 0) {
      for (size_t i = 0; i < records.size(); ++i) (*results)[i] = records[i].count(field) > 0;
      return "exists " + field;
    }
    static constexpr const char* kOperators[] = {"=", "!=", "<", "<=", ">", ">="};
    const bool list = Next(4) == 0;
    const std::string op = list ? "=" : kOperators[Next(6)];
    std::string text = absl::StrCat(field, " ", list ? "in (" : op, " ");
    for (size_t n = list ? 1 + Next(4) : 1; n > 0; --n) {
      const bool number = Next(2) == 0;
      const std::string literal = kValues[Next(number ? kNumberCount : kValueCount)];
      absl::StrAppend(&text, number ? literal : "'" + literal + "'", n > 1 ? ", " : "");
      for (size_t i = 0; i < records.size(); ++i) {
        const auto found = records[i].find(field);
        if (found == records[i].end()) continue;
        (*results)[i] = (*results)[i] || Compare(op, found->second, literal, number);
      }
    }
    return text + (list ? ")" : "");
  }

  std::mt19937_64 random_;
};

TEST(FilterTest, AgreesWithAnEvaluationOfItsOwn) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    RandomFilter random(seed);
    std::vector<Record> records(20);
    for (Record& record : records) record = random.NextRecord();
    std::vector<bool> expected;
    const std::string text = random.Make(records, &expected);
    if (text.size() > Filter::kMaxBytes) continue;
    const absl::StatusOr<Filter> filter = Filter::Parse(text);
    ASSERT_TRUE(filter.ok()) << "seed " << seed << ": " << text << ": " << filter.status();
    for (size_t i = 0; i < records.size(); ++i) {
      ASSERT_EQ(Matches(*filter, records[i]), expected[i])
          << "seed " << seed << ", record " << i << ": " << text;
    }
  }
}

// Whatever stands there, parsing ends with a filter or an error, never beyond the text.
TEST(FilterTest, SurvivesAnyText) {
  const std::string words[] = {"a",  "and", "or", "not", "in", "exists", "(",  ")", ",", "=",   "!",
                               "<=", "'x'", "'",  "`",   "1",  "-",      "\\", "é", " ", "true"};
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (size_t n = random() % 12; n > 0; --n) text += words[random() % std::size(words)];
    const absl::StatusOr<Filter> filter = Filter::Parse(text);
    if (filter.ok()) continue;
    EXPECT_THAT(std::string(filter.status().message()), StartsWith("column ")) << text;
  }
}

}  // namespace
}  // namespace windrow::aggregator
