#include "services/producer/core/replay_control.h"

#include "absl/strings/cord.h"

namespace windrow::producer {
namespace {

constexpr absl::string_view kReasonPayload = "windrow.producer/reason";

}  // namespace

absl::Status ReplayError(absl::StatusCode code, absl::string_view reason,
                         absl::string_view message) {
  absl::Status status(code, message);
  status.SetPayload(kReasonPayload, absl::Cord(reason));
  return status;
}

std::string ReplayErrorReason(const absl::Status& status) {
  const absl::optional<absl::Cord> reason = status.GetPayload(kReasonPayload);
  return reason.has_value() ? std::string(*reason) : "INTERNAL";
}

}  // namespace windrow::producer
