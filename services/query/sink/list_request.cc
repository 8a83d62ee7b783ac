#include "services/query/sink/list_request.h"

#include <algorithm>
#include <utility>

#include "services/query/core/ordered_bytes.h"
#include "services/query/core/page_token.h"
#include "services/query/core/resume_token.h"
#include "services/query/sink/query_error.h"
#include "services/query/sink/result_message.h"

namespace windrow::query {
namespace {

bool IsValid(const google::protobuf::Timestamp& time) {
  constexpr int64_t kYear1 = -62'135'596'800;
  constexpr int64_t kYear9999 = 253'402'300'799;
  return time.seconds() >= kYear1 && time.seconds() <= kYear9999 && time.nanos() >= 0 &&
         time.nanos() < 1'000'000'000;
}

}  // namespace

grpc::Status CheckPageSize(int32_t asked, const PageSizes& sizes, int* page_size) {
  if (asked < 0) return WrongField("page_size", "must not be negative");
  *page_size = asked == 0 ? sizes.when_unset : std::min<int>(asked, sizes.most);
  return grpc::Status::OK;
}

grpc::Status CheckPageToken(const std::string& text, uint64_t request_hash,
                            std::optional<std::string>* last_item) {
  if (text.empty()) return grpc::Status::OK;
  std::optional<PageToken> token = DecodePageToken(text);
  if (!token.has_value() || token->request_hash != request_hash) return BadPageToken();
  *last_item = std::move(token->last_item);
  return grpc::Status::OK;
}

grpc::Status CheckTime(absl::string_view field, bool given, const google::protobuf::Timestamp& time,
                       int64_t* time_us) {
  if (!given) return grpc::Status::OK;
  if (!IsValid(time)) return WrongField(field, "not a valid time");
  *time_us = FromTimestamp(time);
  return grpc::Status::OK;
}

grpc::Status CheckFilter(const std::string& text, RowFilter* filter) {
  absl::StatusOr<RowFilter> parsed = RowFilter::Parse(text);
  if (!parsed.ok()) return WrongField("filter", parsed.status().message());
  *filter = *std::move(parsed);
  return grpc::Status::OK;
}

grpc::Status CheckOrder(const std::string& text, RowOrder* order) {
  absl::StatusOr<RowOrder> parsed = RowOrder::Parse(text);
  if (!parsed.ok()) return WrongField("order_by", parsed.status().message());
  *order = *std::move(parsed);
  return grpc::Status::OK;
}

uint64_t HashOfList(absl::string_view method, const std::string& parent, const ListRange& range) {
  std::string bytes;
  AppendText(&bytes, method);
  AppendText(&bytes, parent);
  AppendInt64(&bytes, range.start_us);
  AppendInt64(&bytes, range.end_us);
  AppendUint32(&bytes, range.newest_first ? 1 : 0);
  return StableHash(bytes);
}

uint64_t HashOfSelection(absl::string_view method, const std::string& parent,
                         const ListRange& range, const std::string& filter,
                         const std::string& order_by) {
  std::string bytes;
  AppendUint64(&bytes, HashOfList(method, parent, range));
  AppendText(&bytes, filter);
  AppendText(&bytes, order_by);
  return StableHash(bytes);
}

}  // namespace windrow::query
