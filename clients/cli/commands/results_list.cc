#include <utility>

#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/range_options.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/output.h"
#include "clients/cli/result_line.h"
#include "clients/cli/result_pages.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

using ::windrow::query::v1::Result;

std::vector<TextTable::Column> Columns(const Result& row) {
  std::vector<TextTable::Column> columns = {{"START (UTC)"}, {"END (UTC)"}};
  for (const auto& field : row.group()) columns.push_back({Printable(field.name())});
  for (const auto& field : row.values()) {
    columns.push_back({Printable(field.name()), TextTable::Align::kByContent});
  }
  columns.push_back({"STATE"});
  columns.push_back({"REVISION", TextTable::Align::kRight});
  return columns;
}

std::vector<std::string> Cells(const Result& row) {
  std::vector<std::string> cells = {ShortTimeText(ToTime(row.window_start_time())),
                                    ShortTimeText(ToTime(row.window_end_time()))};
  for (const auto& field : row.group()) cells.push_back(PlainValue(field));
  for (const auto& field : row.values()) cells.push_back(PlainValue(field));
  cells.push_back(row.final() ? "final" : "open");
  cells.push_back(std::to_string(row.revision()));
  return cells;
}

struct ListOptions {
  RangeOptions range;
  std::string filter;
  std::string order_by;
};

absl::Status Run(Session& session, const ListOptions& list) {
  const RangeOptions& options = list.range;
  query::v1::ListResultsRequest request;
  absl::Status status = options.Fill(session, &request);
  if (!status.ok()) return status;
  request.set_filter(list.filter);
  request.set_order_by(list.order_by);
  Listing listing(options.format);
  const auto add = [&listing](const Result& row) {
    if (!listing.has_columns()) listing.SetColumns(Columns(row));
    listing.AddJson(ResultLine(row), [&row] { return Cells(row); });
  };
  status = ResultPages(&session).ForEachResult(std::move(request), options.limit, add);
  if (!status.ok()) return status;
  listing.Finish();
  if (listing.size() == 0 && options.format == "table") Note("no rows");
  return absl::OkStatus();
}

}  // namespace

void AddResultsList(CommandLine* line) {
  line->Add("results list", "Lists the rows of a view", [](Command& command) {
    const auto options = std::make_shared<ListOptions>();
    options->range.Define(&command, "rows");
    command.Option("--filter", &options->filter,
                   "Only rows such as 'count >= 10 AND original_crime_type_name = \"Traffic*\"'");
    command.Option("--order-by", &options->order_by, "Order by values, such as 'count desc'");
    command.Examples(
        "  windrow results list calls-by-type --newest --limit 20\n"
        "  windrow results list calls-by-type --from 2018-12-31T12:00 --until 2018-12-31T12:05 "
        "--order-by 'count desc' --limit 10\n"
        "  windrow results list calls-by-type --filter 'original_crime_type_name = \"Traffic "
        "Stop\"' --limit 0\n"
        "  windrow results list calls-by-disposition --from 2018-12-31 --limit 0 -o json");
    return [options](Session& session) { return Run(session, *options); };
  });
}

}  // namespace windrow::cli
