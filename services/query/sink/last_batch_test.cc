#include "services/query/sink/last_batch.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace windrow::query {
namespace {

TEST(LastBatchTest, IsThereAgain) {
  const LastBatch last(testing::TempDir());
  last.Write(7);
  last.Write(300);
  last.Write(41);
  EXPECT_EQ(LastBatch(testing::TempDir()).Read(), 41);
}

TEST(LastBatchTest, IsUnknownWithoutAFile) {
  EXPECT_EQ(LastBatch(testing::TempDir() + "/nowhere").Read(), absl::nullopt);
  LastBatch(testing::TempDir() + "/nowhere").Write(1);
  EXPECT_EQ(LastBatch(testing::TempDir() + "/nowhere").Read(), absl::nullopt);
}

TEST(LastBatchTest, IsUnknownWhenDamaged) {
  const std::string path = testing::TempDir() + "/LAST_BATCH";
  const LastBatch last(testing::TempDir());
  last.Write(41);
  std::ifstream file(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    std::ofstream(path, std::ios::binary) << flipped;
    EXPECT_EQ(last.Read(), absl::nullopt) << bit;
  }
  for (size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, size);
    EXPECT_EQ(last.Read(), absl::nullopt) << size;
  }
}

}  // namespace
}  // namespace windrow::query
