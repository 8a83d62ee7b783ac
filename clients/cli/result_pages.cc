#include "clients/cli/result_pages.h"

#include <algorithm>
#include <limits>

namespace windrow::cli {
namespace {

using ::windrow::query::v1::QueryService;

constexpr int64_t kLargestWindowPage = 1000;
constexpr int64_t kLargestResultPage = 2000;

int64_t OrAll(int64_t limit) { return limit > 0 ? limit : std::numeric_limits<int64_t>::max(); }

}  // namespace

ResultPages::ResultPages(Session* session)
    : session_(session), stub_(QueryService::NewStub(session->Channel(Service::kQuery))) {}

absl::StatusOr<std::vector<query::v1::View>> ResultPages::Views(const std::string& pipeline) {
  query::v1::ListViewsRequest request;
  request.set_parent(pipeline);
  std::vector<query::v1::View> views;
  do {
    query::v1::ListViewsResponse response;
    absl::Status status =
        session_->Call(Service::kQuery, *stub_, &QueryService::Stub::ListViews, request, &response);
    if (!status.ok()) return status;
    views.insert(views.end(), response.views().begin(), response.views().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return views;
}

absl::Status ResultPages::ForEachWindow(query::v1::ListWindowsRequest request, int64_t limit,
                                        absl::FunctionRef<void(const query::v1::Window&)> visit) {
  int64_t left = OrAll(limit);
  request.set_page_size(static_cast<int>(std::min(left, kLargestWindowPage)));
  do {
    query::v1::ListWindowsResponse response;
    absl::Status status = session_->Call(Service::kQuery, *stub_, &QueryService::Stub::ListWindows,
                                         request, &response);
    if (!status.ok()) return status;
    for (const query::v1::Window& window : response.windows()) {
      if (left-- > 0) visit(window);
    }
    request.set_page_token(response.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  return absl::OkStatus();
}

absl::Status ResultPages::ForEachResult(query::v1::ListResultsRequest request, int64_t limit,
                                        absl::FunctionRef<void(const query::v1::Result&)> visit) {
  int64_t left = OrAll(limit);
  request.set_page_size(static_cast<int>(std::min(left, kLargestResultPage)));
  do {
    query::v1::ListResultsResponse response;
    absl::Status status = session_->Call(Service::kQuery, *stub_, &QueryService::Stub::ListResults,
                                         request, &response);
    if (!status.ok()) return status;
    for (const query::v1::Result& result : response.results()) {
      if (left-- > 0) visit(result);
    }
    request.set_page_token(response.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  return absl::OkStatus();
}

absl::StatusOr<query::v1::GetStatusResponse> ResultPages::Status() {
  query::v1::GetStatusResponse response;
  absl::Status status = session_->Call(Service::kQuery, *stub_, &QueryService::Stub::GetStatus,
                                       query::v1::GetStatusRequest(), &response);
  if (!status.ok()) return status;
  return response;
}

}  // namespace windrow::cli
