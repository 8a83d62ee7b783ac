#include "services/query/sink/row_columns.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>

#include "windrow/results/v1/result.pb.h"

namespace windrow::query {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using results::v1::Field;
using results::v1::Row;

constexpr uint32_t Tag(int field, WireFormatLite::WireType type) {
  return (static_cast<uint32_t>(field) << WireFormatLite::kTagTypeBits) |
         static_cast<uint32_t>(type);
}

constexpr uint32_t kGroup = Tag(Row::kGroupFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr uint32_t kValues =
    Tag(Row::kValuesFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr uint32_t kName = Tag(Field::kNameFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr uint32_t kString =
    Tag(Field::kStringValueFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr uint32_t kInt = Tag(Field::kIntValueFieldNumber, WireFormatLite::WIRETYPE_VARINT);
constexpr uint32_t kDouble = Tag(Field::kDoubleValueFieldNumber, WireFormatLite::WIRETYPE_FIXED64);
constexpr uint32_t kBool = Tag(Field::kBoolValueFieldNumber, WireFormatLite::WIRETYPE_VARINT);
constexpr uint32_t kValueCounts =
    Tag(Field::kValueCountsFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr uint32_t kError = Tag(Field::kErrorFieldNumber, WireFormatLite::WIRETYPE_VARINT);

CodedInputStream Reader(absl::string_view bytes) {
  return CodedInputStream(reinterpret_cast<const uint8_t*>(bytes.data()),
                          static_cast<int>(bytes.size()));
}

// What has a length before it; a view of what is read from.
bool ReadBytes(CodedInputStream* in, absl::string_view* bytes) {
  uint32_t size = 0;
  if (!in->ReadVarint32(&size)) return false;
  if (size == 0) {
    *bytes = {};
    return true;
  }
  const void* data = nullptr;
  int left = 0;
  if (!in->GetDirectBufferPointer(&data, &left) || size > static_cast<uint32_t>(left)) return false;
  *bytes = {static_cast<const char*>(data), size};
  return in->Skip(static_cast<int>(size));
}

bool ReadField(absl::string_view bytes, absl::string_view* name, RowValue* value) {
  CodedInputStream in = Reader(bytes);
  while (const uint32_t tag = in.ReadTag()) {
    absl::string_view text;
    uint64_t number = 0;
    switch (tag) {
      case kName:
        if (!ReadBytes(&in, name)) return false;
        break;
      case kString:
        if (!ReadBytes(&in, &text)) return false;
        *value = text;
        break;
      case kInt:
        if (!in.ReadVarint64(&number)) return false;
        *value = static_cast<int64_t>(number);
        break;
      case kBool:
        if (!in.ReadVarint64(&number)) return false;
        *value = number != 0;
        break;
      case kDouble:
        if (!in.ReadLittleEndian64(&number)) return false;
        *value = WireFormatLite::DecodeDouble(number);
        break;
      case kValueCounts:
      case kError:
        if (!WireFormatLite::SkipField(&in, tag)) return false;
        *value = RowValue();  // Cannot be compared.
        break;
      default:
        if (!WireFormatLite::SkipField(&in, tag)) return false;
    }
  }
  return in.ConsumedEntireMessage();
}

}  // namespace

absl::Status RowColumns::Read(const StoredRow& row, const ResultView& results) {
  const auto unreadable = [] { return absl::DataLossError("a stored row cannot be parsed"); };
  columns_.clear();
  CodedInputStream in = Reader(row.payload);
  while (const uint32_t tag = in.ReadTag()) {
    if (tag != kGroup && tag != kValues) {
      if (!WireFormatLite::SkipField(&in, tag)) return unreadable();
      continue;
    }
    absl::string_view field;
    Column column;
    if (!ReadBytes(&in, &field) || !ReadField(field, &column.name, &column.value)) {
      return unreadable();
    }
    columns_.push_back(column);
  }
  if (!in.ConsumedEntireMessage()) return unreadable();
  accepted_ = static_cast<int64_t>(row.accepted);
  revision_ = static_cast<int64_t>(row.revision);
  final_ = results.IsRowFinal(row.version.partition, row.window_end_us);
  return absl::OkStatus();
}

absl::optional<RowValue> RowColumns::Find(absl::string_view name) const {
  for (const Column& column : columns_) {
    if (column.name == name) return column.value;
  }
  if (name == "accepted") return RowValue(accepted_);
  if (name == "revision") return RowValue(revision_);
  if (name == "final") return RowValue(final_);
  return absl::nullopt;
}

}  // namespace windrow::query
