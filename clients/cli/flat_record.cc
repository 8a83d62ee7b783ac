#include "clients/cli/flat_record.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "clients/cli/json_text.h"
#include "clients/cli/proto_json.h"
#include "simdjson.h"

namespace windrow::cli {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;
using Element = simdjson::dom::element;

bool IsTime(const Descriptor* type) {
  return type->full_name() == "google.protobuf.Timestamp" ||
         type->full_name() == "google.protobuf.Duration";
}

std::string Unquoted(std::string json) {
  return json.size() >= 2 && json.front() == '"' ? json.substr(1, json.size() - 2) : json;
}

// The JSON of one field; empty when it is not there.
std::string FieldJson(const Message& message, const FieldDescriptor* field) {
  std::unique_ptr<Message> only(message.New());
  only->CopyFrom(message);
  std::vector<const FieldDescriptor*> set;
  only->GetReflection()->ListFields(*only, &set);
  for (const FieldDescriptor* const other : set) {
    if (other != field) only->GetReflection()->ClearField(only.get(), other);
  }
  const std::string json = ProtoJson(*only);
  const std::string begin = absl::StrCat("{\"", field->name(), "\":");
  return json.size() > begin.size() ? json.substr(begin.size(), json.size() - begin.size() - 1)
                                    : "";
}

std::string Scalar(const Message& message, const FieldDescriptor* field) {
  const Reflection& fields = *message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(fields.GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(fields.GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(fields.GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(fields.GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ShortestNumber(fields.GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return ShortestNumber(static_cast<double>(fields.GetFloat(message, field)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return fields.GetBool(message, field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return fields.GetEnum(message, field)->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return fields.GetString(message, field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return FieldJson(message, field);
}

// `outer`: the types that the message is in, so that one that holds itself has an end.
void Append(const Message& message, const std::string& prefix, std::vector<const Descriptor*> outer,
            FlatRecord* record) {
  const Descriptor* const type = message.GetDescriptor();
  const Reflection& fields = *message.GetReflection();
  outer.push_back(type);
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* const field = type->field(i);
    const std::string name = absl::StrCat(prefix, field->name());
    if (field->is_repeated()) {
      record->emplace_back(name, FieldJson(message, field));
    } else if (field->message_type() != nullptr) {
      const Descriptor* const inner = field->message_type();
      const bool present = fields.HasField(message, field);
      if (IsTime(inner)) {
        record->emplace_back(name, present ? Unquoted(FieldJson(message, field)) : "");
      } else if (std::find(outer.begin(), outer.end(), inner) != outer.end()) {
        record->emplace_back(name, present ? FieldJson(message, field) : "");
      } else {
        Append(fields.GetMessage(message, field), name + ".", outer, record);
      }
    } else {
      const bool absent = field->has_presence() && !fields.HasField(message, field);
      record->emplace_back(name, absent ? "" : Scalar(message, field));
    }
  }
}

std::string JsonValue(const Element& value) {
  if (value.is_null()) return "";
  if (value.is_string()) {
    const auto text = value.get_string().value_unsafe();
    return std::string(text.data(), text.size());
  }
  if (value.is<double>()) return ShortestNumber(value.get_double().value_unsafe());
  return simdjson::minify(value);
}

void AppendJson(const simdjson::dom::object& object, const std::string& prefix,
                FlatRecord* record) {
  for (const auto& member : object) {
    const std::string name = absl::StrCat(prefix, std::string(member.key));
    if (member.value.is_object()) {
      AppendJson(member.value.get_object().value_unsafe(), name + ".", record);
    } else {
      record->emplace_back(name, JsonValue(member.value));
    }
  }
}

}  // namespace

FlatRecord Flatten(const Message& message) {
  FlatRecord record;
  Append(message, "", {}, &record);
  return record;
}

FlatRecord FlattenJson(absl::string_view json) {
  FlatRecord record;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json.data(), json.size()).get(object) == simdjson::SUCCESS) {
    AppendJson(object, "", &record);
  }
  return record;
}

}  // namespace windrow::cli
