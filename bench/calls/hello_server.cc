// gRPC's hello-world server, with gRPC's own settings: what the query service is measured against.

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "hello.grpc.pb.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:50051", "where to serve, HOST:PORT");
ABSL_FLAG(std::string, api, "sync", "sync or callback: gRPC's kinds of handlers");

namespace windrow::bench {
namespace {

void Greet(const HelloRequest& request, HelloReply* reply) {
  reply->set_message(absl::StrCat("Hello ", request.name()));
}

class SyncGreeter final : public Greeter::Service {
  grpc::Status SayHello(grpc::ServerContext* /*context*/, const HelloRequest* request,
                        HelloReply* reply) override {
    Greet(*request, reply);
    return grpc::Status::OK;
  }
};

class CallbackGreeter final : public Greeter::CallbackService {
  grpc::ServerUnaryReactor* SayHello(grpc::CallbackServerContext* context,
                                     const HelloRequest* request, HelloReply* reply) override {
    Greet(*request, reply);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int Serve() {
  SyncGreeter sync;
  CallbackGreeter callback;
  const bool is_sync = absl::GetFlag(FLAGS_api) == "sync";
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::GetFlag(FLAGS_listen), grpc::InsecureServerCredentials());
  builder.RegisterService(is_sync ? static_cast<grpc::Service*>(&sync) : &callback);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    absl::FPrintF(stderr, "hello_server: cannot listen on %s\n", absl::GetFlag(FLAGS_listen));
    return 1;
  }
  server->Wait();  // For the signal that ends it.
  return 0;
}

}  // namespace
}  // namespace windrow::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Serves gRPC's hello world.");
  absl::ParseCommandLine(argc, argv);
  return windrow::bench::Serve();
}
