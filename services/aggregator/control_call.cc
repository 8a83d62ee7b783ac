#include "services/aggregator/control_call.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "services/platform/auth/access_control.h"
#include "services/platform/rpc/call_trace.h"
#include "services/platform/runtime/log.h"
#include "services/platform/runtime/trace_parent.h"

namespace windrow::aggregator {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kMaxRequestText = 1'000;

// Rows of tables say little, and take pages.
void ClearRows(Message* message) {
  const Reflection& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const FieldDescriptor* const field : fields) {
    if (field->name() == "rows" || field->type() == FieldDescriptor::TYPE_BYTES) {
      reflection.ClearField(message, field);
    } else if (field->is_map() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    } else if (field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
        ClearRows(reflection.MutableRepeatedMessage(message, field, i));
      }
    } else {
      ClearRows(reflection.MutableMessage(message, field));
    }
  }
}

std::string TextOf(const Message& request) {
  const std::unique_ptr<Message> copy(request.New());
  copy->CopyFrom(request);
  ClearRows(copy.get());
  std::string text = copy->ShortDebugString();
  if (text.size() > kMaxRequestText) text = text.substr(0, kMaxRequestText) + "…";
  return text;
}

std::string TextField(const Message& message, const std::string& name) {
  const FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->type() != FieldDescriptor::TYPE_STRING) return "";
  return message.GetReflection()->GetString(message, field);
}

bool Flag(const Message& message, const std::string& name) {
  const FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(name);
  return field != nullptr && field->type() == FieldDescriptor::TYPE_BOOL &&
         message.GetReflection()->GetBool(message, field);
}

}  // namespace

ControlCall::ControlCall(const grpc::ServerContext* context, absl::string_view method,
                         const Message& request)
    : context_(context),
      method_(method),
      caller_(context == nullptr ? "" : auth::CallerOf(*context)),
      trace_parent_(rpc::TraceParentOf(context)),
      pipeline_(TextField(request, "name")),
      request_id_(TextField(request, "request_id")),
      validate_only_(Flag(request, "validate_only")),
      request_(TextOf(request)) {}

absl::Duration ControlCall::TimeLeft(absl::Duration longest) const {
  if (context_ == nullptr) return longest;
  if (context_->IsCancelled()) return absl::ZeroDuration();
  const absl::Duration left = absl::FromChrono(context_->deadline()) - absl::Now();
  return std::clamp(left, absl::ZeroDuration(), longest);
}

void ControlCall::SetGenerations(int64_t before, int64_t after) {
  generation_before_ = before;
  generation_after_ = after;
}

grpc::Status ControlCall::End(grpc::Status status) const {
  const std::string outcome = !status.ok() ? "refused" : validate_only_ ? "checked" : "accepted";
  runtime::LogInfo("control call", {{"method", method_},
                                    {"pipeline", pipeline_},
                                    {"caller", caller_},
                                    {"trace_id", runtime::TraceIdOf(trace_parent_)},
                                    {"request_id", request_id_},
                                    {"outcome", outcome},
                                    {"code", static_cast<int64_t>(status.error_code())},
                                    {"error", status.error_message()},
                                    {"old_generation", generation_before_},
                                    {"new_generation", generation_after_},
                                    {"request", request_}});
  return status;
}

}  // namespace windrow::aggregator
