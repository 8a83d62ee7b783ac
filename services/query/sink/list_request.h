#ifndef SERVICES_QUERY_SINK_LIST_REQUEST_H_
#define SERVICES_QUERY_SINK_LIST_REQUEST_H_

#include <google/protobuf/timestamp.pb.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "services/query/core/row_filter.h"
#include "services/query/core/row_order.h"
#include "services/query/sink/selected_rows.h"

namespace windrow::query {

// What requests have in common, checked and taken out; errors name the wrong field.

struct PageSizes {
  int when_unset;
  int most;
};

grpc::Status CheckPageSize(int32_t asked, const PageSizes& sizes, int* page_size);

// Takes out the last item of the page before; none for the first page. `request_hash` is that of
// the request, see below.
grpc::Status CheckPageToken(const std::string& text, uint64_t request_hash,
                            std::optional<std::string>* last_item);

// Does nothing for a time that is not given.
grpc::Status CheckTime(absl::string_view field, bool given, const google::protobuf::Timestamp& time,
                       int64_t* time_us);

grpc::Status CheckFilter(const std::string& text, RowFilter* filter);
grpc::Status CheckOrder(const std::string& text, RowOrder* order);

template <typename Request>
grpc::Status CheckTimes(const Request& request, ListRange* range) {
  const grpc::Status status =
      CheckTime("start_time", request.has_start_time(), request.start_time(), &range->start_us);
  if (!status.ok()) return status;
  return CheckTime("end_time", request.has_end_time(), request.end_time(), &range->end_us);
}

template <typename Request>
grpc::Status CheckRange(const Request& request, ListRange* range) {
  range->newest_first = request.newest_first();
  return CheckTimes(request, range);
}

// Stands for all of a list's request but its page: a page token is of one of them.
uint64_t HashOfList(absl::string_view method, const std::string& parent, const ListRange& range);
uint64_t HashOfSelection(absl::string_view method, const std::string& parent,
                         const ListRange& range, const std::string& filter,
                         const std::string& order_by);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_LIST_REQUEST_H_
