#ifndef SERVICES_PLATFORM_MEMORY_LOG_MEMORY_PRODUCER_H_
#define SERVICES_PLATFORM_MEMORY_LOG_MEMORY_PRODUCER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "services/platform/memory_log/memory_cluster.h"
#include "services/platform/record_log/transactional_producer.h"

namespace windrow::memory_log {

// A transactional producer of a MemoryCluster.
class MemoryProducer : public record_log::TransactionalProducer {
 public:
  MemoryProducer(MemoryCluster* cluster, std::string client_id, std::string id, int64_t epoch);

  record_log::TransactionStep Begin() override;
  record_log::TransactionStep SendOffsets(const std::vector<record_log::OffsetToCommit>& offsets,
                                          const record_log::GroupMetadata& group,
                                          absl::Time deadline) override;
  record_log::TransactionStep Produce(absl::string_view topic, int partition, absl::string_view key,
                                      absl::string_view value, absl::Time deadline,
                                      int64_t* delivered_offset) override;
  record_log::TransactionStep ProduceWithHeaders(
      absl::string_view topic, int partition, absl::string_view key, absl::string_view value,
      const std::vector<std::pair<std::string, std::string>>& headers,
      absl::Time deadline) override;
  record_log::TransactionStep Flush(absl::Time deadline) override;
  record_log::TransactionStep Commit(absl::Time deadline) override;
  record_log::TransactionStep Abort(absl::Time deadline) override;
  bool tainted() const override { return tainted_; }

 private:
  // Gets ready for a request: the cluster is there, the id is ours, nothing before is on its way.
  record_log::TransactionStep Reach(absl::Time deadline, const char* step);
  record_log::TransactionStep GiveUp(absl::Time deadline, const char* step);
  record_log::TransactionStep Fail(record_log::TransactionOutcome outcome, std::string message);
  record_log::TransactionStep Append(absl::string_view topic, int partition, StoredRecord record,
                                     absl::Time deadline, int64_t* delivered_offset);
  // Fills in where records went.
  void TellOffsets();
  bool IsFenced() const { return cluster_->transactions().IsFenced(id_, epoch_); }

  MemoryCluster* const cluster_;
  const std::string client_id_;
  const std::string id_;
  const int64_t epoch_;
  bool tainted_ = false;
  bool in_transaction_ = false;
  // After kFenced and kReplace every step fails in the same way; after kAbort, all but Abort.
  record_log::TransactionStep failed_;
  std::vector<std::pair<int64_t*, int64_t>> delivered_;
};

}  // namespace windrow::memory_log

#endif  // SERVICES_PLATFORM_MEMORY_LOG_MEMORY_PRODUCER_H_
