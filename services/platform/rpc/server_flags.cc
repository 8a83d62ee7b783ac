#include "services/platform/rpc/server_flags.h"

#include <cstdint>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/platform/auth/access_control.h"
#include "services/platform/auth/access_policy.h"
#include "services/platform/runtime/flags.h"

ABSL_FLAG(int, max_request_kb, 4096, "largest gRPC request, in KiB; up to 65536");
ABSL_FLAG(int, max_concurrent_streams, 1024, "gRPC calls at a time on one connection");
ABSL_FLAG(int, max_concurrent_calls, 64,
          "gRPC calls at a time in all, Subscribe, health and reflection aside; further ones are "
          "refused with RESOURCE_EXHAUSTED");
ABSL_FLAG(int, rpc_memory_mb, 256, "memory for gRPC messages under way; at least 16");
ABSL_FLAG(absl::Duration, keepalive_time, absl::Seconds(30),
          "a connection on which nothing has come for so long is asked whether it lives; at least "
          "1s");
ABSL_FLAG(absl::Duration, keepalive_timeout, absl::Seconds(10),
          "a connection that has not answered for so long is closed; at least 1s");
ABSL_FLAG(absl::Duration, max_connection_age, absl::Minutes(30),
          "connections older than that, by 10 % more or less, are told to go, so that callers "
          "spread over new replicas; 0 is never");
ABSL_FLAG(absl::Duration, max_connection_age_grace, absl::Seconds(30),
          "calls on such a connection are cut after that; subscriptions resume on another one");
ABSL_FLAG(
    std::string, tls_cert, "",
    "certificate chain (PEM) for the gRPC port; read again when it changes; empty is plaintext");
ABSL_FLAG(std::string, tls_key, "", "its private key (PEM); read again when it changes");
ABSL_FLAG(std::string, tls_client_ca, "",
          "who signs clients' certificates (PEM): clients must show one, or a token with "
          "--auth_principals; empty asks for none");
ABSL_FLAG(bool, insecure_plaintext, false,
          "serve plaintext although other machines reach --listen: for a trusted network alone");
ABSL_FLAG(std::string, auth_principals, "",
          "file that says who may call, by token or certificate; read again when it changes; empty "
          "lets everybody call everything; see docs/security.md");
ABSL_FLAG(std::string, auth_policy, "",
          "file that says which role a method needs; empty is the shipped policy");
ABSL_FLAG(bool, channelz, false, "serve grpc.channelz.v1, for looking into connections");

namespace windrow::rpc {
namespace {

constexpr int kMaxRequestKilobytes = 65536;
constexpr int64_t kMegabyte = 1 << 20;
// gRPC counts in milliseconds, in 32 bits.
constexpr absl::Duration kLongest = absl::Milliseconds(std::numeric_limits<int32_t>::max());

template <typename T>
T InRange(absl::string_view name, T value, T least, T most, absl::string_view words) {
  if (value >= least && value <= most) return value;
  runtime::ExitWithUsageError(absl::StrCat("--", name, " must be ", words));
}

absl::Duration TimeInRange(absl::string_view name, absl::Duration value, absl::Duration least) {
  return InRange(name, value, least, kLongest,
                 absl::StrCat("from ", absl::FormatDuration(least), " to 24 days"));
}

auth::AccessPolicy PolicyFromFlags() {
  const std::string path = absl::GetFlag(FLAGS_auth_policy);
  if (path.empty()) return auth::AccessPolicy::Default();
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    runtime::ExitWithUsageError(absl::StrCat("--auth_policy: cannot read ", path));
  }
  const auto policy = auth::AccessPolicy::Parse(text.str());
  if (!policy.ok()) {
    runtime::ExitWithUsageError(
        absl::StrCat("--auth_policy: ", path, ", ", policy.status().message()));
  }
  return *policy;
}

std::shared_ptr<grpc::AuthMetadataProcessor> GateFromFlags() {
  const std::string principals = absl::GetFlag(FLAGS_auth_principals);
  if (principals.empty()) {
    if (absl::GetFlag(FLAGS_auth_policy).empty()) return nullptr;
    runtime::ExitWithUsageError("--auth_policy needs --auth_principals");
  }
  const auto gate = auth::AccessControl::Create(principals, PolicyFromFlags());
  if (!gate.ok()) {
    runtime::ExitWithUsageError(absl::StrCat("--auth_principals: ", gate.status().message()));
  }
  return *gate;
}

}  // namespace

ServerOptions ServerOptionsFromFlags(absl::string_view error_domain) {
  ServerOptions options;
  options.error_domain = std::string(error_domain);
  options.max_request_bytes = 1024 * InRange("max_request_kb", absl::GetFlag(FLAGS_max_request_kb),
                                             1, kMaxRequestKilobytes, "from 1 to 65536");
  options.max_concurrent_streams =
      InRange("max_concurrent_streams", absl::GetFlag(FLAGS_max_concurrent_streams), 1, 1'000'000,
              "from 1 to 1000000");
  options.max_concurrent_calls = InRange(
      "max_concurrent_calls", absl::GetFlag(FLAGS_max_concurrent_calls), 1, 4096, "from 1 to 4096");
  options.memory_bytes = kMegabyte * InRange("rpc_memory_mb", absl::GetFlag(FLAGS_rpc_memory_mb),
                                             16, 1 << 20, "from 16 to 1048576");
  options.keepalive_time =
      TimeInRange("keepalive_time", absl::GetFlag(FLAGS_keepalive_time), absl::Seconds(1));
  options.keepalive_timeout =
      TimeInRange("keepalive_timeout", absl::GetFlag(FLAGS_keepalive_timeout), absl::Seconds(1));
  options.max_connection_age = TimeInRange(
      "max_connection_age", absl::GetFlag(FLAGS_max_connection_age), absl::ZeroDuration());
  options.max_connection_age_grace =
      TimeInRange("max_connection_age_grace", absl::GetFlag(FLAGS_max_connection_age_grace),
                  absl::ZeroDuration());
  options.tls = {absl::GetFlag(FLAGS_tls_cert), absl::GetFlag(FLAGS_tls_key),
                 absl::GetFlag(FLAGS_tls_client_ca)};
  options.insecure_plaintext = absl::GetFlag(FLAGS_insecure_plaintext);
  options.gate = GateFromFlags();
  options.channelz = absl::GetFlag(FLAGS_channelz);
  return options;
}

}  // namespace windrow::rpc
