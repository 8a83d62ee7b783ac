#include "services/query/sink/sorted_writes.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;

// What a batch does, in its order.
class Collector : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(uint32_t /*family*/, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    writes.push_back(key.ToString() + "=" + value.ToString());
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(uint32_t /*family*/, const rocksdb::Slice& key) override {
    writes.push_back("-" + key.ToString());
    return rocksdb::Status::OK();
  }

  std::vector<std::string> writes;
};

TEST(SortedWritesTest, WritesInTheOrderOfKeys) {
  SortedWrites writes;
  writes.Put("m", "1");
  writes.Delete("c");
  writes.Put("z", "");
  writes.Put("a", "22");
  rocksdb::WriteBatch batch;
  batch.Put("y", "first");
  writes.MoveTo(&batch);
  writes.Put("b", "3");
  writes.MoveTo(&batch);
  Collector collector;
  ASSERT_TRUE(batch.Iterate(&collector).ok());
  EXPECT_THAT(collector.writes, ElementsAre("y=first", "a=22", "-c", "m=1", "z=", "b=3"));
}

}  // namespace
}  // namespace windrow::query
