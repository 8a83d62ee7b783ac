#include "services/aggregator/sink/embedded_message.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "windrow/results/v1/result.pb.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::results::v1;

// As protobuf encodes it.
std::string Encoded(const pb::Row& row) {
  pb::ResultRecord record;
  *record.mutable_row() = row;
  return record.SerializeAsString();
}

absl::string_view Encode(const pb::Row& row, EmbeddedMessage* message) {
  message->Clear();
  pb::Row view;
  view.set_view(row.view());
  message->Append(view.SerializeAsString());
  message->AppendSigned(pb::Row::kWindowStartUsFieldNumber, row.window_start_us());
  for (const pb::Field& value : row.values()) {
    message->AppendTagOfLength(pb::Row::kValuesFieldNumber);
    message->AppendVarint(value.ByteSizeLong());
    message->Append(value.SerializeAsString());
  }
  message->AppendNumber(pb::Row::kAcceptedFieldNumber, row.accepted());
  return message->AsField(pb::ResultRecord::kRowFieldNumber);
}

TEST(EmbeddedMessageTest, IsWhatProtobufWrites) {
  EmbeddedMessage message;
  for (const int64_t number :
       {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{127}, int64_t{128},
        std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    pb::Row row;
    row.set_window_start_us(number);
    row.set_accepted(static_cast<uint64_t>(number));
    EXPECT_EQ(Encode(row, &message), Encoded(row)) << number;
  }
}

// Around the sizes at which the length takes another byte, and the memory has to grow.
TEST(EmbeddedMessageTest, IsOfAnySize) {
  EmbeddedMessage message;
  for (const size_t size : {0, 1, 120, 127, 128, 500, 512, 513, 16'383, 16'384, 3'000'000, 5}) {
    pb::Row row;
    row.set_view(std::string(size, 'v'));
    row.add_values()->set_name(std::string(size, 'n'));
    row.set_accepted(7);
    EXPECT_EQ(Encode(row, &message), Encoded(row)) << size;
  }
}

}  // namespace
}  // namespace windrow::aggregator
