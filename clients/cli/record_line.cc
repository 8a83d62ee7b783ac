#include "clients/cli/record_line.h"

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "clients/cli/json_text.h"
#include "clients/cli/proto_json.h"
#include "clients/cli/time_text.h"
#include "simdjson.h"
#include "windrow/control/v1/control.pb.h"
#include "windrow/partials/v1/frame.pb.h"
#include "windrow/results/v1/result.pb.h"
#include "windrow/snapshots/v1/snapshot.pb.h"

namespace windrow::cli {
namespace {

using MessagePtr = std::unique_ptr<google::protobuf::Message>;

// The formats of our own topics, known by the topics' names; null when there is none.
MessagePtr ValueFormat(absl::string_view topic) {
  if (topic == "windrow.control") return std::make_unique<control::v1::Proposal>();
  if (absl::EndsWith(topic, ".partials")) return std::make_unique<partials::v1::Frame>();
  if (absl::EndsWith(topic, ".snapshots")) return std::make_unique<snapshots::v1::SnapshotRecord>();
  if (absl::EndsWith(topic, ".results")) return std::make_unique<results::v1::ResultRecord>();
  return nullptr;
}

MessagePtr KeyFormat(absl::string_view topic) {
  if (absl::EndsWith(topic, ".results")) return std::make_unique<results::v1::ResultKey>();
  return nullptr;
}

// JSON of a message of `format`; empty when there is no format, or the bytes are not of it (any
// topic may have a name like ours).
std::string Decode(MessagePtr format, absl::string_view bytes) {
  if (format == nullptr || bytes.empty() ||
      !format->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return "";
  }
  return ProtoJson(*format);
}

// The same JSON without spaces and line ends, digits untouched; empty when it is not JSON.
std::string MinifiedJson(absl::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element parsed;
  if (parser.parse(text.data(), text.size()).get(parsed) != simdjson::SUCCESS) return "";
  std::string json(text.size(), '\0');
  size_t length = 0;
  if (simdjson::minify(text.data(), text.size(), json.data(), length) != simdjson::SUCCESS) {
    return "";
  }
  json.resize(length);
  return json;
}

std::string Plain(bool present, absl::string_view bytes, MessagePtr format) {
  if (!present) return "null";
  std::string decoded = Decode(std::move(format), bytes);
  return decoded.empty() ? Printable(bytes) : decoded;
}

void AppendJson(bool present, absl::string_view bytes, MessagePtr format, std::string* json) {
  if (!present) {
    absl::StrAppend(json, "null");
    return;
  }
  std::string embedded = Decode(std::move(format), bytes);
  if (embedded.empty()) embedded = MinifiedJson(bytes);
  if (embedded.empty()) {
    AppendJsonString(bytes, json);
  } else {
    absl::StrAppend(json, embedded);
  }
}

void AppendText(bool present, absl::string_view bytes, MessagePtr format, std::string* json) {
  if (!present) {
    absl::StrAppend(json, "null");
    return;
  }
  const std::string decoded = Decode(std::move(format), bytes);
  AppendJsonString(decoded.empty() ? bytes : absl::string_view(decoded), json);
}

// Up to the key's value.
std::string BeginJson(const kafka::RecordView& record) {
  std::string json = "{\"topic\":";
  AppendJsonString(record.topic, &json);
  absl::StrAppend(&json, ",\"partition\":", record.partition, ",\"offset\":", record.offset,
                  ",\"timestamp\":\"", TimeText(absl::FromUnixMillis(record.timestamp_ms)),
                  "\",\"key\":");
  return json;
}

std::string HeadersJson(const kafka::RecordHeaders& headers) {
  std::string json = "{";
  for (const auto& [name, value] : headers) {
    if (json.size() > 1) json.push_back(',');
    AppendJsonString(name, &json);
    json.push_back(':');
    AppendJsonString(value, &json);
  }
  return json + "}";
}

}  // namespace

std::string RecordTextLine(const kafka::RecordView& record, const kafka::RecordHeaders& headers) {
  std::string line = absl::StrCat(record.partition, ":", record.offset, " ");
  for (const auto& [name, value] : headers) {
    absl::StrAppend(&line, Printable(name), "=", Printable(value), " ");
  }
  if (!record.key.empty()) {
    absl::StrAppend(&line, "key=", Plain(true, record.key, KeyFormat(record.topic)), " ");
  }
  absl::StrAppend(&line, Plain(record.has_value, record.value, ValueFormat(record.topic)));
  return line;
}

std::string RecordJsonLine(const kafka::RecordView& record, const kafka::RecordHeaders& headers) {
  std::string json = BeginJson(record);
  AppendJson(record.has_key, record.key, KeyFormat(record.topic), &json);
  absl::StrAppend(&json, ",\"value\":");
  AppendJson(record.has_value, record.value, ValueFormat(record.topic), &json);
  return absl::StrCat(json, ",\"headers\":", HeadersJson(headers), "}");
}

std::string RecordTextJsonLine(const kafka::RecordView& record,
                               const kafka::RecordHeaders& headers) {
  std::string json = BeginJson(record);
  AppendText(record.has_key, record.key, KeyFormat(record.topic), &json);
  absl::StrAppend(&json, ",\"value\":");
  AppendText(record.has_value, record.value, ValueFormat(record.topic), &json);
  absl::StrAppend(&json, ",\"headers\":");
  AppendJsonString(HeadersJson(headers), &json);
  return json + "}";
}

}  // namespace windrow::cli
