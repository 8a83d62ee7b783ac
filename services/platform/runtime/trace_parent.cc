#include "services/platform/runtime/trace_parent.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace windrow::runtime {
namespace {

constexpr size_t kTraceIdAt = 3;
constexpr size_t kTraceIdSize = 32;
constexpr size_t kParentIdAt = kTraceIdAt + kTraceIdSize + 1;
constexpr size_t kParentIdSize = 16;
constexpr size_t kFlagsAt = kParentIdAt + kParentIdSize + 1;
constexpr size_t kSize = kFlagsAt + 2;

bool IsHexadecimal(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(absl::string_view id) { return id.find_first_not_of('0') == absl::string_view::npos; }

}  // namespace

std::string ValidTraceParent(absl::string_view text) {
  if (text.size() < kSize) return "";
  const absl::string_view version = text.substr(0, 2);
  const absl::string_view trace_id = text.substr(kTraceIdAt, kTraceIdSize);
  const absl::string_view parent_id = text.substr(kParentIdAt, kParentIdSize);
  const absl::string_view flags = text.substr(kFlagsAt, 2);
  const bool more = text.size() > kSize;
  if (text[2] != '-' || text[kParentIdAt - 1] != '-' || text[kFlagsAt - 1] != '-' ||
      !IsHexadecimal(version) || version == "ff" || (more && version == "00") ||
      (more && text[kSize] != '-') || !IsHexadecimal(trace_id) || IsZero(trace_id) ||
      !IsHexadecimal(parent_id) || IsZero(parent_id) || !IsHexadecimal(flags)) {
    return "";
  }
  return absl::StrCat("00", text.substr(2, kSize - 2));
}

absl::string_view TraceIdOf(absl::string_view trace_parent) {
  return trace_parent.empty() ? trace_parent : trace_parent.substr(kTraceIdAt, kTraceIdSize);
}

std::string FindTraceParent(const std::vector<std::pair<std::string, std::string>>& headers) {
  for (const auto& [name, value] : headers) {
    if (!absl::EqualsIgnoreCase(name, kTraceParent)) continue;
    std::string found = ValidTraceParent(value);
    if (!found.empty()) return found;
  }
  return "";
}

std::vector<std::pair<std::string, std::string>> TraceHeaders(absl::string_view trace_parent) {
  if (trace_parent.empty()) return {};
  return {{kTraceParent, std::string(trace_parent)}};
}

}  // namespace windrow::runtime
