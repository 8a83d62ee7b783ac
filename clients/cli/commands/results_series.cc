#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/range_options.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/output.h"
#include "clients/cli/time_text.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::query::v1::ListSeriesRequest;
using ::windrow::query::v1::ListSeriesResponse;
using ::windrow::query::v1::Point;
using ::windrow::query::v1::QueryService;
using ::windrow::query::v1::Series;
using Fields = google::protobuf::RepeatedPtrField<results::v1::Field>;

constexpr int64_t kLargestPage = 1000;

struct SeriesOptions {
  std::string view;
  std::string from;
  std::string until;
  std::string filter;
  std::string order_by;
  int64_t limit = 20;
  std::string format = "table";
};

// {"type":"Traffic Stop","count":3}
std::string Members(const Fields& fields) {
  return absl::StrJoin(fields, ",", [](std::string* json, const results::v1::Field& field) {
    AppendJsonString(field.name(), json);
    json->push_back(':');
    AppendJsonValue(field, json);
  });
}

// With the fields before it, if there are any.
std::string After(const std::string& members) {
  return members.empty() ? members : absl::StrCat(",", members);
}

std::string PointMembers(const Point& point) {
  return absl::StrCat(
      "\"window_start\":\"", TimeText(point.window_start_time()), "\",\"window_end\":\"",
      TimeText(point.window_end_time()), "\"", After(Members(point.values())),
      ",\"final\":", point.final() ? "true" : "false", ",\"revision\":", point.revision());
}

std::string SeriesJson(const Series& series) {
  const std::string points =
      absl::StrJoin(series.points(), ",", [](std::string* json, const Point& point) {
        absl::StrAppend(json, "{", PointMembers(point), "}");
      });
  return absl::StrCat("{\"group\":{", Members(series.group()), "},\"totals\":{",
                      Members(series.totals()), "},\"points\":[", points, "]}");
}

// The values of the series in few characters: eighths of the largest.
std::string Sparkline(const Series& series) {
  static constexpr absl::string_view kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr int kMost = 24;
  const int first = std::max(0, series.points_size() - kMost);
  int64_t largest = 1;
  for (int i = first; i < series.points_size(); ++i) {
    largest = std::max(largest, series.points(i).accepted());
  }
  std::string text;
  for (int i = first; i < series.points_size(); ++i) {
    absl::StrAppend(&text, kBlocks[series.points(i).accepted() * 7 / largest]);
  }
  return text;
}

std::vector<TextTable::Column> Columns(const Series& series) {
  std::vector<TextTable::Column> columns;
  for (const auto& field : series.group()) columns.push_back({Printable(field.name())});
  for (const auto& field : series.totals()) {
    columns.push_back({Printable(field.name()), TextTable::Align::kByContent});
  }
  columns.push_back({"WINDOWS", TextTable::Align::kRight});
  columns.push_back({"LAST START (UTC)"});
  columns.push_back({"RECORDS"});
  return columns;
}

std::vector<std::string> Cells(const Series& series) {
  std::vector<std::string> cells;
  for (const auto& field : series.group()) cells.push_back(PlainValue(field));
  for (const auto& field : series.totals()) cells.push_back(PlainValue(field));
  const int points = series.points_size();
  cells.push_back(absl::StrCat(points));
  cells.push_back(
      points == 0 ? "-" : ShortTimeText(ToTime(series.points(points - 1).window_start_time())));
  cells.push_back(Sparkline(series));
  return cells;
}

void Add(const Series& series, const std::string& format, Listing* listing) {
  if (format == "csv") {
    // A line for each point: what a chart wants.
    for (const Point& point : series.points()) {
      const std::string group = Members(series.group());
      listing->AddJson(absl::StrCat("{", group, group.empty() ? "" : ",", PointMembers(point), "}"),
                       [] { return std::vector<std::string>(); });
    }
    return;
  }
  if (!listing->has_columns()) listing->SetColumns(Columns(series));
  listing->AddJson(SeriesJson(series), [&series] { return Cells(series); });
}

absl::StatusOr<ListSeriesRequest> MakeRequest(const Session& session,
                                              const SeriesOptions& options) {
  if (options.limit < 0) return UsageError("--limit must not be negative");
  ListSeriesRequest request;
  request.set_parent(session.ViewName(options.view));
  request.set_filter(options.filter);
  request.set_order_by(options.order_by);
  request.set_page_size(
      static_cast<int>(options.limit > 0 ? std::min(options.limit, kLargestPage) : kLargestPage));
  const absl::Status status = FillTimes(options.from, options.until, &request);
  if (!status.ok()) return status;
  return request;
}

absl::Status Run(Session& session, const SeriesOptions& options) {
  absl::StatusOr<ListSeriesRequest> request = MakeRequest(session, options);
  if (!request.ok()) return request.status();
  const auto stub = QueryService::NewStub(session.Channel(Service::kQuery));
  Listing listing(options.format);
  int64_t count = 0;
  do {
    ListSeriesResponse response;
    const absl::Status status =
        session.Call(Service::kQuery, *stub, &QueryService::Stub::ListSeries, *request, &response);
    if (!status.ok()) return status;
    for (const Series& series : response.series()) {
      if (options.limit > 0 && count >= options.limit) break;
      ++count;
      Add(series, options.format, &listing);
    }
    request->set_page_token(response.next_page_token());
  } while (!request->page_token().empty() && (options.limit == 0 || count < options.limit));
  listing.Finish();
  if (count == 0 && options.format == "table") Note("no series");
  return absl::OkStatus();
}

}  // namespace

void AddResultsSeries(CommandLine* line) {
  line->Add(
      "results series",
      "Lists groups with their values over the windows of a range, for charts; csv: a line for "
      "each window",
      [](Command& command) {
        const auto options = std::make_shared<SeriesOptions>();
        command.Argument("VIEW", &options->view, "View, such as calls-by-type");
        command.Option("--from", &options->from,
                       "Only windows that start at or after this time (UTC)");
        command.Option("--until", &options->until,
                       "Only windows that start before this time (UTC)");
        command.Option("--filter", &options->filter, "Which rows, as in `windrow results list`");
        command.Option("--order-by", &options->order_by,
                       "Order by what a group's windows add up to, such as 'count desc'");
        command.Option("--limit", &options->limit, "Most groups to list; 0 lists all");
        command.Output(&options->format);
        command.Examples(
            "  windrow results series calls-by-type --from 2018-12-31 --order-by 'count desc' "
            "--limit 5\n"
            "  windrow results series calls-by-type --filter 'original_crime_type_name = "
            "\"Traffic*\"' -o csv");
        return [options](Session& session) { return Run(session, *options); };
      });
}

}  // namespace windrow::cli
