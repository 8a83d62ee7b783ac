#include "services/platform/rpc/server_credentials.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace windrow::rpc {
namespace {

// How soon a certificate that was exchanged on disk is shown.
constexpr unsigned int kReloadSeconds = 1;

// gRPC itself only logs what is wrong with a file, and then refuses every handshake.
absl::Status CheckPem(const std::string& flag, const std::string& path, const char* what) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::InvalidArgumentError(absl::StrCat("--", flag, ": cannot read ", path));
  }
  if (!absl::StrContains(text.str(), "-----BEGIN ") || !absl::StrContains(text.str(), what)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag, ": ", path, " holds no ", what, " in PEM"));
  }
  return absl::OkStatus();
}

absl::Status CheckFiles(const TlsFiles& tls) {
  if (tls.cert.empty() || tls.key.empty()) {
    return absl::InvalidArgumentError("--tls_cert and --tls_key need each other");
  }
  absl::Status status = CheckPem("tls_cert", tls.cert, "CERTIFICATE");
  if (status.ok()) status = CheckPem("tls_key", tls.key, "PRIVATE KEY");
  if (status.ok() && !tls.client_ca.empty()) {
    status = CheckPem("tls_client_ca", tls.client_ca, "CERTIFICATE");
  }
  return status;
}

std::shared_ptr<grpc::ServerCredentials> TlsCredentials(const TlsFiles& tls, bool has_gate) {
  namespace experimental = grpc::experimental;
  experimental::TlsServerCredentialsOptions options(
      std::make_shared<experimental::FileWatcherCertificateProvider>(
          tls.key, tls.cert, tls.client_ca, kReloadSeconds));
  options.watch_identity_key_cert_pairs();
  if (tls.client_ca.empty()) {
    options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  } else {
    options.watch_root_certs();
    // Where there is a gate, a token will do as well; it refuses who has neither.
    options.set_cert_request_type(has_gate
                                      ? GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY
                                      : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return experimental::TlsServerCredentials(options);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const ServerOptions& options, bool is_loopback, bool is_socket_file) {
  const TlsFiles& tls = options.tls;
  std::shared_ptr<grpc::ServerCredentials> credentials;
  if (!tls.cert.empty() || !tls.key.empty() || !tls.client_ca.empty()) {
    const absl::Status usable = CheckFiles(tls);
    if (!usable.ok()) return usable;
    credentials = TlsCredentials(tls, options.gate != nullptr);
  } else if (options.gate != nullptr) {
    if (!is_loopback) {
      return absl::InvalidArgumentError(
          "--auth_principals without TLS would let tokens cross the network in the clear: give "
          "--tls_cert and --tls_key, or listen on a loopback address");
    }
    // Plaintext, whose calls can be asked for tokens; refuses what does not come from this machine.
    credentials = grpc::experimental::LocalServerCredentials(is_socket_file ? UDS : LOCAL_TCP);
  } else {
    if (!is_loopback && !options.insecure_plaintext) {
      return absl::InvalidArgumentError(
          "--listen is reached from other machines, and would be served without encryption: give "
          "--tls_cert and --tls_key, or listen on a loopback address such as 127.0.0.1, or give "
          "--insecure_plaintext where the network is trusted");
    }
    credentials = grpc::InsecureServerCredentials();
  }
  if (options.gate != nullptr) credentials->SetAuthMetadataProcessor(options.gate);
  return credentials;
}

}  // namespace windrow::rpc
