#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/range_options.h"
#include "clients/cli/output.h"
#include "clients/cli/proto_json.h"
#include "clients/cli/result_pages.h"
#include "clients/cli/text_table.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

absl::Status Run(Session& session, const RangeOptions& options) {
  query::v1::ListWindowsRequest request;
  absl::Status status = options.Fill(session, &request);
  if (!status.ok()) return status;
  TextTable table({{"START (UTC)"},
                   {"END (UTC)"},
                   {"STATE"},
                   {"ROWS", TextTable::Align::kRight},
                   {"RECORDS", TextTable::Align::kRight},
                   {"LATE", TextTable::Align::kRight}});
  status = ResultPages(&session).ForEachWindow(
      std::move(request), options.limit, [&](const query::v1::Window& window) {
        if (options.format == "json") {
          PrintLine(ProtoJson(window));
          return;
        }
        table.Add({ShortTimeText(ToTime(window.start_time())),
                   ShortTimeText(ToTime(window.end_time())), window.final() ? "final" : "open",
                   absl::StrCat(window.rows()), absl::StrCat(window.accepted()),
                   absl::StrCat(window.late())});
      });
  if (status.ok() && options.format != "json") Print(table.Text());
  return status;
}

}  // namespace

void AddWindowsList(CommandLine* line) {
  line->Add("windows list", "Lists the windows of a view", [](Command& command) {
    const auto options = std::make_shared<RangeOptions>();
    options->Define(&command, "windows");
    command.Examples(
        "  windrow windows list calls-by-type --newest --limit 10\n"
        "  windrow windows list calls-by-type --from '2018-12-31 12:00' --until 2019-01-01");
    return [options](Session& session) { return Run(session, *options); };
  });
}

}  // namespace windrow::cli
