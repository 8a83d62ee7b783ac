#include "services/platform/kafka/topic_admin.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/admin_request.h"
#include "services/platform/kafka/client_end.h"
#include "services/platform/kafka/log_offsets.h"

namespace windrow::kafka {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(20);
// -1: the broker's default.
constexpr int kDefaultReplication = -1;

using MetadataHandle =
    std::unique_ptr<const rd_kafka_metadata_t,
                    HandleDeleter<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>>;
using NewTopicHandle =
    std::unique_ptr<rd_kafka_NewTopic_t,
                    HandleDeleter<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>>;
using DeleteRecordsHandle =
    std::unique_ptr<rd_kafka_DeleteRecords_t,
                    HandleDeleter<rd_kafka_DeleteRecords_t, rd_kafka_DeleteRecords_destroy>>;
using DeleteTopicHandle =
    std::unique_ptr<rd_kafka_DeleteTopic_t,
                    HandleDeleter<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy>>;
using DeleteGroupHandle =
    std::unique_ptr<rd_kafka_DeleteGroup_t,
                    HandleDeleter<rd_kafka_DeleteGroup_t, rd_kafka_DeleteGroup_destroy>>;

absl::StatusOr<MetadataHandle> AllTopics(rd_kafka_t* client, absl::Time deadline) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(client, 1, nullptr, &metadata, MillisecondsUntil(deadline));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaError(code, "list topics");
  return MetadataHandle(metadata);
}

const rd_kafka_metadata_topic* FindTopic(const rd_kafka_metadata_t& metadata,
                                         absl::string_view name) {
  for (int i = 0; i < metadata.topic_cnt; ++i) {
    const rd_kafka_metadata_topic& topic = metadata.topics[i];
    if (topic.topic == name && topic.err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return &topic;
  }
  return nullptr;
}

bool HasLeaders(const rd_kafka_metadata_topic& topic) {
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  for (int i = 0; i < topic.partition_cnt; ++i) {
    if (topic.partitions[i].leader < 0) return false;
  }
  return true;
}

absl::StatusOr<NewTopicHandle> MakeNewTopic(const TopicSpec& spec) {
  char error[256];
  NewTopicHandle topic(rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions,
                                             kDefaultReplication, error, sizeof(error)));
  if (topic == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("create topic ", spec.name, ": ", error));
  }
  for (const auto& [name, value] : spec.settings) {
    const rd_kafka_resp_err_t code =
        rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return KafkaError(code, absl::StrCat("create topic ", spec.name, ": setting ", name));
    }
  }
  return topic;
}

// The first topic that failed, unless somebody else has created it meanwhile.
absl::Status FirstError(const rd_kafka_CreateTopics_result_t* result) {
  size_t count = 0;
  const rd_kafka_topic_result_t** const topics =
      rd_kafka_CreateTopics_result_topics(result, &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(topics[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      continue;
    }
    const absl::Status error =
        KafkaError(code, absl::StrCat("create topic ", rd_kafka_topic_result_name(topics[i])));
    const char* const detail = rd_kafka_topic_result_error_string(topics[i]);
    return absl::Status(error.code(),
                        absl::StrCat(error.message(), " (", absl::NullSafeStringView(detail), ")"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TopicAdmin>> TopicAdmin::Create(const KafkaConfig& config) {
  // A consumer that reads uncommitted, because its end of a log is the high watermark.
  absl::StatusOr<ConfHandle> conf = MakeConf(
      config, {{"isolation.level", "read_uncommitted"}, {"allow.auto.create.topics", "false"}});
  if (!conf.ok()) return conf.status();
  absl::StatusOr<rd_kafka_t*> client = NewClient(RD_KAFKA_CONSUMER, *std::move(conf));
  if (!client.ok()) return client.status();
  return std::unique_ptr<TopicAdmin>(new TopicAdmin(*client));
}

TopicAdmin::~TopicAdmin() { EndClient(client_, 0); }

absl::Status TopicAdmin::CheckTopics(const std::vector<TopicSpec>& topics, absl::Time deadline,
                                     std::vector<TopicSpec>& missing) {
  missing.clear();
  const absl::StatusOr<MetadataHandle> metadata = AllTopics(client_, deadline);
  if (!metadata.ok()) return metadata.status();
  absl::Status status;
  for (const TopicSpec& spec : topics) {
    const rd_kafka_metadata_topic* const topic = FindTopic(**metadata, spec.name);
    if (topic == nullptr) {
      missing.push_back(spec);
      status = absl::UnavailableError(absl::StrCat("topic ", spec.name, " does not exist yet"));
    } else if (!HasLeaders(*topic)) {
      status = absl::UnavailableError(absl::StrCat("topic ", spec.name, " has no leaders yet"));
    } else if (topic->partition_cnt != spec.partitions) {
      return absl::FailedPreconditionError(absl::StrCat("topic ", spec.name, " has ",
                                                        topic->partition_cnt, " partitions, not ",
                                                        spec.partitions));
    }
  }
  return status;
}

absl::Status TopicAdmin::CreateMissing(const std::vector<TopicSpec>& missing, absl::Time deadline) {
  std::vector<NewTopicHandle> owned;
  std::vector<rd_kafka_NewTopic_t*> topics;
  for (const TopicSpec& spec : missing) {
    absl::StatusOr<NewTopicHandle> topic = MakeNewTopic(spec);
    if (!topic.ok()) return topic.status();
    topics.push_back(topic->get());
    owned.push_back(*std::move(topic));
  }
  const AdminOptionsHandle options =
      OptionsUntil(client_, RD_KAFKA_ADMIN_OP_CREATETOPICS, deadline);
  const QueueHandle queue(rd_kafka_queue_new(client_));
  rd_kafka_CreateTopics(client_, topics.data(), topics.size(), options.get(), queue.get());
  const absl::StatusOr<EventHandle> event = AnswerTo(queue.get(), deadline, "create topics");
  if (!event.ok()) return event.status();
  return FirstError(rd_kafka_event_CreateTopics_result(event->get()));
}

absl::Status TopicAdmin::EnsureTopics(const std::vector<TopicSpec>& topics,
                                      absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  bool created = false;
  while (true) {
    std::vector<TopicSpec> missing;
    const absl::Status status = CheckTopics(topics, deadline, missing);
    if (!absl::IsUnavailable(status)) return status;
    if (!missing.empty() && !created) {
      const absl::Status creation = CreateMissing(missing, deadline);
      if (!creation.ok() && !absl::IsUnavailable(creation)) return creation;
      created = creation.ok();
    }
    if (absl::Now() + kPollInterval >= deadline) {
      return absl::DeadlineExceededError(status.message());
    }
    absl::SleepFor(kPollInterval);
  }
}

absl::StatusOr<std::vector<TopicDescription>> TopicAdmin::ListTopics(absl::Duration timeout) {
  const absl::StatusOr<MetadataHandle> metadata = AllTopics(client_, absl::Now() + timeout);
  if (!metadata.ok()) return metadata.status();
  std::vector<TopicDescription> topics;
  for (int i = 0; i < (*metadata)->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& topic = (*metadata)->topics[i];
    if (absl::StartsWith(topic.topic, "__")) continue;
    topics.push_back({topic.topic, topic.partition_cnt});
  }
  std::sort(topics.begin(), topics.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return topics;
}

absl::StatusOr<TopicDescription> TopicAdmin::DescribeTopic(absl::string_view topic,
                                                           absl::Duration timeout) {
  const absl::StatusOr<MetadataHandle> metadata = AllTopics(client_, absl::Now() + timeout);
  if (!metadata.ok()) return metadata.status();
  const rd_kafka_metadata_topic* const found = FindTopic(**metadata, topic);
  if (found == nullptr) return absl::NotFoundError(absl::StrCat("no topic ", topic));
  return TopicDescription{std::string(topic), found->partition_cnt};
}

absl::StatusOr<OffsetRange> TopicAdmin::QueryOffsets(absl::string_view topic, int partition,
                                                     absl::Duration timeout) {
  const auto offsets = QueryLogOffsets(client_, topic, partition, absl::Now() + timeout);
  if (!offsets.ok()) return offsets.status();
  return OffsetRange{offsets->first, offsets->second};
}

absl::StatusOr<int64_t> TopicAdmin::FindOffset(absl::string_view topic, int partition,
                                               absl::Time time, absl::Duration timeout) {
  return QueryLogFrom(client_, topic, partition, absl::ToUnixMillis(time), absl::Now() + timeout);
}

absl::Status TopicAdmin::DeleteTopics(const std::vector<std::string>& topics,
                                      absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  std::vector<DeleteTopicHandle> owned;
  std::vector<rd_kafka_DeleteTopic_t*> requests;
  for (const std::string& topic : topics) {
    owned.emplace_back(rd_kafka_DeleteTopic_new(topic.c_str()));
    requests.push_back(owned.back().get());
  }
  if (requests.empty()) return absl::OkStatus();
  const AdminOptionsHandle options =
      OptionsUntil(client_, RD_KAFKA_ADMIN_OP_DELETETOPICS, deadline);
  const QueueHandle queue(rd_kafka_queue_new(client_));
  rd_kafka_DeleteTopics(client_, requests.data(), requests.size(), options.get(), queue.get());
  const absl::StatusOr<EventHandle> event = AnswerTo(queue.get(), deadline, "delete topics");
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_topic_result_t** const results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
      continue;
    }
    return KafkaError(code, absl::StrCat("delete topic ", rd_kafka_topic_result_name(results[i])));
  }
  return absl::OkStatus();
}

absl::Status TopicAdmin::DeleteGroups(const std::vector<std::string>& groups,
                                      absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  std::vector<DeleteGroupHandle> owned;
  std::vector<rd_kafka_DeleteGroup_t*> requests;
  for (const std::string& group : groups) {
    owned.emplace_back(rd_kafka_DeleteGroup_new(group.c_str()));
    requests.push_back(owned.back().get());
  }
  if (requests.empty()) return absl::OkStatus();
  const AdminOptionsHandle options =
      OptionsUntil(client_, RD_KAFKA_ADMIN_OP_DELETEGROUPS, deadline);
  const QueueHandle queue(rd_kafka_queue_new(client_));
  rd_kafka_DeleteGroups(client_, requests.data(), requests.size(), options.get(), queue.get());
  const absl::StatusOr<EventHandle> event = AnswerTo(queue.get(), deadline, "delete groups");
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_group_result_t** const results =
      rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_error_t* const error = rd_kafka_group_result_error(results[i]);
    const rd_kafka_resp_err_t code =
        error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) {
      continue;
    }
    const std::string context =
        absl::StrCat("delete group ", rd_kafka_group_result_name(results[i]));
    if (code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP) {
      return absl::FailedPreconditionError(absl::StrCat(context, ": it has members"));
    }
    return KafkaError(code, context);
  }
  return absl::OkStatus();
}

absl::Status TopicAdmin::DeleteRecordsBefore(absl::string_view topic, int partition, int64_t offset,
                                             absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  const std::string context =
      absl::StrCat("delete records of ", topic, " partition ", partition, " before ", offset);
  const TopicPartitionListHandle before(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(before.get(), std::string(topic).c_str(), partition)->offset =
      offset;
  const DeleteRecordsHandle request(rd_kafka_DeleteRecords_new(before.get()));
  const AdminOptionsHandle options =
      OptionsUntil(client_, RD_KAFKA_ADMIN_OP_DELETERECORDS, deadline);
  const QueueHandle queue(rd_kafka_queue_new(client_));
  rd_kafka_DeleteRecords_t* requests[] = {request.get()};
  rd_kafka_DeleteRecords(client_, requests, 1, options.get(), queue.get());
  const absl::StatusOr<EventHandle> event = AnswerTo(queue.get(), deadline, context);
  if (!event.ok()) return event.status();
  const rd_kafka_topic_partition_list_t* const results =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get()));
  for (int i = 0; i < results->cnt; ++i) {
    const rd_kafka_resp_err_t code = results->elems[i].err;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaError(code, context);
  }
  return absl::OkStatus();
}

}  // namespace windrow::kafka
