#ifndef SERVICES_AGGREGATOR_SOURCE_TABLE_READER_H_
#define SERVICES_AGGREGATOR_SOURCE_TABLE_READER_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::aggregator {

// How the rows of a static table are written.
enum class TableFormat {
  // An array of objects.
  kJson,
  // An object on each line; empty lines are skipped.
  kNdjson,
  // RFC 4180: a line of names, then rows of as many values, separated by commas, in double quotes
  // where need be. An empty value without quotes is none; "" is the empty text.
  kCsv,
};

// Most bytes of a table's text, and of its rows as they travel in the control log, whose records
// are below 1 MB.
inline constexpr size_t kMaxTableText = 4'000'000;
inline constexpr size_t kMaxTableBytes = 900'000;

// By the end of a file's name: .json, .ndjson or .jsonl, .csv. INVALID_ARGUMENT for any other.
absl::StatusOr<TableFormat> TableFormatOf(absl::string_view path);

// Replaces the rows of `table` by those that `content` spells, and its version by theirs. Values
// are text: JSON's numbers and truth values as they are written, objects and arrays as JSON; null
// is left out. `name` stands for the content in errors, INVALID_ARGUMENT with the line.
absl::Status ReadTable(TableFormat format, absl::string_view name, absl::string_view content,
                       windrow::pipeline::v1::StaticTable* table);

// The same from a file. NOT_FOUND when it cannot be read.
absl::Status ReadTableFile(const std::string& path, windrow::pipeline::v1::StaticTable* table);

// A hash of the table's name and rows, the same for the same rows however they were written.
std::string TableVersion(const windrow::pipeline::v1::StaticTable& table);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_TABLE_READER_H_
