#include "services/aggregator/core/group_dictionary.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {
namespace {

TEST(GroupDictionaryTest, SameKeySameNumber) {
  GroupDictionary dictionary;
  const uint32_t a = dictionary.Intern("a");
  const uint32_t b = dictionary.Intern("b");
  EXPECT_NE(a, b);
  EXPECT_EQ(dictionary.Intern("a"), a);
  EXPECT_EQ(dictionary.key(a), "a");
  EXPECT_EQ(dictionary.key(b), "b");
  EXPECT_EQ(dictionary.size(), 2u);
}

TEST(GroupDictionaryTest, KeysMayHoldAnyByte) {
  GroupDictionary dictionary;
  const std::string zero("\0", 1);
  const uint32_t empty = dictionary.Intern("");
  const uint32_t with_zero = dictionary.Intern(zero);
  EXPECT_NE(empty, with_zero);
  EXPECT_EQ(dictionary.key(with_zero), zero);
}

TEST(GroupDictionaryTest, TheLastReferenceFreesTheNumber) {
  GroupDictionary dictionary;
  const uint32_t a = dictionary.Intern("a");
  dictionary.AddReference(a);
  dictionary.AddReference(a);
  dictionary.Release(a);
  EXPECT_EQ(dictionary.size(), 1u);
  dictionary.FreeIfUnused(a);
  EXPECT_EQ(dictionary.Intern("a"), a);
  dictionary.Release(a);
  EXPECT_EQ(dictionary.size(), 0u);
  EXPECT_EQ(dictionary.Intern("b"), a) << "free numbers are used again";
  EXPECT_NE(dictionary.Intern("a"), a);
}

TEST(GroupDictionaryTest, FreesWhatNothingRefersTo) {
  GroupDictionary dictionary;
  dictionary.FreeIfUnused(dictionary.Intern("a"));
  EXPECT_EQ(dictionary.size(), 0u);
}

TEST(GroupDictionaryTest, FreeingTwiceFreesOnce) {
  GroupDictionary dictionary;
  const uint32_t a = dictionary.Intern("a");
  dictionary.FreeIfUnused(a);
  dictionary.FreeIfUnused(a);
  EXPECT_NE(dictionary.Intern("b"), dictionary.Intern("c"));
}

TEST(GroupDictionaryTest, SharedKeysStay) {
  GroupDictionary dictionary;
  const uint32_t a = dictionary.Intern("a");
  const uint32_t b = dictionary.Intern("b");
  dictionary.AddReference(a);
  dictionary.AddReference(b);
  auto shared = dictionary.Share();
  dictionary.Release(a);
  EXPECT_EQ(dictionary.size(), 1u);
  EXPECT_NE(dictionary.Intern("c"), a);
  for (int i = 0; i < 1000; ++i) dictionary.Intern(absl::StrCat("key ", i));
  EXPECT_EQ((*shared)[a], "a");
  EXPECT_EQ((*shared)[b], "b");
  shared = nullptr;
  EXPECT_EQ(dictionary.Intern("d"), a) << "free numbers are used again";
}

TEST(GroupDictionaryTest, KeysOutliveAMove) {
  GroupDictionary first;
  std::vector<uint32_t> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(first.Intern(absl::StrCat("key ", i)));
  GroupDictionary second = std::move(first);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(second.Intern(absl::StrCat("key ", i)), ids[i]);
    EXPECT_EQ(second.key(ids[i]), absl::StrCat("key ", i));
  }
}

TEST(GroupDictionaryTest, BehavesLikeAMapOfReferences) {
  GroupDictionary dictionary;
  std::map<std::string, int> references;
  std::mt19937_64 random(5);
  size_t largest = 0;
  for (int i = 0; i < 50'000; ++i) {
    // Long keys are on the heap, short ones within the string.
    const std::string key(1 + random() % 40, static_cast<char>('a' + random() % 3));
    const uint32_t id = dictionary.Intern(key);
    ASSERT_EQ(dictionary.key(id), key);
    int& count = references[key];
    if (count > 0 && random() % 2 == 0) {
      dictionary.Release(id);
      --count;
    } else if (random() % 2 == 0) {
      dictionary.AddReference(id);
      ++count;
    }
    dictionary.FreeIfUnused(dictionary.Intern(key));
    if (count == 0) references.erase(key);
    ASSERT_EQ(dictionary.size(), references.size());
    largest = std::max<size_t>(largest, id);
  }
  EXPECT_LE(largest, 120u) << "numbers stay as small as the number of keys";
}

}  // namespace
}  // namespace windrow::aggregator
