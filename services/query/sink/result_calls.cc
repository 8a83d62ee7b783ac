#include "services/query/sink/result_calls.h"

#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/query/core/page_token.h"
#include "services/query/core/pipeline_definition.h"
#include "services/query/core/resume_token.h"
#include "services/query/sink/list_request.h"
#include "services/query/sink/query_error.h"
#include "services/query/sink/result_page.h"
#include "services/query/sink/series_page.h"
#include "services/query/sink/subscription.h"
#include "services/query/sink/total_page.h"

namespace windrow::query {
namespace {

constexpr PageSizes kResultPages = {500, 5000};
constexpr PageSizes kSeriesPages = {100, 1000};
constexpr PageSizes kTotalPages = {100, 1000};

// An order of series: by what can be added up.
grpc::Status CheckAddable(const RowOrder& order, const ViewDefinition& view) {
  std::vector<std::string> addable;
  for (const AggregateDefinition& aggregate : view.aggregates) {
    if (aggregate.total_rule != TotalRule::kNone) addable.push_back(aggregate.name);
  }
  for (const std::string& name : order.names()) {
    if (std::count(addable.begin(), addable.end(), name) > 0) continue;
    return WrongField(
        "order_by", absl::StrCat("\"", name, "\" is no aggregate that can be added up; there are: ",
                                 absl::StrJoin(addable, ", ")));
  }
  return grpc::Status::OK;
}

// `found` says whether there is a `served` view.
grpc::Status ListRows(const v1::ListResultsRequest& request, const grpc::Status& found,
                      const ServedView& served, CallerWatch::IsWaiting is_waiting,
                      v1::ListResultsResponse* response) {
  ResultPage::Request wanted;
  std::optional<std::string> last_item;
  grpc::Status status = CheckPageSize(request.page_size(), kResultPages, &wanted.page_size);
  if (status.ok()) status = CheckRange(request, &wanted.range);
  if (status.ok()) status = CheckFilter(request.filter(), &wanted.filter);
  if (status.ok()) status = CheckOrder(request.order_by(), &wanted.order);
  if (status.ok()) status = found;
  const uint64_t hash = HashOfSelection("ListResults", request.parent(), wanted.range,
                                        request.filter(), request.order_by());
  if (status.ok()) status = CheckPageToken(request.page_token(), hash, &last_item);
  if (!status.ok()) return status;

  wanted.view = served.name.view;
  wanted.is_waiting = std::move(is_waiting);
  ResultPage page(*served.content, std::move(wanted), response);
  const absl::Status filled = page.Fill(last_item.value_or(""));
  if (absl::IsInvalidArgument(filled)) return WrongField(page.wrong_field(), filled.message());
  if (!filled.ok()) return ReadError(filled);
  if (!page.next_item().empty()) {
    response->set_next_page_token(EncodePageToken(PageToken{hash, page.next_item()}));
  }
  if (!last_item.has_value()) {
    FeedSelection selection;
    selection.parent = request.parent();
    ResumeToken token = Subscription::FromNow(selection, *served.content);
    token.kind = FeedKind::kAny;
    response->set_resume_token(EncodeResumeToken(token));
  }
  return grpc::Status::OK;
}

}  // namespace

grpc::Status ResultCalls::ListResults(const v1::ListResultsRequest& request,
                                      CallerWatch::IsWaiting is_waiting,
                                      v1::ListResultsResponse* response) const {
  ServedView served;
  const grpc::Status found = stores_->FindView(request.parent(), &served);
  // An order looks at all rows there are, and many callers may want the same.
  const bool is_kept = found.ok() && !request.order_by().empty();
  const std::string asked = is_kept ? request.SerializeAsString() : "";
  std::string answer;
  // As unknown fields it is sent as it is, without being read.
  if (is_kept && served.content->answers().Find(asked, &answer) &&
      response->GetReflection()->MutableUnknownFields(response)->ParseFromString(answer)) {
    return grpc::Status::OK;
  }
  const grpc::Status status = ListRows(request, found, served, std::move(is_waiting), response);
  if (is_kept && status.ok()) {
    served.content->answers().Keep(asked, response->SerializeAsString());
  }
  return status;
}

grpc::Status ResultCalls::ListSeries(const v1::ListSeriesRequest& request,
                                     CallerWatch::IsWaiting is_waiting,
                                     v1::ListSeriesResponse* response) const {
  SeriesPage::Request wanted;
  ServedView served;
  std::optional<std::string> last_item;
  grpc::Status status = CheckPageSize(request.page_size(), kSeriesPages, &wanted.page_size);
  if (status.ok()) status = CheckTimes(request, &wanted.range);
  if (status.ok()) status = CheckFilter(request.filter(), &wanted.filter);
  if (status.ok()) status = CheckOrder(request.order_by(), &wanted.order);
  if (status.ok()) status = stores_->FindView(request.parent(), &served);
  if (status.ok()) status = ServedStores::FindDefinition(served, &wanted.definition);
  if (status.ok()) status = CheckAddable(wanted.order, wanted.definition);
  const uint64_t hash = HashOfSelection("ListSeries", request.parent(), wanted.range,
                                        request.filter(), request.order_by());
  if (status.ok()) status = CheckPageToken(request.page_token(), hash, &last_item);
  if (!status.ok()) return status;

  wanted.view = served.name.view;
  wanted.is_waiting = std::move(is_waiting);
  SeriesPage page(*served.content, std::move(wanted), response);
  const absl::Status filled = page.Fill(last_item.value_or(""));
  if (absl::IsOutOfRange(filled)) return RangeTooLarge(filled.message());
  if (absl::IsInvalidArgument(filled)) return WrongField("filter", filled.message());
  if (!filled.ok()) return ReadError(filled);
  if (!page.next_item().empty()) {
    response->set_next_page_token(EncodePageToken(PageToken{hash, page.next_item()}));
  }
  return grpc::Status::OK;
}

grpc::Status ResultCalls::ListTotals(const v1::ListTotalsRequest& request,
                                     CallerWatch::IsWaiting is_waiting,
                                     v1::ListTotalsResponse* response) const {
  TotalPage::Request wanted;
  ServedView served;
  std::optional<std::string> last_item;
  grpc::Status status = CheckPageSize(request.page_size(), kTotalPages, &wanted.page_size);
  if (status.ok()) status = CheckRange(request, &wanted.range);
  if (status.ok()) status = CheckFilter(request.filter(), &wanted.filter);
  if (status.ok()) status = stores_->FindView(request.parent(), &served);
  if (status.ok()) status = ServedStores::FindDefinition(served, &wanted.definition);
  const uint64_t hash =
      HashOfSelection("ListTotals", request.parent(), wanted.range, request.filter(), "");
  if (status.ok()) status = CheckPageToken(request.page_token(), hash, &last_item);
  if (!status.ok()) return status;

  wanted.view = served.name.view;
  wanted.is_waiting = std::move(is_waiting);
  TotalPage page(*served.content, std::move(wanted), response);
  const absl::Status filled = page.Fill(last_item.value_or(""));
  if (absl::IsInvalidArgument(filled)) return WrongField("filter", filled.message());
  if (!filled.ok()) return ReadError(filled);
  if (!page.next_item().empty()) {
    response->set_next_page_token(EncodePageToken(PageToken{hash, page.next_item()}));
  }
  return grpc::Status::OK;
}

}  // namespace windrow::query
