#ifndef SERVICES_AGGREGATOR_SOURCE_JSON_RECORD_PARSER_H_
#define SERVICES_AGGREGATOR_SOURCE_JSON_RECORD_PARSER_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/pipeline_plan.h"

namespace windrow::aggregator {

// Takes from a record, one JSON object, the few fields that a pipeline needs. Of a key that stands
// twice the last counts. The structure of the whole record is checked: UTF-8, strings, keys, and
// that brackets add up; values that are not needed are skipped without looking at their spelling.
// One thread at a time.
class JsonRecordParser {
 public:
  // A record longer than this is a dead letter.
  static constexpr size_t kMaxRecordBytes = 1'000'000;
  // So is one whose values for groups are longer than this together: a group's key goes into frames
  // and rows, twice, which must stay below what a broker takes.
  static constexpr size_t kMaxValueBytes = 32'768;

  // FAILED_PRECONDITION when this processor lacks the instructions that the parser was compiled
  // for; to be asked before the first parse.
  static absl::Status CheckProcessor();

  explicit JsonRecordParser(const PipelinePlan& plan);
  ~JsonRecordParser();
  JsonRecordParser(const JsonRecordParser&) = delete;
  JsonRecordParser& operator=(const JsonRecordParser&) = delete;

  // Fills `fields`, whose views are valid until the next call and while the record is; or returns
  // why that is impossible.
  absl::optional<DeadLetterReason> Parse(absl::string_view record, RecordFields* fields);

 private:
  // Out of sight, since simdjson's types are others in each file that is compiled for another
  // processor.
  class Reader;
  const std::unique_ptr<Reader> reader_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_JSON_RECORD_PARSER_H_
