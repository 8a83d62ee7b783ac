#include "services/platform/rpc/rpc_server.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/impl/server_initializer.h>
#include <grpcpp/resource_quota.h>
#include <netdb.h>
#include <netinet/in.h>
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
#include "services/platform/rpc/call_interceptor.h"
#include "services/platform/rpc/reflection_service.h"
#include "services/platform/rpc/reflection_v1alpha_service.h"
#include "services/platform/rpc/server_credentials.h"
#include "services/platform/runtime/log.h"

namespace windrow::rpc {
namespace {

constexpr int kMaxResponseBytes = 4 << 20;
// Threads that wait for calls while all others handle some.
constexpr int kPollerThreads = 2;
// A little less than the 10 s that callers may ping at, since pings come closer together at times.
constexpr int kMinPingIntervalMs = 8000;
constexpr char kLiveness[] = "liveness";
constexpr char kReadiness[] = "readiness";
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

bool IsLoopback(const addrinfo& info) {
  if (info.ai_family == AF_INET) {
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(info.ai_addr);
    return (ntohl(v4->sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  if (info.ai_family != AF_INET6) return false;
  const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(info.ai_addr);
  return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

bool IsSocketFile(const std::string& address) { return absl::StartsWith(address, "unix:"); }

// Whether `address` can be listened on: gRPC itself does not say why it cannot. Sets whether only
// this machine reaches it.
absl::Status CheckAddress(const std::string& address, bool* is_loopback) {
  *is_loopback = true;
  if (IsSocketFile(address)) return absl::OkStatus();
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
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    *is_loopback = *is_loopback && IsLoopback(*info);
  }
  int error = 0;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    error = TryBind(*info);
    // As with gRPC, one of the addresses of a name is enough, unless somebody else has one.
    if (error == 0 || error == EADDRINUSE) break;
  }
  return error == 0 ? absl::OkStatus() : BindError(address, error);
}

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

void SetBounds(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(options.max_request_bytes);
  builder.SetMaxSendMessageSize(kMaxResponseBytes);
  grpc::ResourceQuota quota("windrow");
  const int most_threads = options.max_concurrent_calls + kPollerThreads;
  quota.SetMaxThreads(most_threads);
  quota.Resize(options.memory_bytes);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  // A thread that has handled a call waits for the next one: gRPC would rather end it, and begin
  // another one for nearly every call.
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, most_threads);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
}

void SetConnections(const ServerOptions& options, grpc::ServerBuilder& builder) {
  // A taken port is an error, not a port shared between two servers.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             Milliseconds(options.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMs);
  if (options.max_connection_age == absl::ZeroDuration()) return;
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                             Milliseconds(options.max_connection_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Milliseconds(options.max_connection_age_grace));
}

void SetInterceptor(const ServerOptions& options, CallObserver* observer,
                    grpc::ServerBuilder& builder) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<CallInterceptorFactory>(options.error_domain, observer));
  builder.experimental().SetInterceptorCreators(std::move(factories));
}

}  // namespace

RpcServer::RpcServer()
    : reflection_(std::make_unique<ReflectionService>()),
      reflection_v1alpha_(std::make_unique<ReflectionV1AlphaService>(reflection_.get())) {}

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    const std::string& address, const std::vector<grpc::Service*>& services,
    const ServerOptions& options, CallObserver* observer) {
  InitGrpc();
  if (options.channelz) grpc::channelz::experimental::InitChannelzService();
  bool is_loopback = false;
  const absl::Status usable = CheckAddress(address, &is_loopback);
  if (!usable.ok()) return usable;
  const auto credentials = MakeServerCredentials(options, is_loopback, IsSocketFile(address));
  if (!credentials.ok()) return credentials.status();

  std::unique_ptr<RpcServer> result(new RpcServer);
  grpc::ServerBuilder builder;
  SetBounds(options, builder);
  SetConnections(options, builder);
  SetInterceptor(options, observer, builder);
  builder.AddListeningPort(address, *credentials, &result->port_);
  for (grpc::Service* service : services) builder.RegisterService(service);
  builder.RegisterService(result->reflection_.get());
  builder.RegisterService(result->reflection_v1alpha_.get());
  builder.SetOption(std::make_unique<NamesOption>(*result->reflection_));
  result->server_ = builder.BuildAndStart();
  if (result->server_ == nullptr) {
    // Somebody was quicker, or it is something that only gRPC knows; then its log says what.
    const absl::Status reason = CheckAddress(address, &is_loopback);
    return reason.ok() ? absl::UnavailableError(absl::StrCat("cannot listen on ", address))
                       : reason;
  }
  for (const std::string& name : result->reflection_->service_names()) {
    if (!absl::StartsWith(name, "grpc.")) result->service_names_.push_back(name);
  }
  result->server_->GetHealthCheckService()->SetServingStatus(kLiveness, true);
  result->SetServing(false);
  return result;
}

RpcServer::~RpcServer() {
  if (server_ != nullptr) Drain(absl::ZeroDuration());
}

void RpcServer::SetServing(bool serving) {
  absl::MutexLock lock(&mutex_);
  if (!draining_) SetHealth(serving);
}

void RpcServer::SetHealth(bool serving) {
  grpc::HealthCheckServiceInterface* const health = server_->GetHealthCheckService();
  health->SetServingStatus("", serving);
  health->SetServingStatus(kReadiness, serving);
  for (const std::string& name : service_names_) health->SetServingStatus(name, serving);
}

void RpcServer::BeginDrain() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
  SetHealth(false);
}

void RpcServer::Drain(absl::Duration grace) {
  BeginDrain();
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
}

}  // namespace windrow::rpc
