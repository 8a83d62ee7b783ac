#include "services/producer/producer_metrics.h"

#include <array>
#include <string>

namespace windrow::producer {
namespace {

constexpr std::array<ReplayState, 6> kStates = {ReplayState::kNone,    ReplayState::kRunning,
                                                ReplayState::kPaused,  ReplayState::kDone,
                                                ReplayState::kStopped, ReplayState::kFailed};

}  // namespace

void WriteMetrics(const ReplayStatus& replay, metrics::MetricFamilies* out) {
  for (const ReplayState state : kStates) {
    out->AddGauge("windrow_replay_state", "1 for the state that the replay is in.",
                  replay.state == state ? 1 : 0, {{"state", std::string(ReplayStateName(state))}});
  }
  out->AddCounter("windrow_replay_records_sent_total", "Records of the replay sent.",
                  static_cast<double>(replay.records_sent));
  out->AddCounter("windrow_replay_records_acknowledged_total",
                  "Records of the replay that Kafka has acknowledged.",
                  static_cast<double>(replay.records_acknowledged));
  out->AddCounter("windrow_replay_acknowledged_bytes_total", "Their values' bytes.",
                  static_cast<double>(replay.bytes_acknowledged));
  out->AddGauge("windrow_replay_records_per_second", "Records sent per second of late.",
                replay.records_per_second);
  if (replay.event_time_us.has_value()) {
    out->AddGauge("windrow_replay_event_time_timestamp_seconds",
                  "Event time that the replay has come to.",
                  static_cast<double>(*replay.event_time_us) / 1e6);
  }
}

}  // namespace windrow::producer
