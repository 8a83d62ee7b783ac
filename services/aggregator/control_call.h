#ifndef SERVICES_AGGREGATOR_CONTROL_CALL_H_
#define SERVICES_AGGREGATOR_CONTROL_CALL_H_

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace windrow::aggregator {

// A call that changes something, for the audit: when it ends it is logged in one line, accepted or
// refused, with who asked for what, and the pipeline's generation before and after. A value of one
// thread.
class ControlCall {
 public:
  // `context` is null where there is no connection, and outlives the call otherwise. The request's
  // fields name, request_id and validate_only are looked for by these names.
  ControlCall(const grpc::ServerContext* context, absl::string_view method,
              const google::protobuf::Message& request);

  // Who calls: the principal's name, where callers are known, and the peer's address; for
  // Proposal.caller; empty without a connection.
  const std::string& caller() const { return caller_; }

  // The trace that the call belongs to; empty for none.
  const std::string& trace_parent() const { return trace_parent_; }

  // What is left of the caller's deadline, `longest` at most; zero when it has gone.
  absl::Duration TimeLeft(absl::Duration longest) const;

  // The id under which the change was proposed, also when the service chose it.
  void SetRequestId(const std::string& request_id) { request_id_ = request_id; }
  // What the call is about, where the request names it elsewhere.
  void SetPipeline(const std::string& name) { pipeline_ = name; }
  // Generations of the pipeline; the same twice when nothing was changed.
  void SetGenerations(int64_t before, int64_t after);

  // Logs the call and returns its status.
  grpc::Status End(grpc::Status status) const;

 private:
  const grpc::ServerContext* const context_;
  const std::string method_;
  std::string caller_;
  const std::string trace_parent_;
  std::string pipeline_;
  std::string request_id_;
  bool validate_only_ = false;
  int64_t generation_before_ = 0;
  int64_t generation_after_ = 0;
  // The request in Protobuf's text form, without rows of tables, cut where it is long.
  std::string request_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CONTROL_CALL_H_
