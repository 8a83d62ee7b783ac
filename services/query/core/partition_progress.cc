#include "services/query/core/partition_progress.h"

#include <utility>

#include "services/query/core/ordered_bytes.h"

namespace windrow::query {

std::string EncodeProgress(const PartitionProgress& progress) {
  std::string bytes;
  AppendUint32(&bytes, progress.closed_through_us.has_value() ? 1 : 0);
  AppendInt64(&bytes, progress.closed_through_us.value_or(0));
  AppendInt64(&bytes, progress.drain_generation);
  AppendUint64(&bytes, progress.records_read);
  AppendUint64(&bytes, progress.dead_lettered);
  AppendUint32(&bytes, static_cast<uint32_t>(progress.views.size()));
  for (const std::string& view : progress.views) AppendText(&bytes, view);
  AppendUint32(&bytes, static_cast<uint32_t>(progress.late_everywhere.size()));
  for (const auto& [view, late] : progress.late_everywhere) {
    AppendText(&bytes, view);
    AppendUint64(&bytes, late);
  }
  return bytes;
}

std::optional<PartitionProgress> DecodeProgress(absl::string_view bytes) {
  BytesReader reader(bytes);
  PartitionProgress progress;
  uint32_t closed = 0;
  int64_t closed_through_us = 0;
  uint32_t views = 0;
  if (!reader.ReadUint32(&closed) || !reader.ReadInt64(&closed_through_us) ||
      !reader.ReadInt64(&progress.drain_generation) || !reader.ReadUint64(&progress.records_read) ||
      !reader.ReadUint64(&progress.dead_lettered) || !reader.ReadUint32(&views)) {
    return std::nullopt;
  }
  if (closed != 0) progress.closed_through_us = closed_through_us;
  for (uint32_t i = 0; i < views; ++i) {
    std::string view;
    if (!reader.ReadText(&view)) return std::nullopt;
    progress.views.push_back(std::move(view));
  }
  uint32_t late_views = 0;
  if (!reader.ReadUint32(&late_views)) return std::nullopt;
  for (uint32_t i = 0; i < late_views; ++i) {
    std::string view;
    uint64_t late = 0;
    if (!reader.ReadText(&view) || !reader.ReadUint64(&late)) return std::nullopt;
    progress.late_everywhere[view] = late;
  }
  if (!reader.rest().empty()) return std::nullopt;
  return progress;
}

}  // namespace windrow::query
