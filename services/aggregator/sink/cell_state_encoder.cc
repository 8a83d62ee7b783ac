#include "services/aggregator/sink/cell_state_encoder.h"

#include <iterator>
#include <string>
#include <utility>

#include "absl/numeric/int128.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::partials::v1;

// Of a tag, a length and a count.
constexpr size_t kValueOverhead = 12;
// Of a state that is no collection, at most, without its text.
constexpr size_t kStateBytes = 40;

void EncodeSum(const IntegerSum& sum, pb::IntegerSum* out) {
  out->set_high(absl::Int128High64(sum.sum));
  out->set_low(absl::Int128Low64(sum.sum));
  out->set_count(sum.count);
}

size_t EncodeSum(const DoubleSum& sum, pb::DoubleSum* out) {
  for (const ExactSum::Chunk& chunk : sum.sum.Canonical()) {
    out->add_indexes(chunk.index);
    out->add_chunks(chunk.value);
  }
  out->set_count(sum.count);
  return out->ByteSizeLong();
}

// Writes entries from the `*values`th on until `max_bytes` are reached. True at the end.
template <typename Entries, typename Write>
bool EncodeValues(const Entries& entries, size_t max_bytes, size_t* values, size_t* bytes,
                  Write write) {
  for (auto entry = std::next(entries.begin(), static_cast<std::ptrdiff_t>(*values));
       entry != entries.end(); ++entry) {
    if (*bytes >= max_bytes) return false;
    *bytes += kValueOverhead + write(*entry);
    ++*values;
  }
  return true;
}

}  // namespace

size_t CellStateEncoder::Encode(size_t max_bytes, pb::CellState* out) {
  size_t bytes = 0;
  if (states_ == nullptr) return bytes;
  // Those that are written already, or not yet, hold nothing here.
  for (size_t i = 0; i < states_->size(); ++i) out->add_aggregates();
  for (; next_ < states_->size(); ++next_, values_ = 0) {
    const AggregateState& state = (*states_)[next_];
    pb::AggregateState* to = out->mutable_aggregates(static_cast<int>(next_));
    bool complete = true;
    bytes += kStateBytes;
    if (const auto* count = absl::get_if<uint64_t>(&state)) {
      to->set_count(*count);
    } else if (const auto* integers = absl::get_if<IntegerSum>(&state)) {
      EncodeSum(*integers, to->mutable_integer_sum());
    } else if (const auto* doubles = absl::get_if<DoubleSum>(&state)) {
      bytes += EncodeSum(*doubles, to->mutable_double_sum());
    } else if (const auto* integer = absl::get_if<int64_t>(&state)) {
      to->set_integer(*integer);
    } else if (const auto* number = absl::get_if<double>(&state)) {
      to->set_number(*number);
    } else if (const auto* text = absl::get_if<std::string>(&state)) {
      to->set_text(*text);
      bytes += text->size();
    } else if (const auto* distinct = absl::get_if<DistinctValues>(&state)) {
      if (!distinct->exact()) {
        to->set_registers(distinct->registers());
        bytes += distinct->registers().size();
      } else {
        pb::DistinctValues* set = to->mutable_distinct();
        complete = EncodeValues(distinct->values(), max_bytes, &values_, &bytes,
                                [set](const std::string& value) {
                                  set->add_values(value);
                                  return value.size();
                                });
      }
    } else if (const auto* frequencies = absl::get_if<Frequencies>(&state)) {
      pb::Frequencies* counts = to->mutable_frequencies();
      complete = EncodeValues(frequencies->counts, max_bytes, &values_, &bytes,
                              [counts](const auto& entry) {
                                counts->add_values(entry.first);
                                counts->add_counts(entry.second);
                                return entry.first.size();
                              });
    }
    if (!complete) return bytes;
  }
  return bytes;
}

}  // namespace windrow::aggregator
