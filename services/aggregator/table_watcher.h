#ifndef SERVICES_AGGREGATOR_TABLE_WATCHER_H_
#define SERVICES_AGGREGATOR_TABLE_WATCHER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace windrow::aggregator {

// Looks at the files of static tables once a second, on a thread of its own, and tells when one is
// another than when it was last told of. A file counts as changed when its identity, size or time
// of change did, and as written once they have stayed the same from one look to the next.
// Thread-safe.
class TableWatcher {
 public:
  struct File {
    // Name of the table, and where its rows are.
    std::string table;
    std::string path;
  };
  // Takes the change over; called on the watcher's thread. A file that it refuses as wrong
  // (INVALID_ARGUMENT, NOT_FOUND) is left until it changes again; after any other error it is told
  // of again.
  using OnChange = std::function<absl::Status(const File& file)>;

  static constexpr absl::Duration kInterval = absl::Seconds(1);

  // Every file counts as changed at first.
  TableWatcher(std::vector<File> files, OnChange on_change, absl::Duration interval = kInterval);
  // Waits for an on_change under way.
  ~TableWatcher();
  TableWatcher(const TableWatcher&) = delete;
  TableWatcher& operator=(const TableWatcher&) = delete;

 private:
  // What tells one content of a file from another without reading it.
  struct Stamp {
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t size = 0;
    int64_t changed_ns = 0;

    bool operator==(const Stamp& other) const {
      return device == other.device && inode == other.inode && size == other.size &&
             changed_ns == other.changed_ns;
    }
  };
  struct Watched {
    File file;
    // nullopt while there is no file.
    absl::optional<Stamp> last_seen;
    absl::optional<Stamp> told;
  };

  static absl::optional<Stamp> StampOf(const std::string& path);
  void Run();
  void Look(Watched* watched);

  // Of the watcher's thread.
  std::vector<Watched> files_;
  const OnChange on_change_;
  const absl::Duration interval_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_TABLE_WATCHER_H_
