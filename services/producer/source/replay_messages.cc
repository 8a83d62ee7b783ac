#include "services/producer/source/replay_messages.h"

#include <string>
#include <variant>

#include "absl/time/time.h"

namespace windrow::producer {
namespace {

void SetTimestamp(absl::Time time, google::protobuf::Timestamp* timestamp) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp->set_seconds(seconds);
  timestamp->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

DatasetOptions DatasetFrom(const v1::Dataset& message) {
  DatasetOptions dataset;
  dataset.path = message.path();
  if (!message.event_time_field().empty()) dataset.event_time_field = message.event_time_field();
  return dataset;
}

CallGeneratorOptions GeneratorFrom(const v1::Generator& message,
                                   std::vector<OptionProblem>* problems) {
  CallGeneratorOptions generator;
  generator.records = message.records();
  generator.seed = message.seed();
  // 0 is the empty value; any other wrong one is kept, to be refused.
  if (message.events_per_minute() != 0) generator.events_per_minute = message.events_per_minute();
  if (message.has_start_time()) {
    const google::protobuf::Timestamp& start = message.start_time();
    generator.start_time = absl::FromUnixSeconds(start.seconds());
    if (start.nanos() != 0) {
      problems->push_back({"generator.start_time", "must be a whole second"});
    }
  }
  generator.max_disorder_seconds = message.max_disorder_seconds();
  generator.late_fraction = message.late_fraction();
  generator.broken_records = message.broken_records();
  return generator;
}

Order OrderFrom(v1::ReplaySpec::Order order, std::vector<OptionProblem>* problems) {
  switch (order) {
    case v1::ReplaySpec::ORDER_UNSPECIFIED:
    case v1::ReplaySpec::ORDER_EVENT_TIME:
      return Order::kEventTime;
    case v1::ReplaySpec::ORDER_FILE:
      return Order::kFile;
    default:
      problems->push_back({"order", "must be ORDER_EVENT_TIME or ORDER_FILE"});
      return Order::kEventTime;
  }
}

void SetDataset(const DatasetOptions& dataset, v1::Dataset* message) {
  message->set_path(dataset.path);
  message->set_event_time_field(dataset.event_time_field);
}

void SetGenerator(const CallGeneratorOptions& generator, v1::Generator* message) {
  message->set_records(generator.records);
  message->set_seed(generator.seed);
  message->set_events_per_minute(generator.events_per_minute);
  SetTimestamp(generator.start_time, message->mutable_start_time());
  message->set_max_disorder_seconds(generator.max_disorder_seconds);
  message->set_late_fraction(generator.late_fraction);
  message->set_broken_records(generator.broken_records);
}

void SetPace(const Pace& pace, v1::Pace* message) {
  switch (pace.kind) {
    case Pace::Kind::kUnlimited:
      return;
    case Pace::Kind::kRecordsPerSecond:
      message->set_records_per_second(pace.value);
      return;
    case Pace::Kind::kSpeedup:
      message->set_speedup(pace.value);
      return;
  }
}

v1::Replay::State StateFrom(ReplayState state) {
  switch (state) {
    case ReplayState::kNone:
      return v1::Replay::STATE_UNSPECIFIED;
    case ReplayState::kRunning:
      return v1::Replay::STATE_RUNNING;
    case ReplayState::kPaused:
      return v1::Replay::STATE_PAUSED;
    case ReplayState::kDone:
      return v1::Replay::STATE_DONE;
    case ReplayState::kStopped:
      return v1::Replay::STATE_STOPPED;
    case ReplayState::kFailed:
      return v1::Replay::STATE_FAILED;
  }
  return v1::Replay::STATE_UNSPECIFIED;
}

}  // namespace

Pace PaceFrom(const v1::Pace& pace) {
  switch (pace.limit_case()) {
    case v1::Pace::kRecordsPerSecond:
      return {Pace::Kind::kRecordsPerSecond, pace.records_per_second()};
    case v1::Pace::kSpeedup:
      return {Pace::Kind::kSpeedup, pace.speedup()};
    case v1::Pace::LIMIT_NOT_SET:
      break;
  }
  return Pace();
}

ReplayOptions ReplayOptionsFrom(const v1::ReplaySpec& spec, std::vector<OptionProblem>* problems) {
  ReplayOptions options;
  if (!spec.topic().empty()) options.topic = spec.topic();
  if (spec.has_dataset()) options.source = DatasetFrom(spec.dataset());
  if (spec.has_generator()) options.source = GeneratorFrom(spec.generator(), problems);
  options.order = OrderFrom(spec.order(), problems);
  options.pace = PaceFrom(spec.pace());
  options.loop = spec.loop();
  return options;
}

v1::ReplaySpec ReplaySpecFrom(const ReplayOptions& options) {
  v1::ReplaySpec spec;
  spec.set_topic(options.topic);
  if (const auto* dataset = std::get_if<DatasetOptions>(&options.source)) {
    SetDataset(*dataset, spec.mutable_dataset());
  } else if (const auto* generator = std::get_if<CallGeneratorOptions>(&options.source)) {
    SetGenerator(*generator, spec.mutable_generator());
  }
  spec.set_order(options.order == Order::kFile ? v1::ReplaySpec::ORDER_FILE
                                               : v1::ReplaySpec::ORDER_EVENT_TIME);
  SetPace(options.pace, spec.mutable_pace());
  spec.set_loop(options.loop);
  return spec;
}

v1::Replay ReplayFrom(const ReplayStatus& status) {
  v1::Replay replay;
  replay.set_state(StateFrom(status.state));
  replay.set_etag(status.etag);
  if (status.state == ReplayState::kNone) return replay;
  *replay.mutable_spec() = ReplaySpecFrom(status.options);
  replay.set_records_sent(status.records_sent);
  replay.set_records_acknowledged(status.records_acknowledged);
  replay.set_bytes_acknowledged(status.bytes_acknowledged);
  replay.set_records_total(status.records_total);
  replay.set_records_per_second(status.records_per_second);
  if (status.event_time_us.has_value()) {
    SetTimestamp(absl::FromUnixMicros(*status.event_time_us), replay.mutable_event_time());
  }
  SetTimestamp(status.start_time, replay.mutable_start_time());
  // A stop that is only checked has no end.
  if (!IsActive(status.state) && status.end_time != absl::InfiniteFuture()) {
    SetTimestamp(status.end_time, replay.mutable_end_time());
  }
  replay.set_error(status.error);
  return replay;
}

}  // namespace windrow::producer
