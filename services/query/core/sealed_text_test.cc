#include "services/query/core/sealed_text.h"

#include <string>

#include "absl/strings/ascii.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace windrow::query {
namespace {

using ::testing::Optional;

constexpr absl::string_view kPayload("offsets \0\xff", 10);

TEST(SealedTextTest, OpensWhatItSealed) {
  EXPECT_THAT(Unseal(SealKind::kResumeToken, Seal(SealKind::kResumeToken, kPayload)),
              Optional(std::string(kPayload)));
  EXPECT_THAT(Unseal(SealKind::kPageToken, Seal(SealKind::kPageToken, "")),
              Optional(std::string()));
}

TEST(SealedTextTest, IsUrlSafe) {
  for (int byte = 0; byte < 256; ++byte) {
    for (const char c : Seal(SealKind::kPageToken, std::string(7, static_cast<char>(byte)))) {
      EXPECT_TRUE(absl::ascii_isalnum(c) || c == '-' || c == '_') << c;
    }
  }
}

TEST(SealedTextTest, RefusesAnotherKind) {
  EXPECT_EQ(Unseal(SealKind::kPageToken, Seal(SealKind::kResumeToken, kPayload)), std::nullopt);
}

TEST(SealedTextTest, RefusesEveryChangeOfOneCharacter) {
  const std::string sealed = Seal(SealKind::kResumeToken, kPayload);
  for (size_t i = 0; i < sealed.size(); ++i) {
    for (const char other : {'A', 'B', 'z', '7', '_', '-', '=', ' ', '\0', '\n'}) {
      if (other == sealed[i]) continue;
      std::string changed = sealed;
      changed[i] = other;
      EXPECT_EQ(Unseal(SealKind::kResumeToken, changed), std::nullopt) << i << other;
    }
  }
}

TEST(SealedTextTest, RefusesEveryCutAndAnyAddition) {
  const std::string sealed = Seal(SealKind::kResumeToken, kPayload);
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(Unseal(SealKind::kResumeToken, sealed.substr(0, size)), std::nullopt) << size;
  }
  for (const char* tail : {"A", "=", "==", " ", "\n"}) {
    EXPECT_EQ(Unseal(SealKind::kResumeToken, sealed + tail), std::nullopt) << tail;
  }
  EXPECT_EQ(Unseal(SealKind::kResumeToken, std::string(1 << 20, 'A')), std::nullopt);
}

}  // namespace
}  // namespace windrow::query
