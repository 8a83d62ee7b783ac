#include "services/aggregator/core/sharded_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "services/aggregator/core/shard_reader.h"

namespace windrow::aggregator {
namespace {

using Numbers = std::map<uint32_t, int>;

Numbers Contents(const ShardedMap<int>& map) {
  Numbers contents;
  map.ForEach([&](uint32_t group, int value) {
    EXPECT_TRUE(contents.emplace(group, value).second) << group << " is there twice";
  });
  EXPECT_EQ(map.size(), contents.size());
  EXPECT_EQ(map.empty(), contents.empty());
  return contents;
}

// Changes both in the same way.
void Change(uint32_t most, int changes, std::mt19937* random, ShardedMap<int>* map,
            Numbers* numbers) {
  for (int i = 0; i < changes; ++i) {
    const uint32_t group = (*random)() % most;
    if ((*random)() % 3 == 0) {
      map->Erase(group);
      numbers->erase(group);
    } else {
      const int value = static_cast<int>((*random)());
      (*map)[group] = value;
      (*numbers)[group] = value;
    }
  }
}

TEST(ShardedMapTest, BehavesLikeAMap) {
  std::mt19937 random(1);
  for (const uint32_t most : {1u, 10u, 5'000u, 100'000u}) {
    ShardedMap<int> map;
    Numbers numbers;
    for (int round = 0; round < 5; ++round) {
      Change(most, 20'000, &random, &map, &numbers);
      ASSERT_EQ(Contents(map), numbers);
      for (uint32_t group = 0; group < most; ++group) {
        const int* found = map.Find(group);
        ASSERT_EQ(found != nullptr, numbers.count(group) > 0) << group;
        if (found == nullptr) continue;
        ASSERT_EQ(*found, numbers[group]) << group;
      }
    }
  }
}

TEST(ShardedMapTest, ACopyStaysAsItWas) {
  std::mt19937 random(2);
  ShardedMap<int> map;
  Numbers numbers;
  std::vector<std::pair<ShardedMap<int>, Numbers>> copies;
  std::vector<std::pair<ShardReader<int>, Numbers>> readers;
  // Grows, with copies in the middle of it.
  for (uint32_t most = 100; most < 50'000; most = most * 3 / 2) {
    copies.emplace_back(map, numbers);
    readers.emplace_back(ShardReader<int>(), numbers);
    readers.back().first.Add(7, map);
    Change(most, static_cast<int>(most), &random, &map, &numbers);
    // A copy may change, too.
    auto& changed = copies[random() % copies.size()];
    Change(most, 100, &random, &changed.first, &changed.second);
  }
  EXPECT_EQ(Contents(map), numbers);
  for (const auto& copy : copies) EXPECT_EQ(Contents(copy.first), copy.second);
  for (auto& reader : readers) {
    Numbers read;
    while (const auto* entry = reader.first.Next()) {
      EXPECT_EQ(reader.first.pane(), 7);
      EXPECT_TRUE(read.emplace(entry->first, entry->second).second);
    }
    EXPECT_EQ(read, reader.second);
    EXPECT_EQ(reader.first.Next(), nullptr);
  }
}

TEST(ShardedMapTest, AChangeCopiesOneShard) {
  ShardedMap<int> map;
  for (uint32_t group = 0; group < 100'000; ++group) map[group] = 1;
  size_t largest = 0;
  for (const auto& shard : map.shards()) largest = std::max(largest, shard->size());
  EXPECT_LT(largest, 5'000u);
  const ShardedMap<int> copy = map;
  for (uint32_t group = 0; group < 10; ++group) map[group] = 2;
  size_t copied = 0;
  for (size_t i = 0; i < map.shards().size(); ++i) copied += map.shards()[i] != copy.shards()[i];
  EXPECT_EQ(copied, 1u) << "neighbours are together";
}

TEST(ShardedMapTest, AReaderLetsGoOfWhatItHasRead) {
  ShardedMap<int> map;
  for (uint32_t group = 0; group < 10'000; ++group) map[group] = 1;
  ShardReader<int> reader;
  reader.Add(0, map);
  const auto shared = [&map] {
    size_t count = 0;
    for (const auto& shard : map.shards()) count += shard.use_count() > 1;
    return count;
  };
  EXPECT_EQ(shared(), map.shards().size());
  for (int i = 0; i < 9'000; ++i) ASSERT_NE(reader.Next(), nullptr);
  EXPECT_LT(shared(), map.shards().size() / 2);
  while (reader.Next() != nullptr) {
  }
  EXPECT_EQ(shared(), 0u);
}

}  // namespace
}  // namespace windrow::aggregator
