#ifndef CLIENTS_CLI_FLAT_RECORD_H_
#define CLIENTS_CLI_FLAT_RECORD_H_

#include <google/protobuf/message.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace windrow::cli {

// A record as names and values for one line of a table. What lies deeper has its path for a name
// ("served.number"); lists and maps are their JSON; null and what is absent is empty.
using FlatRecord = std::vector<std::pair<std::string, std::string>>;

// Every field of the message, set or not, in the order of the .proto file: all messages of one kind
// have the same names. Numbers are plain digits, times RFC 3339, lengths of time seconds ("1.5s").
FlatRecord Flatten(const google::protobuf::Message& message);

// The members of a JSON object; empty for what is none.
FlatRecord FlattenJson(absl::string_view json);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_FLAT_RECORD_H_
