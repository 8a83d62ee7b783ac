// Many subscribers of one replica of the query service, some of which do not read. Writes row
// updates to a results topic of its own, and measures how long each takes from before it is
// produced until a subscriber has it. Prints JSON. For bench/subscribers and tests/e2e.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "bench/fanout/row_subscriber.h"
#include "bench/fanout/row_writer.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/runtime/flags.h"

ABSL_FLAG(std::string, kafka, "127.0.0.1:9092", "Kafka brokers, HOST:PORT[,HOST:PORT...].");
ABSL_FLAG(std::string, query, "127.0.0.1:7003", "The replica, HOST:PORT; it serves --pipeline.");
ABSL_FLAG(std::string, pipeline, "fanout", "Id of the pipeline whose results topic is written.");
ABSL_FLAG(int32_t, subscribers, 1000, "Subscribers that read.");
ABSL_FLAG(int32_t, stalled, 0, "Subscribers beside them that do not.");
ABSL_FLAG(int32_t, rows, 100, "Rows that change in turn.");
ABSL_FLAG(int32_t, updates_per_second, 100, "Row updates per second.");
ABSL_FLAG(absl::Duration, commit_interval, absl::Milliseconds(20), "Time between transactions.");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(15), "How long updates are written.");
ABSL_FLAG(absl::Duration, cut_off_within, absl::ZeroDuration(),
          "How long to wait for the replica to end the calls of those who do not read.");

namespace windrow::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

// How long updates took, and messages. Thread-safe.
class Latencies {
 public:
  // Before the update is produced.
  void Begin(int64_t update) {
    absl::MutexLock lock(&mutex_);
    begins_.resize(update + 1, absl::InfinitePast());
    begins_[update] = absl::Now();
  }

  // A subscriber has the message.
  void End(const query::v1::Changes& changes) {
    const absl::Time now = absl::Now();
    const absl::Time sent = absl::FromUnixSeconds(changes.send_time().seconds()) +
                            absl::Nanoseconds(changes.send_time().nanos());
    absl::MutexLock lock(&mutex_);
    bool counts = false;
    for (const query::v1::Result& row : changes.results()) {
      const int64_t update = row.accepted();
      if (update >= static_cast<int64_t>(begins_.size()) ||
          begins_[update] == absl::InfinitePast()) {
        continue;
      }
      updates_us_.push_back(static_cast<int32_t>((now - begins_[update]) / absl::Microseconds(1)));
      counts = true;
    }
    if (counts) messages_us_.push_back(static_cast<int32_t>((now - sent) / absl::Microseconds(1)));
  }

  // As members of a JSON object.
  std::string ToJson() {
    absl::MutexLock lock(&mutex_);
    return absl::StrCat("\"rows\": ", updates_us_.size(), ", ", Percentiles("", &updates_us_), ", ",
                        Percentiles("sent_", &messages_us_));
  }

 private:
  static std::string Percentiles(absl::string_view prefix, std::vector<int32_t>* took_us) {
    std::sort(took_us->begin(), took_us->end());
    const auto at = [&](double share) {
      if (took_us->empty()) return 0.0;
      return (*took_us)[static_cast<size_t>(share * static_cast<double>(took_us->size() - 1))] /
             1e3;
    };
    return absl::StrCat("\"", prefix, "p50_ms\": ", at(0.5), ", \"", prefix, "p99_ms\": ", at(0.99),
                        ", \"", prefix, "max_ms\": ", at(1));
  }

  absl::Mutex mutex_;
  // By number of the update.
  std::vector<absl::Time> begins_ ABSL_GUARDED_BY(mutex_);
  // From before an update was produced, and from when a message was made, until a subscriber had
  // it.
  std::vector<int32_t> updates_us_ ABSL_GUARDED_BY(mutex_);
  std::vector<int32_t> messages_us_ ABSL_GUARDED_BY(mutex_);
};

class Fanout {
 public:
  absl::Status Run() {
    kafka::KafkaConfig kafka;
    kafka.bootstrap_servers = absl::GetFlag(FLAGS_kafka);
    kafka.client_id = "fanout";
    auto writer =
        RowWriter::Create(kafka, absl::GetFlag(FLAGS_pipeline), absl::GetFlag(FLAGS_rows));
    if (!writer.ok()) return writer.status();
    absl::Status status = AwaitView();
    if (!status.ok()) return status;
    for (int i = 0; i < absl::GetFlag(FLAGS_stalled); ++i) Add(/*stalls=*/true);
    for (int i = 0; i < absl::GetFlag(FLAGS_subscribers); ++i) Add(/*stalls=*/false);
    status = AwaitAll("confirmations", [](RowSubscriber* one) { return one->confirmed(); });
    if (status.ok()) status = WriteAll(writer->get());
    if (!status.ok()) return status;
    const absl::Time written = absl::Now();
    status = AwaitAll("the newest rows", [&](RowSubscriber* one) { return HasAll(one, **writer); });
    settled_ = absl::Now() - written;
    if (status.ok()) status = AwaitCutOff();
    return status;
  }

  void Print() {
    int64_t messages = 0;
    for (const auto& one : readers_) messages += one->messages();
    std::cout << absl::StrCat("{\"subscribers\": ", readers_.size(),
                              ", \"stalled\": ", stalled_.size(), ", \"open\": ", open_,
                              ", \"messages\": ", messages, ", ", latencies_.ToJson(),
                              ", \"settled_ms\": ", absl::ToInt64Milliseconds(settled_), "}")
              << std::endl;
  }

 private:
  std::string View() const {
    return absl::StrCat("pipelines/", absl::GetFlag(FLAGS_pipeline), "/views/", RowWriter::kView);
  }

  void Add(bool stalls) {
    RowSubscriber::Options options;
    options.address = absl::GetFlag(FLAGS_query);
    options.view = View();
    options.stalls = stalls;
    options.on_changes = [this](const query::v1::Changes& changes) { latencies_.End(changes); };
    (stalls ? stalled_ : readers_).push_back(std::make_unique<RowSubscriber>(options));
  }

  // Until no more calls are open than read, or for as long as was asked for.
  absl::Status AwaitCutOff() {
    const auto stub = query::v1::QueryService::NewStub(
        grpc::CreateChannel(absl::GetFlag(FLAGS_query), grpc::InsecureChannelCredentials()));
    const absl::Time deadline = absl::Now() + absl::GetFlag(FLAGS_cut_off_within);
    while (true) {
      grpc::ClientContext context;
      context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(5)));
      query::v1::GetStatusResponse response;
      const grpc::Status status = stub->GetStatus(&context, {}, &response);
      if (!status.ok()) return absl::UnavailableError(status.error_message());
      open_ = response.subscribers();
      if (open_ <= static_cast<int>(readers_.size()) || absl::Now() > deadline) break;
      absl::SleepFor(absl::Milliseconds(50));
    }
    return absl::OkStatus();
  }

  // Until the replica serves the view.
  absl::Status AwaitView() const {
    const auto stub = query::v1::QueryService::NewStub(
        grpc::CreateChannel(absl::GetFlag(FLAGS_query), grpc::InsecureChannelCredentials()));
    const absl::Time deadline = absl::Now() + kPatience;
    grpc::Status status;
    do {
      grpc::ClientContext context;
      context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(5)));
      query::v1::ListResultsRequest request;
      request.set_parent(View());
      query::v1::ListResultsResponse response;
      status = stub->ListResults(&context, request, &response);
      if (status.ok() && response.results_size() > 0) return absl::OkStatus();
      absl::SleepFor(absl::Milliseconds(50));
    } while (absl::Now() < deadline);
    return absl::DeadlineExceededError(absl::StrCat("the view: ", status.error_message()));
  }

  template <typename Condition>
  absl::Status AwaitAll(const std::string& what, Condition condition) {
    const absl::Time deadline = absl::Now() + kPatience;
    for (const auto& one : readers_) {
      std::string words;
      while (!condition(one.get())) {
        if (one->ended(&words)) return absl::UnavailableError(absl::StrCat("ended: ", words));
        if (absl::Now() > deadline) return absl::DeadlineExceededError(what);
        absl::SleepFor(absl::Milliseconds(5));
      }
    }
    return absl::OkStatus();
  }

  absl::Status WriteAll(RowWriter* writer) {
    const absl::Duration interval = absl::GetFlag(FLAGS_commit_interval);
    const double per_second = absl::GetFlag(FLAGS_updates_per_second);
    const absl::Time begin = absl::Now();
    const int64_t first = writer->updates();
    for (absl::Time next = begin; next < begin + absl::GetFlag(FLAGS_duration); next += interval) {
      absl::SleepFor(next - absl::Now());
      const auto wanted =
          first + static_cast<int64_t>(absl::ToDoubleSeconds(next - begin + interval) * per_second);
      const int updates = static_cast<int>(wanted - writer->updates());
      if (updates <= 0) continue;
      for (int i = 0; i < updates; ++i) latencies_.Begin(writer->updates() + i);
      const absl::Status written = writer->Write(updates);
      if (!written.ok()) return written;
    }
    return absl::OkStatus();
  }

  // Only rows that changed since it subscribed.
  static bool HasAll(RowSubscriber* one, const RowWriter& writer) {
    for (int64_t update = std::max<int64_t>(writer.rows(), writer.updates() - writer.rows());
         update < writer.updates(); ++update) {
      const int row = static_cast<int>(update % writer.rows());
      if (!one->HasRow(row, writer.rows(), update)) return false;
    }
    return true;
  }

  Latencies latencies_;
  absl::Duration settled_;
  // Calls that are open in the end.
  int open_ = 0;
  std::vector<std::unique_ptr<RowSubscriber>> readers_;
  std::vector<std::unique_ptr<RowSubscriber>> stalled_;
};

}  // namespace
}  // namespace windrow::bench

int main(int argc, char** argv) {
  windrow::runtime::ParseFlagsOrExit(argc, argv, "Many subscribers of one replica; see main.cc.");
  windrow::bench::Fanout fanout;
  const absl::Status status = fanout.Run();
  fanout.Print();
  if (status.ok()) return 0;
  std::cerr << "fanout: " << status << "\n";
  return 1;
}
