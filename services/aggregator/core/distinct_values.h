#ifndef SERVICES_AGGREGATOR_CORE_DISTINCT_VALUES_H_
#define SERVICES_AGGREGATOR_CORE_DISTINCT_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/container/btree_set.h"
#include "absl/strings/string_view.h"

namespace windrow::aggregator {

// How many different texts there are: a set of them up to a limit, beyond it HyperLogLog registers
// of all (P. Flajolet et al., "HyperLogLog", 2007; the estimate is O. Ertl's, "New cardinality
// estimation algorithms for HyperLogLog sketches", 2017, algorithm 6; the hash is TextHash). What
// it holds depends only on which texts were added, not on their order. A value.
class DistinctValues {
 public:
  static constexpr int kRegisters = 4096;
  // Largest value of a register.
  static constexpr int kMaxRank = 53;

  void Add(absl::string_view text, size_t exact_limit);
  void Merge(const DistinctValues& other, size_t exact_limit);

  // Number of texts: exact up to the limit, beyond it with a standard error of 1.04 / sqrt(4096).
  uint64_t Count() const;

  bool exact() const { return registers_.empty(); }
  // The texts, while exact.
  const absl::btree_set<std::string>& values() const { return values_; }
  // One byte each, once not exact.
  const std::string& registers() const { return registers_; }
  // Takes over kRegisters registers.
  static DistinctValues FromRegisters(std::string registers);

  // Memory in use, about.
  size_t bytes() const { return value_bytes_ + registers_.size(); }

 private:
  void AddToRegisters(absl::string_view text);
  void GiveUpExactness();

  absl::btree_set<std::string> values_;
  size_t value_bytes_ = 0;
  std::string registers_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_DISTINCT_VALUES_H_
