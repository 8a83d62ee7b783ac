#include "services/query/source/control_reader.h"

#include <memory>
#include <string>
#include <utility>

#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/runtime/log.h"
#include "services/query/source/definition_decoder.h"
#include "windrow/control/v1/control.pb.h"

namespace windrow::query {
namespace {

constexpr char kTopic[] = "windrow.control";
constexpr absl::Duration kRetryInterval = absl::Seconds(1);
constexpr absl::Duration kReadTimeout = absl::Milliseconds(200);
constexpr absl::Duration kAskTimeout = absl::Seconds(2);
constexpr int kMaxRecords = 100;

ControlChange ToChange(const control::v1::Proposal& proposal) {
  ControlChange change;
  change.request_id = proposal.request_id();
  change.pipeline = proposal.pipeline();
  change.expected_generation = proposal.expected_generation();
  switch (proposal.change_case()) {
    case control::v1::Proposal::kCreate:
      change.kind = ControlChange::Kind::kCreate;
      change.definition = std::make_shared<PipelineDefinition>(DecodeDefinition(proposal.create()));
      break;
    case control::v1::Proposal::kDeletion:
      change.kind = ControlChange::Kind::kDelete;
      break;
    case control::v1::Proposal::kNewIncarnation:
      change.kind = ControlChange::Kind::kNewIncarnation;
      change.definition = std::make_shared<PipelineDefinition>(
          DecodeDefinition(proposal.new_incarnation().pipeline()));
      break;
    case control::v1::Proposal::kSwitchOver:
      change.kind = ControlChange::Kind::kSwitchOver;
      change.incarnation = proposal.switch_over().incarnation();
      break;
    default:
      break;
  }
  return change;
}

}  // namespace

ControlReader::ControlReader(kafka::KafkaConfig kafka,
                             std::function<void(const ServedPipelines*)> on_change)
    : kafka_(std::move(kafka)), on_change_(std::move(on_change)), thread_([this] { Run(); }) {}

ControlReader::~ControlReader() {
  stop_.Notify();
  thread_.join();
}

void ControlReader::Run() {
  std::string last_trouble;
  while (!stop_.HasBeenNotified()) {
    const absl::Status status = ReadTopic();
    if (stop_.HasBeenNotified()) return;
    if (absl::IsNotFound(status) && !has_read_) {
      on_change_(nullptr);
    } else if (status.message() != last_trouble) {
      last_trouble = std::string(status.message());
      runtime::LogWarning("control log unreadable", {{"error", status.ToString()}});
    }
    stop_.WaitForNotificationWithTimeout(kRetryInterval);
  }
}

absl::Status ControlReader::ReadTopic() {
  {
    // Kafka tells of a topic that is not there in many ways; this one is sure.
    const auto admin = kafka::TopicAdmin::Create(kafka_);
    if (!admin.ok()) return admin.status();
    const auto topic = (*admin)->DescribeTopic(kTopic, kAskTimeout);
    if (!topic.ok()) return topic.status();
  }
  const auto reader =
      kafka::PartitionReader::Create(kafka_, {{kTopic, 0, record_log::StartPosition::kBeginning}});
  if (!reader.ok()) return reader.status();
  ServedPipelines pipelines;
  bool changed = true;
  while (!stop_.HasBeenNotified()) {
    const absl::StatusOr<int> count =
        (*reader)->Read(kMaxRecords, kReadTimeout, [&](const kafka::RecordView& record) {
          control::v1::Proposal proposal;
          if (!proposal.ParseFromArray(record.value.data(),
                                       static_cast<int>(record.value.size()))) {
            runtime::LogWarning("control record unreadable", {{"offset", record.offset}});
            return;
          }
          pipelines.Apply(ToChange(proposal));
          changed = true;
        });
    if (!count.ok()) return count.status();
    if (!changed || !(*reader)->at_end()) continue;
    changed = false;
    has_read_ = true;
    on_change_(&pipelines);
  }
  return absl::OkStatus();
}

}  // namespace windrow::query
