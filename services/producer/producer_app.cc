#include "services/producer/producer_app.h"

#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/platform/runtime/log.h"
#include "services/platform/runtime/termination.h"
#include "services/platform/runtime/trace_parent.h"
#include "services/producer/producer_metrics.h"
#include "services/producer/sink/topic_writer.h"
#include "services/producer/source/dataset_reader.h"
#include "services/producer/source/generated_calls.h"

namespace windrow::producer {
namespace {

using runtime::LogInfo;
using runtime::LogWarning;

constexpr absl::Duration kKafkaTimeout = absl::Seconds(5);
constexpr absl::Duration kRetryInterval = absl::Milliseconds(200);
constexpr absl::Duration kHealthInterval = absl::Seconds(5);
constexpr absl::Duration kHealthTimeout = absl::Seconds(1);
// Together with what a Kafka client needs to end, below the ten seconds that a stop may take.
constexpr absl::Duration kFlushTimeout = absl::Seconds(3);
constexpr absl::Duration kDrainGrace = absl::Milliseconds(500);

absl::StatusOr<std::unique_ptr<RecordSource>> OpenSource(const ReplayOptions& options) {
  if (const auto* generator = std::get_if<CallGeneratorOptions>(&options.source)) {
    return std::make_unique<GeneratedCalls>(*generator);
  }
  const auto* dataset = std::get_if<DatasetOptions>(&options.source);
  if (dataset == nullptr) return absl::InternalError("a replay without a source");
  absl::StatusOr<std::unique_ptr<DatasetReader>> reader =
      DatasetReader::Open(*dataset, options.order);
  if (!reader.ok()) return reader.status();
  return std::unique_ptr<RecordSource>(*std::move(reader));
}

bool IsKafkaAway(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

}  // namespace

ProducerApp::ProducerApp(const ProducerOptions& options)
    : options_(options),
      runner_({OpenSource,
               [this](const ReplayOptions& replay) -> absl::StatusOr<std::unique_ptr<RecordSink>> {
                 absl::StatusOr<std::unique_ptr<TopicWriter>> writer =
                     TopicWriter::Create(options_.kafka, *admin_, replay.topic, kKafkaTimeout,
                                         runtime::TraceHeaders(replay.trace_parent));
                 if (!writer.ok()) return writer.status();
                 return std::unique_ptr<RecordSink>(*std::move(writer));
               }}),
      service_(&runner_, options.topic) {}

absl::StatusOr<std::unique_ptr<ProducerApp>> ProducerApp::Build(const ProducerOptions& options) {
  std::unique_ptr<ProducerApp> app(new ProducerApp(options));
  absl::StatusOr<std::unique_ptr<kafka::TopicAdmin>> admin =
      kafka::TopicAdmin::Create(options.kafka);
  if (!admin.ok()) return admin.status();
  app->admin_ = *std::move(admin);
  auto metrics = metrics::MetricsServer::Start(options.metrics_address, "producer");
  if (!metrics.ok()) return metrics.status();
  app->metrics_ = *std::move(metrics);
  app->metrics_->SetSource(
      [app = app.get()](metrics::MetricFamilies* out) { WriteMetrics(app->runner_.Get(), out); });
  absl::StatusOr<std::unique_ptr<rpc::RpcServer>> server = rpc::RpcServer::Start(
      options.listen, {&app->service_}, options.rpc, app->metrics_->call_observer());
  if (!server.ok()) return server.status();
  app->server_ = *std::move(server);
  LogInfo("listening", {{"address", options.listen}, {"port", app->server_->port()}});
  return app;
}

absl::Status ProducerApp::Run() {
  absl::StatusOr<bool> ready = WaitForTopic();
  absl::Status status = ready.status();
  if (ready.ok() && *ready) {
    server_->SetServing(true);
    status = Autostart();
    if (status.ok()) ServeUntilTermination();
  }
  ShutDown();
  return status;
}

absl::StatusOr<bool> ProducerApp::WaitForTopic() {
  bool reported = false;
  while (true) {
    const absl::Status status = CheckTopic();
    if (status.ok()) break;
    if (!IsKafkaAway(status)) return status;
    if (!reported) {
      LogWarning("waiting for Kafka", {{"kafka", options_.kafka.bootstrap_servers},
                                       {"error", std::string(status.message())}});
    }
    reported = true;
    if (runtime::WaitForTermination(kRetryInterval)) return false;
  }
  LogInfo("ready", {{"topic", options_.topic}});
  return true;
}

absl::Status ProducerApp::CheckTopic() {
  // Short, so that a signal is heard soon.
  if (options_.topic_partitions == 0) {
    absl::Status status = admin_->DescribeTopic(options_.topic, kHealthTimeout).status();
    if (!absl::IsNotFound(status)) return status;
    return absl::NotFoundError(absl::StrCat(
        status.message(), ": create it, or give --topic_partitions so that it is created"));
  }
  // Datasets are old and small beside a disk: nothing is ever dropped from their topic.
  const kafka::TopicSpec spec = {options_.topic,
                                 options_.topic_partitions,
                                 {{"retention.ms", "-1"}, {"retention.bytes", "-1"}}};
  absl::Status status = admin_->EnsureTopics({spec}, kKafkaTimeout);
  if (!absl::IsFailedPrecondition(status)) return status;
  return absl::FailedPreconditionError(absl::StrCat(
      status.message(), ": name another topic, or use it as it is with --topic_partitions=0"));
}

absl::Status ProducerApp::Autostart() {
  if (!options_.autostart.has_value()) return absl::OkStatus();
  return runner_.Start(*options_.autostart).status();
}

void ProducerApp::ServeUntilTermination() {
  bool serving = true;
  while (!runtime::WaitForTermination(kHealthInterval)) {
    const absl::Status status = admin_->DescribeTopic(options_.topic, kHealthTimeout).status();
    if (status.ok() != serving) {
      serving = status.ok();
      server_->SetServing(serving);
      LogWarning(serving ? "Kafka answers again" : "Kafka does not answer",
                 {{"error", std::string(status.message())}});
    }
  }
}

void ProducerApp::ShutDown() {
  LogInfo("stopping");
  server_->BeginDrain();
  runner_.Shutdown(kFlushTimeout);
  server_->Drain(kDrainGrace);
  LogInfo("stopped");
}

}  // namespace windrow::producer
