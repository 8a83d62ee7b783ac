#include "services/aggregator/sink/frame_encoder.h"

#include <google/protobuf/util/json_util.h>

#include "services/aggregator/sink/delta_splitter.h"
#include "services/aggregator/sink/position_encoder.h"
#include "windrow/partials/v1/frame.pb.h"

namespace windrow::aggregator {
namespace {

namespace partials = windrow::partials::v1;

template <typename Message>
std::string ToJson(const Message& message) {
  std::string json;
  google::protobuf::util::MessageToJsonString(message, &json);
  return json;
}

}  // namespace

std::vector<std::string> EncodeFrame(const PipelinePlan& plan, const Frame& frame) {
  std::vector<std::string> records;
  if (frame.positions.empty()) return records;
  partials::Frame proto;
  proto.set_format_version(kFormatVersion);
  DeltaSplitter splitter(
      &plan,
      [&] {
        records.push_back(proto.SerializeAsString());
        proto.clear_views();
      },
      [&](int) { return proto.add_views(); });
  for (const ViewDelta& delta : frame.views) {
    splitter.Open(delta.view);
    for (const DeltaCell& cell : delta.cells) {
      splitter.AddCell(cell, delta.groups[cell.group]);
    }
    for (const LateCount& late : delta.late) splitter.AddLate(late);
  }
  partials::Frame last;
  for (const SourcePosition& position : frame.positions) {
    EncodePosition(position, last.add_positions());
  }
  if (!proto.views().empty() &&
      proto.ByteSizeLong() + last.ByteSizeLong() > DeltaSplitter::kMaxRecordBytes) {
    records.push_back(proto.SerializeAsString());
    proto.clear_views();
  }
  for (const int64_t time_ms : frame.record_times_ms) proto.add_sampled_record_time_ms(time_ms);
  proto.mutable_positions()->Swap(last.mutable_positions());
  records.push_back(proto.SerializeAsString());
  return records;
}

std::string EncodeSourceCheckpoint(const SourcePosition& position) {
  partials::SourcePosition proto;
  EncodePosition(position, &proto);
  return ToJson(proto);
}

std::string EncodeMergeCheckpoint(absl::optional<int64_t> snapshot_offset,
                                  int64_t snapshot_through) {
  if (!snapshot_offset.has_value()) return "";
  partials::MergeCheckpoint proto;
  proto.set_snapshot_offset(*snapshot_offset);
  proto.set_snapshot_through(snapshot_through);
  return ToJson(proto);
}

}  // namespace windrow::aggregator
