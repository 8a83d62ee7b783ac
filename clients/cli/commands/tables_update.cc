#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/acknowledgement_text.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;
using ::windrow::aggregator::v1::UpdateTableRequest;

struct UpdateOptions {
  std::string pipeline;
  std::string table;
  std::string file;
  std::string etag;
  bool validate_only = false;
  std::string format = "json";
};

absl::StatusOr<UpdateTableRequest::Format> FormatOf(const std::string& file) {
  if (absl::EndsWithIgnoreCase(file, ".json")) return UpdateTableRequest::FORMAT_JSON;
  if (absl::EndsWithIgnoreCase(file, ".ndjson") || absl::EndsWithIgnoreCase(file, ".jsonl")) {
    return UpdateTableRequest::FORMAT_NDJSON;
  }
  if (absl::EndsWithIgnoreCase(file, ".csv")) return UpdateTableRequest::FORMAT_CSV;
  return UsageError(absl::StrCat(file, ": the name must end in .json, .ndjson, .jsonl or .csv"));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content;
  char block[16384];
  while (file.read(block, sizeof(block)) || file.gcount() > 0) content.append(block, file.gcount());
  // A folder can be opened, but not read to its end.
  if (!file.eof()) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path, ": does the file exist?"));
  }
  return content;
}

absl::Status Run(Session& session, const UpdateOptions& options) {
  const absl::StatusOr<UpdateTableRequest::Format> format = FormatOf(options.file);
  if (!format.ok()) return format.status();
  const absl::StatusOr<std::string> content = ReadFile(options.file);
  if (!content.ok()) return content.status();
  UpdateTableRequest request;
  request.set_name(session.PipelineName(options.pipeline));
  request.set_table(options.table);
  request.set_format(*format);
  request.set_content(*content);
  request.set_etag(options.etag);
  request.set_validate_only(options.validate_only);
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::UpdateTableResponse response;
  const absl::Status status = session.Call(Service::kAggregator, *stub,
                                           &PipelineService::Stub::UpdateTable, request, &response);
  if (!status.ok()) return status;
  std::string line = "{\"table\":";
  AppendJsonString(options.table, &line);
  absl::StrAppend(&line, ",\"version\":");
  AppendJsonString(response.version(), &line);
  absl::StrAppend(&line, ",\"plan_generation\":", response.pipeline().plan_generation(),
                  Acknowledgements::Of(response).JsonMembers(), "}");
  PrintJsonRecord(options.format, line);
  return absl::OkStatus();
}

}  // namespace

void AddTablesUpdate(CommandLine* line) {
  line->Add(
      "tables update",
      "Replaces the rows of a static table while the pipeline runs: rows of results that are "
      "written from then on are joined with the new ones",
      [](Command& command) {
        const auto options = std::make_shared<UpdateOptions>();
        command.Argument("PIPELINE", &options->pipeline, "Pipeline");
        command.Argument("TABLE", &options->table, "Name of the table");
        command.Argument("FILE", &options->file,
                         "All rows: a .json array of objects, .ndjson or .jsonl, or .csv");
        command.Option("--etag", &options->etag,
                       "Only if the pipeline has not changed since it had this etag");
        command.Flag("--validate-only", &options->validate_only, "Only check");
        command.Output(&options->format);
        command.Examples("  windrow tables update sf-calls radio-codes resources/radio_codes.json");
        return [options](Session& session) { return Run(session, *options); };
      });
}

}  // namespace windrow::cli
