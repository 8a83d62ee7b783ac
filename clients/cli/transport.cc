#include "clients/cli/transport.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/support/client_interceptor.h>

#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace windrow::cli {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  }
  return text.str();
}

// Shows the token with each call. Call credentials would do so with TLS alone.
class TokenInterceptor final : public grpc::experimental::Interceptor {
 public:
  explicit TokenInterceptor(const std::string& token) : token_(token) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace("authorization", absl::StrCat("Bearer ", token_));
    }
    methods->Proceed();
  }

 private:
  // Of the factory, which lives as long as the channel.
  const std::string& token_;
};

class TokenInterceptorFactory final : public ClientInterceptorFactoryInterface {
 public:
  explicit TokenInterceptorFactory(std::string token) : token_(std::move(token)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new TokenInterceptor(token_);  // gRPC's now.
  }

 private:
  const std::string token_;
};

}  // namespace

absl::Status CheckTransport(const Transport& transport) {
  for (const std::string& path :
       {transport.tls_ca, transport.tls_cert, transport.tls_key, transport.token_file}) {
    const absl::Status read = ReadFile(path).status();
    if (!read.ok()) return read;
  }
  if (transport.tls_cert.empty() != transport.tls_key.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key need each other");
  }
  if (!transport.tls_cert.empty() && transport.tls_ca.empty()) {
    return absl::InvalidArgumentError("--tls-cert needs --tls-ca");
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::Channel> CreateChannel(const std::string& address, const Transport& transport,
                                             const grpc::ChannelArguments& arguments) {
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!transport.tls_ca.empty()) {
    credentials = grpc::SslCredentials({ReadFile(transport.tls_ca).value_or(""),
                                        ReadFile(transport.tls_key).value_or(""),
                                        ReadFile(transport.tls_cert).value_or("")});
  }
  std::vector<std::unique_ptr<ClientInterceptorFactoryInterface>> interceptors;
  const std::string text = ReadFile(transport.token_file).value_or("");
  const std::string token(absl::StripAsciiWhitespace(text));
  if (!token.empty()) interceptors.push_back(std::make_unique<TokenInterceptorFactory>(token));
  return grpc::experimental::CreateCustomChannelWithInterceptors(address, credentials, arguments,
                                                                 std::move(interceptors));
}

}  // namespace windrow::cli
