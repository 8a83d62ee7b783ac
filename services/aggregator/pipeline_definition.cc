#include "services/aggregator/pipeline_definition.h"

#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/aggregator/source/table_reader.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Violations = std::vector<rpc::FieldViolation>;

constexpr char kPrefix[] = "pipeline.";
// 9999-12-31T23:59:59Z.
constexpr int64_t kMaxSeconds = 253'402'300'799;

// What an update may change.
const std::vector<std::string>& ChangeableFields() {
  static const auto* const kFields = new std::vector<std::string>{
      "source_topic", "event_time", "watermark_delay", "max_future_skew", "correction_horizon",
      "idle_policy",  "tables",     "views",           "merge_partitions"};
  return *kFields;
}

// A newer client may have sent what is not known here: to leave it out would compute something else
// than was asked for.
void FindUnknownFields(const Message& message, const std::string& path, Violations* violations) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const google::protobuf::UnknownFieldSet& unknown = reflection.GetUnknownFields(message);
  for (int i = 0; i < unknown.field_count(); ++i) {
    violations->push_back({absl::StrCat(path, ".", unknown.field(i).number()),
                           "is a field number that this version does not know"});
  }
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* const field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    const std::string field_path = absl::StrCat(path, ".", field->name());
    if (!field->is_repeated()) {
      FindUnknownFields(reflection.GetMessage(message, field), field_path, violations);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      FindUnknownFields(reflection.GetRepeatedMessage(message, field, i),
                        absl::StrCat(field_path, "[", i, "]"), violations);
    }
  }
}

void AddPipelineViolations(const pb::Pipeline& pipeline, Violations* violations) {
  for (const PipelineViolation& violation : ValidatePipeline(pipeline)) {
    violations->push_back({kPrefix + violation.field, violation.description});
  }
}

const pb::StaticTable* FindTable(const pb::Pipeline& pipeline, const std::string& name) {
  for (const pb::StaticTable& table : pipeline.tables()) {
    if (table.name() == name) return &table;
  }
  return nullptr;
}

// Paths are the sender's, so only one that the pipeline has already can be meant for us.
void CheckTablePaths(const pb::Pipeline& sent, const pb::Pipeline& now, Violations* violations) {
  for (int i = 0; i < sent.tables_size(); ++i) {
    const pb::StaticTable* const same = FindTable(now, sent.tables(i).name());
    const std::string known = same == nullptr ? "" : same->path();
    if (sent.tables(i).path().empty() || sent.tables(i).path() == known) continue;
    violations->push_back(
        {absl::StrCat(kPrefix, "tables[", i, "].path"),
         "names a file that is not read here: send rows instead, as `windrow pipelines apply` does "
         "when it reads the file"});
  }
}

// Versions are ours to say.
void SetVersions(pb::Pipeline* pipeline) {
  for (pb::StaticTable& table : *pipeline->mutable_tables()) table.set_version(TableVersion(table));
}

void SetDefaults(pb::Pipeline* pipeline) {
  if (pipeline->merge_partitions() == 0) pipeline->set_merge_partitions(kDefaultMergePartitions);
}

bool IsSet(const pb::Pipeline& pipeline, const std::string& name) {
  const FieldDescriptor* const field = pb::Pipeline::descriptor()->FindFieldByName(name);
  const google::protobuf::Reflection& reflection = *pipeline.GetReflection();
  return field->is_repeated() ? reflection.FieldSize(pipeline, field) > 0
                              : reflection.HasField(pipeline, field);
}

// The fields that an update names, or sets.
std::set<std::string> ChangedFields(const v1::UpdatePipelineRequest& request,
                                    Violations* violations) {
  const std::vector<std::string>& changeable = ChangeableFields();
  std::set<std::string> changed;
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "*") {
      changed.insert(changeable.begin(), changeable.end());
    } else if (path == "settings" || path.rfind("settings.", 0) == 0) {
      violations->push_back({"update_mask", "\"settings\" is changed by Reconfigure"});
    } else if (path == "name") {
      violations->push_back({"update_mask", "\"name\" cannot be changed"});
    } else if (std::find(changeable.begin(), changeable.end(), path) == changeable.end()) {
      violations->push_back(
          {"update_mask", absl::StrCat("\"", path,
                                       "\" is not a field of a pipeline; a field is "
                                       "changed as a whole")});
    } else {
      changed.insert(path);
    }
  }
  if (request.update_mask().paths_size() > 0) return changed;
  for (const std::string& name : changeable) {
    if (IsSet(request.pipeline(), name)) changed.insert(name);
  }
  if (request.pipeline().has_settings()) {
    violations->push_back({"pipeline.settings", "are changed by Reconfigure"});
  } else if (changed.empty()) {
    violations->push_back({"pipeline", "holds no field to change"});
  }
  return changed;
}

void CopyField(const pb::Pipeline& from, const std::string& name, pb::Pipeline* to) {
  pb::Pipeline only = from;
  const FieldDescriptor* const wanted = pb::Pipeline::descriptor()->FindFieldByName(name);
  for (int i = 0; i < pb::Pipeline::descriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = pb::Pipeline::descriptor()->field(i);
    if (field != wanted) only.GetReflection()->ClearField(&only, field);
  }
  to->GetReflection()->ClearField(to, wanted);
  to->MergeFrom(only);
}

}  // namespace

pb::Pipeline NewDefinition(const v1::CreatePipelineRequest& request, Violations* violations) {
  pb::Pipeline made = request.pipeline();
  if (!request.has_pipeline()) {
    violations->push_back({"pipeline", "is required"});
    return made;
  }
  FindUnknownFields(made, "pipeline", violations);
  CheckTablePaths(made, pb::Pipeline(), violations);
  AddPipelineViolations(made, violations);
  CheckStart(request.start(), false, violations);
  SetVersions(&made);
  SetDefaults(&made);
  return made;
}

pb::Pipeline ChangedDefinition(const v1::UpdatePipelineRequest& request, const pb::Pipeline& now,
                               Violations* violations) {
  pb::Pipeline changed = now;
  changed.clear_settings();
  const std::set<std::string> fields = ChangedFields(request, violations);
  FindUnknownFields(request.pipeline(), "pipeline", violations);
  for (const std::string& field : fields) CopyField(request.pipeline(), field, &changed);
  if (fields.count("tables") > 0) {
    CheckTablePaths(request.pipeline(), now, violations);
    for (pb::StaticTable& table : *changed.mutable_tables()) {
      const pb::StaticTable* const same = FindTable(now, table.name());
      if (table.rows().empty() && same != nullptr) *table.mutable_rows() = same->rows();
    }
  }
  AddPipelineViolations(changed, violations);
  CheckStart(request.start(), false, violations);
  CheckBackfill(request.backfill_records_per_second(), violations);
  SetVersions(&changed);
  SetDefaults(&changed);
  return changed;
}

void CheckStart(const windrow::control::v1::StartPoint& start, bool required,
                Violations* violations) {
  using windrow::control::v1::StartPoint;
  switch (start.point_case()) {
    case StartPoint::POINT_NOT_SET:
      if (required) violations->push_back({"start", "must be earliest, latest or record_time"});
      break;
    case StartPoint::kEarliest:
      if (!start.earliest()) violations->push_back({"start.earliest", "must be true"});
      break;
    case StartPoint::kLatest:
      if (!start.latest()) violations->push_back({"start.latest", "must be true"});
      break;
    case StartPoint::kRecordTime: {
      const google::protobuf::Timestamp& time = start.record_time();
      // Kafka knows no time before 1970.
      if (time.seconds() < 0 || time.seconds() > kMaxSeconds || time.nanos() < 0 ||
          time.nanos() > 999'999'999) {
        violations->push_back({"start.record_time", "must be a time of the years 1970 to 9999"});
      }
      break;
    }
  }
}

void CheckBackfill(int64_t records_per_second, Violations* violations) {
  if (records_per_second >= 0) return;
  violations->push_back(
      {"backfill_records_per_second", "must be more than zero, or zero for no limit of its own"});
}

}  // namespace windrow::aggregator
