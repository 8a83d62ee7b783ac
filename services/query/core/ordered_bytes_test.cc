#include "services/query/core/ordered_bytes.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace windrow::query {
namespace {

std::string Int64Bytes(int64_t value) {
  std::string bytes;
  AppendInt64(&bytes, value);
  return bytes;
}

TEST(OrderedBytesTest, OrderOfBytesIsOrderOfNumbers) {
  const std::vector<int64_t> ascending = {std::numeric_limits<int64_t>::min(),
                                          -1'000'000'000'000,
                                          -256,
                                          -255,
                                          -1,
                                          0,
                                          1,
                                          255,
                                          256,
                                          1'546'300'800'000'000,
                                          std::numeric_limits<int64_t>::max()};
  for (size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(Int64Bytes(ascending[i - 1]), Int64Bytes(ascending[i])) << ascending[i];
  }
}

TEST(OrderedBytesTest, ReadsBackWhatWasAppended) {
  std::string bytes;
  AppendUint32(&bytes, 0xfffefdfcu);
  AppendUint64(&bytes, 0xfffefdfcfbfaf9f8u);
  AppendInt64(&bytes, -42);
  AppendText(&bytes, absl::string_view("a\0b", 3));
  bytes += "tail";

  BytesReader reader(bytes);
  uint32_t u32 = 0;
  uint64_t u64 = 0;
  int64_t i64 = 0;
  std::string text;
  ASSERT_TRUE(reader.ReadUint32(&u32) && reader.ReadUint64(&u64) && reader.ReadInt64(&i64) &&
              reader.ReadText(&text));
  EXPECT_EQ(u32, 0xfffefdfcu);
  EXPECT_EQ(u64, 0xfffefdfcfbfaf9f8u);
  EXPECT_EQ(i64, -42);
  EXPECT_EQ(text, std::string("a\0b", 3));
  EXPECT_EQ(reader.rest(), "tail");
}

TEST(OrderedBytesTest, RefusesToReadPastTheEnd) {
  std::string bytes;
  AppendText(&bytes, "abc");
  for (size_t size = 0; size < bytes.size(); ++size) {
    BytesReader reader(absl::string_view(bytes).substr(0, size));
    std::string text = "kept";
    EXPECT_FALSE(reader.ReadText(&text)) << size;
    EXPECT_EQ(text, "kept");
    EXPECT_EQ(reader.rest().size(), size);
  }
}

TEST(StableHashTest, IsFnv1a) {
  EXPECT_EQ(StableHash(""), 0xcbf29ce484222325u);
  EXPECT_EQ(StableHash("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(StableHash("foobar"), 0x85944171f73967e8u);
}

}  // namespace
}  // namespace windrow::query
