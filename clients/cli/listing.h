#ifndef CLIENTS_CLI_LISTING_H_
#define CLIENTS_CLI_LISTING_H_

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "clients/cli/flat_record.h"
#include "clients/cli/text_table.h"

namespace windrow::cli {

// Prints records to standard output in the format that -o names: "table" when all are there,
// "json" an object a line, "yaml" a list, "csv" a header and a line each, these three as they come.
// One thread.
class Listing {
 public:
  using Cells = absl::FunctionRef<std::vector<std::string>()>;

  // `columns` are those of the table; without them the first record decides, with SetColumns.
  explicit Listing(std::string format, std::vector<TextTable::Column> columns = {});

  bool has_columns() const { return table_.has_value(); }
  void SetColumns(std::vector<TextTable::Column> columns);

  // `cells` are asked for when a table is wanted.
  void Add(const google::protobuf::Message& message, Cells cells);
  // A JSON object. All of a listing have the same members; in CSV, what the first one does not have
  // is left out, with a note.
  void AddJson(const std::string& json, Cells cells);

  // Prints what is left. An empty list is an empty table, `[]`, or the header of `kind` in CSV.
  void Finish(const google::protobuf::Message* kind = nullptr);

  // Records so far.
  size_t size() const { return size_; }

 private:
  void PrintCsv(const FlatRecord& record);

  const std::string format_;
  std::optional<TextTable> table_;
  // Names of the columns of CSV, once they are known.
  std::vector<std::string> names_;
  bool said_what_is_left_out_ = false;
  size_t size_ = 0;
};

// Prints one record: in a table a line for each field.
void PrintRecord(const std::string& format, const google::protobuf::Message& message);
void PrintJsonRecord(const std::string& format, const std::string& json);

// The same, but for the table, which `print_table` prints.
void PrintRecord(const std::string& format, const google::protobuf::Message& message,
                 absl::FunctionRef<void()> print_table);
void PrintJsonRecord(const std::string& format, const std::string& json,
                     absl::FunctionRef<void()> print_table);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_LISTING_H_
