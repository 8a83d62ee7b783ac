#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/range_options.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/output.h"
#include "clients/cli/time_text.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::query::v1::ListTotalsRequest;
using ::windrow::query::v1::ListTotalsResponse;
using ::windrow::query::v1::QueryService;
using ::windrow::query::v1::Total;

constexpr int64_t kLargestPage = 1000;

struct TotalsOptions {
  RangeOptions range;
  std::string filter;
};

std::string TotalJson(const Total& total) {
  std::string json = absl::StrCat("{\"window_start\":\"", TimeText(total.window_start_time()),
                                  "\",\"window_end\":\"", TimeText(total.window_end_time()),
                                  "\",\"final\":", total.final() ? "true" : "false",
                                  ",\"rows\":", total.rows(), ",\"accepted\":", total.accepted());
  for (const auto& field : total.values()) {
    json.push_back(',');
    AppendJsonString(field.name(), &json);
    json.push_back(':');
    AppendJsonValue(field, &json);
  }
  return json + "}";
}

std::vector<TextTable::Column> Columns(const Total& total) {
  std::vector<TextTable::Column> columns = {{"START (UTC)"},
                                            {"END (UTC)"},
                                            {"STATE"},
                                            {"ROWS", TextTable::Align::kRight},
                                            {"RECORDS", TextTable::Align::kRight}};
  for (const auto& field : total.values()) {
    columns.push_back({Printable(field.name()), TextTable::Align::kByContent});
  }
  return columns;
}

std::vector<std::string> Cells(const Total& total) {
  std::vector<std::string> cells = {ShortTimeText(ToTime(total.window_start_time())),
                                    ShortTimeText(ToTime(total.window_end_time())),
                                    total.final() ? "final" : "open", absl::StrCat(total.rows()),
                                    absl::StrCat(total.accepted())};
  for (const auto& field : total.values()) cells.push_back(PlainValue(field));
  return cells;
}

absl::Status Run(Session& session, const TotalsOptions& options) {
  ListTotalsRequest request;
  const absl::Status filled = options.range.Fill(session, &request);
  if (!filled.ok()) return filled;
  request.set_filter(options.filter);
  const int64_t limit = options.range.limit;
  request.set_page_size(static_cast<int>(limit > 0 ? std::min(limit, kLargestPage) : kLargestPage));
  const auto stub = QueryService::NewStub(session.Channel(Service::kQuery));
  Listing listing(options.range.format);
  const auto wanted = [&] { return limit == 0 || static_cast<int64_t>(listing.size()) < limit; };
  do {
    ListTotalsResponse response;
    const absl::Status status =
        session.Call(Service::kQuery, *stub, &QueryService::Stub::ListTotals, request, &response);
    if (!status.ok()) return status;
    for (const Total& total : response.totals()) {
      if (!wanted()) break;
      if (!listing.has_columns()) listing.SetColumns(Columns(total));
      listing.AddJson(TotalJson(total), [&total] { return Cells(total); });
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && wanted());
  listing.Finish();
  if (listing.size() == 0 && options.range.format == "table") Note("no windows");
  return absl::OkStatus();
}

}  // namespace

void AddResultsTotals(CommandLine* line) {
  line->Add("results totals", "Lists what the groups of each window add up to",
            [](Command& command) {
              const auto options = std::make_shared<TotalsOptions>();
              options->range.Define(&command, "windows");
              command.Option("--filter", &options->filter,
                             "Which rows to add up, as in `windrow results list`");
              command.Examples(
                  "  windrow results totals calls-by-type --newest --limit 12\n"
                  "  windrow results totals calls-by-type --filter 'original_crime_type_name = "
                  "\"Traffic*\"' -o csv");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
