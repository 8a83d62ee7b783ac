#ifndef SERVICES_AGGREGATOR_SINK_DELTA_SPLITTER_H_
#define SERVICES_AGGREGATOR_SINK_DELTA_SPLITTER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "windrow/partials/v1/frame.pb.h"

namespace windrow::aggregator {

// Spreads cells and late counts over records of bounded size, in the columns of partials. One
// thread at a time.
class DeltaSplitter {
 public:
  // Kafka refuses records above 1 MB by default. A record ends with what takes it past this size,
  // which is a group or a value of some 30 kB at most.
  static constexpr size_t kMaxRecordBytes = 400'000;
  // Bytes of a cell, late count or revision without its group, at most.
  static constexpr size_t kCellBytes = 36;

  // `start_record` ends the present record and starts another; `add_delta` adds an empty delta to
  // the present record. `plan` must outlive the splitter.
  DeltaSplitter(const PipelinePlan* plan, std::function<void()> start_record,
                std::function<windrow::partials::v1::ViewDelta*(int view)> add_delta)
      : plan_(*plan), start_record_(std::move(start_record)), add_delta_(std::move(add_delta)) {}

  // Begins with the cells of another view.
  void Open(int view);
  // Adds one cell of that view, in as many parts as its states need; `group` is the key that goes
  // with the cell's number of its group.
  void AddCell(const DeltaCell& cell, const std::string& group);
  void AddLate(const LateCount& late);
  // Takes note of what is put into the present record besides, after making room for it.
  void Count(size_t bytes);
  void MakeRoom();

 private:
  bool full() const { return bytes_ > kMaxRecordBytes; }
  void OpenInRecord();
  void AddPart(const DeltaCell& cell, const std::string& group, uint64_t accepted);
  uint32_t GroupIndex(uint32_t number, const std::string& group);
  void AddCut(EventSpan cut);

  const PipelinePlan& plan_;
  const std::function<void()> start_record_;
  const std::function<windrow::partials::v1::ViewDelta*(int view)> add_delta_;
  int view_ = 0;
  windrow::partials::v1::ViewDelta* out_ = nullptr;
  absl::flat_hash_map<uint32_t, uint32_t> index_by_number_;
  int64_t last_pane_ = 0;
  size_t bytes_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_DELTA_SPLITTER_H_
