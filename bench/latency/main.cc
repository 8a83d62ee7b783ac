// Prints, as one line of JSON, how long a record takes from the producer's hand to a subscriber's:
// sends markers into the topic beside whatever load there is, and waits for their rows in the feed.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "bench/latency/marker_clock.h"
#include "services/platform/kafka/record_producer.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

ABSL_FLAG(std::string, kafka, "127.0.0.1:9092", "Kafka broker, HOST:PORT");
ABSL_FLAG(std::string, query, "127.0.0.1:7003", "query service, HOST:PORT");
ABSL_FLAG(std::string, topic, "calls", "topic to write markers to");
ABSL_FLAG(int, partitions, 4, "partitions of the topic");
ABSL_FLAG(std::string, view, "pipelines/sf-calls/views/calls-by-type",
          "view to subscribe to, which groups by original_crime_type_name");
ABSL_FLAG(int, markers_per_second, 50, "markers sent per second");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(30), "for how long to send");

namespace windrow::bench {
namespace {

namespace pb = windrow::query::v1;

constexpr absl::Duration kDeadline = absl::Seconds(30);

// Reads the rows of markers as they come in, on a thread of its own.
class MarkerFeed {
 public:
  MarkerFeed(const std::string& address, MarkerClock* clock)
      : clock_(clock),
        stub_(pb::QueryService::NewStub(
            grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))) {}

  ~MarkerFeed() {
    context_.TryCancel();
    if (thread_.joinable()) thread_.join();
  }

  // False when the feed is not there within the deadline; says why on stderr.
  bool Start(const std::string& view) {
    pb::SubscribeRequest request;
    request.set_parent(view);
    request.set_filter(absl::StrCat("original_crime_type_name = \"", clock_->prefix(), "*\""));
    thread_ = std::thread([this, request] { Read(request); });
    return ready_.WaitForNotificationWithTimeout(kDeadline) && !failed_;
  }

 private:
  void Read(const pb::SubscribeRequest& request) {
    const auto reader = stub_->Subscribe(&context_, request);
    pb::SubscribeResponse response;
    while (reader->Read(&response)) {
      if (!ready_.HasBeenNotified()) ready_.Notify();
      const absl::Time now = absl::Now();
      for (const pb::Result& row : response.changes().results()) {
        if (!row.group().empty()) clock_->See(row.group(0).string_value(), now);
      }
    }
    const grpc::Status status = reader->Finish();
    if (ready_.HasBeenNotified()) return;
    absl::FPrintF(stderr, "latency: %s\n", status.error_message());
    failed_ = true;
    ready_.Notify();
  }

  MarkerClock* const clock_;
  const std::unique_ptr<pb::QueryService::Stub> stub_;
  grpc::ClientContext context_;
  absl::Notification ready_;
  std::atomic<bool> failed_{false};
  std::thread thread_;
};

std::string MarkerRecord(const std::string& marker, absl::Time now) {
  return absl::StrCat(R"({"crime_id":"0","original_crime_type_name":")", marker,
                      R"(","call_date_time":")",
                      absl::FormatTime("%Y-%m-%dT%H:%M:%E3S", now, absl::UTCTimeZone()),
                      R"(","disposition":"ADM"})");
}

// Markers at even distances; those that the machine made late go at once.
absl::Status SendMarkers(MarkerClock* clock, kafka::RecordProducer* producer) {
  const absl::Duration distance = absl::Seconds(1) / absl::GetFlag(FLAGS_markers_per_second);
  const absl::Time begin = absl::Now();
  const absl::Time end = begin + absl::GetFlag(FLAGS_duration);
  int64_t number = 0;
  for (absl::Time due = begin; due < end; due += distance) {
    absl::SleepFor(due - absl::Now());
    const absl::Time now = absl::Now();
    const absl::Status sent = producer->Send(
        absl::GetFlag(FLAGS_topic), static_cast<int>(number++ % absl::GetFlag(FLAGS_partitions)),
        "", MarkerRecord(clock->Send(now), now), kDeadline);
    if (!sent.ok()) return sent;
  }
  return producer->Flush(kDeadline);
}

absl::Status Measure(MarkerClock* clock) {
  kafka::KafkaConfig config;
  config.bootstrap_servers = absl::GetFlag(FLAGS_kafka);
  config.client_id = "latency";
  // What a client waits for is not the way that is measured.
  config.properties["linger.ms"] = "0";
  const auto producer = kafka::RecordProducer::Create(config);
  if (!producer.ok()) return producer.status();
  MarkerFeed feed(absl::GetFlag(FLAGS_query), clock);
  if (!feed.Start(absl::GetFlag(FLAGS_view))) return absl::UnavailableError("there is no feed");
  const absl::Status sent = SendMarkers(clock, producer->get());
  if (!sent.ok()) return sent;
  const absl::Time deadline = absl::Now() + kDeadline;
  while (clock->missing() > 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
  return absl::OkStatus();
}

void Print(const MarkerClock& clock) {
  const auto latencies = clock.Latencies();
  const auto ms = [&](double share) {
    return absl::ToDoubleMilliseconds(Percentile(latencies, share));
  };
  absl::PrintF(R"({"sent":%d,"missing":%d,"p50_ms":%.1f,"p90_ms":%.1f,"p99_ms":%.1f,)"
               R"("max_ms":%.1f})"
               "\n",
               clock.sent(), clock.missing(), ms(0.5), ms(0.9), ms(0.99), ms(1));
}

}  // namespace
}  // namespace windrow::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Measures the way of a record to a subscriber, by markers.");
  absl::ParseCommandLine(argc, argv);
  windrow::bench::MarkerClock clock(absl::StrCat(absl::ToUnixMicros(absl::Now())));
  const absl::Status status = windrow::bench::Measure(&clock);
  if (!status.ok()) {
    absl::FPrintF(stderr, "latency: %s\n", status.message());
    return 1;
  }
  windrow::bench::Print(clock);
  return clock.missing() == 0 ? 0 : 1;
}
