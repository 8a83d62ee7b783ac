#include "services/platform/kafka/client_end.h"

#include <memory>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "services/platform/runtime/log.h"

namespace windrow::kafka {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(2);

}  // namespace

void EndClient(rd_kafka_t* client, int flags) {
  const std::string name = rd_kafka_name(client);
  // Of both threads, since either may be the last.
  const auto ended = std::make_shared<absl::Notification>();
  std::thread([client, flags, ended] {
    rd_kafka_destroy_flags(client, flags);
    ended->Notify();
  }).detach();
  if (ended->WaitForNotificationWithTimeout(kPatience)) return;
  runtime::LogWarning("kafka client left behind", {{"client", name}});
}

}  // namespace windrow::kafka
