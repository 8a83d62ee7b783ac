#ifndef CLIENTS_CLI_PROTO_JSON_H_
#define CLIENTS_CLI_PROTO_JSON_H_

#include <google/protobuf/message.h>

#include <string>

namespace windrow::cli {

// A message in Protobuf's JSON, in one line, under the names that the .proto files use. 64-bit
// integers are strings there, and fields that are 0 or empty are left out.
std::string ProtoJson(const google::protobuf::Message& message);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_PROTO_JSON_H_
