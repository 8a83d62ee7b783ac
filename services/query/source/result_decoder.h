#ifndef SERVICES_QUERY_SOURCE_RESULT_DECODER_H_
#define SERVICES_QUERY_SOURCE_RESULT_DECODER_H_

#include "absl/status/status.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/query/core/result_change.h"

namespace windrow::query {

// Adds what a record of a results topic says to `batch`. A kind of record that this release does
// not know adds nothing. INVALID_ARGUMENT when the record is not of the contract's form
// (proto/windrow/results/v1); `batch` is unchanged then.
absl::Status DecodeResult(const kafka::RecordView& record, ChangeBatch* batch);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SOURCE_RESULT_DECODER_H_
