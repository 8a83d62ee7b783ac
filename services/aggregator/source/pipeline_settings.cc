#include "services/aggregator/source/pipeline_settings.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/window_spec.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

using Violations = std::vector<PipelineViolation>;

constexpr int kMaxWorkers = 64;
constexpr int64_t kDefaultCommitIntervalMs = 10;
constexpr int64_t kDefaultStateLimitBytes = 1'000'000'000;
constexpr int64_t kMinStateLimitBytes = 1'000'000;
// Less would not let a usual record through in a second.
constexpr int64_t kMinBytesPerSecond = 1000;
constexpr int64_t kMinFetchMemoryBytes = 1'000'000;
constexpr int64_t kMaxFetchMemoryBytes = 10'000'000'000;
constexpr char kNotNegative[] = "must be more than zero, or zero for no limit";

void SetSpan(EventSpan span, google::protobuf::Duration* proto) {
  proto->set_seconds(span / kMicrosPerSecond);
  proto->set_nanos(static_cast<int32_t>(span % kMicrosPerSecond) * 1000);
}

void CheckAutoParallelism(const pb::AutoParallelism& automatic, Violations* violations) {
  if (automatic.min_workers() < 0 || automatic.min_workers() > kMaxWorkers) {
    violations->push_back({"settings.auto_parallelism.min_workers",
                           absl::StrCat("must be from 1 to ", kMaxWorkers, ", or zero for 1")});
  }
  if (automatic.max_workers() == 0) return;
  if (automatic.max_workers() < std::max(1, automatic.min_workers()) ||
      automatic.max_workers() > kMaxWorkers) {
    violations->push_back(
        {"settings.auto_parallelism.max_workers",
         absl::StrCat("must be from min_workers to ", kMaxWorkers,
                      ", or zero for the number of processors of the replica's machine")});
  }
}

pb::IdlePolicy EncodeIdlePolicy(const IdlePolicy& policy) {
  pb::IdlePolicy proto;
  SetSpan(policy.idle_timeout, proto.mutable_idle_timeout());
  SetSpan(policy.close_after, proto.mutable_close_after());
  switch (policy.all_idle) {
    case AllIdle::kWallClock:
      proto.set_all_idle(pb::IdlePolicy::ALL_IDLE_WALL_CLOCK);
      break;
    case AllIdle::kCloseAfter:
      proto.set_all_idle(pb::IdlePolicy::ALL_IDLE_CLOSE_AFTER);
      break;
    case AllIdle::kWait:
      proto.set_all_idle(pb::IdlePolicy::ALL_IDLE_WAIT);
      break;
  }
  return proto;
}

}  // namespace

void CheckIdlePolicy(const pb::IdlePolicy& policy, const std::string& path,
                     Violations* violations) {
  CheckDuration(policy.idle_timeout(), 0, kMicrosPerDay, path + ".idle_timeout",
                "must be from 0 to 1 day", violations);
  CheckDuration(policy.close_after(), 0, kMicrosPerDay, path + ".close_after",
                "must be from 0 to 1 day", violations);
  if (!pb::IdlePolicy::AllIdle_IsValid(policy.all_idle())) {
    violations->push_back({path + ".all_idle", "is not a policy"});
  }
}

Violations ValidateSettings(const pb::Settings& settings) {
  Violations violations;
  if (settings.parallelism() < 0 || settings.parallelism() > kMaxWorkers) {
    violations.push_back({"settings.parallelism", absl::StrCat("must be from 1 to ", kMaxWorkers)});
  }
  if (settings.records_per_second_per_partition() < 0) {
    violations.push_back({"settings.records_per_second_per_partition", kNotNegative});
  }
  if (settings.records_per_second() < 0) {
    violations.push_back({"settings.records_per_second", kNotNegative});
  }
  if (settings.bytes_per_second() != 0 && settings.bytes_per_second() < kMinBytesPerSecond) {
    violations.push_back(
        {"settings.bytes_per_second",
         absl::StrCat("must be ", kMinBytesPerSecond, " or more, or zero for no limit")});
  }
  if (settings.state_limit_bytes() != 0 && settings.state_limit_bytes() < kMinStateLimitBytes) {
    violations.push_back({"settings.state_limit_bytes",
                          absl::StrCat("must be ", kMinStateLimitBytes, " or more, or zero for ",
                                       kDefaultStateLimitBytes)});
  }
  if (settings.fetch_memory_bytes() != 0 &&
      (settings.fetch_memory_bytes() < kMinFetchMemoryBytes ||
       settings.fetch_memory_bytes() > kMaxFetchMemoryBytes)) {
    violations.push_back(
        {"settings.fetch_memory_bytes",
         absl::StrCat("must be from ", kMinFetchMemoryBytes, " to ", kMaxFetchMemoryBytes,
                      ", or zero for what the replica was started with")});
  }
  CheckDuration(settings.commit_interval(), 0, kMicrosPerMinute, "settings.commit_interval",
                "must be from 0 to 60 seconds", &violations);
  CheckDuration(settings.watermark_delay(), 0, WindowSpec::kMaxSize, "settings.watermark_delay",
                "must be from 0 to 400 days", &violations);
  CheckIdlePolicy(settings.idle_policy(), "settings.idle_policy", &violations);
  CheckAutoParallelism(settings.auto_parallelism(), &violations);
  return violations;
}

IdlePolicy MakeIdlePolicy(const pb::IdlePolicy& proto) {
  IdlePolicy policy;
  if (proto.has_idle_timeout()) policy.idle_timeout = ToSpan(proto.idle_timeout());
  if (proto.has_close_after()) policy.close_after = ToSpan(proto.close_after());
  switch (proto.all_idle()) {
    case pb::IdlePolicy::ALL_IDLE_CLOSE_AFTER:
      policy.all_idle = AllIdle::kCloseAfter;
      break;
    case pb::IdlePolicy::ALL_IDLE_WAIT:
      policy.all_idle = AllIdle::kWait;
      break;
    default:
      policy.all_idle = AllIdle::kWallClock;
  }
  return policy;
}

PipelineSettings MakeSettings(const pb::Settings& settings) {
  PipelineSettings made;
  made.parallelism = std::max(1, settings.parallelism());
  made.records_per_second_per_partition = settings.records_per_second_per_partition();
  made.records_per_second = settings.records_per_second();
  made.bytes_per_second = settings.bytes_per_second();
  made.commit_interval_ms = settings.has_commit_interval()
                                ? ToSpan(settings.commit_interval()) / 1000
                                : kDefaultCommitIntervalMs;
  made.state_limit_bytes =
      settings.state_limit_bytes() == 0 ? kDefaultStateLimitBytes : settings.state_limit_bytes();
  made.fetch_memory_bytes = settings.fetch_memory_bytes();
  if (settings.has_watermark_delay()) made.watermark_delay = ToSpan(settings.watermark_delay());
  if (settings.has_idle_policy()) made.idle_policy = MakeIdlePolicy(settings.idle_policy());
  made.automatic.enabled = settings.auto_parallelism().enabled();
  made.automatic.min_workers = std::max(1, settings.auto_parallelism().min_workers());
  made.automatic.max_workers = settings.auto_parallelism().max_workers();
  return made;
}

pb::Settings EncodeSettings(const PipelineSettings& settings) {
  pb::Settings proto;
  proto.set_parallelism(settings.parallelism);
  proto.set_records_per_second_per_partition(settings.records_per_second_per_partition);
  proto.set_records_per_second(settings.records_per_second);
  proto.set_bytes_per_second(settings.bytes_per_second);
  SetSpan(settings.commit_interval_ms * 1000, proto.mutable_commit_interval());
  proto.set_state_limit_bytes(settings.state_limit_bytes);
  proto.set_fetch_memory_bytes(settings.fetch_memory_bytes);
  if (settings.watermark_delay.has_value()) {
    SetSpan(*settings.watermark_delay, proto.mutable_watermark_delay());
  }
  if (settings.idle_policy.has_value()) {
    *proto.mutable_idle_policy() = EncodeIdlePolicy(*settings.idle_policy);
  }
  if (settings.automatic != PipelineSettings::AutoParallelism()) {
    pb::AutoParallelism* const automatic = proto.mutable_auto_parallelism();
    automatic->set_enabled(settings.automatic.enabled);
    automatic->set_min_workers(settings.automatic.min_workers);
    automatic->set_max_workers(settings.automatic.max_workers);
  }
  return proto;
}

pb::Settings EffectiveSettings(const PipelineSettings& settings, const pb::Pipeline& pipeline) {
  PipelineSettings effective = settings;
  if (!effective.watermark_delay.has_value()) {
    effective.watermark_delay = ToSpan(pipeline.watermark_delay());
  }
  if (!effective.idle_policy.has_value()) {
    effective.idle_policy = MakeIdlePolicy(pipeline.idle_policy());
  }
  return EncodeSettings(effective);
}

}  // namespace windrow::aggregator
