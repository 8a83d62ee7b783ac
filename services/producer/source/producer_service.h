#ifndef SERVICES_PRODUCER_SOURCE_PRODUCER_SERVICE_H_
#define SERVICES_PRODUCER_SOURCE_PRODUCER_SERVICE_H_

#include <deque>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/producer/core/replay_control.h"
#include "windrow/producer/v1/producer_service.grpc.pb.h"

namespace windrow::producer {

// The contract's ProducerService: checks requests and passes them on to a ReplayControl, which must
// outlive it. Thread-safe.
class ProducerService final : public v1::ProducerService::Service {
 public:
  // `default_topic` stands for an empty one.
  ProducerService(ReplayControl* control, std::string default_topic)
      : control_(*control), default_topic_(std::move(default_topic)) {}

  grpc::Status StartReplay(grpc::ServerContext* context, const v1::StartReplayRequest* request,
                           v1::StartReplayResponse* response) override;
  grpc::Status PauseReplay(grpc::ServerContext* context, const v1::PauseReplayRequest* request,
                           v1::PauseReplayResponse* response) override;
  grpc::Status ResumeReplay(grpc::ServerContext* context, const v1::ResumeReplayRequest* request,
                            v1::ResumeReplayResponse* response) override;
  grpc::Status StopReplay(grpc::ServerContext* context, const v1::StopReplayRequest* request,
                          v1::StopReplayResponse* response) override;
  grpc::Status UpdatePace(grpc::ServerContext* context, const v1::UpdatePaceRequest* request,
                          v1::UpdatePaceResponse* response) override;
  grpc::Status GetReplay(grpc::ServerContext* context, const v1::GetReplayRequest* request,
                         v1::GetReplayResponse* response) override;

 private:
  // Answers a call by which somebody steers, and logs who, what, and what came of it.
  template <typename Request>
  grpc::Status Audited(const grpc::ServerContext* context, const Request& request,
                       absl::FunctionRef<grpc::Status()> call);

  // Carries out what the request asks for, unless it has been under its id; an empty id is none.
  template <typename Request>
  absl::StatusOr<ReplayStatus> Once(const Request& request,
                                    absl::FunctionRef<absl::StatusOr<ReplayStatus>()> command);

  grpc::Status DoStartReplay(const v1::StartReplayRequest& request, std::string trace_parent,
                             v1::StartReplayResponse* response);

  template <typename Response>
  grpc::Status Answer(const absl::StatusOr<ReplayStatus>& status, Response* response);

  ReplayControl& control_;
  const std::string default_topic_;
  // Held while a command with an id is carried out.
  absl::Mutex mutex_;
  // Ids of what was carried out, with a hash of the request, and the order in which they are
  // forgotten.
  absl::flat_hash_map<std::string, size_t> done_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> done_in_order_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_SOURCE_PRODUCER_SERVICE_H_
