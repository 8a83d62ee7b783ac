// Prints, as one line of JSON, what is committed in a results topic: how many records; and of each
// view how many versions of rows, how many rows, and how many records of the source these count.

#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "services/platform/kafka/topic_scan.h"
#include "windrow/results/v1/result.pb.h"

ABSL_FLAG(std::string, kafka, "127.0.0.1:9092", "Kafka broker, HOST:PORT");
ABSL_FLAG(std::string, topic, "sf-calls.results", "results topic to read");

namespace windrow::bench {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(10);

struct ViewRows {
  int64_t versions = 0;
  // Accepted records of the newest version of each row, by its key in the topic; no deleted ones.
  absl::flat_hash_map<std::string, uint64_t> accepted;
  // Late ones, by the key of the count.
  absl::flat_hash_map<std::string, uint64_t> late;
};

struct TopicRows {
  int64_t records = 0;
  std::map<std::string, ViewRows> views;
};

template <typename Message>
Message Parse(absl::string_view bytes) {
  Message message;
  message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return message;
}

void Count(const kafka::RecordView& record, TopicRows* rows) {
  ++rows->records;
  const auto key = Parse<results::v1::ResultKey>(record.key);
  const auto value = Parse<results::v1::ResultRecord>(record.value);
  const std::string name(record.key);
  if (key.has_ledger()) {
    rows->views[key.ledger().view()].late[name] = value.ledger().late();
  } else if (key.has_row()) {
    ViewRows& view = rows->views[key.row().view()];
    ++view.versions;
    if (record.has_value) {
      view.accepted[name] = value.row().accepted();
    } else {
      view.accepted.erase(name);
    }
  }
}

absl::StatusOr<TopicRows> Read(const kafka::KafkaConfig& kafka, const std::string& topic) {
  TopicRows rows;
  const absl::Status scanned = kafka::ScanTopic(
      kafka, topic, kPatience, [&rows](const kafka::RecordView& record) { Count(record, &rows); });
  if (!scanned.ok()) return scanned;
  return rows;
}

uint64_t Sum(const absl::flat_hash_map<std::string, uint64_t>& numbers) {
  uint64_t sum = 0;
  for (const auto& [key, number] : numbers) sum += number;
  return sum;
}

void Print(const TopicRows& rows) {
  const std::string views =
      absl::StrJoin(rows.views, ",", [](std::string* text, const auto& entry) {
        const ViewRows& view = entry.second;
        absl::StrAppendFormat(text, R"("%s":{"versions":%d,"rows":%d,"accepted":%d,"late":%d})",
                              entry.first, view.versions, view.accepted.size(), Sum(view.accepted),
                              Sum(view.late));
      });
  absl::PrintF("{\"records\":%d,\"views\":{%s}}\n", rows.records, views);
}

}  // namespace
}  // namespace windrow::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Counts what is committed in a results topic.");
  absl::ParseCommandLine(argc, argv);
  windrow::kafka::KafkaConfig kafka;
  kafka.bootstrap_servers = absl::GetFlag(FLAGS_kafka);
  const auto rows = windrow::bench::Read(kafka, absl::GetFlag(FLAGS_topic));
  if (!rows.ok()) {
    absl::FPrintF(stderr, "rows: %s\n", rows.status().ToString());
    return 1;
  }
  windrow::bench::Print(*rows);
  return 0;
}
