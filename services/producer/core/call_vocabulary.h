#ifndef SERVICES_PRODUCER_CORE_CALL_VOCABULARY_H_
#define SERVICES_PRODUCER_CORE_CALL_VOCABULARY_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace windrow::producer {

// A word and how often it comes, relative to the others of its list. Words are written as inside a
// JSON string ("\/" for a slash).
struct WeightedWord {
  absl::string_view word;
  int weight;
};

// The words of generated calls. Part of the generator's output: a change here changes every
// generated dataset and its golden test.
absl::Span<const WeightedWord> CrimeTypes();
absl::Span<const WeightedWord> Dispositions();
absl::Span<const WeightedWord> Cities();
absl::Span<const absl::string_view> Streets();
absl::Span<const absl::string_view> CommonLocations();

// Picks a word by weight from 64 random bits, in constant time. Keeps a view of the list.
class WordPicker {
 public:
  // The weights sum to at most kSlots, so that even a weight of 1 comes.
  explicit WordPicker(absl::Span<const WeightedWord> words);

  absl::string_view Pick(uint64_t bits) const { return words_[slots_[bits % kSlots]].word; }

 private:
  static constexpr int kSlots = 4096;

  absl::Span<const WeightedWord> words_;
  std::array<uint8_t, kSlots> slots_;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_CALL_VOCABULARY_H_
