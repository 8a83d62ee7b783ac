#ifndef SERVICES_PRODUCER_SOURCE_PRODUCER_SERVICE_H_
#define SERVICES_PRODUCER_SOURCE_PRODUCER_SERVICE_H_

#include <string>
#include <utility>

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
  ReplayControl& control_;
  const std::string default_topic_;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_SOURCE_PRODUCER_SERVICE_H_
