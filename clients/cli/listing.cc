#include "clients/cli/listing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cli/csv_text.h"
#include "clients/cli/json_text.h"
#include "clients/cli/output.h"
#include "clients/cli/proto_json.h"
#include "clients/cli/yaml_text.h"

namespace windrow::cli {
namespace {

std::vector<std::string> Names(const FlatRecord& record) {
  std::vector<std::string> names;
  for (const auto& [name, value] : record) names.push_back(name);
  return names;
}

std::vector<std::string> Values(const FlatRecord& record) {
  std::vector<std::string> values;
  for (const auto& [name, value] : record) values.push_back(value);
  return values;
}

void PrintFields(const FlatRecord& record) {
  TextTable table({{"FIELD"}, {"VALUE"}});
  for (const auto& [name, value] : record) {
    table.Add({Printable(name), value.empty() ? "-" : Printable(value)});
  }
  Print(table.Text());
}

// `flatten` makes a record of it, where one is needed.
void PrintOne(const std::string& format, const std::string& json,
              absl::FunctionRef<FlatRecord()> flatten, absl::FunctionRef<void()> print_table) {
  if (format == "json") {
    PrintLine(json);
  } else if (format == "yaml") {
    Print(YamlText(json));
  } else if (format == "csv") {
    const FlatRecord record = flatten();
    Print(CsvLine(Names(record)));
    Print(CsvLine(Values(record)));
  } else {
    print_table();
  }
}

}  // namespace

Listing::Listing(std::string format, std::vector<TextTable::Column> columns)
    : format_(std::move(format)) {
  if (!columns.empty()) SetColumns(std::move(columns));
}

void Listing::SetColumns(std::vector<TextTable::Column> columns) {
  table_.emplace(std::move(columns));
}

void Listing::Add(const google::protobuf::Message& message, Cells cells) {
  if (format_ == "csv") {
    ++size_;
    PrintCsv(Flatten(message));
  } else {
    AddJson(format_ == "table" ? "" : ProtoJson(message), cells);
  }
}

void Listing::AddJson(const std::string& json, Cells cells) {
  ++size_;
  if (format_ == "json") {
    PrintLine(json);
  } else if (format_ == "yaml") {
    Print(YamlItem(json));
  } else if (format_ == "csv") {
    PrintCsv(FlattenJson(json));
  } else if (table_.has_value()) {
    table_->Add(cells());
  }
}

void Listing::PrintCsv(const FlatRecord& record) {
  if (names_.empty()) {
    names_ = Names(record);
    Print(CsvLine(names_));
  }
  std::vector<std::string> values(names_.size());
  for (const auto& [name, value] : record) {
    const auto column = std::find(names_.begin(), names_.end(), name);
    if (column != names_.end()) {
      values[column - names_.begin()] = value;
    } else if (!std::exchange(said_what_is_left_out_, true)) {
      Note(absl::StrCat("left out: column ", Printable(name), ", which the first line has not"));
    }
  }
  Print(CsvLine(values));
}

void Listing::Finish(const google::protobuf::Message* kind) {
  if (format_ == "table" && table_.has_value()) Print(table_->Text());
  if (size_ > 0) return;
  if (format_ == "yaml") PrintLine("[]");
  if (format_ == "csv" && kind != nullptr) Print(CsvLine(Names(Flatten(*kind))));
}

void PrintRecord(const std::string& format, const google::protobuf::Message& message) {
  PrintRecord(format, message, [&message] { PrintFields(Flatten(message)); });
}

void PrintJsonRecord(const std::string& format, const std::string& json) {
  PrintJsonRecord(format, json, [&json] { PrintFields(FlattenJson(json)); });
}

void PrintRecord(const std::string& format, const google::protobuf::Message& message,
                 absl::FunctionRef<void()> print_table) {
  PrintOne(
      format, format == "table" ? "" : ProtoJson(message), [&message] { return Flatten(message); },
      print_table);
}

void PrintJsonRecord(const std::string& format, const std::string& json,
                     absl::FunctionRef<void()> print_table) {
  PrintOne(
      format, json, [&json] { return FlattenJson(json); }, print_table);
}

}  // namespace windrow::cli
