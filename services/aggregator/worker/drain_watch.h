#ifndef SERVICES_AGGREGATOR_WORKER_DRAIN_WATCH_H_
#define SERVICES_AGGREGATOR_WORKER_DRAIN_WATCH_H_

#include <string>
#include <utility>

#include "services/aggregator/core/combiner.h"
#include "services/aggregator/worker/live_settings.h"
#include "services/aggregator/worker/source_partition.h"
#include "services/platform/record_log/group_consumer.h"

namespace windrow::aggregator {

// Tells the combiner which source partitions have been read to where their logs ended when a drain
// was requested. Used by the worker's thread alone; the settings outlive it.
class DrainWatch {
 public:
  DrainWatch(std::string source_topic, const LiveSettings* settings)
      : source_topic_(std::move(source_topic)), settings_(settings) {}

  void Update(record_log::GroupConsumer* consumer, SourcePartitions* sources,
              Combiner* combiner) const;

 private:
  const std::string source_topic_;
  const LiveSettings* const settings_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_DRAIN_WATCH_H_
