#include "clients/cli/proto_json.h"

#include <google/protobuf/util/json_util.h>

namespace windrow::cli {

std::string ProtoJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails only for an Any of an unknown type; there is none in our messages.
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "{}";
  return json;
}

}  // namespace windrow::cli
