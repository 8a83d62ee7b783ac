#include "services/aggregator/request_fingerprint.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <memory>
#include <string>

#include "services/aggregator/core/group_key.h"

namespace windrow::aggregator {

uint64_t RequestFingerprint(const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> content(request.New());
  content->CopyFrom(request);
  for (const char* name : {"request_id", "etag", "validate_only"}) {
    const auto* const field = content->GetDescriptor()->FindFieldByName(name);
    if (field != nullptr) content->GetReflection()->ClearField(content.get(), field);
  }
  std::string text = request.GetTypeName();
  text.push_back('\0');
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream bytes(&stream);
    bytes.SetSerializationDeterministic(true);  // Maps have no order.
    content->SerializeToCodedStream(&bytes);
  }
  return std::max<uint64_t>(1, TextHash(text));
}

}  // namespace windrow::aggregator
