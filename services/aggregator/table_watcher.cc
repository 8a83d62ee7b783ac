#include "services/aggregator/table_watcher.h"

#include <sys/stat.h>

#include <utility>

#include "services/platform/runtime/log.h"

namespace windrow::aggregator {

TableWatcher::TableWatcher(std::vector<File> files, OnChange on_change, absl::Duration interval)
    : on_change_(std::move(on_change)), interval_(interval) {
  for (File& file : files) files_.push_back({std::move(file), absl::nullopt, absl::nullopt});
  thread_ = std::thread([this] { Run(); });
}

TableWatcher::~TableWatcher() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

absl::optional<TableWatcher::Stamp> TableWatcher::StampOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return absl::nullopt;
  Stamp stamp;
  stamp.device = status.st_dev;
  stamp.inode = status.st_ino;
  stamp.size = status.st_size;
  stamp.changed_ns = status.st_mtim.tv_sec * int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
  return stamp;
}

void TableWatcher::Run() {
  for (;;) {
    for (Watched& watched : files_) Look(&watched);
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), interval_)) return;
  }
}

void TableWatcher::Look(Watched* watched) {
  const absl::optional<Stamp> stamp = StampOf(watched->file.path);
  const bool at_rest = stamp == watched->last_seen;
  watched->last_seen = stamp;
  // A file that is gone leaves the rows that there are.
  if (!stamp.has_value() || !at_rest || stamp == watched->told) return;
  const absl::Status status = on_change_(watched->file);
  if (status.ok() || absl::IsInvalidArgument(status) || absl::IsNotFound(status)) {
    watched->told = stamp;
  }
  if (status.ok()) return;
  runtime::LogWarning("table file not taken", {{"table", watched->file.table},
                                               {"path", watched->file.path},
                                               {"error", std::string(status.message())}});
}

}  // namespace windrow::aggregator
