#include "services/aggregator/sink/dead_letter.h"

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {
namespace {

// Their lengths, in the record.
constexpr size_t kBytesPerHeader = 10;

}  // namespace

record_log::RecordHeaders DeadLetter::Headers(const std::string& source_topic) const {
  record_log::RecordHeaders headers = {
      {"windrow-reason", std::string(DeadLetterReasonName(reason))},
      {"windrow-source-topic", source_topic},
      {"windrow-source-partition", absl::StrCat(partition)},
      {"windrow-source-offset", absl::StrCat(offset)},
      {"windrow-source-timestamp-ms", absl::StrCat(timestamp_ms)},
      {"windrow-original-size", absl::StrCat(size)}};
  headers.insert(headers.end(), own_headers.begin(), own_headers.end());
  return headers;
}

size_t DeadLetter::bytes() const {
  size_t total = key.size() + value.size();
  for (const auto& [name, text] : own_headers) total += name.size() + text.size();
  return total;
}

record_log::RecordHeaders DeadLetter::Fitting(record_log::RecordHeaders headers) {
  record_log::RecordHeaders fitting;
  size_t total = 0;
  for (auto& header : headers) {
    const size_t size = header.first.size() + header.second.size() + kBytesPerHeader;
    if (total + size > kMaxHeaderBytes) continue;
    total += size;
    fitting.push_back(std::move(header));
  }
  return fitting;
}

}  // namespace windrow::aggregator
