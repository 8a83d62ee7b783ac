#ifndef CLIENTS_CLI_COMMANDS_REPLAY_CALL_H_
#define CLIENTS_CLI_COMMANDS_REPLAY_CALL_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "clients/cli/command_line.h"
#include "clients/cli/commands/replay_text.h"
#include "clients/cli/output.h"
#include "windrow/producer/v1/producer_service.grpc.pb.h"

namespace windrow::cli {

// Adds --etag of a command that changes the replay.
inline void AddReplayEtag(Command& command, std::string* etag) {
  command.Option("--etag", etag,
                 "Only if the replay's state and pace have not changed since it had this etag");
}

// The body of a command that calls one method of the producer, which changes the replay as it was
// seen, and prints what the replay is then.
template <typename Request, typename Response>
CommandBody DefineReplayCall(Command& command,
                             grpc::Status (producer::v1::ProducerService::Stub::*method)(
                                 grpc::ClientContext*, const Request&, Response*),
                             absl::string_view examples) {
  const auto etag = std::make_shared<std::string>();
  const auto format = std::make_shared<std::string>("table");
  AddReplayEtag(command, etag.get());
  command.Output(format.get());
  command.Examples(examples);
  return [etag, format, method](Session& session) {
    const auto stub = producer::v1::ProducerService::NewStub(session.Channel(Service::kProducer));
    Request request;
    request.set_etag(*etag);
    Response response;
    absl::Status status = session.Call(Service::kProducer, *stub, method, request, &response);
    if (status.ok()) PrintReplay(response.replay(), *format);
    return status;
  };
}

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMANDS_REPLAY_CALL_H_
