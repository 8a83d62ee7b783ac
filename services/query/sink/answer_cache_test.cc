#include "services/query/sink/answer_cache.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace windrow::query {
namespace {

TEST(AnswerCacheTest, KeepsAnswersByTheirRequest) {
  AnswerCache cache;
  std::string answer;
  EXPECT_FALSE(cache.Find("a", &answer));
  cache.Keep("a", "x");
  cache.Keep("b", "xx");
  cache.Keep("b", "xx");
  ASSERT_TRUE(cache.Find("a", &answer));
  EXPECT_EQ(answer, "x");
  ASSERT_TRUE(cache.Find("b", &answer));
  EXPECT_EQ(answer, "xx");
  EXPECT_FALSE(cache.Find("c", &answer));
}

TEST(AnswerCacheTest, IsBounded) {
  AnswerCache cache;
  std::string answer;
  cache.Keep("large", std::string(AnswerCache::kMostAnswerBytes, 'x'));
  EXPECT_FALSE(cache.Find("large", &answer));
  constexpr size_t kBytes = AnswerCache::kMostAnswerBytes / 2;
  for (size_t i = 0; i < 5 * AnswerCache::kMostBytes / kBytes; ++i) {
    cache.Keep(absl::StrCat(i), std::string(kBytes, 'x'));
    EXPECT_TRUE(cache.Find(absl::StrCat(i), &answer));
    size_t kept = 0;
    for (size_t j = 0; j <= i; ++j) kept += cache.Find(absl::StrCat(j), &answer) ? 1 : 0;
    EXPECT_LE(kept * kBytes, AnswerCache::kMostBytes);
  }
}

}  // namespace
}  // namespace windrow::query
