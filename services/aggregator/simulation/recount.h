#ifndef SERVICES_AGGREGATOR_SIMULATION_RECOUNT_H_
#define SERVICES_AGGREGATOR_SIMULATION_RECOUNT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "services/aggregator/simulation/scenario.h"

namespace windrow::aggregator {

// A row: view, start of the window in microseconds, group values (nullopt for null).
using RowName = std::tuple<std::string, int64_t, std::vector<absl::optional<std::string>>>;
// View and start of the window.
using WindowName = std::pair<std::string, int64_t>;

// A record of the source: partition and index in its log.
using RecordName = std::pair<int, size_t>;

// A row as it must be in the end.
struct RecountedRow {
  int64_t end_us = 0;
  uint64_t accepted = 0;
  // Aggregates by name, as text (see ValueText).
  std::map<std::string, std::string> values;
  // Records that count in it, in the order of partitions and offsets (of a session: by time), and
  // their fields.
  std::vector<RecordName> records;
  std::vector<const std::map<std::string, absl::optional<std::string>>*> fields;
};

struct RecountedView {
  uint64_t accepted = 0;
  uint64_t filtered = 0;
  uint64_t unmatched = 0;
  uint64_t late_everywhere = 0;
  bool operator==(const RecountedView& other) const {
    return accepted == other.accepted && filtered == other.filtered &&
           unmatched == other.unmatched && late_everywhere == other.late_everywhere;
  }
};

// What must be known of a source partition after some of its records.
struct RecountedSource {
  uint64_t read = 0;
  uint64_t dead_lettered = 0;
  absl::optional<int64_t> max_event_time_us;
  // The lowest and the highest that it can be, which are the same where generations are known.
  absl::optional<int64_t> watermark_us;
  absl::optional<int64_t> highest_watermark_us;
  std::vector<RecountedView> views;
};

// The result of a scenario by the words of docs/semantics.md, counted in the plainest way, from the
// texts of the records, without a line of the product.
struct Recount {
  std::map<RowName, RecountedRow> rows;
  std::map<WindowName, uint64_t> late;
  // By partition: after 0, 1, 2… records.
  std::vector<std::vector<RecountedSource>> sources;
  // With the reason.
  std::map<RecordName, std::string> dead_letters;
  // Where the fields of rows are.
  std::deque<std::map<std::string, absl::optional<std::string>>> fields;
};

// Of each record, by partition and index, which tables and watermark delay it was counted with.
using TableGenerations = std::vector<std::vector<int64_t>>;

// Without generations, a record finds a row if any of the tables has one, counts if it does with
// the longest delay, and is late if it is with the shortest: more can never count, nor be late.
Recount RecountScenario(const Scenario& scenario, const TableGenerations* generations = nullptr);

// The tables' number of generations, and the table of one of them.
int64_t TableCount(const Scenario& scenario);
const windrow::pipeline::v1::StaticTable& TableOf(const Scenario& scenario, int64_t generation);

// The columns that the view joins to a group, by name, as text.
std::map<std::string, std::string> JoinedColumns(
    const windrow::pipeline::v1::View& view, const windrow::pipeline::v1::StaticTable& table,
    const std::vector<absl::optional<std::string>>& group);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SIMULATION_RECOUNT_H_
