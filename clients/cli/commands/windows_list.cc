#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/range_options.h"
#include "clients/cli/listing.h"
#include "clients/cli/result_pages.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

absl::Status Run(Session& session, const RangeOptions& options) {
  query::v1::ListWindowsRequest request;
  absl::Status status = options.Fill(session, &request);
  if (!status.ok()) return status;
  constexpr auto kRight = TextTable::Align::kRight;
  Listing listing(options.format, {{"START (UTC)"},
                                   {"END (UTC)"},
                                   {"STATE"},
                                   {"ROWS", kRight},
                                   {"RECORDS", kRight},
                                   {"LATE", kRight},
                                   {"REVISION", kRight}});
  status = ResultPages(&session).ForEachWindow(
      std::move(request), options.limit, [&](const query::v1::Window& window) {
        listing.Add(window, [&window] {
          return std::vector<std::string>{
              ShortTimeText(ToTime(window.start_time())),
              window.has_end_time() ? ShortTimeText(ToTime(window.end_time())) : "-",
              window.final() ? "final" : "open",
              absl::StrCat(window.rows()),
              absl::StrCat(window.accepted()),
              absl::StrCat(window.late()),
              absl::StrCat(window.revision())};
        });
      });
  if (status.ok()) listing.Finish(&query::v1::Window::default_instance());
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
