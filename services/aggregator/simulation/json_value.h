#ifndef SERVICES_AGGREGATOR_SIMULATION_JSON_VALUE_H_
#define SERVICES_AGGREGATOR_SIMULATION_JSON_VALUE_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace windrow::aggregator {

// A JSON text as the recount reads it: written anew, in the plainest way, so that it shares nothing
// with the parser of the product.
struct JsonValue {
  enum class Type { kNull, kTruth, kNumber, kText, kArray, kObject };

  Type type = Type::kNull;
  // A number or truth value as it is written, a text unescaped.
  std::string text;
  // Of an object; of a key that stands twice, the last.
  std::map<std::string, JsonValue> members;
};

// nullopt when it is not JSON.
absl::optional<JsonValue> ParseJson(absl::string_view text);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SIMULATION_JSON_VALUE_H_
