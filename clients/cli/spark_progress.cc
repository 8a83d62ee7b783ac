#include "clients/cli/spark_progress.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/cli/json_text.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

using aggregator::v1::Progress;

// Writes the fields of one object, one after the other.
class JsonObject {
 public:
  JsonObject& Text(absl::string_view name, absl::string_view value) {
    Name(name);
    AppendJsonString(value, &json_);
    return *this;
  }
  JsonObject& Number(absl::string_view name, int64_t value) {
    return Raw(name, absl::StrCat(value));
  }
  JsonObject& Rate(absl::string_view name, double value) {
    return Raw(name, absl::StrFormat("%.1f", value));
  }
  // What is JSON already.
  JsonObject& Raw(absl::string_view name, absl::string_view value) {
    Name(name);
    absl::StrAppend(&json_, value);
    return *this;
  }
  std::string Done() { return absl::StrCat(json_, "}"); }

 private:
  void Name(absl::string_view name) {
    if (json_.size() > 1) json_ += ',';
    AppendJsonString(name, &json_);
    json_ += ':';
  }

  std::string json_ = "{";
};

// In the order of names, which a map of Protobuf does not keep.
template <typename Map, typename Add>
std::string Fields(const Map& map, Add add) {
  JsonObject object;
  for (const auto& entry : std::map(map.begin(), map.end())) {
    add(&object, entry.first, entry.second);
  }
  return object.Done();
}

std::string StateOperator(const aggregator::v1::StateOperatorProgress& state) {
  return JsonObject()
      .Text("operatorName", state.operator_name())
      .Number("numRowsTotal", state.num_rows_total())
      .Number("numRowsUpdated", state.num_rows_updated())
      .Number("memoryUsedBytes", state.memory_used_bytes())
      .Number("numRowsDroppedByWatermark", state.num_rows_dropped_by_watermark())
      .Number("numShufflePartitions", state.num_shuffle_partitions())
      .Done();
}

std::string Source(const aggregator::v1::SourceProgress& source) {
  return JsonObject()
      .Text("description", source.description())
      .Raw("startOffset", source.start_offset())
      .Raw("endOffset", source.end_offset())
      .Raw("latestOffset", source.latest_offset())
      .Number("numInputRows", source.num_input_rows())
      .Rate("inputRowsPerSecond", source.input_rows_per_second())
      .Rate("processedRowsPerSecond", source.processed_rows_per_second())
      .Raw("metrics",
           Fields(source.metrics(), [](JsonObject* object, const auto& name,
                                       const auto& value) { object->Text(name, value); }))
      .Done();
}

template <typename List, typename Write>
std::string Array(const List& list, Write write) {
  std::string json = "[";
  for (const auto& one : list) absl::StrAppend(&json, json.size() > 1 ? "," : "", write(one));
  return json + "]";
}

}  // namespace

std::string SparkProgressJson(const Progress& progress) {
  return JsonObject()
      .Text("id", progress.id())
      .Text("runId", progress.run_id())
      .Text("name", progress.name())
      .Text("timestamp", TimeText(progress.timestamp()))
      .Number("batchId", progress.batch_id())
      .Number("numInputRows", progress.num_input_rows())
      .Rate("inputRowsPerSecond", progress.input_rows_per_second())
      .Rate("processedRowsPerSecond", progress.processed_rows_per_second())
      .Raw("durationMs",
           Fields(progress.duration_ms(), [](JsonObject* object, const auto& name,
                                             int64_t value) { object->Number(name, value); }))
      .Raw("eventTime",
           Fields(progress.event_time(), [](JsonObject* object, const auto& name,
                                            const auto& value) { object->Text(name, value); }))
      .Raw("stateOperators", Array(progress.state_operators(), StateOperator))
      .Raw("sources", Array(progress.sources(), Source))
      .Raw("sink", JsonObject()
                       .Text("description", progress.sink().description())
                       .Number("numOutputRows", progress.sink().num_output_rows())
                       .Done())
      .Done();
}

}  // namespace windrow::cli
