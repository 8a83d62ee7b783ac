#include "services/aggregator/source/cell_state_decoder.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::partials::v1;

absl::Status BadState() {
  return absl::DataLossError("a cell has a state that its view does not have");
}

absl::StatusOr<AggregateState> DecodeSum(const pb::DoubleSum& proto) {
  if (proto.indexes_size() != proto.chunks_size()) return BadState();
  std::vector<ExactSum::Chunk> chunks;
  for (int i = 0; i < proto.indexes_size(); ++i) {
    const ExactSum::Chunk chunk{proto.indexes(i), proto.chunks(i)};
    if (chunk.index > ExactSum::kMaxIndex || (i > 0 && chunk.index <= chunks.back().index) ||
        chunk.value <= -(int64_t{1} << 32) || chunk.value >= int64_t{1} << 32) {
      return BadState();
    }
    chunks.push_back(chunk);
  }
  return AggregateState(DoubleSum{ExactSum::FromChunks(std::move(chunks)), proto.count()});
}

absl::StatusOr<AggregateState> Decode(const AggregatePlan& plan, const pb::AggregateState& proto) {
  switch (proto.kind_case()) {
    case pb::AggregateState::KIND_NOT_SET:
      return AggregateState();
    case pb::AggregateState::kCount:
      return AggregateState(uint64_t{proto.count()});
    case pb::AggregateState::kIntegerSum:
      return AggregateState(
          IntegerSum{absl::MakeInt128(proto.integer_sum().high(), proto.integer_sum().low()),
                     proto.integer_sum().count()});
    case pb::AggregateState::kDoubleSum:
      return DecodeSum(proto.double_sum());
    case pb::AggregateState::kInteger:
      return AggregateState(int64_t{proto.integer()});
    case pb::AggregateState::kNumber:
      if (!std::isfinite(proto.number())) return BadState();
      return AggregateState(proto.number());
    case pb::AggregateState::kText:
      return AggregateState(proto.text());
    case pb::AggregateState::kDistinct: {
      DistinctValues distinct;
      for (const std::string& value : proto.distinct().values()) distinct.Add(value, plan.limit);
      return AggregateState(std::move(distinct));
    }
    case pb::AggregateState::kRegisters:
      if (proto.registers().size() != DistinctValues::kRegisters ||
          std::any_of(proto.registers().begin(), proto.registers().end(),
                      [](char rank) { return rank < 0 || rank > DistinctValues::kMaxRank; })) {
        return BadState();
      }
      return AggregateState(DistinctValues::FromRegisters(proto.registers()));
    case pb::AggregateState::kFrequencies: {
      const pb::Frequencies& from = proto.frequencies();
      if (from.values_size() != from.counts_size()) return BadState();
      Frequencies frequencies;
      for (int i = 0; i < from.values_size(); ++i) frequencies.Add(from.values(i), from.counts(i));
      return AggregateState(std::move(frequencies));
    }
  }
  return BadState();
}

}  // namespace

absl::StatusOr<SharedStates> DecodeCellState(const ViewPlan& view, const pb::CellState& proto) {
  if (proto.aggregates().empty()) return SharedStates();
  if (static_cast<size_t>(proto.aggregates_size()) != view.stateful.size()) return BadState();
  auto states = std::make_shared<CellStates>(view.stateful.size());
  for (size_t i = 0; i < view.stateful.size(); ++i) {
    absl::StatusOr<AggregateState> state =
        Decode(view.stateful[i], proto.aggregates(static_cast<int>(i)));
    if (!state.ok()) return state.status();
    if (!FitsPlan(view.stateful[i], *state)) return BadState();
    (*states)[i] = *std::move(state);
  }
  return states;
}

}  // namespace windrow::aggregator
