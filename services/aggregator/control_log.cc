#include "services/aggregator/control_log.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/aggregator/source/pipeline_settings.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/runtime/log.h"
#include "services/platform/runtime/trace_parent.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::control::v1;

ControlledStart DecodeStart(const pb::StartPoint& point) {
  ControlledStart start;
  if (point.latest()) start.kind = ControlledStart::Kind::kLatest;
  if (point.has_record_time()) {
    start.kind = ControlledStart::Kind::kRecordTime;
    start.record_time_ms =
        point.record_time().seconds() * 1000 + point.record_time().nanos() / 1'000'000;
  }
  return start;
}

void SetPipeline(const windrow::pipeline::v1::Pipeline& pipeline, ControlProposal* proposal) {
  proposal->definition = pipeline.SerializeAsString();
  proposal->settings = MakeSettings(pipeline.settings());
  for (const auto& table : pipeline.tables()) {
    proposal->table_versions[table.name()] = table.version();
  }
}

}  // namespace

ControlProposal DecodeProposal(const pb::Proposal& proto) {
  ControlProposal proposal;
  proposal.request_id = proto.request_id();
  proposal.pipeline = proto.pipeline();
  proposal.expected_generation = proto.expected_generation();
  proposal.request_fingerprint = proto.request_fingerprint();
  switch (proto.change_case()) {
    case pb::Proposal::kCreate:
      proposal.kind = ControlProposal::Kind::kCreate;
      SetPipeline(proto.create(), &proposal);
      break;
    case pb::Proposal::kSettings:
      proposal.kind = ControlProposal::Kind::kSettings;
      proposal.settings = MakeSettings(proto.settings());
      break;
    case pb::Proposal::kTable:
      proposal.kind = ControlProposal::Kind::kTable;
      proposal.table = proto.table().table().name();
      proposal.table_content = proto.table().table().SerializeAsString();
      proposal.table_version = proto.table().table().version();
      proposal.from_file = proto.table().from_file();
      break;
    case pb::Proposal::kDeletion:
      proposal.kind = ControlProposal::Kind::kDelete;
      proposal.delete_topics = proto.deletion().delete_topics();
      break;
    case pb::Proposal::kNewIncarnation:
      proposal.kind = ControlProposal::Kind::kNewIncarnation;
      SetPipeline(proto.new_incarnation().pipeline(), &proposal);
      proposal.start = DecodeStart(proto.new_incarnation().start());
      proposal.backfill_records_per_second = proto.new_incarnation().backfill_records_per_second();
      break;
    case pb::Proposal::kSwitchOver:
      proposal.kind = ControlProposal::Kind::kSwitchOver;
      proposal.incarnation = proto.switch_over().incarnation();
      break;
    case pb::Proposal::kPause:
      proposal.kind = ControlProposal::Kind::kPause;
      proposal.paused = proto.pause().paused();
      break;
    default:
      proposal.kind = ControlProposal::Kind::kDrain;
  }
  return proposal;
}

absl::StatusOr<std::unique_ptr<ControlLog>> ControlLog::Open(const kafka::KafkaConfig& config,
                                                             std::function<void()> on_change,
                                                             absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  absl::StatusOr<std::unique_ptr<kafka::TopicAdmin>> admin = kafka::TopicAdmin::Create(config);
  if (!admin.ok()) return admin.status();
  const absl::Status ensured = (*admin)->EnsureTopics(
      {{kTopic, 1, {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}}}}, timeout);
  if (!ensured.ok()) return ensured;
  auto reader =
      kafka::PartitionReader::Create(config, {{kTopic, 0, kafka::StartPosition::kBeginning}});
  if (!reader.ok()) return reader.status();
  auto producer = kafka::RecordProducer::Create(config);
  if (!producer.ok()) return producer.status();
  auto log = std::unique_ptr<ControlLog>(
      new ControlLog(*std::move(reader), *std::move(producer), std::move(on_change)));
  while (!log->reader_->at_end()) {
    const absl::StatusOr<bool> read = log->ReadOnce(absl::Milliseconds(100));
    if (!read.ok()) return read.status();
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat("the topic ", kTopic, " cannot be read"));
    }
  }
  log->caught_up_ = true;
  log->thread_ = std::thread([raw = log.get()] { raw->Run(); });
  return log;
}

ControlLog::ControlLog(std::unique_ptr<kafka::PartitionReader> reader,
                       std::unique_ptr<kafka::RecordProducer> producer,
                       std::function<void()> on_change)
    : reader_(std::move(reader)),
      producer_(std::move(producer)),
      on_change_(std::move(on_change)) {}

ControlLog::~ControlLog() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<bool> ControlLog::ReadOnce(absl::Duration timeout) {
  bool changed = false;
  const absl::StatusOr<int> count = reader_->Read(
      100, timeout, [&](const kafka::RecordView& record) { changed = Apply(record) || changed; });
  if (!count.ok()) return count.status();
  return changed;
}

bool ControlLog::Apply(const kafka::RecordView& record) {
  pb::Proposal proposal;
  if (!proposal.ParseFromArray(record.value.data(), static_cast<int>(record.value.size()))) {
    runtime::LogError("control record unreadable", {{"offset", record.offset}});
    return false;
  }
  ControlVerdict verdict;
  {
    absl::MutexLock lock(&mutex_);
    verdict = state_.Apply(DecodeProposal(proposal));
  }
  const std::string trace_parent = runtime::FindTraceParent(record.headers());
  if (caught_up_ && !trace_parent.empty()) {
    runtime::LogInfo("control record applied", {{"trace_id", runtime::TraceIdOf(trace_parent)},
                                                {"topic", record.topic},
                                                {"partition", record.partition},
                                                {"offset", record.offset},
                                                {"pipeline", proposal.pipeline()},
                                                {"request_id", proposal.request_id()},
                                                {"accepted", verdict.accepted},
                                                {"generation", verdict.generation}});
  }
  return verdict.accepted;
}

void ControlLog::Run() {
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
    }
    const absl::StatusOr<bool> changed = ReadOnce(absl::Milliseconds(100));
    if (!changed.ok()) {
      runtime::LogError("control log unreadable",
                        {{"error", std::string(changed.status().message())}});
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(&stopping_), absl::Seconds(1));
    } else if (*changed) {
      on_change_();
    }
  }
}

absl::StatusOr<ControlVerdict> ControlLog::Propose(const pb::Proposal& proposal,
                                                   absl::Duration timeout,
                                                   absl::string_view trace_parent) {
  const absl::Time deadline = absl::Now() + timeout;
  {
    absl::MutexLock lock(&mutex_);
    const absl::optional<ControlVerdict> earlier = state_.FindVerdict(proposal.request_id());
    if (earlier.has_value()) return *earlier;
  }
  const absl::StatusOr<int64_t> offset =
      producer_->SendAndWait(kTopic, 0, proposal.pipeline(), proposal.SerializeAsString(), timeout,
                             runtime::TraceHeaders(trace_parent));
  if (!offset.ok()) return offset.status();
  const std::string& request_id = proposal.request_id();
  absl::MutexLock lock(&mutex_);
  const auto applied = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return state_.FindVerdict(request_id).has_value();
  };
  if (!mutex_.AwaitWithDeadline(absl::Condition(&applied), deadline)) {
    return absl::DeadlineExceededError(
        "the change is in the control log but was not applied in time");
  }
  return *state_.FindVerdict(request_id);
}

absl::optional<ControlVerdict> ControlLog::FindOutcome(const std::string& request_id) const {
  absl::MutexLock lock(&mutex_);
  absl::optional<ControlVerdict> outcome = state_.FindVerdict(request_id);
  for (int attempt = 1; outcome.has_value() && !outcome->accepted; ++attempt) {
    const auto verdict = state_.FindVerdict(RequestIdOfAttempt(request_id, attempt));
    if (!verdict.has_value()) break;
    outcome = verdict;
  }
  return outcome;
}

std::string ControlLog::RequestIdOfAttempt(const std::string& request_id, int attempt) {
  return attempt == 0 ? request_id : absl::StrCat(request_id, "#", attempt);
}

absl::optional<ControlledPipeline> ControlLog::Preview(const pb::Proposal& proposal) const {
  absl::MutexLock lock(&mutex_);
  return state_.Preview(DecodeProposal(proposal));
}

std::map<std::string, std::vector<RetiredIncarnation>> ControlLog::retired() const {
  absl::MutexLock lock(&mutex_);
  return state_.retired();
}

std::map<std::string, ControlledPipeline> ControlLog::pipelines() const {
  absl::MutexLock lock(&mutex_);
  return state_.pipelines();
}

absl::optional<ControlledPipeline> ControlLog::Find(const std::string& name) const {
  absl::MutexLock lock(&mutex_);
  const auto found = state_.pipelines().find(name);
  if (found == state_.pipelines().end()) return absl::nullopt;
  return found->second;
}

}  // namespace windrow::aggregator
