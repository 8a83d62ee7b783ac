#include "clients/cli/session.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/platform/rpc/service_config.h"

namespace windrow::cli {
namespace {

// Marks a status as an error of the command line.
constexpr absl::string_view kUsagePayload = "windrow.cli/usage";
constexpr absl::string_view kInterruptedPayload = "windrow.cli/interrupted";

absl::string_view ServiceName(Service service) {
  switch (service) {
    case Service::kProducer:
      return "producer";
    case Service::kAggregator:
      return "aggregator";
    case Service::kQuery:
      return "query";
  }
  return "";
}

}  // namespace

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsagePayload, absl::Cord("1"));
  return status;
}

bool IsUsageError(const absl::Status& status) {
  return status.GetPayload(kUsagePayload).has_value();
}

absl::Status Interrupted(absl::string_view message) {
  absl::Status status = absl::CancelledError(message);
  status.SetPayload(kInterruptedPayload, absl::Cord("1"));
  return status;
}

bool IsInterrupted(const absl::Status& status) {
  return status.GetPayload(kInterruptedPayload).has_value();
}

std::string Session::PipelineName(absl::string_view id) const {
  if (id.empty()) id = pipeline_id_;
  return absl::StartsWith(id, "pipelines/") ? std::string(id) : absl::StrCat("pipelines/", id);
}

std::string Session::ViewName(absl::string_view view) const {
  if (absl::StartsWith(view, "pipelines/")) return std::string(view);
  return absl::StrCat(PipelineName(), "/views/", view);
}

absl::Status Session::ReadFiles() {
  const absl::Status usable = CheckTransport(transport_);
  if (!usable.ok()) return UsageError(usable.message());
  absl::StatusOr<kafka::Properties> properties = kafka::ReadProperties(kafka_config_, environ);
  if (!properties.ok()) return UsageError(properties.status().message());
  kafka_properties_ = *std::move(properties);
  return absl::OkStatus();
}

kafka::KafkaConfig Session::KafkaClient() const {
  kafka::KafkaConfig config;
  config.bootstrap_servers = addresses_.kafka;
  config.properties = kafka_properties_;
  config.client_id = "windrow-cli";
  // Commands report trouble themselves, once: of librdkafka's lines only what is critical.
  config.properties["log_level"] = "2";
  return config;
}

const std::string& Session::Address(Service service) const {
  switch (service) {
    case Service::kProducer:
      return addresses_.producer;
    case Service::kAggregator:
      return addresses_.aggregator;
    case Service::kQuery:
      break;
  }
  return addresses_.query;
}

std::shared_ptr<grpc::Channel> Session::Channel(Service service) const {
  grpc::ChannelArguments arguments;
  // A watcher wants to be back soon after a restart of the service.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // Names are looked up anew before a connection is tried again, by default after 30 s only.
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 500);
  // Finds out about a service that vanished without a word.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  arguments.SetServiceConfigJSON(rpc::kServiceConfig);
  return CreateChannel(Address(service), transport_, arguments);
}

absl::Status Session::Explain(Service service, const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  const absl::string_view name = ServiceName(service);
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  std::string message = status.error_message();
  if (code == absl::StatusCode::kUnavailable &&
      (absl::StrContains(message, "connect") || absl::StrContains(message, "DNS"))) {
    message =
        absl::StrCat("cannot reach the ", name, " service at ", Address(service),
                     ": start it (./run starts everything), or name its address with --", name);
  } else if (code == absl::StatusCode::kDeadlineExceeded) {
    message = absl::StrCat("the ", name, " service at ", Address(service),
                           " did not answer in time: ", message);
  } else if (code == absl::StatusCode::kUnimplemented) {
    message = absl::StrCat("what answers at ", Address(service), " is not a ", name,
                           " service of this version: name its address with --", name);
  } else {
    message = absl::StrCat(name, ": ", message);
  }
  return absl::Status(code, message);
}

}  // namespace windrow::cli
