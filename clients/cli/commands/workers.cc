#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/worker_lag.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/live_table.h"
#include "clients/cli/output.h"
#include "clients/cli/text_table.h"
#include "clients/cli/time_text.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::ListReplicasRequest;
using ::windrow::aggregator::v1::ListReplicasResponse;
using ::windrow::aggregator::v1::PipelineService;
using ::windrow::aggregator::v1::Replica;
using ::windrow::status::v1::PipelineStatus;
using ::windrow::status::v1::SourcePartitionStatus;
using ::windrow::status::v1::WorkerStatus;

constexpr int kMostPartitionsNamed = 12;

std::string Short(const std::string& pipeline_name) {
  return Printable(std::string(absl::StripPrefix(pipeline_name, "pipelines/")));
}

std::string StateText(const WorkerStatus& worker) {
  if (!worker.error().empty()) return Printable(worker.error());
  return absl::AsciiStrToLower(
      absl::StripPrefix(WorkerStatus::State_Name(worker.state()), "STATE_"));
}

std::string SourcesText(const WorkerStatus& worker) {
  if (worker.sources_size() == 0) return "-";
  if (worker.sources_size() > kMostPartitionsNamed) {
    return absl::StrCat(worker.sources_size(), " partitions");
  }
  return absl::StrJoin(worker.sources(), ",",
                       [](std::string* text, const SourcePartitionStatus& source) {
                         absl::StrAppend(text, source.position().source_partition());
                         if (source.waiting()) text->append("*");
                       });
}

std::string LoadText(double load) { return absl::StrFormat("%.0f %%", load * 100); }

// "2m5s": whole seconds are exact enough.
std::string UptimeText(const Replica& replica) {
  return absl::FormatDuration(absl::Trunc(ToDuration(replica.uptime()), absl::Seconds(1)));
}

std::string GenerationsText(const Replica& replica) {
  if (replica.status().pipelines_size() == 0) return "-";
  return absl::StrJoin(
      replica.status().pipelines(), ", ", [](std::string* text, const PipelineStatus& pipeline) {
        absl::StrAppend(text, Short(pipeline.pipeline()), " ", pipeline.generation());
        if (!pipeline.waiting_for().empty()) {
          absl::StrAppend(text, " (waits: ", Printable(pipeline.waiting_for()), ")");
        }
      });
}

void PrintTables(const ListReplicasResponse& response) {
  TextTable replicas({{"REPLICA"},
                      {"ALIVE"},
                      {"VERSION"},
                      {"UPTIME"},
                      {"CPU"},
                      {"MEMORY", TextTable::Align::kRight},
                      {"GENERATION APPLIED"}});
  TextTable workers({{"REPLICA"},
                     {"SLOT"},
                     {"PIPELINE"},
                     {"STATE"},
                     {"SOURCES"},
                     {"RECORDS/S", TextTable::Align::kRight},
                     {"LAG"},
                     {"CPU", TextTable::Align::kRight}});
  for (const Replica& replica : response.replicas()) {
    const auto& status = replica.status();
    replicas.Add({Printable(status.replica()), replica.alive() ? "yes" : "no",
                  Printable(status.version()), UptimeText(replica), LoadText(status.cpu_load()),
                  absl::StrCat(GroupedNumber(status.resident_bytes() / 1'000'000), " MB"),
                  GenerationsText(replica)});
    // What a dead one last said of its workers is true no more.
    if (!replica.alive()) continue;
    for (const PipelineStatus& pipeline : status.pipelines()) {
      for (const WorkerStatus& worker : pipeline.workers()) {
        workers.Add({Printable(status.replica()), absl::StrCat(worker.slot()),
                     Short(pipeline.pipeline()), StateText(worker), SourcesText(worker),
                     GroupedNumber(static_cast<int64_t>(worker.processed_rows_per_second())),
                     GroupedNumber(WorkerLag(worker)), LoadText(worker.cpu_load())});
      }
    }
  }
  Print(replicas.Text());
  PrintLine("");
  Print(workers.Text());
}

// A line for each worker: replicas hold workers, which a line cannot.
void PrintCsv(const ListReplicasResponse& response) {
  Listing listing("csv");
  for (const Replica& replica : response.replicas()) {
    for (const PipelineStatus& pipeline : replica.status().pipelines()) {
      for (const WorkerStatus& worker : pipeline.workers()) {
        std::string json = "{\"replica\":";
        AppendJsonString(replica.status().replica(), &json);
        absl::StrAppend(&json, ",\"alive\":", replica.alive() ? "true" : "false", ",\"pipeline\":");
        AppendJsonString(pipeline.pipeline(), &json);
        absl::StrAppend(&json, ",\"incarnation\":", pipeline.incarnation(),
                        ",\"generation\":", pipeline.generation(), ",\"slot\":", worker.slot(),
                        ",\"state\":");
        AppendJsonString(StateText(worker), &json);
        absl::StrAppend(
            &json, ",\"sources\":", worker.sources_size(),
            ",\"processed_rows_per_second\":", ShortestNumber(worker.processed_rows_per_second()),
            ",\"lag_records\":", WorkerLag(worker),
            ",\"cpu_load\":", ShortestNumber(worker.cpu_load()), "}");
        listing.AddJson(json, [] { return std::vector<std::string>(); });
      }
    }
  }
  listing.Finish();
}

absl::Status Run(Session& session, const std::string& format) {
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  ListReplicasRequest request;
  ListReplicasResponse all;
  do {
    ListReplicasResponse page;
    const absl::Status status = session.Call(Service::kAggregator, *stub,
                                             &PipelineService::Stub::ListReplicas, request, &page);
    if (!status.ok()) return status;
    request.set_page_token(page.next_page_token());
    all.mutable_replicas()->MergeFrom(page.replicas());
  } while (!request.page_token().empty());
  if (format == "csv") {
    PrintCsv(all);
  } else {
    PrintRecord(format, all, [&all] { PrintTables(all); });
  }
  return absl::OkStatus();
}

}  // namespace

void AddWorkers(CommandLine* line) {
  line->Add("workers", "Lists the aggregator's replicas and the workers in them",
            [](Command& command) {
              const auto format = std::make_shared<std::string>("table");
              command.Output(format.get());
              command.Examples(
                  "  windrow workers            # * marks a partition that waits for slower ones\n"
                  "  windrow workers -o json");
              return [format](Session& session) { return Run(session, *format); };
            });
}

}  // namespace windrow::cli
