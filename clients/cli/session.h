#ifndef CLIENTS_CLI_SESSION_H_
#define CLIENTS_CLI_SESSION_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cli/transport.h"
#include "services/platform/kafka/client_properties.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::cli {

// The services that a command may talk to.
enum class Service { kProducer, kAggregator, kQuery };

// An error of the command line itself, for exit code 2.
absl::Status UsageError(absl::string_view message);
bool IsUsageError(const absl::Status& status);
// A command that a signal ended, for exit code 130. An empty message is not shown: for commands
// that have no other end.
absl::Status Interrupted(absl::string_view message = "interrupted");
bool IsInterrupted(const absl::Status& status);

// Something that a flag, the environment or a profile can set, and which of them did.
struct EffectiveSetting {
  std::string key;
  std::string value;
  std::string source;
};

// What all commands share: where the services are, and how a call to them is made and its failure
// explained. One thread, but for Channel and Explain.
class Session {
 public:
  struct Addresses {
    std::string kafka = "127.0.0.1:9092";
    std::string producer = "127.0.0.1:7001";
    std::string aggregator = "127.0.0.1:7002";
    std::string query = "127.0.0.1:7003";
  };

  Addresses& addresses() { return addresses_; }

  // Id of the pipeline that commands are about unless they name another; the command line sets it.
  std::string& pipeline_id() { return pipeline_id_; }
  // "pipelines/{id}" of `id`, or of the pipeline of this session when `id` is empty. Both forms of
  // the name are understood.
  std::string PipelineName(absl::string_view id = "") const;
  // "pipelines/{id}/views/{view}"; a full name stays as it is.
  std::string ViewName(absl::string_view view) const;

  // What the flags, the environment and the profile come to; the command line sets it.
  std::vector<EffectiveSetting>& settings() { return settings_; }

  // How to reach Kafka.
  kafka::KafkaConfig KafkaClient() const;

  // Files by which the services are spoken to, and one of librdkafka's properties, or empty; the
  // command line sets them.
  Transport& transport() { return transport_; }
  std::string& kafka_config() { return kafka_config_; }
  // Reads those files; a usage error says which one is wrong. Call before Channel and KafkaClient.
  absl::Status ReadFiles();

  const std::string& Address(Service service) const;

  // A new channel to a service; it connects when first used.
  std::shared_ptr<grpc::Channel> Channel(Service service) const;

  // Calls a method that answers once, with the deadline that all commands share.
  template <typename Stub, typename Base, typename Request, typename Response>
  absl::Status Call(Service service, Stub& stub,
                    grpc::Status (Base::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response,
                    absl::Duration timeout = absl::Seconds(10)) const {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    return Explain(service, (stub.*method)(&context, request, response));
  }

  // Turns a failed call into one line that says what to do.
  absl::Status Explain(Service service, const grpc::Status& status) const;

 private:
  Addresses addresses_;
  Transport transport_;
  std::string kafka_config_;
  kafka::Properties kafka_properties_;
  std::string pipeline_id_ = "sf-calls";
  std::vector<EffectiveSetting> settings_;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_SESSION_H_
