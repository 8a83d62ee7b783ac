#ifndef SERVICES_QUERY_SINK_WRITER_MEMORY_H_
#define SERVICES_QUERY_SINK_WRITER_MEMORY_H_

#include <rocksdb/db.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/query/sink/store_view.h"

namespace windrow::query {

// What the writer of a store knows of it without asking the disk: most rows of a log are new, and
// looking for what is not there is most of the cost of a row. Right only while every row and window
// that is written is told here; whoever cannot say what was written makes another one. Of bounded
// size. Used by the store's writer.
class WriterMemory {
 public:
  class View {
   public:
    View();

    // Whether the store may hold the row. False only when it does not.
    bool MayHoldRow(int64_t window_start_us, absl::string_view group) const {
      return window_start_us <= newest_rows_us_[SlotOf(group)];
    }
    void AddRow(int64_t window_start_us, absl::string_view group) {
      int64_t& newest_us = newest_rows_us_[SlotOf(group)];
      if (window_start_us > newest_us) newest_us = window_start_us;
    }

    // The sums of a window as they are in the store, with what has been added here; nullptr when
    // they are not known. Valid until another one is added.
    StoredWindow* FindWindow(int64_t window_start_us);
    // Whether the store may hold the window. False only when it does not.
    bool MayHoldWindow(int64_t window_start_us) const {
      return window_start_us <= newest_window_us_;
    }
    StoredWindow* AddWindow(int64_t window_start_us);

   private:
    friend class WriterMemory;

    static size_t SlotOf(absl::string_view group);

    // How late the windows of stored rows begin, at most: groups share the slots by their hash.
    std::vector<int64_t> newest_rows_us_;
    int64_t newest_window_us_ = std::numeric_limits<int64_t>::min();
    absl::flat_hash_map<int64_t, StoredWindow> windows_;
  };

  // Of a store with these views.
  static absl::StatusOr<WriterMemory> Load(rocksdb::DB* db,
                                           const std::map<std::string, ViewSummary>& views);

  // Valid as long as this.
  View* view(const std::string& id) { return &views_[id]; }

  // Keeps known sums of windows from becoming too many; between batches.
  void TrimWindows();
  // Forgets them: others have written windows.
  void ForgetWindows();

 private:
  // By id.
  std::map<std::string, View> views_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_WRITER_MEMORY_H_
