#include "services/query/sink/window_calls.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/query/core/page_token.h"
#include "services/query/core/row_key.h"
#include "services/query/sink/list_request.h"
#include "services/query/sink/query_error.h"
#include "services/query/sink/result_message.h"

namespace windrow::query {
namespace {

constexpr int64_t kMinTime = std::numeric_limits<int64_t>::min();
constexpr char kWindowsSegment[] = "/windows/";
constexpr PageSizes kViewPages = {100, 1000};
constexpr PageSizes kWindowPages = {100, 1000};

}  // namespace

grpc::Status WindowCalls::ListViews(const v1::ListViewsRequest& request,
                                    v1::ListViewsResponse* response) const {
  int page_size = 0;
  std::vector<ServedStores::StorePtr> stores;
  std::optional<std::string> last_name;
  const uint64_t hash = HashOfList("ListViews", request.parent(), ListRange());
  grpc::Status status = CheckPageSize(request.page_size(), kViewPages, &page_size);
  if (status.ok()) status = stores_->FindPipelines(request.parent(), &stores);
  if (status.ok()) status = CheckPageToken(request.page_token(), hash, &last_name);
  if (!status.ok()) return status;

  std::map<std::string, v1::View> views;
  for (const ServedStores::StorePtr& store : stores) {
    std::shared_ptr<const StoreView> content;
    status = ServedStores::Content(*store, &content);
    // A pipeline that has no results yet has no views; the others have.
    if (!status.ok() && request.parent().empty() && ServedStores::HasNoTopic(*store)) continue;
    if (!status.ok()) return status;
    const std::optional<int64_t> closed = content->results().closed_through_us();
    for (const auto& [id, summary] : content->views()) {
      v1::View view;
      view.set_name(ViewResourceName(store->pipeline(), id));
      if (closed.has_value()) *view.mutable_closed_through_time() = ToTimestamp(*closed);
      views[view.name()] = std::move(view);
    }
  }
  auto it = last_name.has_value() ? views.upper_bound(*last_name) : views.begin();
  for (; it != views.end() && response->views_size() < page_size; ++it) {
    *response->add_views() = std::move(it->second);
  }
  if (it != views.end()) {
    const std::string& last = response->views(response->views_size() - 1).name();
    response->set_next_page_token(EncodePageToken(PageToken{hash, last}));
  }
  return grpc::Status::OK;
}

grpc::Status WindowCalls::ListWindows(const v1::ListWindowsRequest& request,
                                      v1::ListWindowsResponse* response) const {
  int page_size = 0;
  ListRange range;
  ServedView served;
  std::optional<std::string> last_item;
  grpc::Status status = CheckPageSize(request.page_size(), kWindowPages, &page_size);
  if (status.ok()) status = CheckRange(request, &range);
  if (status.ok()) status = stores_->FindView(request.parent(), &served);
  const uint64_t hash = HashOfList("ListWindows", request.parent(), range);
  if (status.ok()) status = CheckPageToken(request.page_token(), hash, &last_item);
  if (!status.ok()) return status;

  RowKey last;
  if (last_item.has_value() && DecodeRowKey(*last_item, &last)) {
    if (range.newest_first) {
      range.end_us = std::min(range.end_us, last.window_start_us);
    } else {
      range.start_us = std::max(range.start_us, last.window_start_us + 1);
    }
  }
  int64_t last_start_us = 0;
  bool more = false;
  const absl::Status scanned = served.content->ScanWindows(
      served.name.view, range.start_us, range.end_us, range.newest_first,
      [&](const StoredWindow& window) {
        // Not a window: the late records of all windows too old to be told apart.
        if (window.window_start_us == kMinTime) return true;
        more = response->windows_size() >= page_size;
        if (more) return false;
        *response->add_windows() = ToWindow(window, request.parent(), served.content->results());
        last_start_us = window.window_start_us;
        return true;
      });
  if (!scanned.ok()) return ReadError(scanned);
  if (more) {
    response->set_next_page_token(
        EncodePageToken(PageToken{hash, EncodeRowKey(last_start_us, "")}));
  }
  return grpc::Status::OK;
}

grpc::Status WindowCalls::GetWindow(const v1::GetWindowRequest& request,
                                    v1::GetWindowResponse* response) const {
  const size_t split = request.name().rfind(kWindowsSegment);
  absl::Time start;
  std::string error;
  if (split == std::string::npos ||
      !absl::ParseTime(absl::RFC3339_full,
                       request.name().substr(split + absl::string_view(kWindowsSegment).size()),
                       &start, &error)) {
    return WrongField("name",
                      "must be of the form pipelines/{id}/views/{id}/windows/{start}, the "
                      "start as in 2018-12-31T23:50:00Z");
  }
  const std::string parent = request.name().substr(0, split);
  ServedView served;
  const grpc::Status status = stores_->FindView(parent, &served);
  if (!status.ok()) return status;
  const int64_t start_us = absl::ToUnixMicros(start);
  bool found = false;
  const absl::Status scanned = served.content->ScanWindows(
      served.name.view, start_us, start_us + 1, /*newest_first=*/false,
      [&](const StoredWindow& window) {
        found = true;
        *response->mutable_window() = ToWindow(window, parent, served.content->results());
        return false;
      });
  if (!scanned.ok()) return ReadError(scanned);
  return found ? grpc::Status::OK : WindowNotFound(request.name());
}

}  // namespace windrow::query
