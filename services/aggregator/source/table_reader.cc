#include "services/aggregator/source/table_reader.h"

// Its implicit conversions throw; without them, what can fail does not compile unchecked.
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/group_key.h"
#include "services/aggregator/core/json_number.h"
#include "services/aggregator/source/file_content.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;
namespace ondemand = simdjson::ondemand;

constexpr absl::string_view kSpace = " \t\r\n";

absl::Status ErrorAt(size_t line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", what));
}

absl::string_view Trim(absl::string_view text) {
  while (!text.empty() && absl::StrContains(kSpace, text.back())) text.remove_suffix(1);
  while (!text.empty() && absl::StrContains(kSpace, text.front())) text.remove_prefix(1);
  return text;
}

// ---- JSON

// Reads one object at a time. Not thread-safe.
class RowParser {
 public:
  // Adds the row that `text`, one JSON object, spells; false when it does not.
  bool Parse(absl::string_view text, pb::StaticTable* table) {
    padded_.assign(text.data(), text.size());
    padded_.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    ondemand::document document;
    ondemand::json_type type;
    ondemand::object object;
    if (text.empty() ||
        parser_.iterate(padded_.data(), padded_.size(), padded_.capacity()).get(document) !=
            simdjson::SUCCESS ||
        document.type().get(type) != simdjson::SUCCESS || type != ondemand::json_type::object ||
        document.get_object().get(object) != simdjson::SUCCESS) {
      return false;
    }
    auto& columns = *table->add_rows()->mutable_columns();
    for (auto result : object) {
      ondemand::field field;
      std::string_view key;
      absl::optional<std::string> value;
      if (std::move(result).get(field) != simdjson::SUCCESS ||
          field.unescaped_key().get(key) != simdjson::SUCCESS) {
        return false;
      }
      // The parser reuses the key's memory.
      const std::string name(key);
      if (!ReadValue(field.value(), &value)) return false;
      // Of a column that stands twice the last counts, as in records.
      columns.erase(name);
      if (value.has_value()) columns[name] = *std::move(value);
    }
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  }

 private:
  bool ReadValue(ondemand::value value, absl::optional<std::string>* text) {
    ondemand::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    switch (type) {
      case ondemand::json_type::string: {
        std::string_view unescaped;
        if (value.get_string().get(unescaped) != simdjson::SUCCESS) return false;
        *text = std::string(unescaped);
        return true;
      }
      case ondemand::json_type::number: {
        const std::string_view token = value.raw_json_token();
        *text = std::string(Trim({token.data(), token.size()}));
        return IsJsonNumber(**text);
      }
      case ondemand::json_type::boolean: {
        bool truth = false;
        if (value.get_bool().get(truth) != simdjson::SUCCESS) return false;
        *text = truth ? "true" : "false";
        return true;
      }
      case ondemand::json_type::null: {
        bool is_null = false;
        return value.is_null().get(is_null) == simdjson::SUCCESS && is_null;
      }
      case ondemand::json_type::array:
      case ondemand::json_type::object:
        break;
    }
    // Skipped without a look by the one parser, hence checked by the other.
    std::string_view raw;
    simdjson::dom::element element;
    if (simdjson::to_json_string(value).get(raw) != simdjson::SUCCESS ||
        dom_.parse(raw.data(), raw.size()).get(element) != simdjson::SUCCESS) {
      return false;
    }
    *text = simdjson::minify(element);
    return true;
  }

  ondemand::parser parser_;
  simdjson::dom::parser dom_;
  std::string padded_;
};

absl::Status ReadNdjson(absl::string_view content, pb::StaticTable* table) {
  RowParser parser;
  for (size_t line = 1; !content.empty(); ++line) {
    const size_t end = std::min(content.find('\n'), content.size());
    const absl::string_view text = Trim(content.substr(0, end));
    if (!text.empty() && !parser.Parse(text, table)) return ErrorAt(line, "is not a JSON object");
    content.remove_prefix(std::min(end + 1, content.size()));
  }
  return absl::OkStatus();
}

// Where the element of an array that begins at `at` ends: at the comma or bracket behind it.
size_t ElementEnd(absl::string_view content, size_t at) {
  int depth = 0;
  bool in_string = false;
  for (; at < content.size(); ++at) {
    const char c = content[at];
    if (in_string) {
      if (c == '\\') ++at;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (depth > 0 && (c == '}' || c == ']')) {
      --depth;
    } else if (depth == 0 && (c == ',' || c == ']')) {
      break;
    }
  }
  return std::min(at, content.size());
}

absl::Status ReadJsonArray(absl::string_view content, pb::StaticTable* table) {
  RowParser parser;
  size_t at = 0;
  size_t line = 1;
  const auto skip_space = [&] {
    for (; at < content.size() && absl::StrContains(kSpace, content[at]); ++at) {
      line += content[at] == '\n' ? 1 : 0;
    }
  };
  skip_space();
  if (at == content.size() || content[at] != '[') {
    return ErrorAt(line, "is not the beginning of a JSON array of objects");
  }
  bool ended = false;
  for (int row = 1; !ended; ++row) {
    ++at;
    skip_space();
    if (row == 1 && at < content.size() && content[at] == ']') break;
    const size_t end = ElementEnd(content, at);
    const absl::string_view text = content.substr(at, end - at);
    if (!parser.Parse(Trim(text), table)) {
      return ErrorAt(line, absl::StrCat("row ", row, " is not a JSON object"));
    }
    line += std::count(text.begin(), text.end(), '\n');
    if (end == content.size()) return ErrorAt(line, "the array has no end");
    ended = content[end] == ']';
    at = end;
  }
  ++at;
  skip_space();
  return at == content.size() ? absl::OkStatus() : ErrorAt(line, "something follows the array");
}

// ---- CSV

class CsvReader {
 public:
  explicit CsvReader(absl::string_view content) : content_(content) {
    // Spreadsheets put a byte order mark in front.
    if (absl::StartsWith(content_, "\xEF\xBB\xBF")) content_.remove_prefix(3);
  }

  absl::Status Read(pb::StaticTable* table) {
    std::vector<Value> names;
    absl::Status status = ReadLine(&names);
    if (status.ok()) status = CheckNames(names);
    while (status.ok() && at_ < content_.size()) {
      const size_t line = line_;
      std::vector<Value> values;
      status = ReadLine(&values);
      // A line without a character is none.
      if (!status.ok() || (values.size() == 1 && !values[0].has_value())) continue;
      if (values.size() != names.size()) {
        return ErrorAt(line, absl::StrCat("has ", values.size(), " values, but the first line has ",
                                          names.size(), " names"));
      }
      auto& columns = *table->add_rows()->mutable_columns();
      for (size_t i = 0; i < values.size(); ++i) {
        if (values[i].has_value()) columns[*names[i]] = *std::move(values[i]);
      }
    }
    return status;
  }

 private:
  using Value = absl::optional<std::string>;

  static absl::Status CheckNames(const std::vector<Value>& names) {
    std::set<std::string> seen;
    for (const Value& name : names) {
      if (!name.has_value() || name->empty()) {
        return ErrorAt(1, "must hold the names of the columns, none of them empty");
      }
      if (!seen.insert(*name).second) return ErrorAt(1, "names a column twice");
    }
    return absl::OkStatus();
  }

  absl::Status ReadLine(std::vector<Value>* values) {
    const size_t line = line_;
    for (;;) {
      values->emplace_back();
      const absl::Status status = ReadValue(line, &values->back());
      if (!status.ok()) return status;
      if (at_ == content_.size() || content_[at_] != ',') break;
      ++at_;
    }
    SkipLineEnd();
    return absl::OkStatus();
  }

  // Up to the comma or the end of the line behind it.
  absl::Status ReadValue(size_t line, Value* value) {
    if (at_ < content_.size() && content_[at_] == '"') return ReadQuoted(line, value);
    const size_t begin = at_;
    while (at_ < content_.size() && content_[at_] != ',' && !AtLineEnd()) {
      if (content_[at_] == '"') {
        return ErrorAt(line, "has a quote within a value that does not begin with one");
      }
      ++at_;
    }
    if (at_ > begin) *value = std::string(content_.substr(begin, at_ - begin));
    return absl::OkStatus();
  }

  absl::Status ReadQuoted(size_t line, Value* value) {
    value->emplace();
    for (++at_; at_ < content_.size(); ++at_) {
      const char c = content_[at_];
      if (c == '"' && (at_ + 1 == content_.size() || content_[at_ + 1] != '"')) break;
      if (c == '"') ++at_;
      if (c == '\n') ++line_;
      **value += c;
    }
    if (at_ == content_.size()) return ErrorAt(line, "has a quote that is not closed");
    ++at_;
    if (at_ < content_.size() && content_[at_] != ',' && !AtLineEnd()) {
      return ErrorAt(line_, "has something between a closing quote and the comma");
    }
    return absl::OkStatus();
  }

  bool AtLineEnd() const {
    return content_[at_] == '\n' || absl::StartsWith(content_.substr(at_), "\r\n");
  }

  void SkipLineEnd() {
    if (at_ < content_.size() && content_[at_] == '\r') ++at_;
    if (at_ < content_.size() && content_[at_] == '\n') ++at_;
    ++line_;
  }

  absl::string_view content_;
  size_t at_ = 0;
  size_t line_ = 1;
};

// ---- All

absl::Status ReadRows(TableFormat format, absl::string_view content, pb::StaticTable* table) {
  if (content.size() > kMaxTableText) {
    return absl::InvalidArgumentError(
        absl::StrCat("is longer than ", kMaxTableText, " bytes: ", content.size()));
  }
  if (!simdjson::validate_utf8(content.data(), content.size())) {
    return absl::InvalidArgumentError("is not UTF-8");
  }
  switch (format) {
    case TableFormat::kJson:
      return ReadJsonArray(content, table);
    case TableFormat::kNdjson:
      return ReadNdjson(content, table);
    case TableFormat::kCsv:
      return CsvReader(content).Read(table);
  }
  return absl::InvalidArgumentError("is of no known format");
}

}  // namespace

absl::StatusOr<TableFormat> TableFormatOf(absl::string_view path) {
  if (absl::EndsWithIgnoreCase(path, ".json")) return TableFormat::kJson;
  if (absl::EndsWithIgnoreCase(path, ".ndjson") || absl::EndsWithIgnoreCase(path, ".jsonl")) {
    return TableFormat::kNdjson;
  }
  if (absl::EndsWithIgnoreCase(path, ".csv")) return TableFormat::kCsv;
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": the name of a table's file must end in .json, .ndjson, .jsonl or .csv"));
}

absl::Status ReadTable(TableFormat format, absl::string_view name, absl::string_view content,
                       pb::StaticTable* table) {
  table->clear_rows();
  absl::Status status = ReadRows(format, content, table);
  if (status.ok() && table->ByteSizeLong() > kMaxTableBytes) {
    status = absl::InvalidArgumentError(
        absl::StrCat("makes rows of ", table->ByteSizeLong(), " bytes with the names of their ",
                     "columns; at most ", kMaxTableBytes, " go into the control log"));
  }
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(name, ": ", status.message()));
  table->set_version(TableVersion(*table));
  return absl::OkStatus();
}

absl::Status ReadTableFile(const std::string& path, pb::StaticTable* table) {
  const absl::StatusOr<TableFormat> format = TableFormatOf(path);
  if (!format.ok()) return format.status();
  const absl::StatusOr<std::string> content = ReadFileContent(path, kMaxTableText);
  if (!content.ok()) return content.status();
  return ReadTable(*format, path, *content, table);
}

std::string TableVersion(const pb::StaticTable& table) {
  std::string content;
  for (const pb::StaticTable::Row& row : table.rows()) {
    const std::map<std::string, std::string> columns(row.columns().begin(), row.columns().end());
    for (const auto& column : columns) {
      AppendGroupValue(column.first, &content);
      AppendGroupValue(column.second, &content);
    }
    AppendGroupValue(absl::nullopt, &content);
  }
  return absl::StrFormat("%016x", GroupHash(table.name(), content));
}

}  // namespace windrow::aggregator
