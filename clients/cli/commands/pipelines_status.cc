#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/listing.h"
#include "clients/cli/live_table.h"
#include "clients/cli/output.h"
#include "clients/cli/result_pages.h"
#include "clients/cli/text_table.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

TextTable Describe(const query::v1::PipelineStatus& status) {
  TextTable table({{"WHAT"}, {"VALUE", TextTable::Align::kRight}});
  table.Add({"final through (UTC)", status.has_closed_through_time()
                                        ? ShortTimeText(ToTime(status.closed_through_time()))
                                        : "-"});
  table.Add({"records read", GroupedNumber(status.records_read())});
  table.Add({"records dead-lettered", GroupedNumber(status.dead_lettered())});
  table.Add({"rows", GroupedNumber(status.rows())});
  table.Add({"results not applied yet", GroupedNumber(status.lag_records())});
  table.Add({"drain generation", absl::StrCat(status.drain_generation())});
  for (const auto& [view, late] : status.late()) {
    table.Add({absl::StrCat("late for a window, ", view), GroupedNumber(late)});
  }
  for (const auto& [view, late] : status.late_everywhere()) {
    table.Add({absl::StrCat("late for every window, ", view), GroupedNumber(late)});
  }
  return table;
}

absl::Status Run(Session& session, const std::string& format) {
  const absl::StatusOr<query::v1::GetStatusResponse> response = ResultPages(&session).Status();
  if (!response.ok()) return response.status();
  const std::string name = session.PipelineName();
  for (const query::v1::PipelineStatus& status : response->pipelines()) {
    if (status.pipeline() != name) continue;
    PrintRecord(format, status, [&status] { Print(Describe(status).Text()); });
    return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat("the query service does not serve ", name,
                                          "; `windrow pipelines list` names the pipelines"));
}

}  // namespace

void AddPipelinesStatus(CommandLine* line) {
  line->Add("pipelines status", "Shows what became of the pipeline's records, as the results tell",
            [](Command& command) {
              const auto format = std::make_shared<std::string>("table");
              command.Output(format.get());
              command.Examples("  windrow pipelines status\n  windrow pipelines status -o json");
              return [format](Session& session) { return Run(session, *format); };
            });
}

}  // namespace windrow::cli
