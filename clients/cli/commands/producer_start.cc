#include <filesystem>
#include <optional>

#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/replay_text.h"
#include "clients/cli/output.h"
#include "clients/cli/time_text.h"
#include "windrow/producer/v1/producer_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::producer::v1::ProducerService;
using ::windrow::producer::v1::ReplaySpec;

struct StartOptions {
  std::string topic = "calls";
  std::string dataset;
  std::string event_time_field;
  std::string order = "event-time";
  std::optional<int64_t> records;
  uint64_t seed = 1;
  double events_per_minute = 60;
  std::string start_time;
  int64_t max_disorder_seconds = 0;
  double late_fraction = 0;
  int64_t broken_records = 0;
  std::optional<double> rate;
  std::optional<double> speedup;
  bool loop = false;
  std::string format = "table";
};

absl::Status FillGenerator(const StartOptions& options, producer::v1::Generator* generator) {
  generator->set_records(*options.records);
  generator->set_seed(options.seed);
  generator->set_events_per_minute(options.events_per_minute);
  generator->set_max_disorder_seconds(options.max_disorder_seconds);
  generator->set_late_fraction(options.late_fraction);
  generator->set_broken_records(options.broken_records);
  if (!options.start_time.empty()) {
    const absl::StatusOr<absl::Time> time = ParseTimeText(options.start_time);
    if (!time.ok()) return time.status();
    *generator->mutable_start_time() = ToTimestamp(*time);
  }
  return absl::OkStatus();
}

absl::Status FillSpec(const StartOptions& options, ReplaySpec* spec) {
  if (options.dataset.empty() == !options.records.has_value()) {
    return UsageError("give either --dataset FILE or --records N");
  }
  if (options.rate.has_value() && options.speedup.has_value()) {
    return UsageError("give either --rate or --speedup");
  }
  spec->set_topic(options.topic);
  spec->set_loop(options.loop);
  spec->set_order(options.order == "file" ? ReplaySpec::ORDER_FILE : ReplaySpec::ORDER_EVENT_TIME);
  if (options.rate.has_value()) spec->mutable_pace()->set_records_per_second(*options.rate);
  if (options.speedup.has_value()) spec->mutable_pace()->set_speedup(*options.speedup);
  if (options.dataset.empty()) return FillGenerator(options, spec->mutable_generator());
  // The producer may run in another folder.
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(options.dataset, error);
  spec->mutable_dataset()->set_path(error ? options.dataset : path.string());
  spec->mutable_dataset()->set_event_time_field(options.event_time_field);
  return absl::OkStatus();
}

absl::Status Run(Session& session, const StartOptions& options) {
  producer::v1::StartReplayRequest request;
  absl::Status status = FillSpec(options, request.mutable_spec());
  if (!status.ok()) return status;
  const auto stub = ProducerService::NewStub(session.Channel(Service::kProducer));
  producer::v1::StartReplayResponse response;
  status = session.Call(Service::kProducer, *stub, &ProducerService::Stub::StartReplay, request,
                        &response);
  if (status.ok()) PrintReplay(response.replay(), options.format);
  return status;
}

void Define(Command& command, StartOptions* options) {
  command.Option("--topic", &options->topic, "Topic to write to; it must exist");
  command.Option("--dataset", &options->dataset,
                 "File to replay: one JSON array, or one JSON object per line");
  command.Choice("--order", &options->order, {"event-time", "file"},
                 "Order of sending a dataset: oldest call first, or as in the file");
  command.Option("--event-time-field", &options->event_time_field,
                 "Field of the dataset that holds the event time; call_date_time if empty");
  command.Option("--records", &options->records, "Generate so many look-alike calls instead");
  command.Option("--seed", &options->seed, "Seed of the generator");
  command.Option("--events-per-minute", &options->events_per_minute,
                 "Generated calls per minute of event time");
  command.Option("--start-time", &options->start_time,
                 "Event time of the first generated call; 2018-12-01T00:00:00Z if empty");
  command.Option("--max-disorder-seconds", &options->max_disorder_seconds,
                 "Generated calls are up to so much out of order");
  command.Option("--late-fraction", &options->late_fraction,
                 "Fraction of generated calls, 0 to 1, that come hours late");
  command.Option("--broken-records", &options->broken_records,
                 "Generated records that cannot be read");
  command.Option("--rate", &options->rate,
                 "Records per second; without a pace, as fast as possible");
  command.Option("--speedup", &options->speedup, "Seconds of event time per second");
  command.Flag("--loop", &options->loop, "Begin again at the end, until it is stopped");
  command.Output(&options->format);
  command.Examples(
      "  windrow producer start --records 100000 --speedup 300\n"
      "  windrow producer start --dataset calls.json --order file --rate 5000");
}

}  // namespace

void AddProducerStart(CommandLine* line) {
  line->Add("producer start", "Starts a replay of a dataset, or of generated calls",
            [](Command& command) {
              const auto options = std::make_shared<StartOptions>();
              Define(command, options.get());
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
