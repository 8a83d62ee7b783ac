#ifndef SERVICES_AGGREGATOR_INCARNATION_WATCH_H_
#define SERVICES_AGGREGATOR_INCARNATION_WATCH_H_

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "services/aggregator/control_log.h"
#include "services/aggregator/topic_remover.h"
#include "services/platform/kafka/kafka_config.h"
#include "windrow/status/v1/status.pb.h"

namespace windrow::aggregator {

// Looks after incarnations on a thread of its own: proposes the switch-over when the next one has
// caught up with the one that is served, and has the topics of those deleted that nobody runs any
// more. Every replica does so; of equal proposals the first takes effect.
class IncarnationWatch {
 public:
  struct Options {
    kafka::KafkaConfig kafka;
    std::string replica;
    // Outlives the watch.
    ControlLog* log = nullptr;
    // What the replicas that are alive tell of themselves, this one among them.
    std::function<std::vector<windrow::status::v1::ReplicaStatus>()> alive;
    // Called each time round.
    std::function<void()> on_round;
  };

  explicit IncarnationWatch(Options options);
  // Waits for what is under way.
  ~IncarnationWatch();
  IncarnationWatch(const IncarnationWatch&) = delete;
  IncarnationWatch& operator=(const IncarnationWatch&) = delete;

 private:
  void Run();
  void CheckNext(const std::string& name, const ControlledPipeline& pipeline,
                 const std::vector<windrow::status::v1::ReplicaStatus>& alive);
  void ProposeSwitchOver(const std::string& name, const ControlledPipeline& pipeline);
  void RemoveTopics(const std::vector<windrow::status::v1::ReplicaStatus>& alive);

  const Options options_;
  TopicRemover remover_;
  absl::Time next_removal_;
  // Since when the next incarnation of a pipeline has been level with the served one, by name and
  // number.
  std::map<std::pair<std::string, int>, absl::Time> level_since_;
  absl::Notification stop_;
  std::thread thread_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_INCARNATION_WATCH_H_
