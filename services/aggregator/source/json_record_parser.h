#ifndef SERVICES_AGGREGATOR_SOURCE_JSON_RECORD_PARSER_H_
#define SERVICES_AGGREGATOR_SOURCE_JSON_RECORD_PARSER_H_

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/pipeline_plan.h"

namespace windrow::aggregator {

// Takes from a record, one JSON object, the few fields that a pipeline needs. Of a key that stands
// twice the last counts. The structure of the whole record is checked; values that are not needed
// are skipped without looking at their spelling. One thread at a time.
class JsonRecordParser {
 public:
  // A record longer than this is a dead letter.
  static constexpr size_t kMaxRecordBytes = 1'000'000;

  explicit JsonRecordParser(const PipelinePlan& plan);

  // Fills `fields`, whose views are valid until the next call; or returns why that is impossible.
  absl::optional<DeadLetterReason> Parse(absl::string_view record, RecordFields* fields);

 private:
  // A field to look for. The first bytes of its key, with the closing quote if it is among them,
  // are compared at once as a number; few keys need a second look.
  struct Wanted {
    std::string name;
    uint64_t prefix = 0;
    uint64_t mask = 0;
    // Index into RecordFields::values; -1 for the event time alone.
    int value = -1;
    bool is_event_time = false;
  };

  void Want(const std::string& name, int value, bool is_event_time);
  const Wanted* Find(simdjson::ondemand::field& field) const;
  const Wanted* FindEscaped(simdjson::ondemand::field& field) const;
  absl::optional<DeadLetterReason> ReadObject(simdjson::ondemand::object object,
                                              RecordFields* fields);
  static absl::optional<DeadLetterReason> ReadField(const Wanted& wanted,
                                                    simdjson::ondemand::value value,
                                                    RecordFields* fields);

  std::vector<Wanted> wanted_;
  size_t value_count_;
  simdjson::ondemand::parser parser_;
  std::string padded_;
  bool has_escapes_ = false;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_JSON_RECORD_PARSER_H_
