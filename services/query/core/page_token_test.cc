#include "services/query/core/page_token.h"

#include <string>

#include "gtest/gtest.h"
#include "services/query/core/ordered_bytes.h"
#include "services/query/core/sealed_text.h"

namespace windrow::query {
namespace {

TEST(PageTokenTest, DecodesWhatItEncoded) {
  const std::string item("row\0\xfe key", 9);
  const auto token = DecodePageToken(EncodePageToken(PageToken{77, item}));
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(token->request_hash, 77u);
  EXPECT_EQ(token->last_item, item);
}

TEST(PageTokenTest, RefusesWhatIsNotAPageToken) {
  EXPECT_FALSE(DecodePageToken("").has_value());
  EXPECT_FALSE(DecodePageToken("hello").has_value());
  EXPECT_FALSE(DecodePageToken(Seal(SealKind::kPageToken, "short")).has_value());

  std::string too_long;
  AppendUint64(&too_long, 1);
  AppendText(&too_long, "item");
  EXPECT_TRUE(DecodePageToken(Seal(SealKind::kPageToken, too_long)).has_value());
  EXPECT_FALSE(DecodePageToken(Seal(SealKind::kPageToken, too_long + "x")).has_value());
}

}  // namespace
}  // namespace windrow::query
