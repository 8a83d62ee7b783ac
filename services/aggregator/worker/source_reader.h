#ifndef SERVICES_AGGREGATOR_WORKER_SOURCE_READER_H_
#define SERVICES_AGGREGATOR_WORKER_SOURCE_READER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/worker/live_settings.h"
#include "services/aggregator/worker/open_batch.h"
#include "services/aggregator/worker/replica_limit.h"
#include "services/aggregator/worker/shared_alignment.h"
#include "services/aggregator/worker/source_partition.h"
#include "services/platform/record_log/group_consumer.h"
#include "services/platform/runtime/clock.h"

namespace windrow::aggregator {

// Decides which source partition of a worker is read next and how much of it, and hands its records
// to the open batch. Used by the worker's thread alone; all that it is given outlives the call,
// what the options name outlives it.
class SourceReader {
 public:
  struct Options {
    std::string source_topic;
    const runtime::Clock* clock = nullptr;
    const LiveSettings* settings = nullptr;
    // Null for no limit, and to read as if alone.
    ReplicaLimit* limit = nullptr;
    SharedAlignment* alignment = nullptr;
    // Called when a partition cannot be read on, with what is wrong.
    std::function<void(int partition, const std::string& error)> on_failed;
  };

  explicit SourceReader(Options options) : options_(std::move(options)) {}

  // Tells the other workers how far ours are, and returns how far they may go.
  EventTime Align(const SourcePartitions& sources, const Combiner& combiner) const;

  // Reads some of the partition that is furthest behind in event time and may be read, none beyond
  // `limit`. False when there is nothing to read now.
  bool ReadNext(EventTime limit, record_log::GroupConsumer* consumer, SourcePartitions* sources,
                OpenBatch* batch);

  // Since it was made.
  int64_t records_read() const { return records_read_; }

 private:
  // So many events, of which so many records with so many bytes.
  struct Taken {
    int events = 0;
    int records = 0;
    int64_t bytes = 0;
  };

  static std::vector<std::pair<EventTime, int>> SlowestFirst(const SourcePartitions& sources,
                                                             const Combiner& combiner);
  // Returns the number of events.
  int ReadWithinLimits(int partition, record_log::GroupConsumer* consumer, SourcePartition* source,
                       OpenBatch* batch);
  Taken ReadUpTo(int64_t most, int partition, record_log::GroupConsumer* consumer,
                 SourcePartition* source, OpenBatch* batch);
  std::string Explain(const absl::Status& failure, int partition, int64_t position,
                      record_log::GroupConsumer* consumer) const;

  const Options options_;
  int64_t records_read_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_SOURCE_READER_H_
