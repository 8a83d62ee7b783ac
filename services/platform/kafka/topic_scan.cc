#include "services/platform/kafka/topic_scan.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/topic_admin.h"

namespace windrow::kafka {

absl::Status ScanTopic(const KafkaConfig& config, const std::string& topic, absl::Duration timeout,
                       absl::FunctionRef<void(const RecordView&)> visit) {
  constexpr absl::Duration kSlice = absl::Milliseconds(200);
  const absl::Time deadline = absl::Now() + timeout;
  const auto admin = TopicAdmin::Create(config);
  if (!admin.ok()) return admin.status();
  const auto described = (*admin)->DescribeTopic(topic, std::min(timeout, absl::Seconds(60)));
  if (!described.ok()) return described.status();
  std::vector<StartPosition> starts;
  for (int partition = 0; partition < described->partitions; ++partition) {
    starts.push_back({topic, partition, StartPosition::kBeginning});
  }
  const auto reader = PartitionReader::Create(config, starts);
  if (!reader.ok()) return reader.status();
  do {
    const auto read = (*reader)->Read(10'000, kSlice, visit);
    if (!read.ok()) return read.status();
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(topic, " was not read in time"));
    }
  } while (!(*reader)->at_end());
  return absl::OkStatus();
}

}  // namespace windrow::kafka
