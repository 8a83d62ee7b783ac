#ifndef SERVICES_AGGREGATOR_CORE_COMBINER_H_
#define SERVICES_AGGREGATOR_CORE_COMBINER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/event_time_parser.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/pipeline_plan.h"

namespace windrow::aggregator {

// Why a record cannot be counted; it goes to the dead-letter topic.
enum class DeadLetterReason {
  kNotJson,
  kNotAnObject,
  kMissingEventTime,
  kBadEventTime,
  kWrongType,
  kFutureEventTime,
  kTooLarge,
};
inline constexpr int kDeadLetterReasons = 7;

// The reason as it stands in the dead letter's header: "not-json".
absl::string_view DeadLetterReasonName(DeadLetterReason reason);

// The fields of one record that the pipeline needs. Views into the record's text.
struct RecordFields {
  // nullopt when the field is missing or null.
  absl::optional<absl::string_view> event_time;
  // By PipelinePlan::fields; nullopt when missing or null.
  std::vector<absl::optional<absl::string_view>> values;
};

// The combine stage: counts the records of the source partitions it was given into deltas, which
// Seal hands out as one frame per merge partition. Between two seals it keeps only positions and
// caches. A value of one thread.
class Combiner {
 public:
  static absl::StatusOr<Combiner> Create(std::shared_ptr<const PipelinePlan> plan);

  // Takes over another plan of the same pipeline, with other tables, watermark delay or idle
  // policy: records added from here on are counted by it. Only when HasChanges() is false.
  void UsePlan(std::shared_ptr<const PipelinePlan> plan);

  // Starts to count a source partition from its committed position.
  void AddSource(SourcePosition committed);
  // Never reports anything of this source.
  void Silence(int partition);
  // Forgets all sources and everything counted since the last Seal.
  void Reset();

  // Whether a record at `offset` has been counted before (redelivered by the client); such a record
  // is counted as redelivered and must not be added.
  bool IsRedelivered(int partition, int64_t offset);

  // Counts one record, which moves the partition's position past `offset`. `timestamp` is the
  // record's Kafka timestamp (see RecordTimestamp), kNever for none: it is then not too far ahead
  // of it. Returns the reason if the record is a dead letter; it then moves
  // neither watermark nor any view.
  absl::optional<DeadLetterReason> Add(int partition, int64_t offset, EventTime timestamp,
                                       const RecordFields& record);

  // Counts one record that could not be read at all.
  void AddUnreadable(int partition, int64_t offset);

  // Says for how long the partition has been at the end of its log; 0 when it is not.
  void SetIdleFor(int partition, EventSpan idle_for);
  // Says that the partition has reached the end of its log as of the drain of `generation`.
  void SetDrained(int partition, int64_t generation);
  // Says how many partitions the source topic has.
  void SetPartitions(int partitions);

  // The position of a source now; null when it is not one of ours.
  const SourcePosition* position(int partition) const;
  // The position of one of our sources as of the last Seal.
  const SourcePosition& sealed_position(int partition) const {
    return sources_.at(partition).sealed;
  }
  // Positions that differ from those of the last Seal in what merge needs to know.
  bool HasChanges() const;
  // Number of cells counted since the last Seal.
  size_t cell_count() const;
  // Memory that the batch since the last Seal takes, at most and about.
  size_t batch_bytes() const;

  // What was counted since the last Seal.
  struct Batch {
    // By merge partition; empty when HasChanges() was false. Each carries all changed positions.
    std::vector<Frame> frames;
    std::vector<SourcePosition> positions;
  };
  Batch Seal();

 private:
  // A group that this view has met. Keeps the cell that it was last counted in, since a group's
  // next record mostly falls into the same pane.
  struct Group {
    absl::string_view key;
    int merge_partition = 0;
    // False when an inner join leaves the group out.
    bool matched = true;
    // cell is valid for `pane`, or is the session last counted in, in the batch numbered `batch`.
    uint64_t batch = 0;
    int64_t pane = 0;
    uint32_t cell = 0;
    // The latest of its panes in that batch; not of sessions.
    int64_t newest_pane = 0;
    // Index within the frame being built in the batch numbered `frame_batch`.
    uint64_t frame_batch = 0;
    uint32_t frame_group = 0;
  };

  // The pane of the last record of a view.
  struct PaneMemory {
    EventTime begin = 0;
    EventTime end = 0;
    int64_t pane = 0;
    EventTime first_window_end = 0;
  };

  struct View {
    const ViewPlan* plan = nullptr;
    // Keys and texts that the maps below refer to.
    std::deque<std::string> keys;
    std::deque<std::string> texts;
    absl::flat_hash_map<absl::string_view, uint32_t> group_by_key;
    // For a view of one field: the same by the field's text, which spares encoding the key.
    absl::flat_hash_map<absl::string_view, uint32_t> group_by_text;
    std::vector<Group> groups;
    // Of their keys.
    size_t group_bytes = 0;
    std::vector<DeltaCell> cells;
    absl::flat_hash_map<std::pair<uint32_t, std::pair<int64_t, EventTime>>, uint32_t> cell_by_id;
    absl::flat_hash_map<std::pair<int, EventTime>, uint64_t> late;
    PaneMemory memory;
  };

  struct Source {
    SourcePosition now;
    SourcePosition sealed;
    // Whether `sealed` has ever been reported by a seal or a committed position.
    bool reported = false;
    bool silent = false;
  };

  Combiner(std::shared_ptr<const PipelinePlan> plan, EventTimeParser time_parser);

  // Fills inputs_; false when a field has the wrong type.
  bool ReadInputs(const RecordFields& record);
  void AddToView(View* view, EventTime time, EventTime watermark, const RecordFields& record,
                 ViewCounters* counters);
  uint32_t FindGroup(View* view, const RecordFields& record);
  uint32_t FindGroupByKey(View* view, const RecordFields& record);
  void AddToSession(View* view, EventTime time, EventTime watermark, uint32_t group,
                    ViewCounters* counters);
  DeltaCell* FindCell(View* view, uint32_t group, int64_t pane, EventTime cut);
  DeltaCell* FindSession(View* view, uint32_t group, EventTime time);
  void AddStates(const View& view, DeltaCell* cell);
  void CountLate(View* view, int merge_partition, int64_t pane, EventTime cut);
  static void ForgetGroups(View* view);
  void SealView(int index, std::vector<Frame>* frames);
  static bool Differs(const Source& source);
  // Puts the idle policy in force into a position.
  void NamePolicy(SourcePosition* position) const;

  std::shared_ptr<const PipelinePlan> plan_;
  EventTimeParser time_parser_;
  std::map<int, Source> sources_;
  std::vector<View> views_;
  uint64_t batch_ = 1;
  // Of new groups, and of values that states may keep.
  size_t text_bytes_ = 0;
  std::string key_;
  // By PipelinePlan::inputs, of the present record.
  std::vector<absl::optional<InputValue>> inputs_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_COMBINER_H_
