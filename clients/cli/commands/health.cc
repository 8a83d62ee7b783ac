#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/health_check.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/runtime/termination.h"

namespace windrow::cli {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(50);
constexpr absl::Duration kTimeout = absl::Seconds(3);

struct HealthOptions {
  std::vector<std::string> parts;
  std::string probe = "readiness";
  absl::Duration wait = absl::ZeroDuration();
  std::string format = "table";
};

struct Part {
  std::string name;
  std::string address;
  absl::Status status;
};

absl::Status CheckKafka(const Session& session) {
  const absl::StatusOr<std::unique_ptr<kafka::TopicAdmin>> admin =
      kafka::TopicAdmin::Create(session.KafkaClient());
  if (!admin.ok()) return admin.status();
  return (*admin)->ListTopics(kTimeout).status();
}

Part Check(Session& session, const std::string& name, const std::string& probe) {
  const Session::Addresses& addresses = session.addresses();
  if (name == "kafka") return {name, addresses.kafka, CheckKafka(session)};
  if (name == "producer") {
    return {name, addresses.producer, CheckHealth(session, Service::kProducer, probe, kTimeout)};
  }
  if (name == "aggregator") {
    return {name, addresses.aggregator,
            CheckHealth(session, Service::kAggregator, probe, kTimeout)};
  }
  return {name, addresses.query, CheckHealth(session, Service::kQuery, probe, kTimeout)};
}

// Checks again until it is well, up to the deadline.
Part CheckUntil(Session& session, const std::string& name, const std::string& probe,
                absl::Time deadline) {
  Part part = Check(session, name, probe);
  while (!part.status.ok() && absl::Now() < deadline && !runtime::WaitForTermination(kPause)) {
    part = Check(session, name, probe);
  }
  return part;
}

std::string PartJson(const Part& part) {
  std::string json = "{\"part\":";
  AppendJsonString(part.name, &json);
  json += ",\"address\":";
  AppendJsonString(part.address, &json);
  absl::StrAppend(&json, ",\"serving\":", part.status.ok() ? "true" : "false", ",\"error\":");
  AppendJsonString(part.status.message(), &json);
  return json + "}";
}

absl::Status Run(Session& session, const HealthOptions& options) {
  if (options.wait > absl::ZeroDuration()) runtime::BlockTerminationSignals();
  std::vector<std::string> names = options.parts;
  if (names.empty()) names = {"kafka", "producer", "aggregator", "query"};
  const absl::Time deadline = absl::Now() + options.wait;
  Listing listing(options.format, {{"PART"}, {"ADDRESS"}, {"HEALTH"}});
  int ill = 0;
  for (const std::string& name : names) {
    const Part part = CheckUntil(session, name, options.probe, deadline);
    if (!part.status.ok()) ++ill;
    listing.AddJson(PartJson(part), [&part] {
      return std::vector<std::string>{
          part.name, part.address,
          part.status.ok() ? "serving" : Printable(std::string(part.status.message()))};
    });
  }
  listing.Finish();
  if (ill == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(ill, " of ", names.size(), " parts not serving"));
}

}  // namespace

void AddHealth(CommandLine* line) {
  line->Add("health",
            "Asks Kafka and the services whether they serve; exit code 78 if one does not",
            [](Command& command) {
              const auto options = std::make_shared<HealthOptions>();
              command.Arguments("PART", &options->parts, "Only these parts",
                                {"kafka", "producer", "aggregator", "query"});
              command.Choice("--probe", &options->probe, {"readiness", "liveness"},
                             "What a service is asked: whether it answers calls, or only whether "
                             "it is not stuck, whatever Kafka does");
              command.Option("--wait", &options->wait, "Wait so long until they do");
              command.Output(&options->format);
              // The word that health checks of containers use.
              command.Alias("healthcheck");
              command.Examples(
                  "  windrow health\n  windrow health query --wait 30s\n"
                  "  windrow healthcheck aggregator --probe liveness");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
