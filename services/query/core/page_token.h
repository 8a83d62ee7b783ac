#ifndef SERVICES_QUERY_CORE_PAGE_TOKEN_H_
#define SERVICES_QUERY_CORE_PAGE_TOKEN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace windrow::query {

// Where the next page of a list begins. A plain value.
struct PageToken {
  // StableHash of all other fields of the request: a token is good for its own list only.
  uint64_t request_hash = 0;
  // The last item that was listed, in the order of the list; what it means is the list's matter.
  std::string last_item;
};

std::string EncodePageToken(const PageToken& token);

// Nothing when `text` is not a page token.
std::optional<PageToken> DecodePageToken(absl::string_view text);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_PAGE_TOKEN_H_
