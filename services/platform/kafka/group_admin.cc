#include "services/platform/kafka/group_admin.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/admin_request.h"
#include "services/platform/kafka/client_end.h"
#include "services/platform/kafka/log_offsets.h"

namespace windrow::kafka {
namespace {

using OffsetsRequestHandle = std::unique_ptr<
    rd_kafka_ListConsumerGroupOffsets_t,
    HandleDeleter<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>>;

std::string Text(const char* text) { return text == nullptr ? "" : text; }

// The group's entry for a partition, made when it has none.
GroupPartition& Partition(const char* topic, int partition, GroupDescription* group) {
  for (GroupPartition& known : group->partitions) {
    if (known.topic == topic && known.partition == partition) return known;
  }
  group->partitions.push_back({topic, partition, {}, 0, {}, 0});
  return group->partitions.back();
}

void AddMember(const rd_kafka_MemberDescription_t* member, GroupDescription* group) {
  const size_t index = group->members.size();
  group->members.push_back({Text(rd_kafka_MemberDescription_consumer_id(member)),
                            Text(rd_kafka_MemberDescription_client_id(member)),
                            Text(rd_kafka_MemberDescription_host(member)), 0});
  const rd_kafka_MemberAssignment_t* const assignment =
      rd_kafka_MemberDescription_assignment(member);
  if (assignment == nullptr) return;
  const rd_kafka_topic_partition_list_t* const assigned =
      rd_kafka_MemberAssignment_partitions(assignment);
  if (assigned == nullptr) return;
  for (int i = 0; i < assigned->cnt; ++i) {
    Partition(assigned->elems[i].topic, assigned->elems[i].partition, group).member = index;
    ++group->members[index].partitions;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<GroupAdmin>> GroupAdmin::Create(const KafkaConfig& config) {
  absl::StatusOr<ConfHandle> conf = MakeConf(
      config, {{"isolation.level", "read_committed"}, {"allow.auto.create.topics", "false"}});
  if (!conf.ok()) return conf.status();
  absl::StatusOr<rd_kafka_t*> client = NewClient(RD_KAFKA_CONSUMER, *std::move(conf));
  if (!client.ok()) return client.status();
  return std::unique_ptr<GroupAdmin>(new GroupAdmin(*client));
}

GroupAdmin::~GroupAdmin() { EndClient(client_, 0); }

absl::StatusOr<std::vector<GroupListing>> GroupAdmin::List(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  const AdminOptionsHandle options =
      OptionsUntil(client_, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, deadline);
  const QueueHandle queue(rd_kafka_queue_new(client_));
  rd_kafka_ListConsumerGroups(client_, options.get(), queue.get());
  const absl::StatusOr<EventHandle> event = AnswerTo(queue.get(), deadline, "list groups");
  if (!event.ok()) return event.status();
  const auto* const result = rd_kafka_event_ListConsumerGroups_result(event->get());
  size_t count = 0;
  const rd_kafka_error_t** const errors = rd_kafka_ListConsumerGroups_result_errors(result, &count);
  if (count > 0) return KafkaError(rd_kafka_error_code(errors[0]), "list groups");
  const auto* const* const listed = rd_kafka_ListConsumerGroups_result_valid(result, &count);
  std::vector<GroupListing> groups;
  for (size_t i = 0; i < count; ++i) {
    groups.push_back(
        {Text(rd_kafka_ConsumerGroupListing_group_id(listed[i])),
         Text(rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(listed[i])))});
  }
  std::sort(groups.begin(), groups.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return groups;
}

absl::Status GroupAdmin::DescribeMembers(absl::Time deadline, GroupDescription* group) {
  const std::string context = absl::StrCat("describe group ", group->name);
  const AdminOptionsHandle options =
      OptionsUntil(client_, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, deadline);
  const QueueHandle queue(rd_kafka_queue_new(client_));
  const char* names[] = {group->name.c_str()};
  rd_kafka_DescribeConsumerGroups(client_, names, 1, options.get(), queue.get());
  const absl::StatusOr<EventHandle> event = AnswerTo(queue.get(), deadline, context);
  if (!event.ok()) return event.status();
  size_t count = 0;
  const auto* const* const described = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
  if (count == 0) return absl::NotFoundError(context);
  const rd_kafka_error_t* const error = rd_kafka_ConsumerGroupDescription_error(described[0]);
  if (error != nullptr) return KafkaError(rd_kafka_error_code(error), context);
  group->state = Text(
      rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(described[0])));
  group->assignor = Text(rd_kafka_ConsumerGroupDescription_partition_assignor(described[0]));
  const size_t members = rd_kafka_ConsumerGroupDescription_member_count(described[0]);
  for (size_t i = 0; i < members; ++i) {
    AddMember(rd_kafka_ConsumerGroupDescription_member(described[0], i), group);
  }
  return absl::OkStatus();
}

absl::Status GroupAdmin::AddCommitted(absl::Time deadline, GroupDescription* group) {
  const std::string context = absl::StrCat("offsets of group ", group->name);
  const AdminOptionsHandle options =
      OptionsUntil(client_, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, deadline);
  const QueueHandle queue(rd_kafka_queue_new(client_));
  // Without partitions: all.
  const OffsetsRequestHandle request(
      rd_kafka_ListConsumerGroupOffsets_new(group->name.c_str(), nullptr));
  rd_kafka_ListConsumerGroupOffsets_t* requests[] = {request.get()};
  rd_kafka_ListConsumerGroupOffsets(client_, requests, 1, options.get(), queue.get());
  const absl::StatusOr<EventHandle> event = AnswerTo(queue.get(), deadline, context);
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_group_result_t** const results = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_error_t* const error = rd_kafka_group_result_error(results[i]);
    if (error != nullptr) return KafkaError(rd_kafka_error_code(error), context);
    const rd_kafka_topic_partition_list_t* const offsets =
        rd_kafka_group_result_partitions(results[i]);
    for (int j = 0; j < offsets->cnt; ++j) {
      const rd_kafka_topic_partition_t& stored = offsets->elems[j];
      if (stored.offset < 0) continue;
      Partition(stored.topic, stored.partition, group).committed = stored.offset;
    }
  }
  return absl::OkStatus();
}

absl::Status GroupAdmin::AddEnds(absl::Time deadline, GroupDescription* group) {
  for (GroupPartition& partition : group->partitions) {
    const absl::StatusOr<std::pair<int64_t, int64_t>> range =
        QueryLogOffsets(client_, partition.topic, partition.partition, deadline);
    // What a group has read may have been deleted since.
    if (absl::IsNotFound(range.status())) continue;
    if (!range.ok()) return range.status();
    partition.end = range->second;
    partition.lag =
        std::max<int64_t>(0, range->second - partition.committed.value_or(range->first));
  }
  return absl::OkStatus();
}

absl::StatusOr<GroupDescription> GroupAdmin::Describe(const std::string& group,
                                                      absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  GroupDescription description;
  description.name = group;
  absl::Status status = DescribeMembers(deadline, &description);
  if (status.ok()) status = AddCommitted(deadline, &description);
  if (!status.ok()) return status;
  // Kafka describes groups that never were as dead.
  if (description.members.empty() && description.partitions.empty() &&
      description.state == "Dead") {
    return absl::NotFoundError(absl::StrCat("there is no group ", group));
  }
  status = AddEnds(deadline, &description);
  if (!status.ok()) return status;
  std::sort(description.partitions.begin(), description.partitions.end(),
            [](const GroupPartition& a, const GroupPartition& b) {
              return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
            });
  return description;
}

}  // namespace windrow::kafka
