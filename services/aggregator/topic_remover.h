#ifndef SERVICES_AGGREGATOR_TOPIC_REMOVER_H_
#define SERVICES_AGGREGATOR_TOPIC_REMOVER_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/aggregator/core/control_state.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/topic_admin.h"

namespace windrow::aggregator {

// Deletes the topics and consumer groups of incarnations that are not run any more: all of those
// whose pipeline was deleted with its topics, or which were never served; of the others what nobody
// but the aggregator reads (partials, snapshots), so that results and dead letters stay. What
// cannot be done now is tried again with the next call. Of one thread.
class TopicRemover {
 public:
  explicit TopicRemover(kafka::KafkaConfig config) : config_(std::move(config)) {}

  // `running`: what live replicas still run, by pipeline name and number; left alone.
  void Remove(const std::map<std::string, std::vector<RetiredIncarnation>>& retired,
              const std::set<std::pair<std::string, int>>& running);

 private:
  absl::Status RemoveOne(const std::string& pipeline_id, const RetiredIncarnation& incarnation);

  const kafka::KafkaConfig config_;
  std::unique_ptr<kafka::TopicAdmin> admin_;
  // What has been done: name, number, and whether all topics.
  std::set<std::pair<std::string, std::pair<int, bool>>> removed_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_TOPIC_REMOVER_H_
