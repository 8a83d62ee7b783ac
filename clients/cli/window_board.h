#ifndef CLIENTS_CLI_WINDOW_BOARD_H_
#define CLIENTS_CLI_WINDOW_BOARD_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::cli {

// The newest windows of one view, as far as a subscriber has heard of them. Holds at most
// `max_windows`; older ones make room. One thread at a time.
class WindowBoard {
 public:
  struct Row {
    std::vector<std::string> group;
    std::vector<std::string> values;
    int64_t accepted = 0;
    int revision = 0;
    // What rows are ordered by, largest first.
    double rank = 0;
  };
  struct Window {
    absl::Time start;
    absl::Time end;
    bool final = false;
    // Records counted, over all rows.
    int64_t accepted = 0;
    // The one with the largest rank first.
    std::vector<Row> rows;
  };

  // `order_by` names the value that rows of a window are ordered by, largest first ("" for the
  // number of records); rows where it is no number come last.
  explicit WindowBoard(size_t max_windows, std::string order_by = "")
      : max_windows_(max_windows), order_by_(std::move(order_by)) {}

  void Clear();
  // Takes the row away: window and group count.
  void Retract(const query::v1::Result& result);
  // Takes over a row's new state.
  void Apply(const query::v1::Result& result);
  // Every window that ends at or before `time` is final.
  void CloseThrough(absl::Time time);

  absl::Time closed_through() const { return closed_through_; }
  // Names of the group's fields and of the values; empty before the first row.
  const std::vector<std::string>& group_names() const { return group_names_; }
  const std::vector<std::string>& value_names() const { return value_names_; }

  // Up to `count` windows that are final, or are not; newest first.
  std::vector<Window> Newest(bool final, size_t count) const;

 private:
  // Rows by their group.
  using Rows = std::map<std::vector<std::string>, Row>;
  struct Entry {
    absl::Time end;
    Rows rows;
  };

  Window Snapshot(absl::Time start, const Entry& entry) const;

  double Rank(const query::v1::Result& result) const;

  const size_t max_windows_;
  const std::string order_by_;
  absl::Time closed_through_ = absl::InfinitePast();
  std::vector<std::string> group_names_;
  std::vector<std::string> value_names_;
  std::map<absl::Time, Entry> windows_;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_WINDOW_BOARD_H_
