#include "tests/oracle/result_lines.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::oracle {
namespace {

namespace pb = ::windrow::results::v1;

std::string ValueJson(const pb::Field& field) {
  switch (field.value_case()) {
    case pb::Field::kStringValue:
      return absl::StrCat(R"(["string",)", JsonString(field.string_value()), "]");
    case pb::Field::kIntValue:
      return absl::StrCat(R"(["int",)", field.int_value(), "]");
    case pb::Field::kDoubleValue: {
      const double number = field.double_value();
      uint64_t bits = 0;
      std::memcpy(&bits, &number, sizeof(bits));
      return absl::StrFormat(R"(["double","%016x"])", bits);
    }
    case pb::Field::kBoolValue:
      return absl::StrCat(R"(["bool",)", field.bool_value() ? "true" : "false", "]");
    case pb::Field::kValueCounts:
      return absl::StrCat(R"(["counts",[)",
                          absl::StrJoin(field.value_counts().counts(), ",",
                                        [](std::string* out, const pb::ValueCount& count) {
                                          absl::StrAppend(out, "[", JsonString(count.value()), ",",
                                                          count.count(), "]");
                                        }),
                          "]]");
    case pb::Field::kError:
      return absl::StrCat(R"(["error",)", JsonString(pb::ValueError_Name(field.error())), "]");
    case pb::Field::VALUE_NOT_SET:
      break;
  }
  return R"(["null"])";
}

template <typename Fields>
std::string FieldsJson(const Fields& fields) {
  return absl::StrCat("[",
                      absl::StrJoin(fields, ",",
                                    [](std::string* out, const pb::Field& field) {
                                      absl::StrAppend(out, "[", JsonString(field.name()), ",",
                                                      ValueJson(field), "]");
                                    }),
                      "]");
}

std::string RowLine(const pb::Row& row) {
  return absl::StrCat(R"({"kind":"row","view":)", JsonString(row.view()), R"(,"start":)",
                      row.window_start_us(), R"(,"end":)", row.window_end_us(), R"(,"group":)",
                      FieldsJson(row.group()), R"(,"values":)", FieldsJson(row.values()),
                      R"(,"accepted":)", row.accepted(), R"(,"revision":)", row.revision(),
                      R"(,"table_version":)", JsonString(row.table_version()), "}");
}

std::string SourceJson(const partials::v1::SourcePosition& source) {
  const auto time = [](bool has, int64_t value) { return has ? absl::StrCat(value) : "null"; };
  const std::string views = absl::StrJoin(
      source.counters().views(), ",", [](std::string* out, const partials::v1::ViewCounters& view) {
        absl::StrAppend(out, R"({"accepted":)", view.accepted(), R"(,"filtered":)", view.filtered(),
                        R"(,"unmatched_join":)", view.unmatched_join(), R"(,"late_everywhere":)",
                        view.late_everywhere(), "}");
      });
  return absl::StrCat(R"({"partition":)", source.source_partition(), R"(,"max_event_time":)",
                      time(source.has_max_event_time_us(), source.max_event_time_us()),
                      R"(,"watermark":)", time(source.has_watermark_us(), source.watermark_us()),
                      R"(,"read":)", source.counters().read(), R"(,"dead_lettered":)",
                      source.counters().dead_lettered(), R"(,"views":[)", views, "]}");
}

std::string ProgressLine(const pb::Progress& progress) {
  return absl::StrCat(
      R"({"kind":"progress","merge_partition":)", progress.merge_partition(),
      R"(,"closed_through":)",
      progress.has_closed_through_us() ? absl::StrCat(progress.closed_through_us()) : "null",
      R"(,"drain_generation":)", progress.drain_generation(), R"(,"expired":)", progress.expired(),
      R"(,"discontinuities":)", progress.discontinuities(), R"(,"views":[)",
      absl::StrJoin(
          progress.views(), ",",
          [](std::string* out, const std::string& view) { out->append(JsonString(view)); }),
      R"(],"sources":[)",
      absl::StrJoin(progress.sources(), ",",
                    [](std::string* out, const partials::v1::SourcePosition& source) {
                      out->append(SourceJson(source));
                    }),
      "]}");
}

}  // namespace

std::string JsonString(absl::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&json, "\\", absl::string_view(&c, 1));
    } else if (static_cast<unsigned char>(c) < ' ') {
      absl::StrAppendFormat(&json, "\\u%04x", static_cast<int>(c));
    } else {
      json.push_back(c);
    }
  }
  json.push_back('"');
  return json;
}

absl::StatusOr<std::string> ResultLine(const std::string& key, const std::string& value) {
  pb::ResultKey name;
  pb::ResultRecord record;
  if (!name.ParseFromString(key) || !record.ParseFromString(value)) {
    return absl::DataLossError("a record of results cannot be parsed");
  }
  if (record.has_row() && name.has_row() && name.row().view() == record.row().view() &&
      name.row().window_start_us() == record.row().window_start_us()) {
    return RowLine(record.row());
  }
  if (record.has_ledger() && name.has_ledger() && name.ledger().view() == record.ledger().view() &&
      name.ledger().window_start_us() == record.ledger().window_start_us()) {
    return absl::StrCat(R"({"kind":"ledger","view":)", JsonString(record.ledger().view()),
                        R"(,"start":)", record.ledger().window_start_us(), R"(,"late":)",
                        record.ledger().late(), "}");
  }
  if (record.has_progress() && name.has_progress()) return ProgressLine(record.progress());
  return absl::DataLossError("a record of results has the key of another");
}

}  // namespace windrow::oracle
