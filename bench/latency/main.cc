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
#include "bench/latency/marker_sender.h"
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
  MarkerLoad load;
  load.topic = absl::GetFlag(FLAGS_topic);
  load.partitions = absl::GetFlag(FLAGS_partitions);
  load.markers_per_second = absl::GetFlag(FLAGS_markers_per_second);
  load.duration = absl::GetFlag(FLAGS_duration);
  const absl::Status sent = SendMarkers(load, clock, producer->get());
  if (!sent.ok()) return sent;
  const absl::Time deadline = absl::Now() + kDeadline;
  while (clock->missing() > 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
  return absl::OkStatus();
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
  absl::PrintF("%s\n", windrow::bench::LatenciesAsJson(clock));
  return clock.missing() == 0 ? 0 : 1;
}
