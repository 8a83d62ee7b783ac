#include "clients/cli/commands/commands.h"
#include "clients/cli/listing.h"
#include "clients/cli/result_pages.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

absl::Status Run(Session& session, const std::string& format) {
  const absl::StatusOr<std::vector<query::v1::View>> views =
      ResultPages(&session).Views(session.PipelineName());
  if (!views.ok()) return views.status();
  Listing listing(format, {{"VIEW"}, {"FINAL THROUGH (UTC)"}, {"NAME"}});
  for (const query::v1::View& view : *views) {
    listing.Add(view, [&view] {
      return std::vector<std::string>{
          view.name().substr(view.name().rfind('/') + 1),
          view.has_closed_through_time() ? ShortTimeText(ToTime(view.closed_through_time())) : "-",
          view.name()};
    });
  }
  listing.Finish(&query::v1::View::default_instance());
  return absl::OkStatus();
}

}  // namespace

void AddViewsList(CommandLine* line) {
  line->Add("views list", "Lists the pipeline's views, and up to when their windows are final",
            [](Command& command) {
              const auto format = std::make_shared<std::string>("table");
              command.Output(format.get());
              command.Examples("  windrow views list");
              return [format](Session& session) { return Run(session, *format); };
            });
}

}  // namespace windrow::cli
