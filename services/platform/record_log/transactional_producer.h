#ifndef SERVICES_PLATFORM_RECORD_LOG_TRANSACTIONAL_PRODUCER_H_
#define SERVICES_PLATFORM_RECORD_LOG_TRANSACTIONAL_PRODUCER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/platform/record_log/group_consumer.h"
#include "services/platform/record_log/offsets.h"

namespace windrow::record_log {

// What is to be done after a step of a transaction.
enum class TransactionOutcome {
  kOk,
  // Call Abort; the producer can go on.
  kAbort,
  // Another producer has taken the transactional id: replace this one, or exit.
  kFenced,
  // The producer is of no more use, and whether the transaction was committed is not known:
  // replace it (which settles the transaction) and read the committed offsets again.
  kReplace,
};

// A step's outcome and what the client said.
struct TransactionStep {
  TransactionOutcome outcome = TransactionOutcome::kOk;
  std::string message;

  bool ok() const { return outcome == TransactionOutcome::kOk; }
};

// A producer with a transactional id. Steps are retried inside until a deadline; what cannot be
// retried is collapsed into a TransactionOutcome. One thread at a time. Destroyed in the middle of
// a transaction, it leaves it open.
//
// Begin, SendOffsets, Produce*, perhaps Flush, Commit; after an outcome of kAbort, Abort.
class TransactionalProducer {
 public:
  virtual ~TransactionalProducer() = default;

  virtual TransactionStep Begin() = 0;

  // Adds consumed offsets (at least one) of a group, fenced by the group's metadata.
  virtual TransactionStep SendOffsets(const std::vector<OffsetToCommit>& offsets,
                                      const GroupMetadata& group, absl::Time deadline) = 0;

  // Adds a record, which need not be on its way, nor be known to be refused, before Flush or
  // Commit. When the queue is full, waits for room until `deadline`. If `delivered_offset`
  // is not null, it receives the record's offset before Flush or Commit returns kOk; it must live
  // until then. A value that is a view of nothing, not of empty text, makes a record without a
  // value.
  virtual TransactionStep Produce(absl::string_view topic, int partition, absl::string_view key,
                                  absl::string_view value, absl::Time deadline,
                                  int64_t* delivered_offset) = 0;

  // Adds a record with headers.
  virtual TransactionStep ProduceWithHeaders(
      absl::string_view topic, int partition, absl::string_view key, absl::string_view value,
      const std::vector<std::pair<std::string, std::string>>& headers, absl::Time deadline) = 0;

  // Waits until the log has what was produced. A record that it refused has no offset then, and
  // Commit will fail.
  virtual TransactionStep Flush(absl::Time deadline) = 0;

  virtual TransactionStep Commit(absl::Time deadline) = 0;
  virtual TransactionStep Abort(absl::Time deadline) = 0;

  // Whether the end of a transaction may still be under way, so that it could end the next one: a
  // tainted producer is replaced before the next Begin.
  virtual bool tainted() const = 0;
};

}  // namespace windrow::record_log

#endif  // SERVICES_PLATFORM_RECORD_LOG_TRANSACTIONAL_PRODUCER_H_
