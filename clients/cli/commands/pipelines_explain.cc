#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/live_table.h"
#include "clients/cli/output.h"
#include "clients/cli/text_table.h"
#include "clients/cli/time_text.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::BlockedWindows;
using ::windrow::aggregator::v1::Explanation;
using ::windrow::aggregator::v1::HoldingPartition;
using ::windrow::aggregator::v1::PipelineService;

struct ExplainOptions {
  std::string pipeline;
  std::string format = "table";
};

// "at its end" of CAUSE_AT_ITS_END.
std::string CauseWords(HoldingPartition::Cause cause) {
  const std::string name = HoldingPartition::Cause_Name(cause);
  return absl::StrReplaceAll(absl::AsciiStrToLower(absl::StripPrefix(name, "CAUSE_")),
                             {{"_", " "}});
}

std::string TimeOrDash(bool has, const google::protobuf::Timestamp& time) {
  return has ? ShortTimeText(ToTime(time)) : "-";
}

void PrintTables(const Explanation& explanation) {
  PrintLine(Printable(explanation.summary()));
  PrintLine(absl::StrCat("closed through (UTC): ", TimeOrDash(explanation.has_closed_through_time(),
                                                              explanation.closed_through_time())));
  if (!explanation.holding_partitions().empty()) {
    TextTable table(
        {{"PARTITION"}, {"REPLICA"}, {"WHY"}, {"SINCE (UTC)"}, {"WATERMARK"}, {"OTHERS"}, {"LAG"}});
    for (const HoldingPartition& hold : explanation.holding_partitions()) {
      table.Add({absl::StrCat(hold.partition()),
                 hold.replica().empty() ? "-" : Printable(hold.replica()),
                 hold.error().empty() ? CauseWords(hold.cause()) : Printable(hold.error()),
                 TimeText(hold.since_time()),
                 TimeOrDash(hold.has_watermark_time(), hold.watermark_time()),
                 TimeOrDash(hold.has_leading_watermark_time(), hold.leading_watermark_time()),
                 GroupedNumber(hold.lag_records())});
    }
    Print(table.Text());
  }
  if (explanation.blocked_windows().empty()) return;
  TextTable table({{"VIEW"}, {"WINDOWS"}, {"OLDEST END (UTC)"}, {"NEWEST END (UTC)"}});
  for (const BlockedWindows& view : explanation.blocked_windows()) {
    table.Add({view.view(), absl::StrCat(GroupedNumber(view.count()), view.more() ? "+" : ""),
               ShortTimeText(ToTime(view.oldest_end_time())),
               ShortTimeText(ToTime(view.newest_end_time()))});
  }
  Print(table.Text());
}

absl::Status Run(Session& session, const ExplainOptions& options) {
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::ExplainPipelineRequest request;
  request.set_name(session.PipelineName(options.pipeline));
  aggregator::v1::ExplainPipelineResponse response;
  const absl::Status status = session.Call(
      Service::kAggregator, *stub, &PipelineService::Stub::ExplainPipeline, request, &response);
  if (!status.ok()) return status;
  const Explanation& explanation = response.explanation();
  if (options.format == "csv") {
    Listing listing(options.format);
    for (const HoldingPartition& hold : explanation.holding_partitions()) {
      listing.Add(hold, [] { return std::vector<std::string>(); });
    }
    listing.Finish(&HoldingPartition::default_instance());
  } else {
    PrintRecord(options.format, explanation, [&explanation] { PrintTables(explanation); });
  }
  return absl::OkStatus();
}

}  // namespace

void AddPipelinesExplain(CommandLine* line) {
  line->Add("pipelines explain",
            "Names the partitions that hold windows back, why and since when, and which windows",
            [](Command& command) {
              const auto options = std::make_shared<ExplainOptions>();
              command.Argument("PIPELINE", &options->pipeline,
                               "Pipeline; the one of --pipeline if empty", false);
              command.Output(&options->format, {},
                             "How to print; csv: the partitions that hold windows back");
              command.Examples(
                  "  windrow pipelines explain\n  windrow pipelines explain sf-calls -o json");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
