#include "services/aggregator/worker/source_reader.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/aggregator/core/source_alignment.h"
#include "services/aggregator/core/topic_limit.h"
#include "services/aggregator/worker/broker_timeouts.h"

namespace windrow::aggregator {
namespace {

using record_log::GroupConsumer;

constexpr int kReadBatch = 1000;
// Sources of one worker are read within this distance in event time of the slowest one.
constexpr EventSpan kAlignment = kMicrosPerHour;

}  // namespace

EventTime SourceReader::Align(const SourcePartitions& sources, const Combiner& combiner) const {
  if (options_.alignment == nullptr) return SourceAlignment::kNoLimit;
  std::vector<SharedAlignment::Source> own;
  for (const auto& source : sources) {
    const SourcePosition& position = *combiner.position(source.first);
    own.push_back({source.first, position.max_event_time,
                   source.second.error.empty() && source.second.end_of_log < 0});
  }
  return options_.alignment->Exchange(own, options_.clock->Now());
}

std::vector<std::pair<EventTime, int>> SourceReader::SlowestFirst(const SourcePartitions& sources,
                                                                  const Combiner& combiner) {
  std::vector<std::pair<EventTime, int>> order;
  for (const auto& source : sources) {
    if (source.second.error.empty()) {
      order.emplace_back(combiner.position(source.first)->max_event_time, source.first);
    }
  }
  std::sort(order.begin(), order.end());
  return order;
}

bool SourceReader::ReadNext(EventTime limit, GroupConsumer* consumer, SourcePartitions* sources,
                            OpenBatch* batch) {
  bool waiting = false;
  EventTime slowest = kNever;
  // So that a replay keeps few windows open.
  for (const auto& entry : SlowestFirst(*sources, batch->combiner())) {
    SourcePartition& source = sources->at(entry.second);
    // Not on while a slower one has records on their way.
    source.waiting = entry.first > limit ||
                     (waiting && (slowest == kNever || entry.first - slowest > kAlignment));
    if (source.waiting) continue;
    if (ReadWithinLimits(entry.second, consumer, &source, batch) > 0) return true;
    if (source.end_of_log < 0 && !waiting) {
      waiting = true;
      slowest = entry.first;
    }
  }
  return false;
}

int SourceReader::ReadWithinLimits(int partition, GroupConsumer* consumer, SourcePartition* source,
                                   OpenBatch* batch) {
  const int64_t now = absl::ToUnixMicros(options_.clock->Now());
  source->limiter.SetRate(static_cast<double>(options_.settings->records_per_second_per_partition));
  TopicLimit::Grant grant;
  grant.records = source->limiter.Available(now, kReadBatch);
  if (options_.limit != nullptr) grant = options_.limit->Acquire(now, grant.records);
  source->limited = grant.records == 0;
  if (source->limited) return 0;
  const Taken taken = ReadUpTo(grant.records, partition, consumer, source, batch);
  // Also when the log's end is reached again before anybody looks.
  if (taken.records > 0) source->idle_since = absl::InfiniteFuture();
  source->limiter.Take(taken.records);
  if (options_.limit != nullptr) options_.limit->Settle(grant, taken.records, taken.bytes);
  records_read_ += taken.records;
  return taken.events;
}

SourceReader::Taken SourceReader::ReadUpTo(int64_t most, int partition, GroupConsumer* consumer,
                                           SourcePartition* source, OpenBatch* batch) {
  Taken taken;
  const absl::StatusOr<int> count = consumer->Read(
      {options_.source_topic, partition}, static_cast<int>(most),
      [&](const GroupConsumer::Event& event) {
        if (event.record == nullptr) {
          source->end_of_log = event.offset;
          return;
        }
        source->end_of_log = -1;
        ++taken.records;
        taken.bytes += static_cast<int64_t>(event.record->key.size() + event.record->value.size());
        batch->Count(partition, *event.record);
      });
  if (count.ok()) {
    taken.events = *count;
  } else {
    const int64_t position = batch->combiner().position(partition)->end_offset;
    options_.on_failed(partition, Explain(count.status(), partition, position, consumer));
  }
  return taken;
}

std::string SourceReader::Explain(const absl::Status& failure, int partition, int64_t position,
                                  GroupConsumer* consumer) const {
  if (!absl::IsDataLoss(failure)) {
    return absl::StrCat(options_.source_topic, "-", partition, " cannot be read from offset ",
                        position, ": ", failure.message());
  }
  const auto range = consumer->QueryOffsets({options_.source_topic, partition}, kQueryTimeout);
  return absl::StrCat("DATA_LOSS: offsets ", position, " to ",
                      range.ok() ? absl::StrCat(range->first) : "?", " of ", options_.source_topic,
                      "-", partition, " are no longer in the topic: ", failure.message());
}

}  // namespace windrow::aggregator
