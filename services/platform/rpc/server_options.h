#ifndef SERVICES_PLATFORM_RPC_SERVER_OPTIONS_H_
#define SERVICES_PLATFORM_RPC_SERVER_OPTIONS_H_

#include <grpcpp/security/auth_metadata_processor.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"

namespace windrow::rpc {

// What a server shows to its callers, and by what it knows them: files in PEM, read again when they
// change. The key and the certificate are exchanged together.
struct TlsFiles {
  std::string cert;
  std::string key;
  // Of those who may sign clients' certificates; empty: clients need none.
  std::string client_ca;
};

// How a gRPC server treats its callers: what the flags of every service set, see server_flags.h. A
// plain value.
struct ServerOptions {
  // Domain of the ErrorInfo of errors that no handler made, such as "query.windrow".
  std::string error_domain = "windrow";

  // Largest request, in bytes; a larger one is RESOURCE_EXHAUSTED.
  int max_request_bytes = 4 << 20;
  // Calls at a time on one connection; gRPC clients keep further ones back.
  int max_concurrent_streams = 1024;
  // Calls with blocking handlers at a time, streams among them; further ones are refused at once:
  // RESOURCE_EXHAUSTED with RetryInfo. Callback handlers are not counted.
  int max_concurrent_calls = 64;
  // Memory for what is received and not yet read, and what is written and not yet sent; beyond it
  // connections are closed.
  int64_t memory_bytes = 256 << 20;

  // A connection on which nothing has come for so long is asked whether it lives.
  absl::Duration keepalive_time = absl::Seconds(30);
  // And is closed when it does not answer.
  absl::Duration keepalive_timeout = absl::Seconds(10);
  // Connections older than that, by 10 % more or less, are told to go, so that callers spread over
  // replicas that have come since; zero: never.
  absl::Duration max_connection_age = absl::Minutes(30);
  // Then calls that still run are cut; who watches comes back with a token.
  absl::Duration max_connection_age_grace = absl::Seconds(30);

  // Of the port; none for plaintext.
  TlsFiles tls;
  // Whether to serve plaintext where other machines reach it.
  bool insecure_plaintext = false;
  // Asked before every handler whether the call may be made; null: every call may. Shared with
  // whoever wants to know who calls.
  std::shared_ptr<grpc::AuthMetadataProcessor> gate;

  // Serves grpc.channelz.v1, for looking into connections.
  bool channelz = false;
};

}  // namespace windrow::rpc

#endif  // SERVICES_PLATFORM_RPC_SERVER_OPTIONS_H_
