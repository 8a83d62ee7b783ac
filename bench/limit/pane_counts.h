#ifndef BENCH_LIMIT_PANE_COUNTS_H_
#define BENCH_LIMIT_PANE_COUNTS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "simdjson.h"

namespace windrow::bench {

// Seconds since 1970 UTC of "YYYY-MM-DDTHH:MM:SS" and whatever follows; -1 when it is not that.
int64_t ParseSeconds(absl::string_view text);

// The least work that counts calls: finds two fields of a record, reads the time, and counts by
// (crime type, 5-minute pane). No windows, lateness, joins or state that outlives the process. Not
// thread-safe.
class PaneCounts {
 public:
  // Counts one record. Reads up to 64 bytes behind it where that cannot fault, so that records are
  // parsed where they lie; copies those at the end of a page.
  void Add(absl::string_view record);

  uint64_t counted() const { return counted_; }
  uint64_t refused() const { return refused_; }
  size_t cells() const { return counts_.size(); }

 private:
  struct KeyView {
    int64_t pane;
    absl::string_view type;
  };
  struct Key {
    int64_t pane;
    std::string type;
    explicit Key(const KeyView& view) : pane(view.pane), type(view.type) {}
    operator KeyView() const { return {pane, type}; }  // NOLINT(google-explicit-constructor)
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const KeyView& key) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const KeyView& a, const KeyView& b) const {
      return a.pane == b.pane && a.type == b.type;
    }
  };

  bool Parse(absl::string_view record, KeyView& key);

  simdjson::ondemand::parser parser_;
  std::string padded_;
  absl::flat_hash_map<Key, uint64_t, Hash, Equal> counts_;
  uint64_t counted_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace windrow::bench

#endif  // BENCH_LIMIT_PANE_COUNTS_H_
