#ifndef SERVICES_AGGREGATOR_SINK_EMBEDDED_MESSAGE_H_
#define SERVICES_AGGREGATOR_SINK_EMBEDDED_MESSAGE_H_

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/strings/string_view.h"

namespace windrow::aggregator {

// A message of protobuf's wire format that is put together from parts, and stands in another one.
// Its tag and its length, known last, come before it: there is room for them from the start. Fields
// have numbers below 16. Its memory is kept from one message to the next. A value of one thread.
class EmbeddedMessage {
 public:
  EmbeddedMessage() : bytes_(kLeastBytes) {}

  // Begins another message.
  void Clear() { size_ = kRoomForHead; }

  // Appends fields, or parts of one, that are encoded already.
  void Append(absl::string_view encoded) {
    MakeRoom(encoded.size());
    std::memcpy(bytes_.data() + size_, encoded.data(), encoded.size());
    size_ += encoded.size();
  }

  // Appends a field's tag; its length, or its number, is to follow.
  void AppendTagOfLength(int field) { AppendByte(LengthTag(field)); }
  void AppendTagOfNumber(int field) { AppendByte(static_cast<uint8_t>(field << 3)); }

  void AppendVarint(uint64_t number) {
    MakeRoom(kMostOfVarint);
    uint8_t* const begin = bytes_.data() + size_;
    size_ += Stream::WriteVarint64ToArray(number, begin) - begin;
  }

  // Appends a field that is left out when it is 0, as all scalars are.
  void AppendNumber(int field, uint64_t number) {
    if (number == 0) return;
    AppendTagOfNumber(field);
    AppendVarint(number);
  }

  // Appends a sint64.
  void AppendSigned(int field, int64_t number) {
    AppendNumber(field, (static_cast<uint64_t>(number) << 1) ^ static_cast<uint64_t>(number >> 63));
  }

  // The message as that field of another one; there until the next call.
  absl::string_view AsField(int field) {
    uint8_t head[kRoomForHead];
    head[0] = LengthTag(field);
    const uint8_t* const end =
        Stream::WriteVarint32ToArray(static_cast<uint32_t>(size_ - kRoomForHead), head + 1);
    uint8_t* const begin = bytes_.data() + kRoomForHead - (end - head);
    std::copy<const uint8_t*>(head, end, begin);
    return {reinterpret_cast<const char*>(begin), size_ - (begin - bytes_.data())};
  }

 private:
  using Stream = google::protobuf::io::CodedOutputStream;
  static constexpr size_t kMostOfVarint = 10;
  // A tag, and a length below 2^32.
  static constexpr size_t kRoomForHead = 1 + 5;
  static constexpr size_t kLeastBytes = 512;

  static constexpr uint8_t LengthTag(int field) { return static_cast<uint8_t>(field << 3 | 2); }

  void AppendByte(uint8_t byte) {
    MakeRoom(1);
    bytes_[size_++] = byte;
  }

  void MakeRoom(size_t size) {
    if (bytes_.size() - size_ < size) bytes_.resize(std::max(2 * bytes_.size(), size_ + size));
  }

  std::vector<uint8_t> bytes_;
  size_t size_ = kRoomForHead;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_EMBEDDED_MESSAGE_H_
