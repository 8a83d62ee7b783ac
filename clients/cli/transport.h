#ifndef CLIENTS_CLI_TRANSPORT_H_
#define CLIENTS_CLI_TRANSPORT_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"

namespace windrow::cli {

// How the services are spoken to: files in PEM, and one that holds a token. All empty: plaintext,
// and nobody in particular.
struct Transport {
  // Of those who may sign a service's certificate; turns TLS on.
  std::string tls_ca;
  // The client's own certificate and key.
  std::string tls_cert;
  std::string tls_key;
  // Holds a bearer token; read for each channel.
  std::string token_file;
};

// INVALID_ARGUMENT when a file cannot be read, or one needs another.
absl::Status CheckTransport(const Transport& transport);

// A channel to `address`; `transport` has been checked.
std::shared_ptr<grpc::Channel> CreateChannel(const std::string& address, const Transport& transport,
                                             const grpc::ChannelArguments& arguments);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_TRANSPORT_H_
