#include "services/aggregator/topic_remover.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/platform/runtime/log.h"

namespace windrow::aggregator {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(10);

bool LosesAll(const RetiredIncarnation& incarnation) {
  return incarnation.delete_topics || !incarnation.served;
}

}  // namespace

void TopicRemover::Remove(const std::map<std::string, std::vector<RetiredIncarnation>>& retired,
                          const std::set<std::pair<std::string, int>>& running) {
  for (const auto& pipeline : retired) {
    for (const RetiredIncarnation& incarnation : pipeline.second) {
      const auto key =
          std::make_pair(pipeline.first, std::make_pair(incarnation.number, LosesAll(incarnation)));
      if (removed_.count(key) > 0) continue;
      if (running.count({pipeline.first, incarnation.number}) > 0) continue;
      const absl::Status status = RemoveOne(PipelineId(pipeline.first), incarnation);
      if (status.ok()) {
        removed_.insert(key);
        continue;
      }
      runtime::LogWarning("topics not deleted yet", {{"pipeline", pipeline.first},
                                                     {"incarnation", incarnation.number},
                                                     {"error", std::string(status.message())}});
    }
  }
}

absl::Status TopicRemover::RemoveOne(const std::string& pipeline_id,
                                     const RetiredIncarnation& incarnation) {
  if (admin_ == nullptr) {
    absl::StatusOr<std::unique_ptr<kafka::TopicAdmin>> admin = kafka::TopicAdmin::Create(config_);
    if (!admin.ok()) return admin.status();
    admin_ = *std::move(admin);
  }
  const PipelineTopics topics(pipeline_id, incarnation.number);
  std::set<std::string> unwanted = {topics.partials, topics.snapshots};
  if (LosesAll(incarnation)) unwanted.insert({topics.results, topics.dead_letter});
  const auto all = admin_->ListTopics(kTimeout);
  if (!all.ok()) return all.status();
  std::vector<std::string> existing;
  for (const kafka::TopicDescription& topic : *all) {
    if (unwanted.count(topic.name) > 0) existing.push_back(topic.name);
  }
  // The group first: what the topics tell of it must not be missing before it is gone.
  absl::Status status = admin_->DeleteGroups({topics.group}, kTimeout);
  if (status.ok()) status = admin_->DeleteTopics(existing, kTimeout);
  if (!status.ok()) return status;
  for (const std::string& topic : existing) runtime::LogInfo("topic deleted", {{"topic", topic}});
  return absl::OkStatus();
}

}  // namespace windrow::aggregator
