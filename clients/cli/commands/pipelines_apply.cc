#include <google/protobuf/util/message_differencer.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/pipeline_change.h"
#include "clients/cli/json_text.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::util::MessageDifferencer;
using ::windrow::aggregator::v1::PipelineResource;
using ::windrow::aggregator::v1::PipelineService;
using ::windrow::pipeline::v1::Pipeline;
using ::windrow::pipeline::v1::StaticTable;

// What UpdatePipeline may change.
constexpr const char* kFields[] = {
    "source_topic", "event_time", "watermark_delay", "max_future_skew", "correction_horizon",
    "idle_policy",  "tables",     "views",           "merge_partitions"};

struct ApplyOptions {
  std::string file;
  std::shared_ptr<PipelineChangeOptions> change = std::make_shared<PipelineChangeOptions>();
};

// The message with nothing but one field.
template <typename M>
M Only(const M& message, const FieldDescriptor* wanted) {
  M only = message;
  for (int i = 0; i < M::descriptor()->field_count(); ++i) {
    if (M::descriptor()->field(i) != wanted) {
      only.GetReflection()->ClearField(&only, M::descriptor()->field(i));
    }
  }
  return only;
}

// The tables without what may change while the pipeline runs, and what only one side knows.
Pipeline Comparable(Pipeline pipeline) {
  for (StaticTable& table : *pipeline.mutable_tables()) {
    table.clear_path();
    table.clear_version();
    table.clear_rows();
  }
  return pipeline;
}

std::vector<std::string> DifferentFields(const Pipeline& wanted, const Pipeline& now) {
  std::vector<std::string> fields;
  for (const char* const name : kFields) {
    const FieldDescriptor* const field = Pipeline::descriptor()->FindFieldByName(name);
    if (!MessageDifferencer::Equals(Only(Comparable(wanted), field),
                                    Only(Comparable(now), field))) {
      fields.push_back(name);
    }
  }
  return fields;
}

// The settings that the file sets and that are others now.
std::vector<std::string> DifferentSettings(const Pipeline& wanted, const Pipeline& now) {
  using pipeline::v1::Settings;
  std::vector<std::string> fields;
  std::vector<const FieldDescriptor*> set;
  wanted.settings().GetReflection()->ListFields(wanted.settings(), &set);
  for (const FieldDescriptor* const field : set) {
    if (!MessageDifferencer::Equals(Only<Settings>(wanted.settings(), field),
                                    Only<Settings>(now.settings(), field))) {
      fields.push_back(field->name());
    }
  }
  return fields;
}

bool SameRows(const StaticTable& a, const StaticTable& b) {
  StaticTable rows_of_a;
  StaticTable rows_of_b;
  *rows_of_a.mutable_rows() = a.rows();
  *rows_of_b.mutable_rows() = b.rows();
  return MessageDifferencer::Equals(rows_of_a, rows_of_b);
}

std::string RowsAsJson(const StaticTable& table) {
  std::string json = "[";
  for (const StaticTable::Row& row : table.rows()) {
    json += json.size() > 1 ? ",{" : "{";
    for (const auto& column : row.columns()) {
      if (json.back() != '{') json += ',';
      AppendJsonString(column.first, &json);
      json += ':';
      AppendJsonString(column.second, &json);
    }
    json += '}';
  }
  return json + "]";
}

// Applies a file with as few calls as it takes. Each call names the etag of the answer before, so
// that nobody's change in between is lost.
class Application {
 public:
  Application(Session* session, const ApplyOptions& options, Pipeline wanted)
      : session_(*session),
        options_(*options.change),
        stub_(PipelineService::NewStub(session->Channel(Service::kAggregator))),
        wanted_(std::move(wanted)) {}

  absl::Status Run() {
    aggregator::v1::GetPipelineRequest request;
    request.set_name(wanted_.name());
    aggregator::v1::GetPipelineResponse response;
    const absl::Status found = Call(&PipelineService::Stub::GetPipeline, request, &response);
    if (absl::IsNotFound(found) && options_.etag.empty()) return Create();
    if (!found.ok()) return found;
    resource_ = std::move(*response.mutable_pipeline());
    const Pipeline before = resource_.pipeline();
    etag_ = options_.etag.empty() ? resource_.etag() : options_.etag;
    const std::vector<std::string> fields = DifferentFields(wanted_, before);
    absl::Status status;
    if (!fields.empty()) status = Update(fields);
    // An update of the tables takes their rows along.
    const bool rows_went_along = std::find(fields.begin(), fields.end(), "tables") != fields.end();
    for (int i = 0; status.ok() && !rows_went_along && i < wanted_.tables_size(); ++i) {
      if (!SameRows(wanted_.tables(i), before.tables(i))) status = UpdateRows(wanted_.tables(i));
    }
    const std::vector<std::string> settings = DifferentSettings(wanted_, before);
    if (status.ok() && !settings.empty()) status = Reconfigure(settings);
    if (!status.ok()) return status;
    return FinishChange(
        session_, resource_,
        changed_.empty() ? "unchanged" : absl::StrCat("changed: ", absl::StrJoin(changed_, ", ")),
        options_);
  }

 private:
  template <typename Base, typename Request, typename Response>
  absl::Status Call(grpc::Status (Base::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    return session_.Call(Service::kAggregator, *stub_, method, request, response);
  }

  absl::Status Create() {
    const absl::StatusOr<control::v1::StartPoint> start = ParseStart(options_.from);
    if (!start.ok()) return start.status();
    aggregator::v1::CreatePipelineRequest request;
    *request.mutable_pipeline() = wanted_;
    *request.mutable_start() = *start;
    request.set_validate_only(options_.validate_only);
    aggregator::v1::CreatePipelineResponse response;
    const absl::Status status = Call(&PipelineService::Stub::CreatePipeline, request, &response);
    if (!status.ok()) return status;
    return FinishChange(session_, response.pipeline(), "created", options_);
  }

  absl::Status Update(const std::vector<std::string>& fields) {
    const absl::StatusOr<control::v1::StartPoint> start = ParseStart(options_.from);
    if (!start.ok()) return start.status();
    aggregator::v1::UpdatePipelineRequest request;
    *request.mutable_pipeline() = wanted_;
    for (const std::string& field : fields) request.mutable_update_mask()->add_paths(field);
    *request.mutable_start() = *start;
    request.set_backfill_records_per_second(options_.backfill_rate.value_or(0));
    request.set_etag(etag_);
    request.set_validate_only(options_.validate_only);
    aggregator::v1::UpdatePipelineResponse response;
    const absl::Status status = Call(&PipelineService::Stub::UpdatePipeline, request, &response);
    return Take(status, response.pipeline(), fields, "");
  }

  absl::Status UpdateRows(const StaticTable& table) {
    aggregator::v1::UpdateTableRequest request;
    request.set_name(wanted_.name());
    request.set_table(table.name());
    request.set_format(aggregator::v1::UpdateTableRequest::FORMAT_JSON);
    request.set_content(RowsAsJson(table));
    request.set_etag(etag_);
    request.set_validate_only(options_.validate_only);
    aggregator::v1::UpdateTableResponse response;
    const absl::Status status = Call(&PipelineService::Stub::UpdateTable, request, &response);
    return Take(status, response.pipeline(), {table.name()}, "rows of ");
  }

  absl::Status Reconfigure(const std::vector<std::string>& settings) {
    aggregator::v1::ReconfigureRequest request;
    request.set_name(wanted_.name());
    *request.mutable_settings() = wanted_.settings();
    for (const std::string& setting : settings) request.mutable_update_mask()->add_paths(setting);
    request.set_etag(etag_);
    request.set_validate_only(options_.validate_only);
    aggregator::v1::ReconfigureResponse response;
    const absl::Status status = Call(&PipelineService::Stub::Reconfigure, request, &response);
    return Take(status, response.pipeline(), settings, "");
  }

  absl::Status Take(const absl::Status& status, const PipelineResource& resource,
                    const std::vector<std::string>& changed, const std::string& prefix) {
    if (!status.ok()) return status;
    resource_ = resource;
    // What is only checked leaves the etag as it is.
    if (!options_.validate_only) etag_ = resource.etag();
    for (const std::string& what : changed) changed_.push_back(prefix + what);
    return absl::OkStatus();
  }

  Session& session_;
  const PipelineChangeOptions& options_;
  const std::unique_ptr<PipelineService::Stub> stub_;
  const Pipeline wanted_;
  PipelineResource resource_;
  std::string etag_;
  std::vector<std::string> changed_;
};

absl::Status Run(Session& session, const ApplyOptions& options) {
  absl::StatusOr<Pipeline> pipeline = ReadPipelineFile(options.file);
  if (!pipeline.ok()) return pipeline.status();
  return Application(&session, options, *std::move(pipeline)).Run();
}

}  // namespace

void AddPipelinesApply(CommandLine* line) {
  line->Add(
      "pipelines apply",
      "Makes a pipeline what a file declares: creates it, or changes what differs. Rows of tables "
      "and settings change while it runs; anything else is computed anew, and served once it has "
      "caught up",
      [](Command& command) {
        const auto options = std::make_shared<ApplyOptions>();
        command.Argument("FILE", &options->file, "Pipeline file; its tables are read, too");
        AddStartOptions(command, options->change);
        AddChangeOptions(command, options->change);
        command.Examples(
            "  windrow pipelines apply resources/pipelines/sf_calls.textproto\n"
            "  windrow pipelines apply my.textproto --validate-only\n"
            "  windrow pipelines apply my.textproto --backfill-rate 20000 --wait 10m");
        return [options](Session& session) { return Run(session, *options); };
      });
}

}  // namespace windrow::cli
