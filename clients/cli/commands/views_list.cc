#include "clients/cli/commands/commands.h"
#include "clients/cli/output.h"
#include "clients/cli/proto_json.h"
#include "clients/cli/result_pages.h"
#include "clients/cli/text_table.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

absl::Status Run(Session& session, const std::string& format) {
  const absl::StatusOr<std::vector<query::v1::View>> views =
      ResultPages(&session).Views(session.PipelineName());
  if (!views.ok()) return views.status();
  TextTable table({{"VIEW"}, {"FINAL THROUGH (UTC)"}, {"NAME"}});
  for (const query::v1::View& view : *views) {
    if (format == "json") {
      PrintLine(ProtoJson(view));
      continue;
    }
    table.Add(
        {view.name().substr(view.name().rfind('/') + 1),
         view.has_closed_through_time() ? ShortTimeText(ToTime(view.closed_through_time())) : "-",
         view.name()});
  }
  if (format != "json") Print(table.Text());
  return absl::OkStatus();
}

}  // namespace

void AddViewsList(CommandLine* line) {
  line->Add("views list", "Lists the pipeline's views, and up to when their windows are final",
            [](Command& command) {
              const auto format = std::make_shared<std::string>("table");
              command.Choice("-o,--output", format.get(), OutputFormats(), "How to print");
              command.Examples("  windrow views list");
              return [format](Session& session) { return Run(session, *format); };
            });
}

}  // namespace windrow::cli
