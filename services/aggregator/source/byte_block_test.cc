#include "services/aggregator/source/byte_block.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

namespace windrow::aggregator {
namespace {

// Bit by bit, and byte by byte.
template <typename Is>
uint32_t MaskOf(int bytes, Is is) {
  uint32_t mask = 0;
  for (int i = 0; i < bytes; ++i) mask |= is(i) ? uint32_t{1} << i : 0;
  return mask;
}

template <typename Block>
class ByteBlockTest : public testing::Test {
 protected:
  void Check(const std::string& one, const std::string& two) {
    EXPECT_EQ(Block::Special(one.data()), MaskOf(Block::kBytes, [&](int i) {
                const auto byte = static_cast<unsigned char>(one[i]);
                return byte == '"' || byte == '\\' || byte < ' ';
              }));
    EXPECT_EQ(Block::BeyondAscii(one.data()), MaskOf(Block::kBytes, [&](int i) {
                return static_cast<unsigned char>(one[i]) >= 0x80;
              }));
    EXPECT_EQ(Block::Different(one.data(), two.data()),
              MaskOf(Block::kBytes, [&](int i) { return one[i] != two[i]; }));
  }
};

#ifdef __AVX2__
using Blocks = testing::Types<WordBlock, AvxBlock>;
#else
using Blocks = testing::Types<WordBlock>;
#endif
TYPED_TEST_SUITE(ByteBlockTest, Blocks);

TYPED_TEST(ByteBlockTest, TellsEachByteInEachPlace) {
  for (int at = 0; at < TypeParam::kBytes; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      const std::string plain(TypeParam::kBytes, 'a');
      std::string text = plain;
      text[at] = static_cast<char>(byte);
      this->Check(text, plain);
    }
  }
}

TYPED_TEST(ByteBlockTest, BytesDoNotBearOnTheirNeighbours) {
  // Where a borrow or a carry from one byte into the next would show.
  const std::string bytes("\0\x01\x1f !\"#[\\]\x7f\x80\x81\xa0\xe0\xff", 16);
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string one;
    std::string two;
    for (int i = 0; i < TypeParam::kBytes; ++i) {
      one.push_back(bytes[random() % bytes.size()]);
      two.push_back(random() % 2 == 0 ? one.back() : bytes[random() % bytes.size()]);
    }
    this->Check(one, two);
  }
}

}  // namespace
}  // namespace windrow::aggregator
