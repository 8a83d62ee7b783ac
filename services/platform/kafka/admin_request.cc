#include "services/platform/kafka/admin_request.h"

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace windrow::kafka {

int MillisecondsUntil(absl::Time deadline) {
  return static_cast<int>(absl::ToInt64Milliseconds(
      std::clamp(deadline - absl::Now(), absl::Milliseconds(1), absl::Hours(1))));
}

AdminOptionsHandle OptionsUntil(rd_kafka_t* client, rd_kafka_admin_op_t operation,
                                absl::Time deadline) {
  AdminOptionsHandle options(rd_kafka_AdminOptions_new(client, operation));
  char error[256];
  const int milliseconds = MillisecondsUntil(deadline);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), milliseconds, error, sizeof(error));
  // Refused, and not needed, where the broker does nothing that takes time.
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), milliseconds, error, sizeof(error));
  return options;
}

absl::StatusOr<EventHandle> AnswerTo(rd_kafka_queue_t* queue, absl::Time deadline,
                                     absl::string_view context) {
  // A moment more than the request's own deadline, which then says more precisely what failed.
  EventHandle event(rd_kafka_queue_poll(queue, MillisecondsUntil(deadline + absl::Seconds(1))));
  if (event == nullptr) {
    return absl::DeadlineExceededError(absl::StrCat(context, ": no answer in time"));
  }
  const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaError(code, context);
  return event;
}

}  // namespace windrow::kafka
