#include "services/platform/rpc/rpc_server.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/impl/server_initializer.h>
#include <grpcpp/resource_quota.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/base/call_once.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "google/rpc/error_details.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "services/platform/rpc/reflection_service.h"
#include "services/platform/runtime/log.h"

namespace windrow::rpc {
namespace {

constexpr int kMaxMessageBytes = 4 << 20;
// Of synchronous calls; streams are served by callbacks, without a thread each.
constexpr int kMaxThreads = 64;
constexpr int kKeepaliveTimeMs = 30000;
constexpr int kKeepaliveTimeoutMs = 10000;
constexpr int kMinPingIntervalMs = 10000;
constexpr absl::string_view kHealthService = "grpc.health.v1.Health";

void OnGrpcLog(gpr_log_func_args* args) {
  runtime::Log(args->severity == GPR_LOG_SEVERITY_ERROR ? runtime::LogLevel::kWarning
                                                        : runtime::LogLevel::kDebug,
               "grpc", {{"message", args->message}, {"file", args->file}, {"line", args->line}});
}

// What gRPC keeps once per process.
void InitGrpc() {
  static absl::once_flag once;
  absl::call_once(once, [] {
    // Never given back: after a large write, gRPC's last shutdown can take its 10 s poller's whole
    // time, which is all the time that a service has to stop.
    grpc_init();
    gpr_set_log_function(OnGrpcLog);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    // Linked in so that reflection can describe them: the health service, which gRPC serves without
    // descriptors, and the details of errors.
    grpc::health::v1::HealthCheckRequest::descriptor();
    google::rpc::ErrorInfo::descriptor();
  });
}

// Tells reflection what is registered: grpc::Service does not tell its name.
class NamesPlugin final : public grpc::ServerBuilderPlugin {
 public:
  explicit NamesPlugin(ReflectionService& reflection) : reflection_(reflection) {}
  std::string name() override { return "windrow_names"; }
  // After the registration of services and before the first request.
  void InitServer(grpc::ServerInitializer* initializer) override {
    std::vector<std::string> names = *initializer->GetServiceList();
    names.emplace_back(kHealthService.data(), kHealthService.size());  // Registered later.
    reflection_.SetServiceNames(std::move(names));
  }
  void Finish(grpc::ServerInitializer*) override {}
  void ChangeArguments(const std::string&, void*) override {}

 private:
  ReflectionService& reflection_;
};

class NamesOption final : public grpc::ServerBuilderOption {
 public:
  using Plugins = std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>;
  explicit NamesOption(ReflectionService& reflection) : reflection_(reflection) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(Plugins* plugins) override {
    plugins->push_back(std::make_unique<NamesPlugin>(reflection_));
  }

 private:
  ReflectionService& reflection_;
};

absl::Status BindError(const std::string& address, int error) {
  if (error == EADDRINUSE) {
    return absl::AlreadyExistsError(
        absl::StrCat("cannot listen on ", address,
                     ": the port is taken; stop the other program, or choose another address"));
  }
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", strerror(error)));
}

// Tries to bind one resolved address; returns errno, or 0.
int TryBind(const addrinfo& info) {
  const int fd = socket(info.ai_family, info.ai_socktype | SOCK_CLOEXEC, info.ai_protocol);
  if (fd < 0) return errno;
  const absl::Cleanup close_fd = [fd] { close(fd); };
  // As gRPC does: a port of a server that has just ended is free.
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  return bind(fd, info.ai_addr, info.ai_addrlen) == 0 ? 0 : errno;
}

// Whether `address` can be listened on: gRPC itself does not say why it cannot.
absl::Status CheckAddress(const std::string& address) {
  if (absl::StartsWith(address, "unix:")) return absl::OkStatus();
  const size_t colon = address.rfind(':');
  int port = -1;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", address, "' is not an address: HOST:PORT is needed, with a port of 0 to 65535"));
  }
  absl::string_view host = absl::string_view(address).substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");

  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure =
      getaddrinfo(std::string(host).c_str(), absl::StrCat(port).c_str(), &hints, &found);
  if (failure != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on ", address, ": ", gai_strerror(failure)));
  }
  const absl::Cleanup free_found = [found] { freeaddrinfo(found); };
  int error = 0;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    error = TryBind(*info);
    // As with gRPC, one of the addresses of a name is enough, unless somebody else has one.
    if (error == 0 || error == EADDRINUSE) break;
  }
  return error == 0 ? absl::OkStatus() : BindError(address, error);
}

void Configure(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  builder.SetResourceQuota(grpc::ResourceQuota("windrow").SetMaxThreads(kMaxThreads));
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  // A taken port is an error, not a port shared between two servers.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMs);
}

}  // namespace

RpcServer::RpcServer() : reflection_(std::make_unique<ReflectionService>()) {}

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    const std::string& address, const std::vector<grpc::Service*>& services) {
  InitGrpc();
  const absl::Status usable = CheckAddress(address);
  if (!usable.ok()) return usable;

  std::unique_ptr<RpcServer> result(new RpcServer);
  grpc::ServerBuilder builder;
  Configure(builder);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &result->port_);
  for (grpc::Service* service : services) builder.RegisterService(service);
  builder.RegisterService(result->reflection_.get());
  builder.SetOption(std::make_unique<NamesOption>(*result->reflection_));
  result->server_ = builder.BuildAndStart();
  if (result->server_ == nullptr) {
    // Somebody was quicker, or it is something that only gRPC knows; then its log says what.
    const absl::Status reason = CheckAddress(address);
    return reason.ok() ? absl::UnavailableError(absl::StrCat("cannot listen on ", address))
                       : reason;
  }
  for (const std::string& name : result->reflection_->service_names()) {
    if (!absl::StartsWith(name, "grpc.")) result->service_names_.push_back(name);
  }
  result->SetServing(false);
  return result;
}

RpcServer::~RpcServer() {
  if (server_ != nullptr) Drain(absl::ZeroDuration());
}

void RpcServer::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* const health = server_->GetHealthCheckService();
  health->SetServingStatus("", serving);
  for (const std::string& name : service_names_) health->SetServingStatus(name, serving);
}

void RpcServer::Drain(absl::Duration grace) {
  // For good: a late SetServing changes nothing any more.
  server_->GetHealthCheckService()->Shutdown();
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
}

}  // namespace windrow::rpc
